/** What a network on several cores gives: the same bits in Node and in a page, on any number of them. */
import { gru } from '../../lib/cells/gru.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { linear } from '../../lib/engine/linear.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { uniform } from '../../lib/init/initialisers.ts';
import { bidirectional } from '../../lib/layers/bidirectional.ts';
import { dropout } from '../../lib/layers/dropout.ts';
import { stack } from '../../lib/layers/stack.ts';
import { type ParallelOptions, parallel } from '../../lib/parallel/parallel.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';

const [T, B, d] = [4, 75, 3];

/** Outputs, then the gradient of all parameters and of x; of passes that are awaited where that is asked for. */
export async function parallelBits({
  isAwaited = false,
  ...options
}: ParallelOptions & { readonly isAwaited?: boolean }): Promise<readonly number[]> {
  const both = bidirectional({ forward: recurrent(gru, { d: 5, m: 2 }), backward: recurrent(gru, { d: 5, m: 2 }) });
  const drop = dropout({ F: 5, rate: 0.5, seed: 3 });
  const net = stack({ low: recurrent(lstm, { d, m: 5 }), drop, both, out: linear({ m: 4, C: 2 }) });
  const rng = new Random(1);
  uniform(0.8)(net.params, rng); // a normal one takes the runtime's log
  const layer = await parallel(net, options);
  const lengths = Array.from({ length: B }, (_, b) => 1 + (b % T));
  const x = Sequence.over(
    Float64Array.from({ length: T * B * d }, () => 2 * rng.uniform() - 1),
    { T, B, F: d, lengths },
  );
  const { y, tape } = isAwaited ? await layer.forwardAsync(x) : layer.forward(x);
  const { dx } = isAwaited ? await layer.backwardAsync(tape, y) : layer.backward(tape, y);
  layer.release?.(tape);
  return [...y.data, ...net.params.grads, ...dx.data];
}
