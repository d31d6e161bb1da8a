/**
 * The hidden Markov model over symbols, which the lectures hold against recurrent networks (“RNNs = Just fancy HMMs ?”):
 * one of N states at a time, from which the symbol and the next state are drawn. Derived in `derivations/hmm.md`.
 *
 * | symbol   | shape | meaning |
 * |----------|-------|---------|
 * | pi, A, B | 1×N, N×N, N×C | the parameters: logits of where it begins, where it goes, and what it shows |
 * | π, A, B  | the same | their softmax by rows: A_ij = P(s_t = j \| s_{t−1} = i), B_jk = P(x_t = k \| s_t = j) |
 * | α̂, β̂     | T×N   | the forward and the backward variables, scaled |
 * | c        | T     | the scale: c_t = P(x_t \| x_1 … x_{t−1}) |
 * | n        | as π, A, B | how often each was used, as is to be expected from the text |
 */
import { ValueError } from '../errors.ts';
import { logSoftmax } from '../losses/cross-entropy.ts';
import { ParamSet } from '../params.ts';
import {
  requireClasses,
  requireFiniteNumber,
  requireKnown,
  requireList,
  requireObject,
  requireSize,
} from '../require.ts';

/** What the backward pass needs. */
export interface HmmTape {
  readonly text: Int32Array;
  readonly p: Probabilities;
  readonly alpha: Float64Array;
  readonly c: Float64Array;
}

/** Numbers of the shapes of π, A and Bᵀ, row after row. B is transposed, so that what a symbol needs lies together. */
export interface Probabilities {
  readonly pi: Float64Array;
  readonly A: Float64Array;
  readonly Bt: Float64Array;
}

/** A hidden Markov model. */
export interface Hmm {
  readonly N: number;
  readonly C: number;
  readonly params: ParamSet<'pi' | 'A' | 'B'>;
  /**
   * @param text class indices, at least one.
   * @returns −log P(x_1 … x_T), in nats; the tape.
   * @throws ValueError when the text holds what is no class, or has the probability 0.
   */
  forward(text: Int32Array): { readonly loss: number; readonly tape: HmmTape };
  /** dL/dpi, dL/dA, dL/dB of the loss: ADDED into `params.grads`. Mutates nothing else. */
  backward(tape: HmmTape): void;
  /**
   * One step of Baum and Welch on some texts, each begun anew: the parameters become those that the expected counts call for.
   *
   * @param prior what is added to every count, > 0: none becomes 0.
   * @returns the loss before, in nats, of all texts together.
   */
  reestimate(texts: readonly Int32Array[], prior: number): number;
  /**
   * The mean of −log p over every symbol but the first, in nats a symbol.
   *
   * @throws ValueError when the text is too short or holds what is no class.
   */
  evaluate(text: Int32Array): number;
}

/**
 * A model of N states over C symbols, with fresh parameters, all zero. Draw them: of equal states none would learn anything.
 *
 * @throws ValueError when a size is not a positive integer.
 */
