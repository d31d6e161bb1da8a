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
import { exp, log1p, sigmoid } from '../elementary.ts';
import { inBlocks, theStage } from '../engine/stage.ts';
import { ValueError } from '../errors.ts';
import { requireFiniteNumber, requireObject } from '../require.ts';
import { dense, read, requireExtent, type Sequence } from '../sequence.ts';
import { gradientBy } from './answers.ts';
import { type Loss, stepFactors } from './loss.ts';
import { lyingIn, type Room, releaseRoom, roomFor, roomOf } from './room.ts';

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
    const room = roomFor(logits.T * logits.B, logits.F);
    const { factors, count } = stepFactors(logits, weighting, room.factors);
    const [{ F, data: O }, { data: Y }] = [dense(logits), dense(y)];
    const terms = termsOf(O, Y, room);
    let loss = 0;
    for (let n = 0; n < factors.length; n++) {
      const factor = factors[n] ?? 0;
      for (let k = 0; factor && k < F; k++) {
        const yk = Y[n * F + k] ?? Number.NaN;
        if (yk < 0 || yk > 1) throw new ValueError(`y[${n},${k}]`, 'a number in [0, 1]', `${yk}`);
        loss += factor * (terms[n * F + k] ?? Number.NaN); // BCE-F2  L = Σ_t w_t l_t with l_t = Σ_k (1 − y_tk) softplus(o_tk) + y_tk softplus(−o_tk)
      }
    }
    return { loss, count, tape: lyingIn(room, { logits, y, factors }) };
  },

  backward(tape, dloss = 1) {
    const { logits, y, factors } = requireObject('tape', tape);
    requireExtent('tape.logits', logits);
    requireFiniteNumber('dloss', dloss);
    const room = roomOf(tape, factors.length, logits.F);
    const dO = room.gradient(logits);
    const [{ F, data: O }, { data: Y }] = [dense(logits), dense(y)];
    const stage = theStage();
    if (stage) {
      gradientBy(stage, 'binaryGradient', { O, Y, factors, F }, room, dloss, dO.data);
      return dO;
    }
    for (let n = 0; n < factors.length; n++) {
      const factor = factors[n] ?? 0;
      for (let k = n * F; factor && k < (n + 1) * F; k++) {
        const [o, yk] = [O[k] ?? Number.NaN, Y[k] ?? Number.NaN];
        dO.data[k] = dloss * factor * ((1 - yk) * sigmoid(o) - yk * sigmoid(-o)); // BCE-B1  dL/do_t = w_t ((1 − y_t)⊙σ(o_t) − y_t⊙σ(−o_t))ᵀ, through F2, F1
      }
    }
    return dO;
  },

  release: releaseRoom,
};

function softplusOf(o: number): number {
  return Math.max(o, 0) + log1p(exp(-Math.abs(o))); // BCE-F1  softplus(o) = max(o, 0) + log(1 + e^−|o|)
}

type Floats = Sequence['data'];

/** What every answer adds to its l_t: the numbers of the room. */
function termsOf(O: Floats, Y: Floats, { rows, columns: F, numbers: terms, views }: Room): Float64Array {
  const stage = theStage();
  if (!stage) {
    for (let k = 0; k < terms.length; k++) {
      const [o, yk] = [O[k] ?? Number.NaN, Y[k] ?? Number.NaN];
      terms[k] = (1 - yk) * softplusOf(o) + yk * softplusOf(-o);
    }
    return terms;
  }
  inBlocks(rows, F, (from, to, n) => {
    const into = views.part(terms, from * F, to * F, n);
    stage.begin(2 * into.length, 2);
    const o = stage.put(views.part(O, from * F, to * F, n));
    const y = stage.put(views.part(Y, from * F, to * F, n));
    stage.kernels.binaryCrossEntropy(into.length, o, y, o);
    stage.get(o, into);
  });
  return terms;
}
