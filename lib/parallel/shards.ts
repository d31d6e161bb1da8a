/**
 * How a batch is cut, and how what its parts give is added up: by the batch alone, so that no bit depends on how many hands
 * there are. Derived in `derivations/parallel.md`.
 */

/** Sequences `from` (included) to `to` (excluded) of a batch. */
export interface Shard {
  readonly from: number;
  readonly to: number;
}

/** Sequences of a shard at most: enough for a product's rows to be worth it, few enough for several cores. */
const ROWS = 32;

/** The shards of a batch of B sequences, in order: as few as there can be of at most 32 sequences, as even as they can be. */
export function shardsOf(B: number): readonly Shard[] {
  const count = Math.ceil(B / ROWS);
  return Array.from({ length: count }, (_, n) => ({
    from: Math.floor((n * B) / count), // PAR-F1  shard n is of sequences ⌊nB/S⌋ … ⌊(n+1)B/S⌋ − 1
    to: Math.floor(((n + 1) * B) / count),
  }));
}

/**
 * Sums in a tree, pair by pair: neighbours first, then sums of neighbours. Who has some of the shards adds up what these are
 * enough for, and whoever has what came of all of them goes on: the additions are the same, whoever makes them.
 */
export class Tree {
  readonly #parts: readonly Float64Array[];
  /** Those that have been added to another. */
  readonly #merged = new Set<number>();

  /** @param parts one array a shard, all as long: all but those that sums lie in are scratch from now on. */
  constructor(parts: readonly Float64Array[]) {
    this.#parts = parts;
  }

  /**
   * Adds up all that shards from (included) to another (excluded) are enough for.
   *
   * @returns in whose places there are sums now that are part of no other, in order.
   */
  addUp({ from, to }: Shard): readonly number[] {
    const parts = this.#parts;
    for (let step = 1; step < parts.length; step *= 2) {
      for (let left = 0; left + step < parts.length; left += 2 * step) {
        const end = Math.min(left + 2 * step, parts.length);
        const right = left + step;
        if (left < from || end > to || this.#merged.has(right)) continue;
        addTo(parts[left], parts[right]); // PAR-F3  G_{l+1,n} = G_{l,2n} + G_{l,2n+1}
        this.#merged.add(right);
      }
    }
    return Array.from(parts.keys()).filter(n => n >= from && n < to && !this.#merged.has(n));
  }

  /** What others have added up, by their own {@link addUp}: its sums lie here now. */
  know({ from, to }: Shard, sums: readonly number[]): void {
    for (let n = from; n < to; n++) if (!sums.includes(n)) this.#merged.add(n);
  }

  /** Adds what all shards come to. */
  addAllTo(into: Float64Array): void {
    this.addUp({ from: 0, to: this.#parts.length });
    addTo(into, this.#parts[0]); // PAR-F4  dL/dθ += G
  }
}

/** In whose places the sums lie that some of so many shards are enough for. */
export function sumsOf(count: number, share: Shard): readonly number[] {
  return new Tree(Array.from({ length: count }, () => new Float64Array(0))).addUp(share);
}

function addTo(into: Float64Array | undefined, other: Float64Array | undefined): void {
  if (!into || !other) return;
  for (let n = 0; n < into.length; n++) into[n] = (into[n] ?? 0) + (other[n] ?? 0);
}
