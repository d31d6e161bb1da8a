/**
 * A network on several cores. A batch is cut into shards, by its size alone; every worker does some of them, each with a
 * network and kernels of its own, and the shards' gradients are added up by a fixed tree. So no bit depends on how many
 * workers there are. Derived in `derivations/parallel.md`.
 */
import type { Backend } from '../engine/options.ts';
import { readState } from '../engine/states.ts';
import { ValueError } from '../errors.ts';
import { networkJson } from '../io/network-json.ts';
import { type Layer, requireLayer } from '../layers/layer.ts';
import { describe, requireKnown, requireSize } from '../require.ts';
import { dense, read, requireSequence, Sequence } from '../sequence.ts';
import { cut, cutState, join, joinStates, statePlaces } from './cutting.ts';
import type { Came } from './hand.ts';
import { dataAt, numbersAt, Places, Shared } from './memory.ts';
import { addInTree, shardsOf } from './shards.ts';
import { type Assignment, Team } from './team.ts';
import type { Backward, Forward, Part } from './work.ts';

/** How a network is run. */
export interface ParallelOptions {
  /** Threads at work, this one among them. */
  readonly workers: number;
  /** Where the engine's products are done; in WebAssembly unless given. One of several threads is `blas()` of `bptt/blas`, of one thread each. */
  readonly backend?: Backend;
}

/** A pass: what went in and came out, and who did what. */
export interface ParallelTape {
  readonly pass: number;
  readonly x: Sequence;
  readonly y: Sequence;
  readonly assignment: Assignment;
}

/**
 * The same network on several cores: parameters, states, lengths and gradients as before, and the same bits whatever the
 * number of workers. They differ from those of the network by itself by rounding, since gradients are added up shard by
 * shard; a batch of 16 sequences or fewer is one shard, and gains nothing.
 *
 * Every worker has copies of the parameters, which are brought up to date at each pass forward, and kernels of its own. Two
 * hand-overs a step of training, whatever the network is made of.
 *
 * @param network of the library's parts, without dropout, whose masks are drawn for a batch as a whole.
 * @throws ValueError when it is none, or an option is none; from its passes, WorkerError when a worker has ended: what is
 * next then gets new ones, and the parameters and gradients are as they were.
 *
 * @example
 * ```ts
 * import { linear, lstm, parallel, recurrent, Sequence, stack } from 'bptt';
 *
 * const net = stack({ lstm: recurrent(lstm, { d: 2, m: 4 }), out: linear({ m: 4, C: 3 }) });
 * const fast = await parallel(net, { workers: 2 }); // trains as net does, whose parameters these are
 * const { y, tape } = fast.forward(Sequence.zeros({ T: 5, B: 64, F: 2 }));
 * fast.backward(tape, y);
 * console.log(y.B, fast.params === net.params); // → 64 true
 * ```
 */
