import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { windows } from '../../lib/training/windows.ts';
import { entries, size } from '../arbitraries.ts';

/** A series, and windows that it has one of at least. */
const cases = fc
  .tuple(size(4), size(3), size(3), fc.nat(10), size(3))
  .chain(([length, horizon, stride, more, F]) =>
    fc
      .array(entries(F), { minLength: length + horizon + more, maxLength: length + horizon + more })
      .map(series => ({ series, length, horizon, stride })),
  );

describe('windows', () => {
  it('are the parts of the series, each with what comes next, and all that fit', () => {
    fc.assert(
      fc.property(cases, ({ series, length, horizon, stride }) => {
        const { x, y, starts } = windows(series, { length, horizon, stride });
        const all = Array.from({ length: series.length }, (_, n) => n * stride);
        expect(Array.from(starts)).toEqual(all.filter(start => start + length + horizon <= series.length));
        expect(x.unpack()).toEqual(Array.from(starts, start => series.slice(start, start + length)));
        expect(y.unpack()).toEqual(Array.from(starts, start => series.slice(start + length, start + length + horizon)));
      }),
    );
  });

  it('foretell one step, and begin at every step, unless told otherwise', () => {
    const { x, y } = windows([[1], [2], [3]], { length: 1 });
    expect([x.unpack(), y.unpack()]).toEqual([
      [[[1]], [[2]]],
      [[[2]], [[3]]],
    ]);
  });

  it.each<[string, () => unknown, typeof ShapeError, string]>([
    [
      'a short series',
      () => windows([[1], [2]], { length: 2 }),
      ValueError,
      'series: expected at least 3 steps, a window and',
    ],
    ['no series', () => windows([], { length: 2 }), ShapeError, 'series: expected a list of vectors, not empty'],
    [
      'numbers',
      () => windows([1, 2, 3] as never, { length: 1 }),
      ValueError,
      'series[0]: expected a vector of numbers, got 1',
    ],
    ['ragged columns', () => windows([[1], [2, 3]], { length: 1 }), ShapeError, 'series[1]: expected 1 numbers, got 2'],
    [
      'NaN',
      () => windows([[1], [Number.NaN]], { length: 1 }),
      ValueError,
      'series[1][0]: expected a finite number, got NaN',
    ],
    [
      'no stride',
      () => windows([[1], [2]], { length: 1, stride: 0 }),
      ValueError,
      'stride: expected a positive integer',
    ],
    [
      'no length',
      () => windows([[1], [2]], {} as never),
      ValueError,
      'length: expected a positive integer, got undefined',
    ],
  ])('of %s: refused', (_, act, Kind, message) => {
    expect(act).toThrow(Kind);
    expect(act).toThrow(message);
  });
});
