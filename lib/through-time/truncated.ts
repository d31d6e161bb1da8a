/**
 * Truncated backpropagation through time: one long sequence in chunks, the state carried from chunk to chunk, the
 * gradient stopped between them. What that leaves out is derived in `derivations/through-time.md`.
 */
import { type Layer, requireLayer } from '../layers/layer.ts';
import { backward, forward } from '../layers/passes.ts';
import { requireFunction, requireInteger, requireKnown, requireObject, requireSize } from '../require.ts';
import { requireSequence, type Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';
import { now, type Steps } from '../steps.ts';

/** One chunk whose gradients have just been written. */
export interface Chunk {
  /** First step of the chunk, and the step behind its last. */
  readonly from: number;
  readonly to: number;
  /** The chunk's loss. */
  readonly loss: number;
  /** The state after its last step: the next chunk's s0. */
  readonly sT: Matrices;
}

/** The loss of a chunk's outputs and its gradient in them. */
export type ChunkLoss = (y: Sequence, from: number, to: number) => { readonly loss: number; readonly dy: Sequence };

/**
 * Goes through x chunk by chunk. When a chunk is yielded, `layer.params.grads` holds the gradient of that chunk's loss
 * alone, its initial state taken as a constant. Update the parameters before asking for the next chunk, or do not.
 *
 * @param layer the network; its gradients are zeroed before every chunk's backward pass.
 * @param x the whole input, T steps, without lengths.
 * @param lossOf the loss of a chunk, called with the chunk's outputs and its steps [from, to).
 * @param options `steps` a chunk (the last may be shorter), `from` where to begin (0), `s0` the state there (zeros).
 * @throws ShapeError, ValueError when an argument does not fit.
 */
export function* truncated(
  layer: Layer,
  x: Sequence,
  lossOf: ChunkLoss,
  options: { readonly steps: number; readonly from?: number; readonly s0?: Matrices | undefined },
): Generator<Chunk, void, undefined> {
  const { steps, from = 0, s0 } = requireKnown('options', options, ['steps', 'from', 's0']);
  requireLayer('layer', layer);
  requireFunction('lossOf', lossOf);
  requireSize('steps', steps);
  requireInteger('from', from, 0);
  requireSequence('x', x, layer.inputs);
  let s = s0;
  for (let start = from; start < x.T; start += steps) {
    const chunk = now(chunkOf(layer, x, lossOf, { from: start, to: Math.min(start + steps, x.T), s0: s }));
    s = chunk.sT;
    yield chunk;
  }
}

/** One chunk of it, as `truncated` has them: the steps [from, to), from a state s0 on. */
export function* chunkOf(
  layer: Layer,
  x: Sequence,
  lossOf: ChunkLoss,
  { from, to, s0 }: { readonly from: number; readonly to: number; readonly s0: Matrices | undefined },
): Steps<Chunk> {
  const { y, sT, tape } = yield* forward(layer, x.slice(from, to), s0);
  try {
    const { loss, dy } = requireObject('lossOf(…)', lossOf(y, from, to));
    requireSequence('dy', dy, layer.outputs, y);
    layer.params.zeroGrads();
    yield* backward(layer, tape, dy); // BPTT-T1  dL/ds_{to} is taken as 0: what later chunks would send back is left out
    return { from, to, loss, sT };
  } finally {
    layer.release?.(tape);
  }
}
