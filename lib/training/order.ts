/** In which order examples are gone through, and which of them together. */
import type { Random } from '../random.ts';
import type { Examples } from './examples.ts';

/** Batches whose examples are sorted by length together: the more, the less padding, and the less chance in who meets whom. */
const POOL = 16;

/** The batches of one epoch: every example in one of them, drawn anew; where lengths are known, with others about as long. */
export class Order {
  readonly batches: readonly (readonly number[])[];

  constructor({ count, length }: Pick<Examples<unknown>, 'count' | 'length'>, batch: number, rng: Random) {
    const order = shuffled(
      Array.from({ length: count }, (_, n) => n),
      rng,
    );
    if (!length) {
      this.batches = parts(order, batch);
      return;
    }
    const pools = parts(order, POOL * batch).map(pool => pool.sort((a, b) => length(a) - length(b)));
    this.batches = shuffled(
      pools.flatMap(pool => parts(pool, batch)),
      rng,
    );
  }
}

/** The same list, in an order that is drawn (Fisher and Yates). */
export function shuffled<T>(list: T[], rng: Random): T[] {
  for (let n = list.length - 1; n > 0; n--) {
    const other = Math.floor((n + 1) * rng.uniform());
    [list[n], list[other]] = [list[other] as T, list[n] as T];
  }
  return list;
}

function parts<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, n) => list.slice(n * size, (n + 1) * size));
}
