/** Operations done in plain loops have the bits of what they are said to be, of every kind of matrix. */
import { type AbstractMatrix, Matrix, MatrixTransposeView } from 'ml-matrix';
import { describe, expect, test } from 'vitest';
import { floatsOf, zeros as fresh } from '../../lib/equations/floats.ts';
import { accumulate, apply, build } from '../../lib/equations/matrices.ts';
import { float64 } from '../../lib/equations/numbers.ts';
import type { Operation } from '../../lib/equations/operation.ts';
import * as table from '../../lib/equations/operations.ts';
import { Random } from '../../lib/random.ts';
import type { Shape } from '../../lib/shape.ts';
import { FlatMatrix, OneHotMatrix } from '../../lib/views.ts';
import { flat } from '../numbers.ts';

type Kind = (numbers: Matrix) => AbstractMatrix;

/** A matrix of the same numbers, or nearly, kept in every way that there is. */
const KINDS: Readonly<Record<string, Kind>> = {
  Matrix: numbers => numbers.clone(),
  'flat, of 64 bits': numbers => laid(new Float64Array(numbers.rows * numbers.columns + 7), numbers),
  'flat, of 32 bits': numbers => laid(new Float32Array(numbers.rows * numbers.columns + 7), numbers),
  'a view': numbers => new MatrixTransposeView(numbers.transpose()),
  'one-hot': ({ rows, columns }) =>
    new OneHotMatrix(
      Int32Array.from({ length: rows }, (_, i) => i % columns),
      columns,
    ),
};

/** Shapes of arguments, by what an operation is: small, of one row or column that stands for all, and more than is kept room for. */
const SHAPES: Readonly<Record<string, readonly string[]>> = {
  one: ['1×1', '1×5', '3×1', '3×5', '70×67'],
  two: ['3×5', '1×5', '3×1', '1×1'].flatMap(a => ['3×5', '1×5', '3×1', '1×1', '70×67'].map(b => `${a} ${b}`)),
  same: ['3×5 3×5', '1×1 1×1', '70×67 70×67'],
  times: ['3×4 4×5', '1×4 4×1', '2×1 1×3', '65×66 66×67'],
  timesT: ['3×4 5×4', '1×4 1×4', '2×1 3×1', '65×66 67×66'],
  addTTimes: ['4×5 3×4 3×5', '1×1 2×1 2×1', '66×67 65×66 65×67'],
  addColumnSums: ['1×5 3×5', '1×1 4×1', '1×67 70×67'],
};

const BINARY = ['add', 'sub', 'mul', 'div', 'max', 'min', 'above'];
const shapesFor = (operation: Operation): readonly (readonly Shape[])[] => {
  const { name } = operation;
  const texts = SHAPES[name] ?? SHAPES[BINARY.includes(name) ? 'two' : name === 'addTo' ? 'same' : 'one'] ?? [];
  const shapes = texts.map(text => text.split(' ').map(shape => shape.split('×').map(Number) as unknown as Shape));
  return shapes.filter(([a = [0, 0], b = a, c = a]) => operation.shape(a, b, c)); // 3×5 and 70×67 do not fit
};

const done = Object.values<unknown>(table).filter(
  (operation): operation is Operation =>
    typeof operation === 'object' && /elementwise|product|over/.test((operation as Operation).kind),
);

test('a matrix that does another operation when it is read has its own numbers', () => {
  class Lazy extends Matrix {
    override get(i: number, j: number): number {
      const two = apply(table.add, Matrix.ones(3, 5), Matrix.ones(3, 5));
      return two.get(i, j) * super.get(i, j);
    }
  }
  const numbers = build(3, 5, (i, j) => i - 2 * j);
  const lazy = new Lazy(numbers.to2DArray());
  expect(apply(table.sub, new MatrixTransposeView(numbers.transpose()), lazy).to2DArray()).toEqual(
    numbers.to2DArray().map(row => row.map(value => -value + 0)),
  );
});

test('all are done in loops but parts, what is joined, and products of every sample by itself', () => {
  const one = new Matrix([[2]]);
  const others = Object.values<unknown>(table).filter(operation => !done.includes(operation as Operation));
  expect(others.map(other => (other as { readonly name: string }).name).sort()).toEqual([
    'applyEach',
    'applyEachT',
    'beside',
    'columns',
    'map',
    'outer',
    'rows',
  ]);
  expect(done.every(operation => floatsOf(operation, [one, one, one], 1, 1))).toBe(true);
  expect(floatsOf(table.beside, [one, one], 1, 2)).toBeUndefined();
});

