/**
 * Logistic outputs under cross-entropy: at every step F answers of yes or no, independent of each other, from logits.
 * Derived in `derivations/losses.md`.
 *
 * | symbol | shape   | meaning |
 * |--------|---------|---------|
 * | O, dO  | (T·B)×F | the logits o_t of every step of every sequence, stacked by rows |
 * | P      | (T·B)×F | p_t = σ(o_t) |
 * | Y      | (T·B)×F | the targets y_t, in [0, 1] |
 */
import { ValueError } from '../errors.ts';
import { scale, sigmoid } from '../matrix.ts';
import { requireFiniteNumber, requireObject } from '../require.ts';
import { read, requireExtent, Sequence } from '../sequence.ts';
import { type Loss, stepFactors } from './loss.ts';

/** What the backward pass of the loss needs. */
export interface BinaryCrossEntropyTape {
  readonly logits: Sequence;
  readonly y: Sequence;
  readonly factors: Float64Array;
}

/**
 * −Σ_k [y log p + (1 − y) log(1 − p)] over all steps that count, in nats. The target is a sequence of the logits' T, B
 * and F: 0 or 1, or a probability. Where the logits are sure of what is right, loss and gradient are as small as they are, and not 0.
 *
 * @example
 * ```ts
 * import { binaryCrossEntropy, Sequence } from 'bptt';
 *
 * const logits = Sequence.dense([0, 1000], { T: 2, F: 1 });
 * const y = Sequence.dense([1, 0], { T: 2, F: 1 });
 * const { loss, tape } = binaryCrossEntropy.forward(logits, y);
 * console.log(loss.toFixed(6)); // → 1000.693147
 * console.log(binaryCrossEntropy.backward(tape).data); // → Float64Array(2) [ -0.5, 1 ]
 * ```
 */
export const binaryCrossEntropy: Loss<Sequence, BinaryCrossEntropyTape> = {
  name: 'binary-cross-entropy',
  equation: 'BCE-B1',

  forward(outputs, target, weighting) {
    const logits = read('logits', outputs);
    const y = read('y', target, logits.F, logits);
    const { factors, count } = stepFactors(logits, weighting);
    const [O, Y] = [logits.rows(), y.rows()];
    let loss = 0;
    factors.forEach((factor, n) => {
      for (let k = 0; factor && k < logits.F; k++) {
        const [o, yk] = [O.get(n, k), Y.get(n, k)];
        if (yk < 0 || yk > 1) throw new ValueError(`y[${n},${k}]`, 'a number in [0, 1]', `${yk}`);
        loss += factor * ((1 - yk) * softplusOf(o) + yk * softplusOf(-o)); // BCE-F2  L = Σ_t w_t l_t with l_t = Σ_k (1 − y_tk) softplus(o_tk) + y_tk softplus(−o_tk)
      }
    });
    return { loss, count, tape: { logits, y, factors } };
  },

  backward(tape, dloss = 1) {
    const { logits, y, factors } = requireObject('tape', tape);
    requireExtent('tape.logits', logits);
    requireFiniteNumber('dloss', dloss);
    const dO = Sequence.zeros({ ...logits.extent(), F: logits.F });
    const O = logits.rows();
    const [rows, P, Q, Y] = [dO.rows(), sigmoid(O), sigmoid(scale(O, -1)), y.rows()];
    factors.forEach((factor, n) => {
      for (let k = 0; factor && k < logits.F; k++) {
        const yk = Y.get(n, k);
        rows.set(n, k, dloss * factor * ((1 - yk) * P.get(n, k) - yk * Q.get(n, k))); // BCE-B1  dL/do_t = w_t ((1 − y_t)⊙σ(o_t) − y_t⊙σ(−o_t))ᵀ, through F2, F1
      }
    });
    return dO;
  },
};

function softplusOf(o: number): number {
  return Math.max(o, 0) + Math.log1p(Math.exp(-Math.abs(o))); // BCE-F1  softplus(o) = max(o, 0) + log(1 + e^−|o|)
}
