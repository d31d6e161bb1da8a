/** A layer over batches cut into shards: what a team does of them, put together. */
import { readState } from '../engine/states.ts';
import { ValueError } from '../errors.ts';
import type { Layer } from '../layers/layer.ts';
import { describe } from '../require.ts';
import { dense, read, requireSequence, Sequence } from '../sequence.ts';
import { cut, join, joinStates, putState, statePlaces } from './cutting.ts';
import { dropsOf, settingsOf } from './drops.ts';
import type { Came } from './hand.ts';
import { dataAt, numbersAt, Places, Shared } from './memory.ts';
import { ALONE, type Ranks } from './ranks.ts';
import { Results } from './results.ts';
import { shardsOf } from './shards.ts';
import type { Assignment, Team } from './team.ts';
import type { Backward, Forward, Part } from './work.ts';

/** A pass: what went in and came out, and who did what. */
export interface ParallelTape {
  readonly pass: number;
  readonly x: Sequence;
  readonly y: Sequence;
  readonly assignment: Assignment;
}

/** The layer of a network that all of a team have; its parameters and gradients are the network's. */
export function shardedLayer<P extends string>(
  network: Layer<unknown, P>,
  team: Team,
  ranks: Ranks = ALONE,
): Layer<ParallelTape, P> {
  const { params, inputs, outputs, state } = network;
  const drops = dropsOf(network);
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
      const results = new Results(places, ranks);
      const parts = partsOf(x.B).map(part => {
        results.begin();
        return { ...part, dx: places.sequence(x.T * (part.to - part.from), inputs) };
      });
      const common = { kind: 'input gradient', memory: memory.of(places.bytes), pass } as const;
      team.do(assignment, results.own(parts), (network, parts) => ({ ...network, ...common, parts }));
      results.exchange(common.memory);
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
      const handed = partsOf(B).map(part => {
        const rows = part.to - part.from;
        return {
          ...{ ...part, rows, T },
          ...(lengths && { lengths: Array.from(lengths.subarray(part.from, part.to)) }),
          x: places.sequence(T * rows, inputs, x.data),
          s0: s0 && statePlaces(places, state, rows),
        };
      });
      const results = new Results(places, ranks);
      const parts = handed.map((part): Forward => {
        results.begin();
        return { ...part, y: places.sequence(T * part.rows, outputs), sT: statePlaces(places, state, part.rows) };
      });
      const own = results.own(parts);
      const assignment = team.assign(own.length);
      const common = {
        kind: 'forward',
        memory: memory.of(places.bytes),
        pass,
        params: p,
        drops: settingsOf(drops),
      } as const;
      numbersAt(common.memory, p).set(params.values);
      for (const part of own) {
        cut(x, part, dataAt(common.memory, part.x));
        if (part.s0) putState(initial, part.s0, common.memory, part.from);
      }
      try {
        const came = team.do(assignment, own, (network, parts) => ({ ...network, ...common, parts }));
        results.exchange(common.memory);
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
      const handed = partsOf(x.B).map(part => {
        const rows = part.to - part.from;
        return {
          ...{ ...part, rows },
          dy: places.sequence(y.T * rows, outputs, dy.data),
          dsT: dsT && statePlaces(places, state, rows),
          grads: places.numbers(params.size),
        };
      });
      const results = new Results(places, ranks);
      const parts = handed.map((part): Backward => {
        results.begin();
        const dx = isLater ? undefined : places.sequence(x.T * part.rows, inputs);
        return { ...part, dx, ds0: statePlaces(places, state, part.rows) };
      });
      const own = results.own(parts);
      const common = { kind: 'backward', memory: memory.of(places.bytes), pass } as const;
      for (const part of own) {
        cut(dy, part, dataAt(common.memory, part.dy));
        if (part.dsT) putState(final, part.dsT, common.memory, part.from);
      }
      const came = team.do(assignment, own, (network, parts) => ({ ...network, ...common, parts }));
      results.exchange(common.memory);
      results.sum(parts.map(({ grads }) => numbersAt(common.memory, grads))).addAllTo(params.grads);
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
