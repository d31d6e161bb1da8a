/**
 * Lyapunov exponents of a recurrent layer along one sequence: the rates at which its Jacobians' product stretches, on a
 * natural logarithm's scale, a step. Derived in `derivations/gradient-flow.md`; by re-orthonormalisation, as Benettin et
 * al. (1980) do.
 */
import { type AbstractMatrix, Matrix, QrDecomposition } from 'ml-matrix';
import { ShapeError, ValueError } from '../errors.ts';
import { requireAnyMatrix, requireFinite, requireList } from '../require.ts';
import { logAbsDeterminant } from './spectrum.ts';

/** The exponents of T steps. */
export interface Lyapunov {
  /** λ_1 ≥ … ≥ λ_n in nats a step; −∞ for a direction that a singular step ends. */
  readonly exponents: readonly number[];
  /** Σ λ_i. */
  readonly sum: number;
  /** The mean over the steps of log|det J_t|, found without QR: the same as `sum`. */
  readonly meanLogDeterminant: number;
}

/**
 * The exponents of J_T ⋯ J_1, from orthonormal columns carried along: exact for T steps in their sum, and as T grows in
 * each.
 *
 * @param steps J_1 … J_T, all n×n.
 * @throws ValueError when there are none, or a number is not finite; ShapeError when they are not square of one size.
 */
export function lyapunov(steps: readonly AbstractMatrix[]): Lyapunov {
  for (const J of requireList('steps', steps, 'a list of Jacobians')) requireAnyMatrix('steps', J);
  const n = steps[0]?.rows ?? 0;
  if (steps.length === 0) throw new ValueError('steps', 'at least one Jacobian', 'none');
  const sums = new Float64Array(n);
  let Q = Matrix.eye(n);
  for (const [t, J] of steps.entries()) {
    if (J.rows !== n || J.columns !== n)
      throw new ShapeError(`J_${t + 1}`, `a ${n}×${n} matrix`, `${J.rows}×${J.columns}`);
    requireFinite(`J_${t + 1}`, J);
    const qr = new QrDecomposition(J.mmul(Q)); // FLOW-F16  J_t Q_{t−1} = Q_t R_t, Q_0 = I
    const R = qr.upperTriangularMatrix;
    for (let i = 0; i < n; i++) sums[i] = (sums[i] ?? 0) + Math.log(Math.abs(R.get(i, i)));
    Q = qr.orthogonalMatrix;
  }
  const exponents = Array.from(sums, sum => sum / steps.length).sort((a, b) => b - a); // FLOW-F17  λ_i = (1/T) Σ_t log|(R_t)_ii|
  return { exponents, sum: total(exponents), meanLogDeterminant: total(steps.map(logAbsDeterminant)) / steps.length };
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
