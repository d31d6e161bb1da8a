/**
 * The linear dynamical system with Gaussian noise, and Kalman's filter of it, which the lectures name beside the hidden
 * Markov model (“RNNs = Just fancy HMMs ?”): a vanilla network with noise and without a squashing function. Derived in
 * `derivations/kalman.md`.
 *
 * | symbol  | shape | meaning |
 * |---------|-------|---------|
 * | W, V, c | m×m, d×m, 1×d | parameters: h_t = W h_{t−1} + noise, x_t = V h_t + c + noise |
 * | q, r    | 1×m, 1×d | parameters: logarithms of the variances of the noise of the state, and of what is seen |
 * | mu, p   | 1×m   | parameters: the mean of the first state, and the logarithms of its variances |
 * | x, e, u | 1×d   | what is seen; its difference from the forecast, and that over its covariance |
 * | h̄, P̄    | 1×m, m×m | mean and covariance of the state before x is seen |
 * | ĥ, P    | the same | after |
 * | S, K    | d×d, m×d | the forecast's covariance; the gain |
 */
import { type AbstractMatrix, CholeskyDecomposition, Matrix } from 'ml-matrix';
import { ShapeError, ValueError } from '../errors.ts';
import { add, addColumnSums, addTo, addTTimes, mul, scale, sub, times, timesT } from '../matrix.ts';
import { ParamSet } from '../params.ts';
import { requireAnyMatrix, requireFinite, requireKnown, requireList, requireObject, requireSize } from '../require.ts';

/** What the filter makes of a step. */
export interface FilterStep {
  /** h̄ and P̄: the state before the step is seen. */
  readonly before: Belief;
  /** ĥ and P: the state after. */
  readonly after: Belief;
  readonly e: AbstractMatrix;
  readonly u: AbstractMatrix;
  readonly inverse: AbstractMatrix;
  readonly K: AbstractMatrix;
}

/** What is known of a state: its mean and its covariance. */
export interface Belief {
  readonly h: AbstractMatrix;
  readonly P: AbstractMatrix;
}

/** What the backward pass needs. */
export interface KalmanTape {
  readonly steps: readonly FilterStep[];
}

/** What is foretold of every step from those before it, and of the step after the last. */
export interface Forecast {
  /** [(T+1)×d] */
  readonly mean: Matrix;
  /** Standard deviations. [(T+1)×d] */
  readonly deviation: Matrix;
}

/** A linear dynamical system. */
export interface Kalman {
  readonly m: number;
  readonly d: number;
  readonly params: ParamSet<'W' | 'V' | 'c' | 'q' | 'r' | 'mu' | 'p'>;
  /**
   * @param x what is seen, a step a row. [T×d]
   * @returns −log p(x_1 … x_T), of densities, in nats; the tape.
   * @throws ShapeError when x is not of d columns; ValueError when it holds what is not finite, or the numbers are so
   * large or small that a covariance is none.
   */
  forward(x: AbstractMatrix): { readonly loss: number; readonly tape: KalmanTape };
  /**
   * The loss's gradient in the parameters: ADDED into `params.grads`. Mutates nothing else.
   *
   * @returns dL/dx. [T×d]
   */
  backward(tape: KalmanTape): Matrix;
  /**
   * @param x what is seen, a step a row. [T×d]
   * @throws as `forward` does.
   */
  forecast(x: AbstractMatrix): Forecast;
}

/**
 * A system of m hidden numbers behind d that are seen, with fresh parameters, all zero: every variance is 1. Draw W and V:
 * of a state that shows in nothing, nothing would be learnt.
 *
 * @throws ValueError when a size is not a positive integer.
 * @example
 * ```ts
 * import { kalman } from 'bptt';
 * import { Matrix } from 'ml-matrix';
 *
 * // A level that wanders, measured with noise of the same size.
 * const level = kalman({ m: 1, d: 1 });
 * level.params.set('W', [[1]]);
 * level.params.set('V', [[1]]);
 * const { mean } = level.forecast(Matrix.columnVector([1, 1, 1, 1]));
 * console.log(mean.to1DArray().map(x => Number(x.toFixed(2)))); // → [ 0, 0.5, 0.8, 0.92, 0.97 ]
 * ```
 */
