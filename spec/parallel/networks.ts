/** Networks that are put on several workers, and all that comes of them. */
import type { Matrix } from 'ml-matrix';
import { gru } from '../../lib/cells/gru.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { randomSequence, randomState } from '../../lib/check/problem.ts';
import { linear } from '../../lib/engine/linear.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { bidirectional } from '../../lib/layers/bidirectional.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { lastStep } from '../../lib/layers/pool.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { type ParallelOptions, type ParallelTape, parallel } from '../../lib/parallel/index.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import type { Matrices } from '../../lib/shape.ts';
import { flat } from '../numbers.ts';

/** Networks of every kind of part. */
export const CASES: Readonly<Record<string, () => Layer>> = {
  'an LSTM': () => recurrent(lstm, { d: 3, m: 5 }) as Layer,
  'an LSTM in f32': () => recurrent(lstm, { d: 3, m: 5 }, { precision: 'f32' }) as Layer,
  'two directions on an LSTM, under a readout': () => {
    const both = bidirectional({ forward: recurrent(gru, { d: 5, m: 2 }), backward: recurrent(gru, { d: 5, m: 2 }) });
    return stack({ low: recurrent(lstm, { d: 3, m: 5 }), both, out: linear({ m: 4, C: 2 }) }) as Layer;
  },
  'the reference, of which the last step counts': () =>
    stack({ gru: unroll(gru, { d: 3, m: 4 }), last: lastStep(4), out: linear({ m: 4, C: 2 }) }) as Layer,
};

/** Steps, and sequences: of three shards. */
const [T, B] = [6, 75];
const lengths = Array.from({ length: B }, (_, b) => 1 + (b % T));

/** What a network is given. */
export interface Given {
  readonly ragged: boolean;
  readonly oneHot: boolean;
}

/**
 * All that two passes of a network give, the second over what the first has added: by itself, or as options say, awaited where
 * its memory goes from one worker to the other.
 */
export async function everything(
  net: Layer,
  given: Given,
  options?: ParallelOptions,
): Promise<Readonly<Record<string, readonly number[]>>> {
  normal(0.5)(net.params, new Random(1));
  const layer = options === undefined ? undefined : await parallel(net, options);
  const isAwaited = options?.memory === 'copied';
  const forward = (x: Sequence, s0?: Matrices) =>
    layer && isAwaited ? layer.forwardAsync(x, s0) : (layer ?? net).forward(x, s0);
  const backward = (tape: unknown, dy: Sequence, dsT?: Matrices) =>
    layer && isAwaited
      ? layer.backwardAsync(tape as ParallelTape, dy, dsT)
      : ((layer ?? net) as Layer).backward(tape, dy, dsT);
  const rng = new Random(2);
  const extent = { T, B, ...(given.ragged && { lengths }) };
  const found: Record<string, readonly number[]> = {};
  for (const pass of ['first', 'second']) {
    const x = given.oneHot
      ? Sequence.oneHot(
          Int32Array.from({ length: T * B }, () => Math.floor(3 * rng.uniform())),
          { ...extent, classes: 3 },
        )
      : randomSequence({ ...extent, F: 3 }, rng);
    const { y, sT, tape } = await forward(x, pass === 'second' ? randomState(net, B, rng) : undefined);
    const dy = randomSequence({ ...y.extent(), F: net.outputs }, rng);
    const back = await backward(tape, dy, pass === 'second' ? randomState(net, B, rng) : undefined);
    found[`${pass} y`] = Array.from(y.data);
    if (!(isAwaited && given.oneHot)) found[`${pass} dx`] = Array.from(back.dx.data);
    for (const [name, part] of Object.entries(sT)) found[`${pass} ${name}`] = flat(part as Matrix);
    for (const [name, part] of Object.entries(back.ds0)) found[`${pass} d${name}`] = flat(part as Matrix);
    (layer ?? (net as Layer)).release?.(tape as ParallelTape);
  }
  return { ...found, grads: Array.from(net.params.grads) };
}
