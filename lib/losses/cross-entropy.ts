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
import { exp, log } from '../elementary.ts';
import { inBlocks, type Stage, theStage } from '../engine/stage.ts';
import { requireAnyMatrix, requireCount, requireFiniteNumber, requireInteger, requireObject } from '../require.ts';
import { read, requireExtent, type Sequence } from '../sequence.ts';
import { FlatMatrix, type FloatArray } from '../views.ts';
import { type Loss, stepFactors } from './loss.ts';
import { lyingIn, Room, releaseRoom, roomFor, roomOf } from './room.ts';

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
    const room = roomFor(T * B, C);
    const { factors, count } = stepFactors(logits, weighting, room.factors);
    const y = classesOf(target, factors, C, room.classes);
    const O = logits.data instanceof Int32Array ? Float64Array.from(logits.rows().to1DArray()) : logits.data;
    const logP = new FlatMatrix(logSoftmaxOf(O, room), T * B, C);
    let loss = 0;
    for (let n = 0; n < factors.length; n++) {
      const factor = factors[n] ?? 0;
      if (factor) loss -= factor * (room.numbers[n * C + (y[n] ?? 0)] ?? Number.NaN); // CE-F4  L = Σ_t w_t l_t with l_t = −log(y_tᵀ p_t)
    }
    return { loss, count, tape: lyingIn(room, { logits, logP, y, factors }) };
  },

  backward(tape, dloss = 1) {
    const { logits, logP, y, factors } = requireObject('tape', tape);
    requireExtent('tape.logits', logits);
    requireFiniteNumber('dloss', dloss);
    const { F: C } = logits;
    const room = roomOf(tape, factors.length, C);
    const dO = room.gradient(logits);
    const stage = theStage();
    if (stage && logP.data instanceof Float64Array) {
      gradientBy(stage, tape, room, dloss, dO.data);
      return dO;
    }
    for (let n = 0; n < factors.length; n++) {
      const factor = factors[n] ?? 0;
      for (let k = 0; factor && k < C; k++) {
        const ytk = y[n] === k ? 1 : 0;
        const ptk = exp(logP.data[n * C + k] ?? Number.NaN);
        dO.data[n * C + k] = dloss * factor * (ptk - ytk); // CE-B1  dL/do_t = −w_t (y_t − p_t)ᵀ, through F4, F3
      }
    }
    return dO;
  },

  release: releaseRoom,
};

/** The class of every step, 0 where it does not count. */
function classesOf(target: ArrayLike<number>, factors: Float64Array, C: number, y: Int32Array): Int32Array {
  for (let n = 0; n < y.length; n++) {
    y[n] = 0;
    if (!factors[n]) continue;
    const k = target[n] ?? Number.NaN;
    y[n] = Number.isInteger(k) && k >= 0 && k < C ? k : requireInteger(`y[${n}]`, k, 0, C - 1);
  }
  return y;
}

/** The gradient, to the last bit, by kernels. */
function gradientBy(
  stage: Stage,
  { logP, y, factors }: CrossEntropyTape,
  { views }: Room,
  dloss: number,
  dO: Sequence['data'],
): void {
  const { data, rows, columns: C } = logP;
  if (dO instanceof Int32Array) return;
  inBlocks(rows, C, (from, to, n) => {
    const into = views.part(dO, from * C, to * C, n);
    stage.begin(2 * into.length + 2 * (to - from), 4);
    const p = stage.put(views.part(data, from * C, to * C, n));
    const w = stage.put(views.part(factors, from, to, n));
    const k = stage.put(views.part(y, from, to, n));
    const d = stage.put(into);
    stage.kernels.softmaxGradient(to - from, C, p, w, k, dloss, d);
    stage.get(d, into);
  });
}

/**
 * log softmax of every row, without overflow for any finite logits.
 *
 * @param O n×C logits.
 * @returns n×C log probabilities.
 */
export function logSoftmax(O: AbstractMatrix): Matrix {
  requireAnyMatrix('O', O);
  const room = new Room(O.rows, O.columns);
  return Matrix.from1DArray(O.rows, O.columns, logSoftmaxOf(Float64Array.from(O.to1DArray()), room));
}

/** The same of rows that lie one after the other: the numbers of the room. */
function logSoftmaxOf(O: FloatArray, room: Room): Float64Array {
  const { columns: C, numbers: logP } = room;
  const stage = theStage();
  if (stage) {
    logSoftmaxBy(stage, O, room);
    return logP;
  }
  for (let n = 0; n < O.length; n += C) {
    const o = O.subarray(n, n + C);
    let largest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < C; k++) largest = Math.max(largest, o[k] ?? Number.NaN); // CE-F1  μ_t = max_k o_tk
    const term = (k: number) => exp((o[k] ?? Number.NaN) - largest);
    let [even, odd] = [0, 0]; // side by side, as kernels have them
    for (let k = 0; k + 1 < C; k += 2) {
      even += term(k);
      odd += term(k + 1);
    }
    const sum = even + odd + (C % 2 === 1 ? term(C - 1) : 0); // CE-F2  Z_t = Σ_k exp(o_tk − μ_t)
    const logZ = log(sum);
    for (let k = 0; k < C; k++) logP[n + k] = (o[k] ?? Number.NaN) - largest - logZ; // CE-F3  log p_tk = o_tk − μ_t − log Z_t
  }
  return logP;
}

/** The same, to the last bit, by kernels. */
function logSoftmaxBy(stage: Stage, O: FloatArray, { rows, columns: C, numbers: logP, views }: Room): void {
  inBlocks(rows, C, (from, to, n) => {
    const into = views.part(logP, from * C, to * C, n);
    stage.begin(into.length, 1);
    const o = stage.put(views.part(O, from * C, to * C, n));
    stage.kernels.logSoftmaxRows(o, o, to - from, C);
    stage.get(o, into);
  });
}
