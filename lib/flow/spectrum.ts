/**
 * What a square matrix says of its own powers: singular values, eigenvalues, and how far it is from normal. Derived in
 * `derivations/gradient-flow.md`.
 */
import {
  type AbstractMatrix,
  EigenvalueDecomposition,
  LuDecomposition,
  Matrix,
  SingularValueDecomposition,
} from 'ml-matrix';
import { ShapeError } from '../errors.ts';
import { requireAnyMatrix, requireFinite } from '../require.ts';

/** An eigenvalue. */
export interface Complex {
  readonly re: number;
  readonly im: number;
}

/** What a square matrix does to lengths, at once and in the long run. */
export interface Spectrum {
  /** In falling order. */
  readonly singularValues: readonly number[];
  /** In falling order of their moduli. */
  readonly eigenvalues: readonly Complex[];
  /** σ_max, the 2-norm: γ_W of Pascanu, Mikolov and Bengio (2013). */
  readonly norm: number;
  /** ρ, the largest modulus of an eigenvalue. */
  readonly radius: number;
  /** Henrici's departure from normality (1962), by Frobenius' norm: 0 for normal matrices alone. */
  readonly henrici: number;
}

/**
 * The spectrum of a square matrix.
 *
 * @throws ShapeError when it is not square; ValueError when a number is not finite, before any decomposition sees it:
 * the one for eigenvalues does not end on NaN.
 */
export function spectrum(A: AbstractMatrix): Spectrum {
  requireSquare(A);
  const { scale, scaled } = toScale(A);
  if (scale === 0) return nothing(A.rows);
  const { realEigenvalues, imaginaryEigenvalues } = new EigenvalueDecomposition(scaled);
  const eigenvalues = realEigenvalues
    .map((re, i) => ({ re: scale * re, im: scale * (imaginaryEigenvalues[i] ?? 0) }))
    .sort((a, b) => modulus(b) - modulus(a));
  const singularValues = new SingularValueDecomposition(scaled).diagonal.map(sigma => scale * sigma);
  const squares = eigenvalues.reduce((sum, lambda) => sum + (modulus(lambda) / scale) ** 2, 0);
  return {
    singularValues,
    eigenvalues,
    norm: singularValues[0] ?? 0, // FLOW-F12  γ_W = σ_max(W) = ‖W‖₂
    radius: modulus(eigenvalues[0] ?? { re: 0, im: 0 }), // FLOW-F14  ρ(W) = max|λ_i|
    henrici: scale * Math.sqrt(Math.max(0, scaled.norm('frobenius') ** 2 - squares)), // FLOW-F15  √(‖W‖_F² − Σ|λ_i|²)
  };
}

/**
 * σ_max of any matrix: the most by which it lengthens a row or a column.
 *
 * @throws ValueError when a number is not finite.
 */
export function spectralNorm(A: AbstractMatrix): number {
  const { scale, scaled } = toScale(A);
  return scale === 0 ? 0 : scale * new SingularValueDecomposition(scaled, { autoTranspose: true }).norm2;
}

/**
 * log|det A|, −∞ for a singular matrix: by LU, so that neither a large nor a small determinant is out of range.
 *
 * @throws ShapeError when it is not square; ValueError when a number is not finite.
 */
export function logAbsDeterminant(A: AbstractMatrix): number {
  requireSquare(A);
  const { scale, scaled } = toScale(A);
  if (scale === 0) return Number.NEGATIVE_INFINITY;
  const U = new LuDecomposition(scaled).upperTriangularMatrix;
  return U.diagonal().reduce((sum, u) => sum + Math.log(Math.abs(u) * scale), 0);
}

/** |λ|. */
export function modulus({ re, im }: Complex): number {
  return Math.hypot(re, im);
}

function requireSquare(A: AbstractMatrix): void {
  requireAnyMatrix('A', A);
  if (A.rows !== A.columns || A.rows === 0) throw new ShapeError('A', 'a square matrix', `${A.rows}×${A.columns}`);
}

/** A over its largest element, so that no decomposition overflows on its way. */
function toScale(A: AbstractMatrix): { readonly scale: number; readonly scaled: Matrix } {
  requireFinite('A', requireAnyMatrix('A', A));
  const scale = A.to1DArray().reduce((most, a) => Math.max(most, Math.abs(a)), 0);
  return { scale, scaled: scale === 0 ? Matrix.zeros(A.rows, A.columns) : Matrix.div(A, scale) };
}

function nothing(n: number): Spectrum {
  const zeros = new Array<number>(n).fill(0);
  return { singularValues: zeros, eigenvalues: zeros.map(() => ({ re: 0, im: 0 })), norm: 0, radius: 0, henrici: 0 };
}
