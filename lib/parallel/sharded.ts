/** A layer over batches cut into shards: what a team does of them, put together. */
import { ValueError } from '../errors.ts';
import { readLater } from '../layers/later.ts';
import type { Layer } from '../layers/layer.ts';
import { describe } from '../require.ts';
import { requireSequence, type Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';
import { later, now, type Steps } from '../steps.ts';
import { dropsOf } from './drops.ts';
import { mayShareMemory, Pool } from './memory.ts';
import { ALONE, type Ranks } from './ranks.ts';
import { backwardOf, inputGradientOf } from './sharded-backward.ts';
import { forwardOf } from './sharded-forward.ts';
import type { ParallelTape, Sharding } from './sharding.ts';
import type { Team } from './team.ts';

type Forward = ReturnType<Layer<ParallelTape>['forward']>;
type Backward = ReturnType<Layer<ParallelTape>['backward']>;

/** A network on several cores. Where workers share no memory, they help in passes that are awaited; in the others, this one works alone, to the same bits. */
export interface ParallelLayer<P extends string = string> extends Layer<ParallelTape, P> {
  /** As `forward`, awaited: a training does so in `stepAsync`, and where it is iterated over by `for await`. */
  forwardAsync(x: Sequence, s0?: Matrices): Promise<Forward>;
  /**
   * As `backward`, awaited.
   *
   * @returns dL/dx and dL/ds_0. That of a one-hot x cannot be had of workers that share no memory: reading it throws ValueError.
   */
  backwardAsync(tape: ParallelTape, dy: Sequence, dsT?: Matrices): Promise<Backward>;
}

/** The layer of a network that all of a team have; its parameters and gradients are the network's. */
export function shardedLayer<P extends string>(
  network: Layer<unknown, P>,
  team: Team,
  ranks: Ranks = ALONE,
): ParallelLayer<P> {
  const { params, inputs, outputs, state } = network;
  const pool = new Pool(team.share && mayShareMemory());
  const sharding: Sharding = { network, team, ranks, pool, drops: dropsOf(network) };
  /** Tapes that were not released, and dL/dx of theirs that nobody has read yet. */
  const live = new WeakSet<ParallelTape>();
  const unread = new WeakMap<ParallelTape, () => Sequence>();
  let passes = 0;

  const requireLive = (tape: ParallelTape) => {
    if (typeof tape === 'object' && tape !== null && live.has(tape)) return;
    throw new ValueError('tape', 'one that was not released', describe(tape));
  };

  /** dL/dx of indices, which training never reads: computed when it is read first. */
  const whenRead = (tape: ParallelTape) => {
    let dx: Sequence | undefined;
    return () => {
      if (dx) return dx;
      requireLive(tape);
      if (!team.reaches(tape.assignment))
        throw new ValueError('dx', 'that of workers who share memory', 'that of indices, which others have computed');
      dx = now(inputGradientOf(sharding, tape));
      unread.delete(tape);
      return dx;
    };
  };

  function* forward(given: Sequence, s0?: Matrices): Steps<Forward> {
    const x = requireSequence('x', given, inputs);
    const pass = ++passes;
    const came = yield* forwardOf(sharding, pass, x, s0);
    live.add(came.tape);
    dropped.register(came.tape, { team, pass });
    return came;
  }

  function* backward(tape: ParallelTape, dy: Sequence, dsT?: Matrices): Steps<Backward> {
    requireLive(tape);
    if (team.reaches(tape.assignment)) unread.get(tape)?.();
    const { dx: found, ds0 } = yield* backwardOf(sharding, tape, dy, dsT);
    if (found) return { dx: found, ds0 };
    const dx = whenRead(tape);
    unread.set(tape, dx);
    return readLater(dx, ds0);
  }

  return {
    name: network.name,
    params,
    inputs,
    outputs,
    state,
    ...(network.counts && { counts: network.counts }),
    equations: network.equations,
    forward: (x, s0) => now(forward(x, s0)),
    backward: (tape, dy, dsT) => now(backward(tape, dy, dsT)),
    forwardAsync: (x, s0) => later(forward(x, s0)),
    backwardAsync: (tape, dy, dsT) => later(backward(tape, dy, dsT)),
    release(tape) {
      if (live.delete(tape)) team.release(tape.pass);
    },
  };
}

/** Tapes that are collected without having been released. */
const dropped = new FinalizationRegistry<{ readonly team: Team; readonly pass: number }>(({ team, pass }) =>
  team.release(pass),
);