test.each([
  [0, 3],
  [1, 1],
  [1, 9],
  [3, 8],
  [3, 9],
  [20, 40],
])('a fresh matrix of %i rows and %i columns is as any other', (rows, columns) => {
  const matrix = fresh(rows, columns);
  expect(matrix).toEqual(Matrix.zeros(rows, columns));
  const expected = Matrix.zeros(rows, columns);
  for (let i = 0; i < rows; i++) for (const one of [matrix, expected]) one.set(i, columns - 1, i + 1);
  expect(matrix).toEqual(expected);
  expect(matrix.clone()).toEqual(expected);
  expect(structuredClone(matrix.to2DArray())).toEqual(expected.to2DArray());
  if (rows > 1) expect(matrix.removeRow(0).to2DArray()).toEqual(expected.to2DArray().slice(1));
});

describe.each(done.map(operation => [operation.name, operation] as const))('%s', (name, operation) => {
  test.each(Object.entries(KINDS))('of %s', (_, kindOf) => {
    for (const shapes of shapesFor(operation)) {
      for (const [others, seed] of Object.values(KINDS).flatMap(kind => [[kind, 0] as const, [kind, 1] as const])) {
        if (isLarge(shapes) && others !== kindOf) continue;
        const rng = new Random(seed);
        const args = shapes.map((shape, n) => (n === 0 ? kindOf : others)((seed === 0 ? zeros : drawn)(shape, rng)));
        if (name === 'addTTimes' || name === 'addColumnSums' || name === 'addTo') {
          if (args[0] instanceof OneHotMatrix) continue; // nothing is added to it
          const expected = said(operation, args);
          const [D, a, b] = args as [AbstractMatrix, AbstractMatrix, AbstractMatrix?];
          const isOf32Bits = D instanceof FlatMatrix && D.data instanceof Float32Array;
          accumulate(operation, ...(b ? ([D, a, b] as const) : ([D, a] as const)));
          expect(firstDifference(flat(D), flat(expected).map(isOf32Bits ? Math.fround : x => x))).toBe(-1);
        } else {
          expect(firstDifference(flat(apply(operation, ...args)), flat(said(operation, args)))).toBe(-1);
        }
      }
    }
  });
});

const isLarge = (shapes: readonly Shape[]) => shapes.some(([rows, columns]) => rows * columns > 4096);

/** The first place where two lists have not the same bits, but for those of NaN: −1 where there is none. */
function firstDifference(a: readonly number[], b: readonly number[]): number {
  return a.length === b.length ? a.findIndex((x, n) => !Object.is(x, b[n])) : 0;
}

/** What an operation says of every element. */
function said(operation: Operation, args: readonly AbstractMatrix[]): Matrix {
  const [a, b = a, c = a] = args as [AbstractMatrix, AbstractMatrix?, AbstractMatrix?];
  const shapes = [a, b, c].map(({ rows, columns }): Shape => [rows, columns]) as [Shape, Shape, Shape];
  const [rows, columns] = operation.shape(...shapes) as Shape;
  return build(rows, columns, (i, j) => operation.evaluate(float64, [a, b, c], i, j));
}

/** Numbers of all sizes, zeros of both signs, and what is none. */
function drawn([rows, columns]: Shape, rng: Random): Matrix {
  const odd = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-310, 1e300];
  const one = () => (rng.uniform() < 0.05 ? (odd[Math.floor(rng.uniform() * odd.length)] as number) : rng.normal());
  return build(rows, columns, one);
}

/** Zeros of both signs: what a sum of them is shows where it begins. */
function zeros([rows, columns]: Shape, rng: Random): Matrix {
  return build(rows, columns, () => (rng.uniform() < 0.5 ? 0 : -0));
}

function laid(data: Float64Array | Float32Array, numbers: Matrix): FlatMatrix {
  const matrix = new FlatMatrix(data, numbers.rows, numbers.columns, 5);
  for (let i = 0; i < numbers.rows; i++) {
    for (let j = 0; j < numbers.columns; j++) matrix.set(i, j, numbers.get(i, j));
  }
  return matrix;
}
