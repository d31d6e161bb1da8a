/**
 * Softmax and cross-entropy of DD2424 Lecture 9, "Loss function for a vanilla RNN" and "Gradient of loss for the
 * cross-entropy & softmax layers", from logits and class indices, by log-sum-exp. Derived in `derivations/readout.md`.
 *
 * | symbol | shape   | meaning |
 * |--------|---------|---------|
 * | O, dO  | (T·B)×C | the logits o_t of every step of every sequence, stacked by rows |
 * | logP   | (T·B)×C | log p_t = log softmax(o_t) |
 * | y      | T·B     | the class that y_t is one-hot in |
 */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { requireAnyMatrix, requireCount, requireFiniteNumber, requireInteger, requireObject } from '../require.ts';
import { read, requireExtent, Sequence } from '../sequence.ts';
import { FlatMatrix, type FloatArray } from '../views.ts';
import { type Loss, stepFactors } from './loss.ts';

/** What the backward pass of the loss needs. */
export interface CrossEntropyTape {
  readonly logits: Sequence;
  readonly logP: FlatMatrix;
  readonly y: Int32Array;
  readonly factors: Float64Array;
}

/**
 * −log p_t[y_t] over all steps that count, in nats. The target is the right class of every step, T·B integers in
 * 0…C−1, time-major.
 *
 * @example
 * ```ts
 * import { crossEntropy, Sequence } from 'bptt';
 *
 * const logits = Sequence.dense([0, 0, 1000, 0], { T: 2, F: 2 });
 * const { loss, tape } = crossEntropy.forward(logits, [1, 0]);
 * console.log(loss.toFixed(6)); // → 0.693147
 * console.log(crossEntropy.backward(tape).data); // → Float64Array(4) [ 0.5, -0.5, 0, 0 ]
 * ```
 */
export const crossEntropy: Loss<ArrayLike<number>, CrossEntropyTape> = {
  name: 'cross-entropy',
  equation: 'CE-B1',

  forward(outputs, target, weighting) {
    const logits = read('logits', outputs);
    const { T, B, F: C } = logits;
    requireCount('y', target, T * B, 'class indices');
    const { factors, count } = stepFactors(logits, weighting);
    const y = Int32Array.from(target, (k, n) => (factors[n] ? requireInteger(`y[${n}]`, k, 0, C - 1) : 0));
    const O = logits.data instanceof Int32Array ? Float64Array.from(logits.rows().to1DArray()) : logits.data;
    const logP = new FlatMatrix(logSoftmaxOf(O, C), T * B, C);
    let loss = 0;
    factors.forEach((factor, n) => {
      if (factor) loss -= factor * logP.get(n, y[n] ?? 0); // CE-F4  L = Σ_t w_t l_t with l_t = −log(y_tᵀ p_t)
    });
    return { loss, count, tape: { logits, logP, y, factors } };
  },

  backward(tape, dloss = 1) {
    const { logits, logP, y, factors } = requireObject('tape', tape);
    requireExtent('tape.logits', logits);
    requireFiniteNumber('dloss', dloss);
    const { F: C } = logits;
    const dO = Sequence.zeros({ ...logits.extent(), F: C });
    factors.forEach((factor, n) => {
      for (let k = 0; factor && k < C; k++) {
        const ytk = y[n] === k ? 1 : 0;
        const ptk = Math.exp(logP.data[n * C + k] ?? Number.NaN);
        dO.data[n * C + k] = dloss * factor * (ptk - ytk); // CE-B1  dL/do_t = −w_t (y_t − p_t)ᵀ, through F4, F3
      }
    });
    return dO;
  },
};

/**
 * log softmax of every row, without overflow for any finite logits.
 *
 * @param O n×C logits.
 * @returns n×C log probabilities.
 */
export function logSoftmax(O: AbstractMatrix): Matrix {
  requireAnyMatrix('O', O);
  return Matrix.from1DArray(O.rows, O.columns, logSoftmaxOf(Float64Array.from(O.to1DArray()), O.columns));
}

/** The same of rows of C numbers, one after the other. */
function logSoftmaxOf(O: FloatArray, C: number): Float64Array {
  const logP = new Float64Array(O.length);
  for (let n = 0; n < O.length; n += C) {
    const o = O.subarray(n, n + C);
    let largest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < C; k++) largest = Math.max(largest, o[k] ?? Number.NaN); // CE-F1  μ_t = max_k o_tk
    let sum = 0;
    for (let k = 0; k < C; k++) sum += Math.exp((o[k] ?? Number.NaN) - largest); // CE-F2  Z_t = Σ_k exp(o_tk − μ_t)
    const logZ = Math.log(sum);
    for (let k = 0; k < C; k++) logP[n + k] = (o[k] ?? Number.NaN) - largest - logZ; // CE-F3  log p_tk = o_tk − μ_t − log Z_t
  }
  return logP;
}
