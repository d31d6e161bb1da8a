/** The rows of a batch that have a step: taken out, and put back. */
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import {
  activeRows,
  addToRows,
  rowsOf,
  rowsOfEach,
  stepsIn,
  withRows,
  withRowsOfEach,
} from '../../lib/layers/active.ts';
import { Sequence } from '../../lib/sequence.ts';
import { OneHotMatrix } from '../../lib/views.ts';

const x = Sequence.zeros({ T: 4, B: 3, F: 1, lengths: [3, 1, 2] });
const a = new Matrix([
  [1, 2],
  [3, 4],
  [5, 6],
]);

describe('the sequences that have a step', () => {
  it('are numbered, or none are where all have it', () => {
    expect([0, 1, 2, 3].map(t => activeRows(x, t))).toEqual([undefined, [0, 2], [0], []]);
    expect(activeRows(Sequence.zeros({ T: 1, B: 2, F: 1 }), 0)).toBeUndefined();
  });

  it('are some up to the last step of the longest', () => {
    expect(stepsIn(x)).toBe(3);
    expect(stepsIn(Sequence.zeros({ T: 4, B: 3, F: 1 }))).toBe(4);
  });
});

describe('rows', () => {
  it('are taken out in order, as a copy; all of them are the matrix itself', () => {
    expect(rowsOf(a, [2, 0]).to2DArray()).toEqual([
      [5, 6],
      [1, 2],
    ]);
    expect(rowsOf(a, undefined)).toBe(a);
    const s = { h: a, c: a };
    expect(rowsOfEach(s, undefined)).toBe(s);
    expect(rowsOfEach(s, [1])).toEqual({ h: new Matrix([[3, 4]]), c: new Matrix([[3, 4]]) });
  });

  it('of symbols are symbols', () => {
    const symbols = new OneHotMatrix(Int32Array.of(2, 0, 1), 3);
    const taken = rowsOf(symbols, [2, 0]);
    expect(taken).toBeInstanceOf(OneHotMatrix);
    expect(taken.to2DArray()).toEqual([
      [0, 1, 0],
      [0, 0, 1],
    ]);
  });

  it('are put back into a copy; all of them are what is put', () => {
    const part = new Matrix([
      [7, 8],
      [9, 10],
    ]);
    const both = withRows(a, [0, 2], part);
    expect(both.to2DArray()).toEqual([
      [7, 8],
      [3, 4],
      [9, 10],
    ]);
    expect(a.to2DArray()[0]).toEqual([1, 2]);
    expect(withRows(a, undefined, part)).toBe(part);
    expect(withRowsOfEach({ h: a }, [0, 2], { h: part })).toEqual({ h: both });
    const all = { h: part };
    expect(withRowsOfEach({ h: a }, undefined, all)).toBe(all);
  });

  it('are added to, some or all', () => {
    const into = Matrix.ones(3, 2);
    addToRows(into, [2, 0], new Matrix([a.getRow(1), a.getRow(0)]));
    expect(into.to2DArray()).toEqual([
      [2, 3],
      [1, 1],
      [4, 5],
    ]);
    addToRows(into, undefined, a);
    expect(into.to2DArray()).toEqual([
      [3, 5],
      [4, 5],
      [9, 11],
    ]);
  });
});
