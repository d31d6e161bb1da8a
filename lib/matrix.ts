/**
 * The algebra that the cells are written in: products, sums and elementwise functions of ml-matrix matrices. What each
 * means stands in `equations/operations.ts`; here they are done to matrices, and written down of symbols, so that a cell
 * that is written in them has equations. Derived in `derivations/algebra.md`.
 *
 * Three functions accumulate into their first argument, as gradients do: `addTTimes`, `addColumnSums`, `addTo`. All
 * others return a fresh matrix and change nothing. Each throws {@link ShapeError} when its arguments do not fit
 * (ml-matrix's own product drops rows in silence), and ValueError where an index of a one-hot matrix is none of its
 * columns: who writes into its indices must not reach what lies beside another matrix.
 */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { accumulate, apply, build, misfit, shapeOf } from './equations/matrices.ts';
import type { Operation } from './equations/operation.ts';
import * as operations from './equations/operations.ts';
import { MatrixSymbol } from './equations/symbol.ts';
import { ShapeError, ValueError } from './errors.ts';
import { requireIndices } from './padding.ts';
import {
  countOf,
  describe,
  isMatrix,
  requireAnyMatrix,
  requireFiniteNumber,
  requireFunction,
  requireInteger,
  requireList,
} from './require.ts';
import { OneHotMatrix } from './views.ts';

/** a·B: a is n×k, B is k×p, the result n×p. */
export function times(a: AbstractMatrix, B: AbstractMatrix): Matrix {
  return apply(operations.times, a, B);
}

/** a·Bᵀ: a is n×k, B is p×k, the result n×p. Where a is one-hot, a gather of B's columns. */
export function timesT(a: AbstractMatrix, B: AbstractMatrix): Matrix {
  if (!(a instanceof OneHotMatrix) || B instanceof MatrixSymbol) return apply(operations.timesT, a, B);
  shapeOf(operations.timesT, [a, B]);
  const indices = indicesOf('a', a);
  return build(a.rows, B.rows, (i, j) => B.get(j, indices[i] ?? 0));
}

