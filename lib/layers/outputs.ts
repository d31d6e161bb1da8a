/** What a layer puts out, for who does not go back through it. */
import { Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';
import type { Layer } from './layer.ts';

/** y of a pass whose tape is given back at once: a copy, which no later pass overwrites. */
export function outputsOf(layer: Layer, x: Sequence, s0?: Matrices): Sequence {
  const { y, tape } = layer.forward(x, s0);
  const own = Sequence.over(Float64Array.from(y.data), { ...y.extent(), F: y.F });
  layer.release?.(tape);
  return own;
}
