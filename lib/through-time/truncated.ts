/**
 * Truncated backpropagation through time: one long sequence in chunks, the state carried from chunk to chunk, the
 * gradient stopped between them. What that leaves out is derived in `derivations/through-time.md`.
 */
import { type Layer, requireLayer } from '../layers/layer.ts';
import { requireFunction, requireInteger, requireKnown, requireObject, requireSize } from '../require.ts';
import { requireSequence, type Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';

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
    const to = Math.min(start + steps, x.T);
    const { y, sT, tape } = layer.forward(x.slice(start, to), s);
    let loss: number;
    try {
      const found = requireObject('lossOf(…)', lossOf(y, start, to));
      requireSequence('dy', found.dy, layer.outputs, y);
      loss = found.loss;
      layer.params.zeroGrads();
      layer.backward(tape, found.dy); // BPTT-T1  dL/ds_{to} is taken as 0: what later chunks would send back is left out
    } finally {
      layer.release?.(tape);
    }
    s = sT;
    yield { from: start, to, loss, sT };
  }
}
