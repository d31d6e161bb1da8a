import fc from 'fast-check';
import { Matrix, SVD } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { FlatMatrix, OneHotMatrix } from '../lib/views.ts';
import { entries, size } from './arbitraries.ts';
import { deviation, flat } from './numbers.ts';

/** Memory and a matrix in the midst of it. */
const flatMatrix = fc.tuple(size(5), size(5), fc.nat(4), fc.nat(3)).chain(([rows, columns, offset, rest]) =>
  entries(offset + rows * columns + rest).map(numbers => {
    const data = Float64Array.from(numbers);
    const expected = Matrix.from1DArray(rows, columns, numbers.slice(offset, offset + rows * columns));
    return { rows, columns, offset, data, matrix: new FlatMatrix(data, rows, columns, offset), expected };
  }),
);

describe('a flat matrix', () => {
  it('reads as a Matrix of the same numbers', () => {
    fc.assert(
      fc.property(flatMatrix, ({ matrix, expected }) => {
        expect(matrix.to2DArray()).toEqual(expected.to2DArray());
        expect(Matrix.isMatrix(matrix)).toBe(true);
        expect(matrix.transpose().to2DArray()).toEqual(expected.transpose().to2DArray());
        expect(new Matrix(matrix).to2DArray()).toEqual(expected.to2DArray());
      }),
    );
  });

  it('is taken by the functions of ml-matrix', () => {
    fc.assert(
      fc.property(flatMatrix, ({ matrix, expected }) => {
        expect(deviation(matrix.mmul(matrix.transpose()), expected.mmul(expected.transpose()))).toBeLessThan(1e-15);
        expect(deviation(expected.transpose().mmul(matrix), expected.transpose().mmul(expected))).toBeLessThan(1e-15);
        expect(matrix.norm('frobenius')).toBe(expected.norm('frobenius'));
        const options = { autoTranspose: true };
        expect(new SVD(matrix, options).diagonal).toEqual(new SVD(expected, options).diagonal);
        expect(flat(Matrix.add(matrix, expected))).toEqual(flat(expected).map(x => x + x));
        expect(flat(matrix.clone().mul(3))).toEqual(flat(expected).map(x => x * 3));
        expect(matrix.to2DArray()).toEqual(expected.to2DArray());
      }),
    );
  });

  it('writes its own numbers in the memory and no others', () => {
    fc.assert(
      fc.property(flatMatrix, ({ matrix, data, rows, columns, offset }) => {
        const before = Array.from(data);
        const end = offset + rows * columns;
        matrix.mul(2).set(rows - 1, columns - 1, 77);
        const after = before.map((x, i) => (i >= offset && i < end ? 2 * x : x));
        expect(Array.from(data)).toEqual(after.with(end - 1, 77));
        data[offset] = 88;
        expect(matrix.get(0, 0)).toBe(88);
      }),
    );
  });

  it('lies in a Float32Array as well', () => {
    const data = new Float32Array(3);
    new FlatMatrix(data, 1, 2, 1).set(0, 1, 0.1);
    expect(Array.from(data)).toEqual([0, 0, Math.fround(0.1)]);
  });

  it('needs memory enough, behind the offset too', () => {
    fc.assert(
      fc.property(size(4), size(4), fc.nat(3), (rows, columns, offset) => {
        const needed = offset + rows * columns;
        const act = () => new FlatMatrix(new Float64Array(needed - 1), rows, columns, offset);
        expect(act).toThrow(
          expect.objectContaining({
            name: 'ShapeError',
            argument: 'data',
            expected: `${needed} numbers`,
            got: `${needed - 1}`,
          }),
        );
        expect(new FlatMatrix(new Float64Array(needed), rows, columns, offset).size).toBe(rows * columns);
      }),
    );
  });

  it.each([
    ['rows', [-1, 1, 0]],
    ['rows', [0.5, 2, 0]],
    ['columns', [1, -1, 0]],
    ['columns', [1, Number.NaN, 0]],
    ['offset', [1, 1, -1]],
    ['offset', [1, 1, 0.5]],
  ] as const)('refuses bad %s: %j', (argument, [rows, columns, offset]) => {
    const act = () => new FlatMatrix(new Float64Array(9), rows, columns, offset);
    expect(act).toThrow(expect.objectContaining({ name: 'ValueError', argument }));
  });
});

describe('a one-hot matrix', () => {
  const batch = size(5).chain(classes => fc.tuple(fc.constant(classes), fc.array(fc.nat(classes - 1))));

  it('is 1 at the class of each row and 0 elsewhere', () => {
    fc.assert(
      fc.property(batch, ([classes, indices]) => {
        const matrix = new OneHotMatrix(Int32Array.from(indices), classes);
        const eye = Matrix.eye(classes).to2DArray();
        expect([matrix.rows, matrix.columns]).toEqual([indices.length, classes]);
        expect(matrix.to2DArray()).toEqual(indices.map(k => eye[k]));
      }),
    );
  });

  it('follows its indices', () => {
    const indices = Int32Array.of(0);
    const matrix = new OneHotMatrix(indices, 2);
    indices[0] = 1;
    expect(flat(matrix)).toEqual([0, 1]);
  });

  it('is read only', () => {
    const matrix = new OneHotMatrix(Int32Array.of(1, 0), 2);
    const refusal = { name: 'ValueError', argument: 'one-hot[1,0]', got: '3' };
    expect(() => matrix.set(1, 0, 3)).toThrow(expect.objectContaining(refusal));
    expect(flat(matrix)).toEqual([0, 1, 1, 0]);
  });
});
