/** What comes of the shards, one behind the other in the memory that all hands of a process see: that of a rank is one block. */
import type { Places } from './memory.ts';
import { type Ranks, shareOf } from './ranks.ts';
import { type Shard, sumsOf, Tree } from './shards.ts';
import type { Memory } from './work.ts';

export class Results {
  readonly #places: Places;
  readonly #ranks: Ranks;
  /** Where those of each shard begin. */
  readonly #begins: number[] = [];

  /** @param places where they will be taken, shard by shard and nothing else. */
  constructor(places: Places, ranks: Ranks) {
    this.#places = places;
    this.#ranks = ranks;
  }

  /** Those of the next shard begin. */
  begin(): void {
    this.#begins.push(this.#places.bytes);
  }

  /** Every rank tells all others what came of its shards. */
  exchange(memory: Memory): void {
    if (this.#ranks.size === 1) return;
    const placeOf = (shard: number) => this.#begins[shard] ?? this.#places.bytes;
    for (let rank = 0; rank < this.#ranks.size; rank++) {
      const { from, to } = this.#shareOf(rank);
      this.#ranks.broadcast(rank, new Uint8Array(memory, placeOf(from), placeOf(to) - placeOf(from)));
    }
  }

  /** The tree of the shards' gradients: every rank adds up its own, and tells the others the sums. */
  sum(gradients: readonly Float64Array[]): Tree {
    const tree = new Tree(gradients);
    const { rank, size } = this.#ranks;
    if (size === 1) return tree;
    tree.addUp(this.#shareOf(rank));
    for (let from = 0; from < size; from++) {
      const share = this.#shareOf(from);
      const sums = sumsOf(gradients.length, share);
      for (const n of sums) this.#ranks.broadcast(from, bytesOf(gradients[n]));
      tree.know(share, sums);
    }
    return tree;
  }

  #shareOf(rank: number): Shard {
    return shareOf(rank, this.#ranks.size, this.#begins.length);
  }
}

function bytesOf(numbers: Float64Array = new Float64Array(0)): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}
