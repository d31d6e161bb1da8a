import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShapeError, ValueError } from '../lib/errors.ts';
import { Sequence } from '../lib/sequence.ts';
import { entries, size } from './arbitraries.ts';

/** One to four sequences of one to five steps of F numbers. */
const vectors = size(3).chain(F =>
  fc.array(fc.array(entries(F), { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 4 }),
);

/** The same of indices, and how many classes there are. */
const indices = size(5).chain(classes =>
  fc
    .array(fc.array(fc.nat(classes - 1), { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 4 })
    .map(rows => ({ rows, classes })),
);

describe('rows of unequal length', () => {
  it('come back as they went in, vectors', () => {
    fc.assert(
      fc.property(vectors, rows => {
        const x = Sequence.pack(rows);
        expect(x.unpack()).toEqual(rows);
        expect([x.T, x.B]).toEqual([Math.max(...rows.map(({ length }) => length)), rows.length]);
      }),
    );
  });

  it('come back as they went in, indices', () => {
    fc.assert(
      fc.property(indices, ({ rows, classes }) => {
        const x = Sequence.pack(rows, { classes });
        expect(x.unpackIndices()).toEqual(rows);
        expect(x.F).toBe(classes);
        const oneHot = (k: number) => Array.from({ length: classes }, (_, n) => Number(n === k));
        expect(x.unpack()).toEqual(rows.map(row => row.map(oneHot)));
      }),
    );
  });

  it('lie step by step, with zeros behind the end of each', () => {
    const x = Sequence.pack([[[1, 2]], [Float64Array.of(3, 4), Float32Array.of(5, 6)]]);
    expect(x).toEqual(Sequence.dense([1, 2, 3, 4, 0, 0, 5, 6], { T: 2, B: 2, F: 2, lengths: [1, 2] }));
  });

  it('have no lengths where all are as long, and are copied', () => {
    const row = Float64Array.of(1);
    const x = Sequence.pack([[row], [[2]]]);
    row[0] = 9;
    expect(x.lengths).toBeUndefined();
    expect(Array.from(x.data)).toEqual([1, 2]);
    expect(Sequence.pack([Int32Array.of(1, 0), [0, 1]], { classes: 2 }).lengths).toBeUndefined();
  });

  it('are given back without what lies behind an end, of any sequence', () => {
    const x = Sequence.dense([1, 2, 3, Number.NaN], { T: 2, B: 2, F: 1, lengths: [2, 1] });
    expect(x.unpack()).toEqual([[[1], [3]], [[2]]]);
  });
});

describe('is refused, by its place:', () => {
  it.each<[string, unknown, { readonly classes: number } | undefined, typeof ShapeError, string]>([
    ['no sequence', [], undefined, ShapeError, 'rows: expected one list a sequence, not empty, got an empty one'],
    ['an empty one', [[[1]], []], undefined, ShapeError, 'rows[1]: expected a sequence of steps, not empty, got'],
    ['an empty vector', [[[]]], undefined, ShapeError, 'rows[0][0]: expected a vector of numbers, not empty, got'],
    ['a ragged width', [[[1, 2]], [[3, 4], [5]]], undefined, ShapeError, 'rows[1][1]: expected 2 numbers, got 1'],
    ['NaN', [[[1]], [[2], [Number.NaN]]], undefined, ValueError, 'rows[1][1][0]: expected a finite number, got NaN'],
    ['text', [[[1]], [['2']]], undefined, ValueError, 'rows[1][0][0]: expected a finite number, got "2"'],
    ['a text for a vector', [['12']], undefined, ValueError, 'rows[0][0]: expected a vector of numbers, got "12"'],
    [
      'numbers for vectors',
      [[1, 2]],
      undefined,
      ShapeError,
      'rows[0][0]: expected a vector of numbers, or { classes }',
    ],
    ['no list', 'abc', undefined, ValueError, 'rows: expected one list a sequence, got "abc"'],
    ['no class', [[0, 1], [2]], { classes: 2 }, ValueError, 'rows[1][0]: expected an integer in 0…1, got 2'],
    ['half a class', [[0.5]], { classes: 2 }, ValueError, 'rows[0][0]: expected an integer in 0…1, got 0.5'],
    ['a text for a class', [['1']], { classes: 2 }, ValueError, 'rows[0][0]: expected an integer in 0…1, got "1"'],
    [
      'more than an Int32Array holds',
      [[2 ** 31]],
      { classes: 2 ** 32 },
      ValueError,
      'rows[0][0]: expected an integer in',
    ],
    ['no classes', [[0]], { classes: 0 }, ValueError, 'classes: expected a positive integer, got 0'],
  ])('%s', (_, rows, options, Kind, message) => {
    const pack = Sequence.pack as (rows: unknown, options?: { readonly classes: number }) => Sequence;
    const thrown = (() => {
      try {
        return pack(rows, options);
      } catch (error) {
        return error;
      }
    })();
    expect(thrown).toBeInstanceOf(Kind);
    expect(String(thrown)).toContain(message);
  });

  it('the indices of a sequence of numbers', () => {
    const x = Sequence.dense([1], { T: 1, F: 1 });
    expect(() => x.unpackIndices()).toThrow('sequence: expected a one-hot sequence, got one of numbers');
  });
});
