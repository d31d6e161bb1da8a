/**
 * The algebra that the cells are written in: products, sums and elementwise functions of ml-matrix matrices.
 *
 * Three functions accumulate into their first argument, as gradients do: `addTTimes`, `addColumnSums`, `addTo`. All
 * others return a fresh `Matrix` and change nothing. Each throws {@link ShapeError} when its arguments do not fit
 * (ml-matrix's own product drops rows in silence), and ValueError where an index of a one-hot matrix is none of its
 * columns: who writes into its indices must not reach what lies beside another matrix.
 */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { ShapeError, ValueError } from './errors.ts';
import { requireIndices } from './padding.ts';
import { describe, requireAnyMatrix, requireList } from './require.ts';
import { OneHotMatrix } from './views.ts';

/** a·B: a is n×k, B is k×p, the result n×p. */
export function times(a: AbstractMatrix, B: AbstractMatrix): Matrix {
  requireFit(() => a.columns === B.rows, 'a·B', a, B);
  const product = Matrix.zeros(a.rows, B.columns);
  for (let i = 0; i < a.rows; i++) {
    for (let k = 0; k < B.rows; k++) {
      const aik = a.get(i, k);
      for (let j = 0; j < B.columns; j++) product.set(i, j, product.get(i, j) + aik * B.get(k, j));
    }
  }
  return product;
}

/** a·Bᵀ: a is n×k, B is p×k, the result n×p. Where a is one-hot, a gather of B's columns. */
export function timesT(a: AbstractMatrix, B: AbstractMatrix): Matrix {
  requireFit(() => a.columns === B.columns, 'a·Bᵀ', a, B);
  const product = Matrix.zeros(a.rows, B.rows);
  if (a instanceof OneHotMatrix) {
    indicesOf('a', a).forEach((k, i) => {
      for (let j = 0; j < B.rows; j++) product.set(i, j, B.get(j, k));
    });
    return product;
  }
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < B.rows; j++) {
      let sum = 0;
      for (let k = 0; k < a.columns; k++) sum += a.get(i, k) * B.get(j, k);
      product.set(i, j, sum);
    }
  }
  return product;
}

/** D += aᵀ·b: a is n×p, b is n×q, D is p×q and is changed. Where b is one-hot, a scatter-add into D's columns. */
export function addTTimes(D: AbstractMatrix, a: AbstractMatrix, b: AbstractMatrix): void {
  requireFit(() => a.rows === b.rows, 'aᵀ·b', a, b);
  requireFit(() => D.rows === a.columns && D.columns === b.columns, 'D += aᵀ·b', D, a, b);
  if (b instanceof OneHotMatrix) {
    indicesOf('b', b).forEach((j, n) => {
      for (let i = 0; i < D.rows; i++) D.set(i, j, D.get(i, j) + a.get(n, i));
    });
    return;
  }
  for (let n = 0; n < a.rows; n++) {
    for (let i = 0; i < D.rows; i++) {
      const ani = a.get(n, i);
      for (let j = 0; j < D.columns; j++) D.set(i, j, D.get(i, j) + ani * b.get(n, j));
    }
  }
}

/** d += 1ᵀ·a: the sum of a's rows, added to the 1×p row d, which is changed. */
export function addColumnSums(d: AbstractMatrix, a: AbstractMatrix): void {
  requireFit(() => d.rows === 1 && d.columns === a.columns, 'd += 1ᵀ·a', d, a);
  for (let n = 0; n < a.rows; n++) {
    for (let j = 0; j < a.columns; j++) d.set(0, j, d.get(0, j) + a.get(n, j));
  }
}

/** D += a, elementwise; D is changed. */
export function addTo(D: AbstractMatrix, a: AbstractMatrix): void {
  requireFit(() => D.rows === a.rows && D.columns === a.columns, 'D += a', D, a);
  for (let i = 0; i < D.rows; i++) {
    for (let j = 0; j < D.columns; j++) D.set(i, j, D.get(i, j) + a.get(i, j));
  }
}

/** The elementwise sum of matrices of one shape. */
export function add(first: AbstractMatrix, ...rest: readonly AbstractMatrix[]): Matrix {
  return combine('a + b', (x, y) => x + y, first, rest);
}

/** The elementwise (Hadamard) product ⊙ of matrices of one shape. */
export function mul(first: AbstractMatrix, ...rest: readonly AbstractMatrix[]): Matrix {
  return combine('a ⊙ b', (x, y) => x * y, first, rest);
}

/** a + 1·b: the 1×p row b added to every row of a. */
export function addRow(a: AbstractMatrix, b: AbstractMatrix): Matrix {
  requireFit(() => b.rows === 1 && a.columns === b.columns, 'a + 1·b', a, b);
  return build(a, (i, j) => a.get(i, j) + b.get(0, j));
}

