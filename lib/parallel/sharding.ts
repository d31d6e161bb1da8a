/** What passes over shards are made of: a network, who works on it, and where. */
import type { Dropout } from '../layers/dropout.ts';
import type { Layer } from '../layers/layer.ts';
import { Sequence } from '../sequence.ts';
import { type Assignment, Desk, groupsOf } from './desks.ts';
import type { Came } from './hand.ts';
import type { Places, Pool } from './memory.ts';
import type { Ranks } from './ranks.ts';
import type { Results } from './results.ts';
import { shardsOf } from './shards.ts';
import type { Team } from './team.ts';
import type { Memory, Part } from './work.ts';

export interface Sharding {
  readonly network: Layer;
  readonly team: Team;
  readonly ranks: Ranks;
  readonly pool: Pool;
  /** Its layers that drop features. */
  readonly drops: readonly Dropout[];
}

/** A pass: what went in and came out, and who did what. */
export interface ParallelTape {
  readonly pass: number;
  readonly x: Sequence;
  readonly y: Sequence;
  readonly assignment: Assignment;
}

/** The parts of a batch of B sequences. */
export function partsOf(B: number): readonly Part[] {
  return shardsOf(B).map((shard, n) => ({ ...shard, shard: n }));
}

/** The desks at which the parts of a batch of B sequences are worked on, in the order of the parts. */
export function desksFor<Laid extends Part>(
  { team, ranks, pool }: Sharding,
  B: number,
  assignment: Assignment,
  lay: (parts: readonly Part[], places: Places, results: Results) => readonly Laid[],
): readonly Desk<Laid>[] {
  return groupsOf(partsOf(B), assignment, team.share).map(group => new Desk(group, ranks, pool, lay));
}

/** Every part, with the memory in which it has its places. */
export function laid<Laid extends Part>(
  desks: readonly Desk<Laid>[],
): readonly { readonly part: Laid; readonly memory: Memory }[] {
  return desks.flatMap(({ parts, memory }) => parts.map(part => ({ part, memory })));
}

/** A sequence to be filled, of as many bits a number as what came. */
export function like({ narrow }: Came, extent: Parameters<typeof Sequence.zeros>[0]): Sequence {
  return narrow ? Sequence.zeros(extent, Sequence.over(new Float32Array(1), { T: 1, F: 1 })) : Sequence.zeros(extent);
}