export async function parallel<P extends string>(
  network: Layer<unknown, P>,
  options: ParallelOptions,
): Promise<Layer<ParallelTape, P>> {
  const { workers, backend } = requireKnown('options', options, ['workers', 'backend']);
  requireSize('workers', workers);
  requireLayer('network', network);
  const { params, inputs, outputs, state } = network;
  const json = networkJson(network, 'network');
  if (JSON.stringify(json).includes('"kind":"dropout"'))
    throw new ValueError('network', 'one without dropout', 'dropout');
  const team = await Team.of(workers, json, backend);
  const memory = new Shared();
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
      const { x, assignment, pass } = tape;
      const places = new Places();
      const parts = partsOf(x.B).map(part => ({ ...part, dx: places.sequence(x.T * (part.to - part.from), inputs) }));
      const common = { kind: 'input gradient', memory: memory.of(places.bytes), pass } as const;
      team.do(assignment, parts, (network, parts) => ({ ...network, ...common, parts }));
      dx = Sequence.zeros({ ...x.extent(), F: inputs });
      for (const part of parts) join(dataAt(common.memory, part.dx), part, dx);
      unread.delete(tape);
      return dx;
    };
  };

  return {
    name: network.name,
    params,
    inputs,
    outputs,
    state,
    ...(network.counts && { counts: network.counts }),
    equations: network.equations,

    forward(given, s0) {
      const x = requireSequence('x', given, inputs);
      const { T, B, lengths } = x;
      const initial = readState('s0', s0, state, B);
      const pass = ++passes;
      const places = new Places();
      const p = places.numbers(params.size);
      const parts = partsOf(B).map((part): Forward => {
        const rows = part.to - part.from;
        return {
          ...{ ...part, T },
          ...(lengths && { lengths: Array.from(lengths.subarray(part.from, part.to)) }),
          x: places.sequence(T * rows, inputs, x.data),
          s0: s0 && statePlaces(places, state, rows),
          y: places.sequence(T * rows, outputs),
          sT: statePlaces(places, state, rows),
        };
      });
      const assignment = team.assign(parts.length);
      const common = { kind: 'forward', memory: memory.of(places.bytes), pass, params: p } as const;
      numbersAt(common.memory, p).set(params.values);
      for (const part of parts) {
        cut(x, part, dataAt(common.memory, part.x));
        if (part.s0) cutState(initial, part, part.s0, common.memory);
      }
      try {
        const came = team.do(assignment, parts, (network, parts) => ({ ...network, ...common, parts }));
        const y = like(came, came.T === T ? { ...x.extent(), F: outputs } : { T: came.T, B, F: outputs });
        for (const part of parts) join(dataAt(common.memory, part.y), part, y);
        const sT = joinStates(
          state,
          B,
          parts.map(({ sT }) => sT),
          common.memory,
        );
        const tape = { pass, x, y, assignment };
        live.add(tape);
        dropped.register(tape, { team, pass });
        return { y, sT, tape };
      } catch (error) {
        team.release(pass);
        throw error;
      }
    },

    backward(tape, cotangents, dsT) {
      requireLive(tape);
      unread.get(tape)?.();
      const { x, y, assignment, pass } = tape;
      const dy = dense(read('dy', cotangents, outputs, y));
      const final = readState('dsT', dsT, state, x.B);
      const places = new Places();
      const isLater = x.data instanceof Int32Array;
      const parts = partsOf(x.B).map((part): Backward => {
        const B = part.to - part.from;
        return {
          ...part,
          dy: places.sequence(y.T * B, outputs, dy.data),
          dsT: dsT && statePlaces(places, state, B),
          dx: isLater ? undefined : places.sequence(x.T * B, inputs),
          ds0: statePlaces(places, state, B),
          grads: places.numbers(params.size),
        };
      });
      const common = { kind: 'backward', memory: memory.of(places.bytes), pass } as const;
      for (const part of parts) {
        cut(dy, part, dataAt(common.memory, part.dy));
        if (part.dsT) cutState(final, part, part.dsT, common.memory);
      }
      const came = team.do(assignment, parts, (network, parts) => ({ ...network, ...common, parts }));
      addInTree(
        params.grads,
        parts.map(({ grads }) => numbersAt(common.memory, grads)),
      );
      const ds0 = joinStates(
        state,
        x.B,
        parts.map(({ ds0 }) => ds0),
        common.memory,
      );
      if (isLater) {
        const dx = whenRead(tape);
        unread.set(tape, dx);
        return {
          get dx() {
            return dx();
          },
          ds0,
        };
      }
      const dx = like(came, { ...x.extent(), F: inputs });
      for (const part of parts) if (part.dx) join(dataAt(common.memory, part.dx), part, dx);
      return { dx, ds0 };
    },

    release(tape) {
      if (live.delete(tape)) team.release(tape.pass);
    },
  };
}

/** The parts of a batch of B sequences. */
function partsOf(B: number): readonly Part[] {
  return shardsOf(B).map((shard, n) => ({ ...shard, shard: n }));
}

/** Tapes that are collected without having been released. */
const dropped = new FinalizationRegistry<{ readonly team: Team; readonly pass: number }>(({ team, pass }) =>
  team.release(pass),
);

/** A sequence to be filled, of as many bits a number as what came. */
function like({ narrow }: Came, extent: Parameters<typeof Sequence.zeros>[0]): Sequence {
  return narrow ? Sequence.zeros(extent, Sequence.over(new Float32Array(1), { T: 1, F: 1 })) : Sequence.zeros(extent);
}
