/** Several processes that do the same steps on the same data, each its share of the shards, and tell each other what came of it. */
import { ValueError } from '../errors.ts';
import { requireFunction, requireInteger, requireObject, requireSize } from '../require.ts';
import type { Shard } from './shards.ts';

/** One of several processes, as MPI has them. */
export interface Ranks {
  /** The number of this one, from 0 on. */
  readonly rank: number;
  /** How many there are. */
  readonly size: number;
  /** All have the bytes of one of them afterwards: every rank says this, with as many. */
  broadcast(from: number, bytes: Uint8Array): void;
}

/** One process, which has nobody to tell. */
export const ALONE: Ranks = { rank: 0, size: 1, broadcast() {} };

/** It has the parts of one, or throws ValueError naming what is missing. */
export function requireRanks(argument: string, ranks: Ranks): void {
  const { rank, size, broadcast } = requireObject(argument, ranks, 'several processes, as mpi() gives them');
  requireSize(`${argument}.size`, size);
  requireInteger(`${argument}.rank`, rank, 0, size - 1);
  requireFunction(`${argument}.broadcast`, broadcast);
}

/** Whether any of them says so. Every rank asks this at the same place of its program. */
export function any({ rank, size, broadcast }: Ranks, says: boolean): boolean {
  const flag = new Uint8Array(1);
  let found = false;
  for (let from = 0; from < size; from++) {
    flag[0] = from === rank && says ? 1 : 0;
    broadcast(from, flag);
    found ||= flag[0] === 1;
  }
  return found;
}

/** Which shards a rank does: neighbours, as many as the others. */
export function shareOf(rank: number, size: number, shards: number): Shard {
  return { from: Math.floor((rank * shards) / size), to: Math.floor(((rank + 1) * shards) / size) }; // PAR-F5  rank r does shards ⌊rS/N⌋ … ⌊(r+1)S/N⌋ − 1
}

/**
 * The parts of a batch that a rank does, of all.
 *
 * @throws ValueError when there are more ranks than shards.
 */
export function ownOf<Part>(parts: readonly Part[], { rank, size }: Ranks): readonly Part[] {
  const shards = parts.length;
  if (shards < size)
    throw new ValueError(
      'x',
      `a batch of at least ${size} shards, which have 32 sequences at most, for as many ranks`,
      `${shards}`,
    );
  const { from, to } = shareOf(rank, size, shards);
  return parts.slice(from, to);
}
