/**
 * How well a query fits a step of what is attended to: Bahdanau, Cho and Bengio (2015), "Neural Machine Translation by Jointly
 * Learning to Align and Translate", and the dot form of Luong, Pham and Manning (2015), "Effective Approaches to
 * Attention-based Neural Machine Translation". Derived in `derivations/attention.md`.
 *
 * | symbol | shape | meaning |
 * |--------|-------|---------|
 * | Q, dQ  | n×m   | n queries of one sequence |
 * | H, dH  | τ×k   | the steps that its source has |
 * | K, dK  | τ×a, or τ×k | what the score makes of them, whatever the query |
 * | P, dP  | n×a, or n×m | what it makes of the queries, whatever the step |
 * | E, dE  | n×τ   | the scores |
 * | W, U, v | a×m, a×k, a×1 | the parameters of the additive one; the dot form has none |
 */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { addColumnSums, addRow, addTo, addTTimes, mul, rows, tanh, tanhSlope, times, timesT } from '../../matrix.ts';
import { ParamSet } from '../../params.ts';

/** A score with its adjoint. Gradients are ADDED, into `params.grads` and `dK`. */
export interface Score {
  readonly name: 'additive' | 'dot';
  readonly params: ParamSet;
  readonly equations: Readonly<Record<string, string>>;
  /** Numbers of a query. */
  readonly m: number;
  /** Numbers of a step that is attended to. */
  readonly k: number;
  /** What it makes of steps, whatever the query. */
  keys(H: AbstractMatrix): AbstractMatrix;
  /** What it makes of queries, of any sequences, whatever the steps. */
  queries(Q: AbstractMatrix): AbstractMatrix;
  forward(P: AbstractMatrix, K: AbstractMatrix): { readonly E: AbstractMatrix; readonly tape: ScoreTape };
  /** @returns dP. */
  backward(tape: ScoreTape, dE: AbstractMatrix, dK: AbstractMatrix): AbstractMatrix;
  /** @returns what dP comes to in Q. */
  queriesBackward(Q: AbstractMatrix, dP: AbstractMatrix): AbstractMatrix;
  /** @returns what dK comes to in H. */
  keysBackward(H: AbstractMatrix, dK: AbstractMatrix): AbstractMatrix;
}

/** What the backward pass of a score needs: of the additive one n_tj, of each query a τ×a matrix. */
export interface ScoreTape {
  readonly P: AbstractMatrix;
  readonly K: AbstractMatrix;
  readonly N: readonly AbstractMatrix[];
}

/** e_tj = vᵀ tanh(W q_t + U h_j). */
export function additive({ m, k, a }: { readonly m: number; readonly k: number; readonly a: number }): Score {
  const params = ParamSet.of({ W: [a, m], U: [a, k], v: [a, 1] });

  return {
    name: 'additive',
    params,
    equations: { W: 'BA-B5', U: 'BA-B7', v: 'BA-B1' },
    m,
    k,

    keys(H) {
      return timesT(H, params.named().U); // BA-F1  u_j = U h_j
    },

    queries(Q) {
      return timesT(Q, params.named().W); // BA-F2  p_t = W q_t
    },

    forward(P, K) {
      const { v } = params.named();
      const N = each(P, p => tanh(addRow(K, p))); // BA-F3  n_tj = tanh(p_t + u_j)
      const E = stacked(N.map(n => times(n, v).transpose())); // BA-F4  e_tj = vᵀ n_tj
      return { E, tape: { P, K, N } };
    },

    backward({ N }, dE, dK) {
      const { v } = params.named();
      const dp = params.namedGrads();
      const dP = N.map((n, t) => {
        const de = rows(dE, t, t + 1).transpose();
        addTTimes(dp.v, n, de); // BA-B1  dL/dv += Σ_{t,j} dL/de_tj n_tjᵀ, through F4
        const da = mul(timesT(de, v), tanhSlope(n)); // BA-B2  dL/da_tj = dL/de_tj vᵀ diag(1 − n_tj²), through F4, F3
        addTo(dK, da); // BA-B3  dL/du_j += Σ_t dL/da_tj, through F3
        return sumOfRows(da); // BA-B4  dL/dp_t = Σ_j dL/da_tj, through F3
      });
      return stacked(dP);
    },

    queriesBackward(Q, dP) {
      addTTimes(params.namedGrads().W, dP, Q); // BA-B5  dL/dW += Σ_t (dL/dp_t)ᵀ q_tᵀ, through F2
      return times(dP, params.named().W); // BA-B6  dL/dq_t = dL/dp_t W, through F2
    },

    keysBackward(H, dK) {
      addTTimes(params.namedGrads().U, dK, H); // BA-B7  dL/dU += Σ_j (dL/du_j)ᵀ h_jᵀ, through F1
      return times(dK, params.named().U); // BA-B8  dL/dh_j += dL/du_j U, through F1
    },
  };
}

/** e_tj = q_tᵀ h_j. */
export function dot({ m }: { readonly m: number }): Score {
  return {
    name: 'dot',
    params: ParamSet.of({}),
    equations: {},
    m,
    k: m,

    keys: H => H,
    queries: Q => Q,

    forward(P, K) {
      return { E: timesT(P, K), tape: { P, K, N: [] } }; // LU-F1  e_tj = q_tᵀ h_j
    },

    backward({ P, K }, dE, dK) {
      const dP = times(dE, K); // LU-B1  dL/dq_t = Σ_j dL/de_tj h_jᵀ, through F1
      addTTimes(dK, dE, P); // LU-B2  dL/dh_j += Σ_t dL/de_tj q_tᵀ, through F1
      return dP;
    },

    queriesBackward: (_, dP) => dP,
    keysBackward: (_, dK) => dK,
  };
}

/** What becomes of each row. */
function each(a: AbstractMatrix, f: (row: AbstractMatrix) => AbstractMatrix): AbstractMatrix[] {
  return Array.from({ length: a.rows }, (_, n) => f(rows(a, n, n + 1)));
}

/** Rows, one below the other. */
function stacked(all: readonly AbstractMatrix[]): Matrix {
  return new Matrix(all.map(row => row.getRow(0)));
}

function sumOfRows(a: AbstractMatrix): Matrix {
  const sum = Matrix.zeros(1, a.columns);
  addColumnSums(sum, a);
  return sum;
}
