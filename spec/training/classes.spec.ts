import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { Sequence } from '../../lib/sequence.ts';
import { accuracy, argmax, argmaxLast, confusion, perClass } from '../../lib/training/classes.ts';
import { lengths, sequence, size } from '../arbitraries.ts';

const logits = fc
  .tuple(size(4), size(3), size(4))
  .chain(([T, B, C]) => lengths(T, B).chain(own => sequence(T, B, C, own)));

/** Classes foretold and right, some of them not compared. */
const classes = fc.tuple(size(4), size(20)).chain(([C, count]) =>
  fc
    .array(fc.tuple(fc.integer({ min: -1, max: C - 1 }), fc.nat(C - 1)), { minLength: count, maxLength: count })
    .filter(pairs => pairs.some(([k]) => k >= 0))
    .map(pairs => ({ C, predicted: pairs.map(([k]) => k), y: pairs.map(([, label]) => label) })),
);

describe('the classes of logits', () => {
  it('are those of the largest, the first of several, of every step and of the last of every sequence', () => {
    fc.assert(
      fc.property(logits, o => {
        const rows = o.unpack().map(steps => steps.map(row => row.indexOf(Math.max(...row))));
        const every = argmax(o);
        rows.forEach((classes, b) => {
          const column = Array.from({ length: o.T }, (_, t) => every[t * o.B + b]);
          expect(column).toEqual([...classes, ...new Array<number>(o.T - classes.length).fill(-1)]);
        });
        expect(Array.from(argmaxLast(o))).toEqual(rows.map(classes => classes.at(-1)));
      }),
    );
  });

  it('of a one-hot sequence are its own', () => {
    expect(Array.from(argmax(Sequence.oneHot([2, 0], { T: 2, classes: 3 })))).toEqual([2, 0]);
  });

  it('are not asked of padding', () => {
    const o = Sequence.dense([1, 2, Number.NaN, Number.NaN], { T: 2, F: 2, lengths: [1] });
    expect([Array.from(argmax(o)), Array.from(argmaxLast(o))]).toEqual([[1, -1], [1]]);
  });
});

describe('the figures of classes', () => {
  it('count what is compared, each pair once', () => {
    fc.assert(
      fc.property(classes, ({ C, predicted, y }) => {
        const table = confusion(predicted, y, { classes: C });
        const pairs = predicted.flatMap((k, n) => (k < 0 ? [] : [[y[n] ?? -1, k] as const]));
        for (let i = 0; i < C; i++)
          for (let j = 0; j < C; j++)
            expect(table.get(i, j)).toBe(pairs.filter(([label, k]) => label === i && k === j).length);
        expect(accuracy(predicted, y)).toBeCloseTo(table.trace() / table.sum(), 12);
      }),
    );
  });

  // MT-D1: F1 is the harmonic mean of precision and recall.
  it('agree: F1 is the harmonic mean, the support adds up', () => {
    fc.assert(
      fc.property(classes, ({ C, predicted, y }) => {
        const table = confusion(predicted, y, { classes: C });
        const figures = perClass(table);
        expect(figures.reduce((sum, { support }) => sum + support, 0)).toBe(table.sum());
        expect(figures.reduce((sum, { predicted }) => sum + predicted, 0)).toBe(table.sum());
        for (const { precision: P, recall: R, f1 } of figures)
          if (P * R > 0) expect(f1).toBeCloseTo((2 * P * R) / (P + R), 12);
      }),
    );
  });

  it('are NaN of what there was nothing of, and 0 of what was always wrong', () => {
    // Class 0: one example, right. Class 1: never there, taken for once. Class 2: there, never taken for. Class 3: neither.
    const table = confusion([0, 1], [0, 2], { classes: 4 });
    expect(perClass(table)).toEqual([
      { precision: 1, recall: 1, f1: 1, support: 1, predicted: 1 },
      { precision: 0, recall: Number.NaN, f1: 0, support: 0, predicted: 1 },
      { precision: Number.NaN, recall: 0, f1: 0, support: 1, predicted: 0 },
      { precision: Number.NaN, recall: Number.NaN, f1: Number.NaN, support: 0, predicted: 0 },
    ]);
  });

  it('do not look at the right class where nothing was foretold', () => {
    expect(accuracy([-1, 1], [Number.NaN, 1])).toBe(1);
    expect(confusion([-1, 1], [7, 1], { classes: 2 }).sum()).toBe(1);
  });

  it.each<[string, () => unknown, typeof ShapeError, string]>([
    ['fewer classes', () => accuracy([0, 1], [0]), ShapeError, 'y: expected 2 classes, as many as were foretold'],
    ['nothing', () => accuracy([-1], [0]), ValueError, 'predicted: expected at least one class, got none'],
    ['no class', () => accuracy([0.5], [0]), ValueError, 'predicted[0]: expected an integer ≥ -1, got 0.5'],
    ['no right class', () => accuracy([0, 0], [0, -1]), ValueError, 'y[1]: expected an integer ≥ 0, got -1'],
    [
      'a class more',
      () => confusion([0, 2], [0, 1], { classes: 2 }),
      ValueError,
      'predicted[1]: expected an integer in -1…1',
    ],
    [
      'a right class more',
      () => confusion([0], [2], { classes: 2 }),
      ValueError,
      'y[0]: expected an integer in 0…1, got 2',
    ],
    ['no square', () => perClass(Matrix.zeros(1, 2)), ShapeError, 'table: expected as many rows as columns, got a 1×2'],
    ['a negative count', () => perClass(new Matrix([[-1]])), ValueError, 'table[0,0]: expected a number ≥ 0, got -1'],
  ])('of %s: refused', (_, act, Kind, message) => {
    expect(act).toThrow(Kind);
    expect(act).toThrow(message);
  });
});