export function kalman(size: { readonly m: number; readonly d: number }): Kalman {
  const { m, d } = requireKnown('size', size, ['m', 'd']);
  requireSize('m', m);
  requireSize('d', d);
  const params = ParamSet.of({ W: [m, m], V: [d, m], c: [1, d], q: [1, m], r: [1, d], mu: [1, m], p: [1, m] });

  /** What is known of the next state, or of the first. */
  const next = (last: Belief | undefined): Belief => {
    const { W, q, mu, p } = params.named();
    if (!last) return { h: mu.clone(), P: variances(p) }; // KF-F2  h̄_1 = μ, P̄_1 = diag(e^p)
    const h = timesT(last.h, W);
    const P = add(times(W, timesT(last.P, W)), variances(q)); // KF-F3  h̄_t = W ĥ_{t−1}, P̄_t = W P_{t−1} Wᵀ + Q
    return { h, P: symmetric(P) };
  };
  /** What is foretold of what a state shows. */
  const shown = ({ h, P }: Belief) => {
    const { V, c, r } = params.named();
    return { x: add(timesT(h, V), c), S: symmetric(add(times(V, timesT(P, V)), variances(r))) };
  };
  const forward = (x: AbstractMatrix) => {
    requireSeen(x, d);
    const { V } = params.named();
    const steps: FilterStep[] = [];
    let loss = 0;
    for (let t = 0; t < x.rows; t++) {
      const before = next(steps.at(-1)?.after);
      const { x: foretold, S } = shown(before);
      const e = sub(Matrix.rowVector(x.getRow(t)), foretold); // KF-F4  e_t = x_t − V h̄_t − c, S_t = V P̄_t Vᵀ + R
      const { inverse, logDet } = inverted(S, t);
      const K = times(before.P, times(V.transpose(), inverse)); // KF-F5  K_t = P̄_t Vᵀ S_t⁻¹
      const h = add(before.h, timesT(e, K)); // KF-F6  ĥ_t = h̄_t + K_t e_t
      const P = symmetric(sub(before.P, times(K, times(V, before.P)))); // KF-F7  P_t = P̄_t − K_t V P̄_t
      const u = times(e, inverse);
      loss += (d * Math.log(2 * Math.PI) + logDet + e.dot(u)) / 2; // KF-F8  u_t = S_t⁻¹ e_t, l_t = ½ (d log 2π + log det S_t + e_tᵀ u_t)
      steps.push({ before, after: { h, P }, e, u, inverse, K });
    }
    return { loss, tape: { steps } }; // KF-F9  L = Σ_t l_t
  };

  return {
    m,
    d,
    params,
    forward,

    backward(tape) {
      const steps = requireList('tape.steps', requireObject('tape', tape).steps, 'the steps of a forward pass');
      const { W, V, q, r, p } = params.named();
      const { W: dW, V: dV, c: dc, q: dq, r: dr, mu: dmu, p: dp } = params.namedGrads();
      const dx = Matrix.zeros(steps.length, d);
      let dh = Matrix.zeros(1, m);
      let dP = Matrix.zeros(m, m);
      for (const [t, { before, e, u, inverse, K }] of [...steps.entries()].reverse()) {
        const last = steps[t - 1]?.after;
        const [Vt, Kt, VP] = [V.transpose(), K.transpose(), times(V, before.P)];
        const de = add(u, times(dh, K)); // KF-B1  dL/de_t = u_tᵀ + dL/dĥ_t K_t
        dx.setRow(t, de); // KF-B2  dL/dx_t = dL/de_t
        const dK = sub(times(dh.transpose(), e), timesT(dP, VP)); // KF-B3  dL/dK_t = (dL/dĥ_t)ᵀ e_tᵀ − dL/dP_t P̄_t Vᵀ
        const dS = sub(scale(sub(inverse, times(u.transpose(), u)), 0.5), times(Kt, times(dK, inverse))); // KF-B4  dL/dS_t = ½ (S_t⁻¹ − u_t u_tᵀ) − K_tᵀ dL/dK_t S_t⁻¹
        const dhBefore = sub(dh, times(de, V)); // KF-B5  dL/dh̄_t = dL/dĥ_t − dL/de_t V
        const direct = sub(dP, times(Vt, times(Kt, dP)));
        const dPBefore = add(direct, times(add(times(dK, inverse), times(Vt, dS)), V)); // KF-B6  dL/dP̄_t = (I − K_t V)ᵀ dL/dP_t + dL/dK_t S_t⁻¹ V + Vᵀ dL/dS_t V
        addTTimes(dV, scale(de, -1), before.h);
        addTo(dV, times(add(dS, dS.transpose()), VP));
        addTo(dV, times(sub(times(inverse, dK.transpose()), times(Kt, dP)), before.P)); // KF-B7  dL/dV += −(dL/de_t)ᵀ h̄_tᵀ + (dL/dS_t + (dL/dS_t)ᵀ) V P̄_t + S_t⁻¹ (dL/dK_t)ᵀ P̄_t − K_tᵀ dL/dP_t P̄_t
        addTo(dc, scale(de, -1));
        addTo(dr, slopes(r, dS)); // KF-B8  dL/dc −= dL/de_t, dL/dr_i += e^{r_i} (dL/dS_t)_ii
        if (last) {
          addTTimes(dW, dhBefore, last.h);
          addTo(dW, times(add(dPBefore, dPBefore.transpose()), times(W, last.P))); // KF-B9  dL/dW += (dL/dh̄_t)ᵀ ĥ_{t−1}ᵀ + (dL/dP̄_t + (dL/dP̄_t)ᵀ) W P_{t−1}
          addTo(dq, slopes(q, dPBefore)); // KF-B10  dL/dq_i += e^{q_i} (dL/dP̄_t)_ii
          dh = times(dhBefore, W);
          dP = times(W.transpose(), times(dPBefore, W)); // KF-B11  dL/dĥ_{t−1} = dL/dh̄_t W, dL/dP_{t−1} = Wᵀ dL/dP̄_t W
        } else {
          addColumnSums(dmu, dhBefore);
          addTo(dp, slopes(p, dPBefore)); // KF-B12  dL/dμ = dL/dh̄_1, dL/dp_i = e^{p_i} (dL/dP̄_1)_ii
        }
      }
      return dx;
    },

    forecast(x) {
      const { steps } = forward(x).tape;
      const foretold = [...steps.map(({ before }) => before), next(steps.at(-1)?.after)].map(shown);
      return {
        mean: new Matrix(foretold.map(({ x }) => x.getRow(0))),
        deviation: new Matrix(foretold.map(({ S }) => S.diagonal().map(Math.sqrt))),
      };
    },
  };
}

