import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { windowExamples } from '../../lib/training/window-examples.ts';
import { windows } from '../../lib/training/windows.ts';

const rows = (length: number, from: number = 0) => Array.from({ length }, (_, n) => [from + n, -(from + n)]);

describe('examples of windows', () => {
  it('are those that windows cuts, of one series after the other', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 2 }),
        (lengths, length, horizon) => {
          const series = lengths.map((count, n) => rows(count, 100 * n));
          const enough = series.filter(own => own.length >= length + horizon);
          fc.pre(enough.length > 0);
          const { count, batch } = windowExamples(series, { length, horizon });
          const { x, y } = batch(Array.from({ length: count }, (_, n) => n));
          const cut = enough.map(own => windows(own, { length, horizon }));
          expect(x.unpack()).toEqual(cut.flatMap(own => own.x.unpack()));
          expect(y.unpack().map(([vector]) => vector)).toEqual(
            cut.flatMap(own => own.y.unpack().map(steps => steps.flat())),
          );
        },
      ),
    );
  });

  it('foretell one column where that is asked for, in whatever order they are asked for', () => {
    const { batch } = windowExamples([rows(5)], { length: 2, horizon: 2, target: 1 });
    expect(batch([1, 0]).y.unpack()).toEqual([[[-3, -4]], [[-2, -3]]]);
  });

  it('are refused where there are none, or a vector, an option or a number is none', () => {
    expect(() => windowExamples([rows(2)], { length: 2 })).toThrow(
      new ValueError('series', 'one of at least 3 steps', 'none'),
    );
    expect(() => windowExamples([rows(4), [[1]]], { length: 2 })).toThrow(
      new ShapeError('series[1]', 'vectors of 2 numbers', '1'),
    );
    expect(() => windowExamples([rows(4)], { length: 2, target: 2 })).toThrow('target: expected an integer in 0…1');
    expect(() => windowExamples([rows(4)], { length: 2 }).batch([2])).toThrow('which[0]: expected an integer in 0…1');
  });
});
