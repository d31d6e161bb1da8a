/** Where the shards of a pass are worked on: at one desk, in memory that all hands share, or where they share none at one each. */
import { Places, type Pool } from './memory.ts';
import type { Ranks } from './ranks.ts';
import { Results } from './results.ts';
import type { Memory, Part } from './work.ts';

/** Which hand does a shard of this process: a number of the helpers', or this thread. */
export type Assignment = ReadonlyMap<number, number>;

/** The number of this thread. */
export const HERE = -1;

/** Some parts and who does them: hands at one desk. */
export interface Group {
  readonly hands: readonly number[];
  readonly parts: readonly Part[];
}

/** The groups of a batch's parts: one where hands share memory, or there is one alone. */
export function groupsOf(parts: readonly Part[], assignment: Assignment, share: boolean): readonly Group[] {
  const hands = [...new Set(assignment.values())];
  if (share || hands.length === 1) return [{ hands, parts }];
  return hands.map(hand => ({ hands: [hand], parts: parts.filter(({ shard }) => assignment.get(shard) === hand) }));
}

/** A group with memory before it, in which its parts have their places. */
export class Desk<Laid extends Part> {
  readonly hands: readonly number[];
  /** All of them, also those of other ranks. */
  readonly parts: readonly Laid[];
  readonly results: Results;
  /** Goes to another thread and comes back. */
  memory: Memory;

  /** @param lay takes places for the parts: first for all that goes in, then part by part for what comes out. */
  constructor(
    { hands, parts }: Group,
    ranks: Ranks,
    pool: Pool,
    lay: (parts: readonly Part[], places: Places, results: Results) => readonly Laid[],
  ) {
    const places = new Places();
    this.hands = hands;
    this.results = new Results(places, ranks);
    this.parts = lay(parts, places, this.results);
    this.memory = pool.take(places.bytes);
  }

  /** Those of its parts that a hand does. */
  of(hand: number, assignment: Assignment): readonly Laid[] {
    return this.parts.filter(({ shard }) => assignment.get(shard) === hand);
  }
}