/** The covariance of independent numbers, of the logarithms of their variances. */
function variances(logarithms: AbstractMatrix): Matrix {
  return Matrix.diag(logarithms.to1DArray().map(Math.exp)); // KF-F1  Q = diag(e^q), R = diag(e^r)
}

/** The gradient in the logarithms of variances, of that in their covariance. */
function slopes(logarithms: AbstractMatrix, dCovariance: Matrix): Matrix {
  return mul(Matrix.exp(logarithms), Matrix.rowVector(dCovariance.diagonal()));
}

/** A covariance of which rounding has parted the halves. */
function symmetric(a: Matrix): Matrix {
  return scale(add(a, a.transpose()), 0.5);
}

/** The inverse of S_t, and the logarithm of its determinant, by Cholesky's S = L Lᵀ. */
function inverted(S: Matrix, t: number): { readonly inverse: Matrix; readonly logDet: number } {
  const cholesky = S.to1DArray().every(Number.isFinite) ? new CholeskyDecomposition(S) : undefined;
  if (!cholesky?.isPositiveDefinite())
    throw new ValueError('params', 'parameters of which every forecast has a covariance', `none at x[${t}]`);
  const diagonal = cholesky.lowerTriangularMatrix.diagonal();
  return {
    inverse: symmetric(cholesky.solve(Matrix.eye(S.rows, S.rows))),
    logDet: diagonal.reduce((sum, l) => sum + 2 * Math.log(l), 0),
  };
}

function requireSeen(x: AbstractMatrix, d: number): void {
  requireAnyMatrix('x', x);
  if (x.columns !== d || x.rows < 1)
    throw new ShapeError('x', `at least one row of ${d} columns`, `${x.rows}×${x.columns}`);
  requireFinite('x', x);
}
