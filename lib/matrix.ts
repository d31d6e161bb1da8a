/**
 * The algebra that the cells are written in: products, sums and elementwise functions of ml-matrix matrices. What each
 * means stands in `equations/operations.ts`; here they are done to matrices, and written down of symbols, so that a cell
 * that is written in them has equations. Derived in `derivations/algebra.md`.
 *
 * Three functions accumulate into their first argument, as gradients do: `addTTimes`, `addColumnSums`, `addTo`. All
 * others return a fresh matrix and change nothing. Each throws {@link ShapeError} when its arguments do not fit
 * (ml-matrix's own product drops rows in silence).
 */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { float64 } from './equations/numbers.ts';
import type { Operation } from './equations/operation.ts';
import * as operations from './equations/operations.ts';
import { MatrixSymbol, type Recorder } from './equations/symbol.ts';
import { ShapeError } from './errors.ts';
import { requireAnyMatrix, requireFiniteNumber } from './require.ts';
import type { Shape } from './shape.ts';
import { OneHotMatrix } from './views.ts';

/** a·B: a is n×k, B is k×p, the result n×p. */
export function times(a: AbstractMatrix, B: AbstractMatrix): Matrix {
  return apply(operations.times, a, B);
}

/** a·Bᵀ: a is n×k, B is p×k, the result n×p. Where a is one-hot, a gather of B's columns. */
export function timesT(a: AbstractMatrix, B: AbstractMatrix): Matrix {
  if (!(a instanceof OneHotMatrix) || B instanceof MatrixSymbol) return apply(operations.timesT, a, B);
  shapeOf(operations.timesT, [a, B]);
  return build(a.rows, B.rows, (i, j) => B.get(j, a.indices[i] ?? 0));
}

/** D += aᵀ·b: a is n×p, b is n×q, D is p×q and is changed. Where b is one-hot, a scatter-add into D's columns. */
export function addTTimes(D: AbstractMatrix, a: AbstractMatrix, b: AbstractMatrix): void {
  if (!(b instanceof OneHotMatrix) || D instanceof MatrixSymbol) {
    accumulate(operations.addTTimes, D, a, b);
    return;
  }
  shapeOf(operations.addTTimes, [D, a, b]);
  b.indices.forEach((j, n) => {
    for (let i = 0; i < D.rows; i++) D.set(i, j, D.get(i, j) + a.get(n, i));
  });
}

/** d += 1ᵀ·a: the sum of a's rows, added to the 1×p row d, which is changed. */
export function addColumnSums(d: AbstractMatrix, a: AbstractMatrix): void {
  accumulate(operations.addColumnSums, d, a);
}

/** D += a, elementwise; D is changed. */
export function addTo(D: AbstractMatrix, a: AbstractMatrix): void {
  accumulate(operations.addTo, D, a);
}

/** The elementwise sum of matrices of one shape. */
export function add(first: AbstractMatrix, ...rest: readonly AbstractMatrix[]): Matrix {
  return together(operations.add, first, rest);
}

/** The elementwise (Hadamard) product ⊙ of matrices of one shape. */
export function mul(first: AbstractMatrix, ...rest: readonly AbstractMatrix[]): Matrix {
  return together(operations.mul, first, rest);
}

/** a − b, elementwise. */
export function sub(a: AbstractMatrix, b: AbstractMatrix): Matrix {
  return together(operations.sub, a, [b]);
}

/** a + 1·b: the 1×p row b added to every row of a. */
export function addRow(a: AbstractMatrix, b: AbstractMatrix): Matrix {
  return byRow(operations.add, a, b);
}

/** a ⊙ 1·b: every row of a times the 1×p row b, elementwise. */
export function mulRow(a: AbstractMatrix, b: AbstractMatrix): Matrix {
  return byRow(operations.mul, a, b);
}

/** h·Wᵀ + x·Uᵀ + 1·b: the pre-activation of a gate. W is m×m, U is m×d, b is 1×m, h is B×m and x is B×d. */
export function affine(
  W: AbstractMatrix,
  h: AbstractMatrix,
  U: AbstractMatrix,
  x: AbstractMatrix,
  b: AbstractMatrix,
): Matrix {
  return addRow(add(timesT(h, W), timesT(x, U)), b);
}

/** The logistic function 1 / (1 + e^−a), elementwise, without overflow. */
export function sigmoid(a: AbstractMatrix): Matrix {
  return apply(operations.sigmoid, a);
}

/** The slope of the logistic function in terms of its *output*: s(1 − s). */
export function sigmoidSlope(s: AbstractMatrix): Matrix {
  return apply(operations.sigmoidSlope, s);
}

/** 1 − a, elementwise. */
export function oneMinus(a: AbstractMatrix): Matrix {
  return apply(operations.oneMinus, a);
}

/** max(0, a), elementwise. */
export function relu(a: AbstractMatrix): Matrix {
  return apply(operations.relu, a);
}

/** The slope of ReLU in terms of its *output*: 1 where h > 0, else 0 (the usual choice of subgradient at the kink). */
export function reluSlope(h: AbstractMatrix): Matrix {
  return apply(operations.reluSlope, h);
}

/** tanh, elementwise. */
export function tanh(a: AbstractMatrix): Matrix {
  return apply(operations.tanh, a);
}

