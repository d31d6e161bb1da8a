/**
 * Half the squared distance between outputs and targets, for sequences of real numbers. Derived in
 * `derivations/losses.md`.
 *
 * | symbol | shape   | meaning |
 * |--------|---------|---------|
 * | O, dO  | (T·B)×F | the outputs o_t of every step of every sequence, stacked by rows |
 * | Y      | (T·B)×F | the targets y_t |
 */
import { requireFiniteNumber, requireObject } from '../require.ts';
import { read, requireExtent, Sequence } from '../sequence.ts';
import { type Loss, stepFactors } from './loss.ts';

/** What the backward pass of the loss needs. */
export interface SquaredErrorTape {
  readonly o: Sequence;
  readonly y: Sequence;
  readonly factors: Float64Array;
}

/**
 * ½‖o_t − y_t‖² over all steps that count. The target is a sequence of the outputs' T, B and F.
 *
 * @example
 * ```ts
 * import { Sequence, squaredError } from 'bptt';
 *
 * const o = Sequence.dense([1, 2, 3], { T: 3, F: 1 });
 * const y = Sequence.dense([1, 4, 0], { T: 3, F: 1 });
 * const { loss, tape } = squaredError.forward(o, y);
 * console.log(loss, squaredError.backward(tape).data); // → 6.5 Float64Array(3) [ 0, -2, 3 ]
 * ```
 */
export const squaredError: Loss<Sequence, SquaredErrorTape> = {
  name: 'squared-error',
  equation: 'SE-B1',

  forward(outputs, target, weighting) {
    const o = read('o', outputs);
    const y = read('y', target, o.F, o);
    const { factors, count } = stepFactors(o, weighting);
    const [O, Y] = [o.rows(), y.rows()];
    let loss = 0;
    factors.forEach((factor, n) => {
      for (let k = 0; factor && k < o.F; k++) {
        loss += factor * 0.5 * (O.get(n, k) - Y.get(n, k)) ** 2; // SE-F1  L = Σ_t w_t l_t with l_t = ½‖o_t − y_t‖²
      }
    });
    return { loss, count, tape: { o, y, factors } };
  },

  backward(tape, dloss = 1) {
    const { o, y, factors } = requireObject('tape', tape);
    requireExtent('tape.o', o);
    requireFiniteNumber('dloss', dloss);
    const dO = Sequence.zeros({ ...o.extent(), F: o.F });
    const [rows, O, Y] = [dO.rows(), o.rows(), y.rows()];
    factors.forEach((factor, n) => {
      for (let k = 0; factor && k < o.F; k++) {
        rows.set(n, k, dloss * factor * (O.get(n, k) - Y.get(n, k))); // SE-B1  dL/do_t = w_t (o_t − y_t)ᵀ, through F1
      }
    });
    return dO;
  },
};
