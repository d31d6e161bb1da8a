/** Batches cut into shards and put together again, in memory that all hands see. Shards are columns of time-major sequences. */
import type { Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';
import { FlatMatrix, type FloatArray } from '../views.ts';
import { numbersAt, type Places } from './memory.ts';
import type { Shard } from './shards.ts';
import type { Memory, Place } from './work.ts';

type StatePlaces = Readonly<Record<string, Place>>;

/** Copies the sequences of a shard out of a batch: what lies at padding is not looked at, and goes along. */
export function cut({ data, T, B }: Sequence, { from, to }: Shard, part: FloatArray | Int32Array): void {
  const row = data.length / (T * B);
  const own = (to - from) * row;
  for (let t = 0; t < T; t++) part.set(data.subarray((t * B + from) * row, (t * B + to) * row), t * own);
}

/** Copies the sequences of a shard into a batch: as many steps as this has. */
export function join(part: FloatArray | Int32Array, { from, to }: Shard, { data, F, T, B }: Sequence): void {
  const own = (to - from) * F;
  for (let t = 0; t < T; t++) data.set(part.subarray(t * own, (t + 1) * own), (t * B + from) * F);
}

/** Places for the state of so many sequences. */
export function statePlaces(places: Places, state: Readonly<Record<string, number>>, B: number): StatePlaces {
  return Object.fromEntries(Object.entries(state).map(([part, columns]) => [part, places.numbers(B * columns)]));
}

/** Copies a state to its places, or the rows of a shard of it, which begin with row `from`. */
export function putState(state: Matrices, places: StatePlaces, memory: Memory, from: number = 0): void {
  for (const [part, place] of Object.entries(places)) {
    const to = numbersAt(memory, place);
    const rows = state[part];
    if (rows instanceof FlatMatrix) {
      const { data, offset, columns } = rows;
      const begin = offset + from * columns;
      to.set(data.subarray(begin, begin + to.length));
      continue;
    }
    const columns = rows?.columns ?? 1;
    for (let n = 0; n < to.length; n++) to[n] = rows?.get(from + Math.floor(n / columns), n % columns) ?? Number.NaN;
  }
}

/** The state of a shard, in the memory that it was worked on in. */
interface ShardState {
  readonly places: StatePlaces;
  readonly memory: Memory;
}

/** A state of B sequences, of the rows of all shards one after the other. */
export function joinStates(
  state: Readonly<Record<string, number>>,
  B: number,
  shards: readonly ShardState[],
): Matrices {
  const parts = Object.entries(state).map(([part, columns]) => {
    const data = new Float64Array(B * columns);
    let at = 0;
    for (const { places, memory } of shards) {
      const place = places[part];
      if (!place) continue;
      data.set(numbersAt(memory, place), at);
      at += place.count;
    }
    return [part, new FlatMatrix(data, B, columns)] as const;
  });
  return Object.fromEntries(parts);
}