/** The slope of tanh in terms of its *output*: 1 − h². */
export function tanhSlope(h: AbstractMatrix): Matrix {
  return apply(operations.tanhSlope, h);
}

/** c·a of a number c. */
export function scale(a: AbstractMatrix, c: number): Matrix {
  return apply(operations.mul, a, constant(c));
}

/** A fresh copy. */
export function copy(a: AbstractMatrix): Matrix {
  return apply(operations.copy, a);
}

/** [a, b]: b to the right of a. */
export function beside(a: AbstractMatrix, b: AbstractMatrix): Matrix {
  return apply(operations.beside, a, b);
}

/** Columns `from` (included) to `to` (excluded). */
export function columns(a: AbstractMatrix, from: number, to: number): Matrix {
  return apply(operations.columns(from, to), a);
}

/** Row i of a where `keep[i]`, else zeros. */
export function keepRows(a: AbstractMatrix, keep: readonly boolean[]): Matrix {
  requireFit(keep?.length === requireAnyMatrix('a', a).rows, 'keep', [a]);
  return build(a.rows, a.columns, (i, j) => (keep[i] ? a.get(i, j) : 0));
}

/** Row i of a where `pick[i]`, else row i of b. */
export function selectRows(pick: readonly boolean[], a: AbstractMatrix, b: AbstractMatrix): Matrix {
  requireSame('pick ? a : b', a, b);
  requireFit(pick?.length === a.rows, 'pick ? a : b', [a, b]);
  return build(a.rows, a.columns, (i, j) => (pick[i] ? a : b).get(i, j));
}

/** A number, as the 1×1 matrix that stands for it everywhere. */
function constant(c: number): Matrix {
  return Matrix.rowVector([requireFiniteNumber('c', c)]);
}

/** An operation, done to matrices or written down of symbols. */
function apply(operation: Operation, ...args: readonly AbstractMatrix[]): Matrix {
  const shape = shapeOf(operation, args);
  const recorder = recorderOf(args);
  if (recorder) return recorder.apply(operation, args, shape);
  const [a, b = a, c = a] = args as readonly [AbstractMatrix, AbstractMatrix?, AbstractMatrix?];
  return build(...shape, (i, j) => operation.evaluate(float64, [a, b, c], i, j));
}

/** An operation that adds to its first argument. */
function accumulate(operation: Operation, ...args: readonly [AbstractMatrix, AbstractMatrix, AbstractMatrix?]): void {
  const given = args.filter(arg => arg !== undefined);
  const shape = shapeOf(operation, given);
  const recorder = recorderOf(given);
  if (recorder) {
    recorder.addTo(operation, given, shape);
    return;
  }
  const [D, a, b = a] = args;
  for (let i = 0; i < D.rows; i++) {
    for (let j = 0; j < D.columns; j++) D.set(i, j, operation.evaluate(float64, [D, a, b], i, j));
  }
}

/** An operation of two matrices of one shape, over as many as there are. */
function together(operation: Operation, first: AbstractMatrix, rest: readonly AbstractMatrix[]): Matrix {
  const [second, ...others] = rest;
  if (!second) return copy(first);
  const two = (a: AbstractMatrix, b: AbstractMatrix): Matrix => {
    requireSame(operation.print('a', 'b', 'c'), a, b);
    return apply(operation, a, b);
  };
  return others.reduce<Matrix>(two, two(first, second));
}

/** An operation of a matrix and a row, which stands for all rows. */
function byRow(operation: Operation, a: AbstractMatrix, b: AbstractMatrix): Matrix {
  const what = operation.print('a', '1·b', '');
  for (const matrix of [a, b]) requireAnyMatrix(what, matrix);
  requireFit(b.rows === 1 && a.columns === b.columns, what, [a, b]);
  return apply(operation, a, b);
}

function recorderOf(args: readonly AbstractMatrix[]): Recorder | undefined {
  return args.find((arg): arg is MatrixSymbol => arg instanceof MatrixSymbol)?.recorder;
}

function shapeOf(operation: Operation, args: readonly AbstractMatrix[]): Shape {
  const what = operation.print('a', 'b', 'c');
  const [a = [0, 0], b = a, c = a] = args.map((arg): Shape => [requireAnyMatrix(what, arg).rows, arg.columns]);
  const shape = operation.shape(a, b, c);
  if (!shape) throw misfit(what, args);
  return shape;
}

function build(rows: number, columns: number, element: (i: number, j: number) => number): Matrix {
  const result = Matrix.zeros(rows, columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) result.set(i, j, element(i, j));
  }
  return result;
}

function requireSame(what: string, a: AbstractMatrix, b: AbstractMatrix): void {
  for (const matrix of [a, b]) requireAnyMatrix(what, matrix);
  requireFit(a.rows === b.rows && a.columns === b.columns, what, [a, b]);
}

function requireFit(fits: boolean, what: string, matrices: readonly AbstractMatrix[]): void {
  if (!fits) throw misfit(what, matrices);
}

function misfit(what: string, matrices: readonly AbstractMatrix[]): ShapeError {
  const shapes = matrices.map(({ rows, columns }) => `${rows}×${columns}`).join(' with ');
  return new ShapeError(what, 'matrices whose shapes fit', shapes);
}