export function hmm(size: { readonly N: number; readonly C: number }): Hmm {
  const { N, C } = requireKnown('size', size, ['N', 'C']);
  requireSize('N', N);
  requireSize('C', C);
  const params = ParamSet.of({ pi: [1, N], A: [N, N], B: [N, C] });

  /** π, A and B of the present logits. */
  const probabilities = (): Probabilities => {
    const { pi, A, B } = params.named();
    const softmax = (logits: typeof A) => Float64Array.from(logSoftmax(logits).to1DArray(), Math.exp); // HMM-F1  π, A, B = softmax of their logits, row by row
    return { pi: softmax(pi), A: softmax(A), Bt: transposed(softmax(B), N, C) };
  };
  const forward = (given: Int32Array, p: Probabilities) => {
    const text = requireClasses('text', given, C, 1).slice(); // the tape's own: who fills the text anew does not change it
    const T = text.length;
    const [alpha, c] = [new Float64Array(T * N), new Float64Array(T)];
    for (let t = 0; t < T; t++) {
      const [from, at, seen] = [(t - 1) * N, t * N, (text[t] ?? 0) * N];
      for (let j = 0; t === 0 && j < N; j++) alpha[j] = p.pi[j] ?? 0; // HMM-F2  ᾱ_1j = P(s_1 = j) = π_j
      for (let i = 0; t > 0 && i < N; i++) addTimes(alpha, at, alpha[from + i] ?? 0, p.A, i * N, N); // HMM-F3  ᾱ_tj = P(s_t = j | x_1 … x_{t−1}) = Σ_i α̂_{t−1,i} A_ij
      let sum = 0;
      for (let j = 0; j < N; j++) {
        const joint = (alpha[at + j] ?? 0) * (p.Bt[seen + j] ?? 0);
        alpha[at + j] = joint;
        sum += joint; // HMM-F4  c_t = P(x_t | x_1 … x_{t−1}) = Σ_j ᾱ_tj B_{jx_t}
      }
      if (!(sum > 0)) throw new ValueError(`text[${t}]`, 'a symbol that the model gives a probability', `${sum}`);
      for (let j = 0; j < N; j++) alpha[at + j] = (alpha[at + j] ?? 0) / sum; // HMM-F5  α̂_tj = P(s_t = j | x_1 … x_t) = ᾱ_tj B_{jx_t} / c_t
      c[t] = sum;
    }
    const loss = -c.reduce((logP, ct) => logP + Math.log(ct), 0); // HMM-F6  L = −log P(x_1 … x_T) = −Σ_t log c_t
    return { loss, tape: { text, p, alpha, c } };
  };

  return {
    N,
    C,
    params,
    forward: text => forward(text, probabilities()),

    backward(tape) {
      requireClasses('tape.text', requireObject('tape', tape).text, C, 1);
      const counts = expectedCounts(tape, N);
      const { pi: dpi, A: dA, B: dB } = params.namedGrads();
      const rows = [
        [dpi, counts.pi, tape.p.pi],
        [dA, counts.A, tape.p.A],
        [dB, transposed(counts.Bt, C, N), transposed(tape.p.Bt, C, N)],
      ] as const;
      for (const [grad, n, p] of rows) {
        for (let i = 0; i < grad.rows; i++) {
          const [from, to] = [i * grad.columns, (i + 1) * grad.columns];
          const used = n.subarray(from, to).reduce((sum, nij) => sum + nij, 0);
          for (let j = from; j < to; j++) {
            grad.set(i, j - from, grad.get(i, j - from) + (p[j] ?? 0) * used - (n[j] ?? 0)); // HMM-B5  dL/dA_ij += A_ij Σ_v n_iv − n_ij in the logit, through F1; π and B alike
          }
        }
      }
    },

    reestimate(texts, prior) {
      if (!(requireFiniteNumber('prior', prior) > 0)) throw new ValueError('prior', 'a number > 0', `${prior}`);
      for (const text of requireList('texts', texts, 'a list of texts')) requireClasses('text', text, C, 1);
      const p = probabilities();
      const n = { pi: new Float64Array(N), A: new Float64Array(N * N), Bt: new Float64Array(C * N) };
      let total = 0;
      for (const text of texts) {
        const { loss, tape } = forward(text, p);
        const counts = expectedCounts(tape, N);
        for (const key of ['pi', 'A', 'Bt'] as const) addTimes(n[key], 0, 1, counts[key], 0, n[key].length);
        total += loss;
      }
      const logits = [n.pi, n.A, transposed(n.Bt, C, N)].flatMap(counts => [...counts]);
      params.values.set(logits.map(count => Math.log(count + prior))); // HMM-M1  A_ij ∝ n_ij + prior: as a logit, its logarithm
      return total;
    },

    evaluate(text) {
      requireClasses('text', text, C, 2);
      const { c } = forward(text, probabilities()).tape;
      return c.subarray(1).reduce((sum, ct) => sum - Math.log(ct), 0) / (c.length - 1);
    },
  };
}

/** How often each probability was used, as is to be expected from the text: −dL/dlog π, −dL/dlog A, −dL/dlog Bᵀ. */
function expectedCounts({ text, p, alpha, c }: HmmTape, N: number): Probabilities {
  const n = { pi: new Float64Array(N), A: new Float64Array(p.A.length), Bt: new Float64Array(p.Bt.length) };
  const beta = new Float64Array(N).fill(1); // HMM-B1  β̂_Tj = 1
  const u = new Float64Array(N);
  for (let t = text.length - 1; t >= 0; t--) {
    const [from, at, seen] = [(t - 1) * N, t * N, (text[t] ?? 0) * N];
    const into = t === 0 ? n.pi : undefined;
    for (let j = 0; j < N; j++) {
      const gamma = (alpha[at + j] ?? 0) * (beta[j] ?? 0); // HMM-B2  γ_tj = P(s_t = j | x_1 … x_T) = α̂_tj β̂_tj; n_{jx_t} += γ_tj of B, and n_j = γ_1j of π, through F5, F2
      n.Bt[seen + j] = (n.Bt[seen + j] ?? 0) + gamma;
      if (into) into[j] = gamma;
      u[j] = ((p.Bt[seen + j] ?? 0) * (beta[j] ?? 0)) / (c[t] ?? 0);
    }
    for (let i = 0; t > 0 && i < N; i++) {
      addTimes(n.A, i * N, alpha[from + i] ?? 0, u, 0, N); // HMM-B3  n_ij = Σ_t ξ_tij, ξ_tij = α̂_{t−1,i} A_ij B_{jx_t} β̂_tj / c_t, through F3; A_ij waits until the end
      beta[i] = dot(p.A, i * N, u, N); // HMM-B4  β̂_{t−1,i} = Σ_j A_ij B_{jx_t} β̂_tj / c_t, through F3
    }
  }
  for (let k = 0; k < n.A.length; k++) n.A[k] = (n.A[k] ?? 0) * (p.A[k] ?? 0);
  return n;
}

/** y += a x, over N numbers from the given places on. */
function addTimes(y: Float64Array, atY: number, a: number, x: Float64Array, atX: number, N: number): void {
  for (let j = 0; j < N; j++) y[atY + j] = (y[atY + j] ?? 0) + a * (x[atX + j] ?? 0);
}

/** Σ x y, over N numbers, of x from the given place on. */
function dot(x: Float64Array, atX: number, y: Float64Array, N: number): number {
  let sum = 0;
  for (let j = 0; j < N; j++) sum += (x[atX + j] ?? 0) * (y[j] ?? 0);
  return sum;
}

/** The transpose of a matrix of the given rows and columns. */
function transposed(a: Float64Array, rows: number, columns: number): Float64Array {
  return Float64Array.from(a, (_, k) => a[(k % rows) * columns + Math.floor(k / rows)] ?? 0);
}