/** D += aᵀ·b: a is n×p, b is n×q, D is p×q and is changed. Where b is one-hot, a scatter-add into D's columns. */
export function addTTimes(D: AbstractMatrix, a: AbstractMatrix, b: AbstractMatrix): void {
  if (!(b instanceof OneHotMatrix) || D instanceof MatrixSymbol) {
    accumulate(operations.addTTimes, D, a, b);
    return;
  }
  shapeOf(operations.addTTimes, [D, a, b]);
  indicesOf('b', b).forEach((j, n) => {
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

/** a ⊘ b, elementwise: ±∞ or NaN where b is 0. */
export function div(a: AbstractMatrix, b: AbstractMatrix): Matrix {
  return together(operations.div, a, [b]);
}

/** c·a of a number c. */
export function scale(a: AbstractMatrix, c: number): Matrix {
  return apply(operations.mul, a, constant(c));
}

/** a + c of a number c, added to every element. */
export function shift(a: AbstractMatrix, c: number): Matrix {
  return apply(operations.add, a, constant(c));
}

/** a + c·1ᵀ: the B×1 column c added to every column of a. */
export function addColumn(a: AbstractMatrix, c: AbstractMatrix): Matrix {
  return byColumn(operations.add, a, c);
}

/** a − c·1ᵀ: the B×1 column c subtracted from every column of a. */
export function subColumn(a: AbstractMatrix, c: AbstractMatrix): Matrix {
  return byColumn(operations.sub, a, c);
}

/** a ⊙ c·1ᵀ: every column of a times the B×1 column c, elementwise. */
export function mulColumn(a: AbstractMatrix, c: AbstractMatrix): Matrix {
  return byColumn(operations.mul, a, c);
}

/** a ⊘ c·1ᵀ: every column of a divided by the B×1 column c, elementwise. */
export function divColumn(a: AbstractMatrix, c: AbstractMatrix): Matrix {
  return byColumn(operations.div, a, c);
}

/** 1 / a, elementwise; its slope is −(1/a)², minus the square of the *output*. */
export function reciprocal(a: AbstractMatrix): Matrix {
  return apply(operations.reciprocal, a);
}

/** eᵃ, elementwise; it is its own slope. */
export function exp(a: AbstractMatrix): Matrix {
  return apply(operations.exp, a);
}

/** The natural logarithm, elementwise: −∞ of 0, NaN below; its slope is 1/a. */
export function log(a: AbstractMatrix): Matrix {
  return apply(operations.log, a);
}

/** √a, elementwise: NaN below 0; its slope is ½ / √a. */
export function sqrt(a: AbstractMatrix): Matrix {
  return apply(operations.sqrt, a);
}

/** log(1 + eᵃ), elementwise, neither overflowing nor losing what is small. */
export function softplus(a: AbstractMatrix): Matrix {
  return apply(operations.softplus, a);
}

/** The slope of softplus in terms of its *output*: 1 − e^−y, which is σ(a). */
export function softplusSlope(a: AbstractMatrix): Matrix {
  return apply(operations.softplusSlope, a);
}

/** a where a > 0, else eᵃ − 1, elementwise. */
export function elu(a: AbstractMatrix): Matrix {
  return apply(operations.elu, a);
}

/** The slope of ELU in terms of its *output*: 1 where y > 0, else 1 + y. */
export function eluSlope(a: AbstractMatrix): Matrix {
  return apply(operations.eluSlope, a);
}

/** ½a(1 + tanh(√(2/π)(a + 0.044715 a³))), elementwise: GELU as Hendrycks and Gimpel (2016) approximate it. */
export function gelu(a: AbstractMatrix): Matrix {
  return apply(operations.gelu, a);
}

/** The slope of GELU in terms of its *input*. */
export function geluSlope(a: AbstractMatrix): Matrix {
  return apply(operations.geluSlope, a);
}

/** a / (1 + |a|), elementwise. */
export function softsign(a: AbstractMatrix): Matrix {
  return apply(operations.softsign, a);
}

/** The slope of softsign in terms of its *output*: (1 − |y|)². */
export function softsignSlope(a: AbstractMatrix): Matrix {
  return apply(operations.softsignSlope, a);
}

/** a/6 + ½, no less than 0 and no more than 1, elementwise. */
export function hardSigmoid(a: AbstractMatrix): Matrix {
  return apply(operations.hardSigmoid, a);
}

/** The slope of the hard sigmoid in terms of its *output*: 1/6 where 0 < y < 1, else 0. */
export function hardSigmoidSlope(a: AbstractMatrix): Matrix {
  return apply(operations.hardSigmoidSlope, a);
}

/** |a|, elementwise. */
export function abs(a: AbstractMatrix): Matrix {
  return apply(operations.abs, a);
}

/** The slope of |a| in terms of its *input*: 1, −1, or 0 where a is 0. */
export function sign(a: AbstractMatrix): Matrix {
  return apply(operations.sign, a);
}

/** The larger of two, elementwise; its slope in a is {@link above}(a, b), in b the rest. */
export function max(a: AbstractMatrix, b: AbstractMatrix): Matrix {
  return together(operations.max, a, [b]);
}

/** The smaller of two, elementwise; its slope in b is {@link above}(a, b), in a the rest. */
export function min(a: AbstractMatrix, b: AbstractMatrix): Matrix {
  return together(operations.min, a, [b]);
}

/** 1 where a > b, else 0, elementwise: an indicator, whose own slope is 0. */
export function above(a: AbstractMatrix, b: AbstractMatrix): Matrix {
  return together(operations.above, a, [b]);
}

/**
 * a, no less than `low` and no more than `high`, elementwise.
 *
 * @throws ValueError when `high` is below `low`.
 */
export function clamp(a: AbstractMatrix, low: number, high: number): Matrix {
  requireOrder(low, high);
  return apply(operations.max, apply(operations.min, a, constant(high)), constant(low)); // ALG-F21  y = max(min(a, high), low)
}

/** The slope of {@link clamp} in terms of its *input*: 1 where low < a < high, else 0. */
export function clampSlope(a: AbstractMatrix, low: number, high: number): Matrix {
  requireOrder(low, high);
  return apply(operations.mul, apply(operations.above, a, constant(low)), apply(operations.above, constant(high), a)); // ALG-B11  dy/da = [low < a < high]
}

/** The sum over the units, a·1: of every row, B×1. */
export function sumUnits(a: AbstractMatrix): Matrix {
  return apply(operations.sumUnits, a);
}

/** The mean over the units: of every row, B×1. */
export function meanUnits(a: AbstractMatrix): Matrix {
  return scale(sumUnits(a), 1 / a.columns); // ALG-F27  y = a·1 / p
}

/** The largest of the units: of every row, B×1. Subtracted from a before {@link exp}, it needs no slope. */
export function maxUnits(a: AbstractMatrix): Matrix {
  return apply(operations.maxUnits, a);
}

/** eᵃ over its sum over the units, of every row; the largest is subtracted first, so that nothing overflows. */
export function softmaxUnits(a: AbstractMatrix): Matrix {
  const e = exp(subColumn(a, maxUnits(a)));
  return divColumn(e, sumUnits(e)); // ALG-F28  p = e ⊘ (e·1)·1ᵀ
}

/** The gradient in a of p = {@link softmaxUnits}(a) from dL/dp: p ⊙ (dp − Σ dp⊙p). */
export function softmaxUnitsGradient(p: AbstractMatrix, dp: AbstractMatrix): Matrix {
  return mul(p, subColumn(dp, sumUnits(mul(dp, p)))); // ALG-B15  da = p ⊙ (dp − ((dp ⊙ p)·1)·1ᵀ)
}

/** a bᵀ of every sample: a is B×m, b is B×k, the result B×(m·k), where every row is a matrix m×k, row after row. */
export function outer(a: AbstractMatrix, b: AbstractMatrix): Matrix {
  return apply(operations.outer, a, b);
}

/** A v of every sample: A is B×(m·k), v is B×k, the result B×m. */
export function applyEach(A: AbstractMatrix, v: AbstractMatrix): Matrix {
  return apply(operations.applyEach, A, v);
}

/** Aᵀ u of every sample: A is B×(m·k), u is B×m, the result B×k. */
export function applyEachT(A: AbstractMatrix, u: AbstractMatrix): Matrix {
  return apply(operations.applyEachT, A, u);
}

/**
 * f of every element, of a function of one's own; its slope is another `map`. What is written with it runs unrolled, since
 * nobody can look into a function of JavaScript.
 *
 * @throws ValueError when f is no function.
 */
export function map(a: AbstractMatrix, f: (element: number) => number): Matrix {
  return apply(operations.map(requireFunction('f', f)), a);
}

/** A fresh copy. */
export function copy(a: AbstractMatrix): Matrix {
  return apply(operations.copy, a);
}

/** [a, b]: b to the right of a, and so on. */
export function beside(first: AbstractMatrix, ...rest: readonly AbstractMatrix[]): Matrix {
  const two = (a: AbstractMatrix, b: AbstractMatrix): Matrix => apply(operations.beside, a, b);
  return rest.length === 0 ? copy(first) : (rest.reduce(two, first) as Matrix);
}

/** Columns `from` (included) to `to` (excluded). */
export function columns(a: AbstractMatrix, from: number, to: number): Matrix {
  return apply(operations.columns(...requireEnds(from, to)), a);
}

/** Rows `from` (included) to `to` (excluded): of a parameter, since those of other matrices are samples. */
export function rows(a: AbstractMatrix, from: number, to: number): Matrix {
  return apply(operations.rows(...requireEnds(from, to)), a);
}

/** Row i of a where `keep[i]`, else zeros. */
export function keepRows(a: AbstractMatrix, keep: readonly boolean[]): Matrix {
  requireFit(keep?.length === requireAnyMatrix('a', a).rows, 'keep', [a]);
  requireRowMask('keep', keep);
  return build(a.rows, a.columns, (i, j) => (keep[i] ? a.get(i, j) : 0));
}

/** Row i of a where `pick[i]`, else row i of b. */
export function selectRows(pick: readonly boolean[], a: AbstractMatrix, b: AbstractMatrix): Matrix {
  requireSame('pick ? a : b', a, b);
  requireFit(pick?.length === a.rows, 'pick ? a : b', [a, b]);
  requireRowMask('pick', pick);
  return build(a.rows, a.columns, (i, j) => (pick[i] ? a : b).get(i, j));
}

/** A number, as the 1×1 matrix that stands for it everywhere. */
function constant(c: number): Matrix {
  return Matrix.rowVector([requireFiniteNumber('c', c)]);
}

/** Two whole numbers. Whether there are so many columns or rows is the operation's to say. */
function requireEnds(from: number, to: number): readonly [from: number, to: number] {
  return [requireInteger('from', from, 0), requireInteger('to', to, 0)];
}

function requireOrder(low: number, high: number): void {
  requireFiniteNumber('low', low);
  requireFiniteNumber('high', high);
  if (high < low) throw new ValueError('high', `a number that is not below ${low}`, `${high}`);
}

/** An operation of two matrices of one shape, over as many as there are. */
function together(operation: Operation, first: AbstractMatrix, rest: readonly AbstractMatrix[]): Matrix {
  if (rest.length === 0) return copy(first);
  let result = first;
  for (const b of rest) {
    if (!isMatrix(result) || !isMatrix(b) || result.rows !== b.rows || result.columns !== b.columns)
      requireSame(operation.print('a', 'b', 'c'), result, b);
    result = apply(operation, result, b);
  }
  return result as Matrix;
}

/** An operation of a matrix and a row, which stands for all rows. */
function byRow(operation: Operation, a: AbstractMatrix, b: AbstractMatrix): Matrix {
  if (!isMatrix(a) || !isMatrix(b) || b.rows !== 1 || a.columns !== b.columns) {
    const what = operation.print('a', '1·b', '');
    for (const matrix of [a, b]) requireAnyMatrix(what, matrix);
    throw misfit(what, [a, b]);
  }
  return apply(operation, a, b);
}

/** An operation of a matrix and a column, which stands for all columns. */
function byColumn(operation: Operation, a: AbstractMatrix, c: AbstractMatrix): Matrix {
  if (!isMatrix(a) || !isMatrix(c) || c.columns !== 1 || a.rows !== c.rows) {
    const what = operation.print('a', 'c·1ᵀ', '');
    for (const matrix of [a, c]) requireAnyMatrix(what, matrix);
    throw misfit(what, [a, c]);
  }
  return apply(operation, a, c);
}

/** The indices of a one-hot matrix, all of which are columns of it. */
function indicesOf(argument: string, { indices, rows, columns: count }: OneHotMatrix): Int32Array {
  if (countOf(indices) !== rows) throw new ShapeError(argument, `${rows} indices`, `${countOf(indices)}`);
  requireIndices(argument, indices, { T: rows, B: 1 }, count);
  return indices;
}

/** A mask, of true or false for each row. */
function requireRowMask(argument: string, mask: readonly boolean[]): void {
  requireList(argument, mask, 'a list of booleans');
  for (let i = 0; i < mask.length; i++) {
    if (typeof mask[i] !== 'boolean') throw new ValueError(`${argument}[${i}]`, 'true or false', describe(mask[i]));
  }
}

function requireSame(what: string, a: AbstractMatrix, b: AbstractMatrix): void {
  for (const matrix of [a, b]) requireAnyMatrix(what, matrix);
  requireFit(a.rows === b.rows && a.columns === b.columns, what, [a, b]);
}

function requireFit(fits: boolean, what: string, matrices: readonly AbstractMatrix[]): void {
  if (!fits) throw misfit(what, matrices);
}
