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
import { ShapeError } from '../errors.ts';
import { describe, requireFiniteNumber, requireInteger } from '../require.ts';
import { requireSequence, Sequence } from '../sequence.ts';

/** What the backward pass of the loss needs. */
export interface CrossEntropyTape {
  readonly logits: Sequence;
  readonly logP: Matrix;
  readonly y: Int32Array;
  readonly counts: readonly boolean[];
}

/** A loss in nats. */
export interface CrossEntropy {
  /** L: the sum of the losses of all steps that count. */
  readonly loss: number;
  /** How many steps those are: loss / count is the mean. */
  readonly count: number;
  readonly tape: CrossEntropyTape;
}

/**
 * The sum of −log p_t[y_t] over all steps that count, in nats, and its gradient in the logits.
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
export const crossEntropy: {
  readonly name: string;
  /**
   * @param logits o_t, C classes a step. Padding never counts.
   * @param y the right class of every step, T·B integers in 0…C−1, time-major; what stands at padding is ignored.
   * @param mask whether a step counts, T·B booleans or 0/1, time-major; all do unless given.
   * @throws ShapeError, ValueError when the arguments do not fit.
   */
  forward(logits: Sequence, y: ArrayLike<number>, mask?: ArrayLike<number | boolean>): CrossEntropy;
  /**
   * @param dloss dL/dloss, 1 unless given.
   * @returns dL/do_t, zero where a step does not count.
   */
  backward(tape: CrossEntropyTape, dloss?: number): Sequence;
} = {
  name: 'cross-entropy',

  forward(logits, y, mask) {
    requireSequence('logits', logits);
    const O = logits.rows();
    if (y.length !== O.rows) throw new ShapeError('y', `${O.rows} class indices`, describe(y));
    if (mask && mask.length !== O.rows) throw new ShapeError('mask', `${O.rows} booleans`, describe(mask));
    const counts = Array.from({ length: O.rows }, (_, n) => logits.counts(n) && (mask === undefined || !!mask[n]));
    const classes = Int32Array.from(y, (k, n) => (counts[n] ? requireInteger(`y[${n}]`, k, 0, O.columns - 1) : 0));
    const logP = logSoftmax(O);
    let loss = 0;
    let count = 0;
    classes.forEach((k, n) => {
      if (!counts[n]) return;
      loss += -logP.get(n, k); // CE-F4  L = Σ_t l_t with l_t = −log(y_tᵀ p_t)
      count += 1;
    });
    return { loss, count, tape: { logits, logP, y: classes, counts } };
  },

  backward({ logits, logP, y, counts }, dloss = 1) {
    requireFiniteNumber('dloss', dloss);
    const dO = Sequence.zeros({ ...logits.extent(), F: logits.F });
    const rows = dO.rows();
    for (let n = 0; n < rows.rows; n++) {
      if (!counts[n]) continue;
      for (let k = 0; k < rows.columns; k++) {
        const ytk = y[n] === k ? 1 : 0;
        rows.set(n, k, dloss * (Math.exp(logP.get(n, k)) - ytk)); // CE-B1  dL/do_t = −(y_t − p_t)ᵀ, through F4, F3
      }
    }
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
  const logP = Matrix.zeros(O.rows, O.columns);
  for (let n = 0; n < O.rows; n++) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < O.columns; k++) largest = Math.max(largest, O.get(n, k)); // CE-F1  μ_t = max_k o_tk
    let sum = 0;
    for (let k = 0; k < O.columns; k++) sum += Math.exp(O.get(n, k) - largest); // CE-F2  Z_t = Σ_k exp(o_tk − μ_t)
    const logZ = Math.log(sum);
    for (let k = 0; k < O.columns; k++) {
      logP.set(n, k, O.get(n, k) - largest - logZ); // CE-F3  log p_tk = o_tk − μ_t − log Z_t
    }
  }
  return logP;
}