/** a − b, elementwise. */
export function sub(a: AbstractMatrix, b: AbstractMatrix): Matrix {
  return combine('a − b', (x, y) => x - y, a, [b]);
}

/** a ⊙ 1·b: every row of a times the 1×p row b, elementwise. */
export function mulRow(a: AbstractMatrix, b: AbstractMatrix): Matrix {
  requireFit(() => b.rows === 1 && a.columns === b.columns, 'a ⊙ 1·b', a, b);
  return build(a, (i, j) => a.get(i, j) * b.get(0, j));
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
  return build(a, (i, j) => 0.5 + 0.5 * Math.tanh(0.5 * a.get(i, j)));
}

/** The slope of the logistic function in terms of its *output*: s(1 − s). */
export function sigmoidSlope(s: AbstractMatrix): Matrix {
  return build(s, (i, j) => s.get(i, j) * (1 - s.get(i, j)));
}

/** 1 − a, elementwise. */
export function oneMinus(a: AbstractMatrix): Matrix {
  return build(a, (i, j) => 1 - a.get(i, j));
}

/** max(0, a), elementwise. */
export function relu(a: AbstractMatrix): Matrix {
  return build(a, (i, j) => Math.max(0, a.get(i, j)));
}

/** The slope of ReLU in terms of its *output*: 1 where h > 0, else 0 (the usual choice of subgradient at the kink). */
export function reluSlope(h: AbstractMatrix): Matrix {
  return build(h, (i, j) => (h.get(i, j) > 0 ? 1 : 0));
}

/** tanh, elementwise. */
export function tanh(a: AbstractMatrix): Matrix {
  return build(a, (i, j) => Math.tanh(a.get(i, j)));
}

/** The slope of tanh in terms of its *output*: 1 − h². */
export function tanhSlope(h: AbstractMatrix): Matrix {
  return build(h, (i, j) => 1 - h.get(i, j) ** 2);
}

/** Row i of a where `keep[i]`, else zeros. */
export function keepRows(a: AbstractMatrix, keep: readonly boolean[]): Matrix {
  requireFit(() => keep?.length === a.rows, 'keep', a);
  requireRowMask('keep', keep);
  return build(a, (i, j) => (keep[i] ? a.get(i, j) : 0));
}

/** Row i of a where `pick[i]`, else row i of b. */
export function selectRows(pick: readonly boolean[], a: AbstractMatrix, b: AbstractMatrix): Matrix {
  requireFit(() => pick?.length === a.rows && a.rows === b.rows && a.columns === b.columns, 'pick ? a : b', a, b);
  requireRowMask('pick', pick);
  return build(a, (i, j) => (pick[i] ? a : b).get(i, j));
}

/** A fresh copy. */
export function copy(a: AbstractMatrix): Matrix {
  return build(a, (i, j) => a.get(i, j));
}

function combine(
  what: string,
  f: (x: number, y: number) => number,
  first: AbstractMatrix,
  rest: readonly AbstractMatrix[],
): Matrix {
  return rest.reduce((sum: Matrix, next) => {
    requireFit(() => sum.rows === next.rows && sum.columns === next.columns, what, sum, next);
    return build(sum, (i, j) => f(sum.get(i, j), next.get(i, j)));
  }, copy(first));
}

function build(like: AbstractMatrix, element: (i: number, j: number) => number): Matrix {
  requireAnyMatrix('a', like);
  const result = Matrix.zeros(like.rows, like.columns);
  for (let i = 0; i < like.rows; i++) {
    for (let j = 0; j < like.columns; j++) result.set(i, j, element(i, j));
  }
  return result;
}

/** The indices of a one-hot matrix, all of which are columns of it. */
function indicesOf(argument: string, { indices, rows, columns }: OneHotMatrix): Int32Array {
  if (indices.length !== rows) throw new ShapeError(argument, `${rows} indices`, `${indices.length}`);
  requireIndices(argument, indices, { T: rows, B: 1 }, columns);
  return indices;
}

/** A mask, of true or false for each row. */
function requireRowMask(argument: string, mask: readonly boolean[]): void {
  requireList(argument, mask, 'a list of booleans');
  for (let i = 0; i < mask.length; i++) {
    if (typeof mask[i] !== 'boolean') throw new ValueError(`${argument}[${i}]`, 'true or false', describe(mask[i]));
  }
}

function requireFit(fits: () => boolean, what: string, ...matrices: readonly AbstractMatrix[]): void {
  for (const matrix of matrices) requireAnyMatrix(what, matrix);
  if (fits()) return;
  const shapes = matrices.map(({ rows, columns }) => `${rows}×${columns}`).join(' with ');
  throw new ShapeError(what, 'matrices whose shapes fit', shapes);
}
