/**
 * Half the squared distance between outputs and targets, for sequences of real numbers. Derived in
 * `derivations/losses.md`.
 *
 * | symbol | shape   | meaning |
 * |--------|---------|---------|
 * | O, dO  | (T·B)×F | the outputs o_t of every step of every sequence, stacked by rows |
 * | Y      | (T·B)×F | the targets y_t |
 */

import { inBlocks, type Stage, theStage } from '../engine/stage.ts';
import { requireFiniteNumber, requireObject } from '../require.ts';
import { dense, read, requireExtent, type Sequence } from '../sequence.ts';
import { type Answers, gradientBy } from './answers.ts';
import { type Loss, stepFactors } from './loss.ts';
import { lyingIn, type Room, releaseRoom, roomFor, roomOf } from './room.ts';

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
    const room = roomFor(o.T * o.B, o.F);
    const { factors, count } = stepFactors(o, weighting, room.factors);
    const { F, data: O } = dense(o);
    const { data: Y } = dense(y);
    const tape = lyingIn(room, { o, y, factors });
    const stage = theStage();
    if (stage) return { loss: lossBy(stage, { O, Y, factors, F }, room), count, tape };
    let loss = 0;
    for (let n = 0; n < factors.length; n++) {
      const factor = factors[n] ?? 0;
      for (let k = n * F; factor && k < (n + 1) * F; k++) {
        const error = (O[k] ?? Number.NaN) - (Y[k] ?? Number.NaN);
        loss += factor * 0.5 * (error * error); // SE-F1  L = Σ_t w_t l_t with l_t = ½‖o_t − y_t‖²
      }
    }
    return { loss, count, tape };
  },

  backward(tape, dloss = 1) {
    const { o, y, factors } = requireObject('tape', tape);
    requireExtent('tape.o', o);
    requireFiniteNumber('dloss', dloss);
    const room = roomOf(tape, factors.length, o.F);
    const dO = room.gradient(o);
    const { F, data: O } = dense(o);
    const { data: Y } = dense(y);
    const stage = theStage();
    if (stage) {
      gradientBy(stage, 'squaredGradient', { O, Y, factors, F }, room, dloss, dO.data);
      return dO;
    }
    for (let n = 0; n < factors.length; n++) {
      const factor = factors[n] ?? 0;
      for (let k = n * F; factor && k < (n + 1) * F; k++) {
        dO.data[k] = dloss * factor * ((O[k] ?? Number.NaN) - (Y[k] ?? Number.NaN)); // SE-B1  dL/do_t = w_t (o_t − y_t)ᵀ, through F1
      }
    }
    return dO;
  },

  release: releaseRoom,
};

/** The loss, to the last bit, by kernels. */
function lossBy(stage: Stage, { O, Y, factors, F }: Answers, { views }: Room): number {
  let loss = 0;
  inBlocks(factors.length, F, (from, to, n) => {
    stage.begin(2 * (to - from) * F + (to - from), 3);
    const o = stage.put(views.part(O, from * F, to * F, n));
    const y = stage.put(views.part(Y, from * F, to * F, n));
    const w = stage.put(views.part(factors, from, to, n));
    loss = stage.kernels.squaredError(to - from, F, o, y, w, loss);
  });
  return loss;
}
