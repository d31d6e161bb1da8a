import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { ShapeError } from '../lib/errors.ts';
import * as algebra from '../lib/matrix.ts';
import { OneHotMatrix } from '../lib/views.ts';
import { matrix, size } from './arbitraries.ts';
import { deviation, flat } from './numbers.ts';

const { add, addColumnSums, addRow, addTo, addTTimes, keepRows, mul, relu, reluSlope, selectRows } = algebra;
const { tanh, tanhSlope, times, timesT } = algebra;

const sizes = fc.tuple(size(5), size(5), size(5));

/** n one-hot rows of k classes, and the same as a dense matrix. */
const oneHot = (n: number, k: number) =>
  fc.array(fc.integer({ min: 0, max: k - 1 }), { minLength: n, maxLength: n }).map(indices => {
    const sparse = new OneHotMatrix(Int32Array.from(indices), k);
    return { sparse, dense: new Matrix(sparse.to2DArray()) };
  });

describe('products', () => {
  it('are those of ml-matrix', () => {
    const cases = sizes.chain(([n, k, p]) =>
      fc.tuple(matrix(n, k), matrix(k, p), matrix(p, k), matrix(n, p), matrix(k, p)),
    );
    fc.assert(
      fc.property(cases, ([a, B, C, b, D]) => {
        expect(deviation(times(a, B), a.mmul(B))).toBeLessThan(1e-14);
        expect(deviation(timesT(a, C), a.mmul(C.transpose()))).toBeLessThan(1e-14);
        const expected = Matrix.add(D, a.transpose().mmul(b));
        addTTimes(D, a, b);
        expect(deviation(D, expected)).toBeLessThan(1e-14);
      }),
    );
  });

  it('of a one-hot matrix are those of the dense one, repeated classes added up', () => {
    const cases = sizes.chain(([n, k, p]) => fc.tuple(oneHot(n, k), matrix(p, k), matrix(n, p), matrix(p, k)));
    fc.assert(
      fc.property(cases, ([{ sparse, dense }, U, da, dU]) => {
        expect(flat(timesT(sparse, U))).toEqual(flat(timesT(dense, U)));
        const expected = Matrix.add(dU, da.transpose().mmul(dense));
        addTTimes(dU, da, sparse);
        expect(deviation(dU, expected)).toBeLessThan(1e-14);
      }),
    );
  });

  it('adds every sample where a class is used twice', () => {
    const dU = Matrix.zeros(1, 3);
    addTTimes(dU, new Matrix([[1], [10], [100]]), new OneHotMatrix(Int32Array.of(1, 1, 2), 3));
    expect(flat(dU)).toEqual([0, 11, 100]);
  });
});

describe('elementwise functions', () => {
  it('agree with their formulas', () => {
    fc.assert(
      fc.property(
        sizes.chain(([n, k]) => fc.tuple(matrix(n, k), matrix(n, k), matrix(1, k))),
        ([a, b, row]) => {
          expect(flat(add(a, b, a))).toEqual(flat(a).map((x, i) => x + (flat(b)[i] ?? 0) + x));
          expect(flat(mul(a, b))).toEqual(flat(a).map((x, i) => x * (flat(b)[i] ?? 0)));
          expect(flat(algebra.sub(a, b))).toEqual(flat(a).map((x, i) => x - (flat(b)[i] ?? 0)));
          expect(flat(algebra.oneMinus(a))).toEqual(flat(a).map(x => 1 - x));
          expect(flat(algebra.mulRow(a, row))).toEqual(flat(a).map((x, i) => x * row.get(0, i % row.columns)));
          expect(flat(addRow(a, row))).toEqual(flat(a).map((x, i) => x + row.get(0, i % row.columns)));
          expect(flat(tanh(a))).toEqual(flat(a).map(Math.tanh));
          expect(flat(tanhSlope(a))).toEqual(flat(a).map(x => 1 - x * x));
          expect(flat(relu(a))).toEqual(flat(a).map(x => (x > 0 ? x : 0)));
          expect(flat(reluSlope(a))).toEqual(flat(a).map(x => (x > 0 ? 1 : 0)));
        },
      ),
    );
  });

  it('include a logistic function that neither overflows nor leaves [0, 1], and its slope', () => {
    const a = new Matrix([[-1000, -40, -1, 0, 1e-9, 2, 1000]]);
    const s = algebra.sigmoid(a);
    flat(a).forEach((x, j) => {
      expect(s.get(0, j)).toBeCloseTo(1 / (1 + Math.exp(-x)), 15);
    });
    expect((s.get(0, 1) * Math.exp(40)) / (1 - Math.exp(-40))).toBeCloseTo(1, 14); // small, and right to the last digits
    expect(flat(algebra.sigmoidSlope(s))).toEqual(flat(s).map(y => y * (1 - y)));
    const [W, h, U, x, b] = [
      Matrix.eye(2),
      new Matrix([[1, 2]]),
      new Matrix([[3], [4]]),
      new Matrix([[10]]),
      new Matrix([[100, 200]]),
    ];
    expect(flat(algebra.affine(W, h, U, x, b))).toEqual([131, 242]);
  });

  it('leave their arguments as they were', () => {
    const a = new Matrix([[1, -2]]);
    add(a, a);
    mul(a, a);
    tanh(a);
    relu(a);
    expect(flat(a)).toEqual([1, -2]);
  });

  it('keep and select rows', () => {
    const [a, b] = [new Matrix([[1], [2]]), new Matrix([[3], [4]])];
    expect(flat(keepRows(a, [false, true]))).toEqual([0, 2]);
    expect(flat(selectRows([true, false], a, b))).toEqual([1, 4]);
  });
});

describe('accumulation', () => {
  it('adds into its first argument', () => {
    const d = new Matrix([[1, 1]]);
    const a = new Matrix([
      [1, 2],
      [3, 4],
    ]);
    addColumnSums(d, a);
    expect(flat(d)).toEqual([5, 7]);
    addTo(a, a);
    expect(flat(a)).toEqual([2, 4, 6, 8]);
  });
});

describe('shapes that do not fit', () => {
  const [wide, tall] = [Matrix.zeros(2, 3), Matrix.zeros(3, 2)];
  const row = Matrix.zeros(1, 3);
  it.each<[string, () => unknown]>([
    ['times', () => times(wide, wide)],
    ['timesT', () => timesT(wide, tall)],
    ['addTTimes, factors', () => addTTimes(Matrix.zeros(2, 2), wide, tall)],
    ['addTTimes, target', () => addTTimes(wide, wide, wide)],
    ['addColumnSums', () => addColumnSums(row, tall)],
    ['addColumnSums, more than a row', () => addColumnSums(wide, wide)],
    ['addTo', () => addTo(wide, tall)],
    ['add', () => add(wide, tall)],
    ['mul', () => mul(wide, wide, tall)],
    ['addRow', () => addRow(tall, row)],
    ['addRow, more than a row', () => addRow(wide, wide)],
    ['keepRows', () => keepRows(wide, [true])],
    ['selectRows', () => selectRows([true, true], wide, tall)],
  ])('throw a ShapeError that shows them: %s', (_, act) => {
    expect(act).toThrow(ShapeError);
    expect(act).toThrow(/×/);
  });
});
