/** Sequences and layers against time: P of `derivations/bidirectional.md`. */
import { noteOf } from '../copies.ts';
import { read, requireExtent, requireSequence, Sequence } from '../sequence.ts';
import type { Layer } from './layer.ts';

/**
 * Every sequence of the batch from its last step to its first; padding stays behind it. Its own inverse. A one-hot
 * sequence stays one.
 *
 * @throws ShapeError when x is no sequence, and ValueError when an index is no class.
 */
export function reverseWithinLengths(x: Sequence): Sequence {
  requireExtent('x', x);
  if (x.data instanceof Int32Array) requireSequence('x', x);
  const { data, T, B, F } = x;
  const step = data.length / T;
  const width = step / B;
  const reversed = data.slice();
  for (let b = 0; b < B; b++) {
    const length = x.lengths?.[b] ?? T;
    for (let t = 0; t < length; t++) {
      const from = (length - 1 - t) * step + b * width;
      reversed.set(data.subarray(from, from + width), t * step + b * width); // BI-F1  x′_t = x_{τ+1−t} where t ≤ τ, else x_t
    }
  }
  return reversed instanceof Int32Array
    ? Sequence.oneHot(reversed, { ...x.extent(), classes: F })
    : Sequence.over(reversed, { ...x.extent(), F });
}

/**
 * P f(P x) for a layer f: it reads each sequence from its end, and puts out in the order of time. The parameters are the
 * layer's own. A cotangent has to come with the lengths of x, but for a layer that turns itself round.
 */
export function reversed<Tape>(layer: Layer<Tape>): Layer<Tape> {
  const own = ways.get(layer) as (() => Layer<Tape>) | undefined;
  if (own) return own();
  return {
    ...layer,

    forward(given, s0) {
      const x = read('x', given, layer.inputs);
      const { y, sT, tape } = layer.forward(reverseWithinLengths(x), s0);
      return { y: reverseWithinLengths(y), sT, tape }; // BI-F3  y⃖_t = z_{τ+1−t} of x′
    },

    backward(tape, given, dsT) {
      const dy = read('dy', given, layer.outputs);
      const { dx, ds0 } = layer.backward(tape, reverseWithinLengths(dy), dsT); // BI-B3  dL/dx′_t of dL/dz_t = dL/dy⃖_{τ+1−t}, through F3
      return { dx: reverseWithinLengths(dx), ds0 };
    },
  };
}

/** Tells {@link reversed} how a layer is made that reads from the end without turning anything round. Returns the layer. */
export function reversedBy<Tape>(layer: Layer<Tape>, make: () => Layer<Tape>): Layer<Tape> {
  ways.set(layer, make);
  return layer;
}

/** By the layer itself: what somebody makes of its parts is another layer, which this says nothing of. */
const ways = noteOf<() => unknown>('reversed');
