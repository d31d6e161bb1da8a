/**
 * A network on several cores. A batch is cut into shards, by its size alone; every worker does some of them, each with a
 * network and kernels of its own, and the shards' gradients are added up by a fixed tree. So no bit depends on how many
 * workers there are. Derived in `derivations/parallel.md`.
 */
import type { Backend } from '../engine/options.ts';
import { ValueError } from '../errors.ts';
import { networkJson } from '../io/network-json.ts';
import { type Layer, requireLayer } from '../layers/layer.ts';
import { describe, requireFunction, requireInteger, requireKnown } from '../require.ts';
import type { Port } from '../worker/port.ts';
import { requireSight } from './pools.ts';
import { type Ranks, requireRanks } from './ranks.ts';
import { type ParallelLayer, shardedLayer } from './sharded.ts';
import { Team } from './team.ts';

/** Workers that there may be. */
export const MOST_WORKERS: number = 256;

/** How a network is run. */
export interface ParallelOptions {
  /** Threads at work, this one among them: 256 at most. */
  readonly workers: number;
  /**
   * Several processes that do the same as this one on the same data, such as those of `mpi()` of `bptt/mpi`: each does its share of
   * the shards.
   */
  readonly ranks?: Ranks;
  /**
   * The address of a module of cells that the network is made of and whose equations cannot be written down: other threads import it,
   * too. All others go there as their equations.
   */
  readonly cells?: string | URL;
  /** Where the engine's products are done; in WebAssembly unless given. One of several threads is `blas()` of `bptt/blas`, of one thread each. */
  readonly backend?: Backend;
  /**
   * In a page: starts a worker whose file calls {@link help}, such as
   * `() => new Worker(new URL('helper.js', import.meta.url), { type: 'module' })`. Node starts threads by itself. Where they share memory,
   * one more is started, which keeps watch over them. That one has ended is known by the locks of the browser's; without those, in a page
   * whose context is not secure, of one that fails or whose port is closed, not of one that is terminated.
   */
  readonly helper?: () => Port;
  /**
   * Whether workers see the same memory, which passes can wait for here and now, or memory is handed over to them and has to be
   * awaited: by `forwardAsync` and `backwardAsync`, as a training does in `stepAsync` and where it is iterated over by `for await`, and `fit`,
   * `carryOn` and `bptt/worker` do. Shared where that may be unless given: in Node, and in the workers of a page that is cross-origin isolated.
   */
  readonly memory?: 'shared' | 'copied';
}

const NAMES = ['workers', 'ranks', 'backend', 'cells', 'helper', 'memory'] as const;

/**
 * The same network on several cores: parameters, states, lengths and gradients as before, and the same bits whatever the
 * number of workers. They differ from those of the network by itself by rounding, since gradients are added up shard by
 * shard; a batch of 32 sequences or fewer is one shard, and gains nothing.
 *
 * Every worker has copies of the parameters, which are brought up to date at each pass forward, and kernels of its own. Two
 * hand-overs a step of training, whatever the network is made of.
 *
 * Layers that drop features have masks of their own in every shard but the first.
 *
 * @param network of the library's parts.
 * @returns the network when all workers are there.
 * @throws ValueError when it is none, an option is none, or memory cannot be shared here and is to be; WorkerError when a worker cannot be loaded or does not answer within a minute, and from passes
 * when one has ended: parameters and gradients are then as they were, and the next pass is done by those that are left.
 *
 * @example
 * ```ts
 * import { linear, lstm, recurrent, Sequence, stack } from 'bptt';
 * import { parallel } from 'bptt/parallel';
 *
 * const net = stack({ lstm: recurrent(lstm, { d: 2, m: 4 }), out: linear({ m: 4, C: 3 }) });
 * const fast = await parallel(net, { workers: 2 }); // trains as net does, whose parameters these are
 * const { y, tape } = fast.forward(Sequence.zeros({ T: 5, B: 64, F: 2 }));
 * fast.backward(tape, y);
 * console.log(y.B, fast.params === net.params); // → 64 true
 * ```
 */
export function parallel<P extends string>(
  network: Layer<unknown, P>,
  options: ParallelOptions,
): Promise<ParallelLayer<P>> {
  const { workers, ranks, backend, cells, helper, memory } = requireKnown('options', options, NAMES);
  if (ranks !== undefined) requireRanks('ranks', ranks);
  if (memory !== undefined) requireSight('memory', memory);
  if (ranks !== undefined && memory === 'copied') throw new ValueError('memory', '"shared", with ranks', '"copied"');
  requireInteger('workers', workers, 1, MOST_WORKERS);
  requireLayer('network', network);
  networkJson(network, 'network'); // which says what of it is not the library's, at once
  if (cells !== undefined && typeof cells !== 'string' && !(cells instanceof URL))
    throw new ValueError('cells', 'the address of a module', describe(cells));
  if (helper !== undefined) requireFunction('helper', helper);
  const given = {
    ...(helper && { helper }),
    ...(memory && { memory }),
    ...(backend && { backend }),
    ...(cells && { cells: String(cells) }),
  };
  return Team.of(workers, network, given).then(team => shardedLayer(network, team, ranks));
}
