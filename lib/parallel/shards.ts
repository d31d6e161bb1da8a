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
const ROWS = 16;

/** The shards of a batch of B sequences, in order: as few as there can be of at most 16 sequences, as even as they can be. */
export function shardsOf(B: number): readonly Shard[] {
  const count = Math.ceil(B / ROWS);
  return Array.from({ length: count }, (_, n) => ({
    from: Math.floor((n * B) / count), // PAR-F1  shard n is of sequences ⌊nB/S⌋ … ⌊(n+1)B/S⌋ − 1
    to: Math.floor(((n + 1) * B) / count),
  }));
}

/**
 * Adds a sum of arrays to another, pair by pair: neighbours first, then sums of neighbours.
 *
 * @param parts as long as `into`, of which all but the last are overwritten by sums.
 */
export function addInTree(into: Float64Array, parts: readonly Float64Array[]): void {
  let level = parts;
  while (level.length > 1) {
    level = level.flatMap((left, n) => {
      if (n % 2 === 1) return [];
      const right = level[n + 1];
      if (right) addTo(left, right); // PAR-F3  G_{l+1,n} = G_{l,2n} + G_{l,2n+1}
      return [left];
    });
  }
  const [sum] = level;
  if (sum) addTo(into, sum); // PAR-F4  dL/dθ += G
}

function addTo(into: Float64Array, other: Float64Array): void {
  for (let n = 0; n < into.length; n++) into[n] = (into[n] ?? 0) + (other[n] ?? 0);
}
