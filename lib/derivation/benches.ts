/** As many draws as it takes to tell. */
import type { Bench } from './bench.ts';

/** Draws, each made when it is asked for first. */
export class Benches<N> {
  readonly #make: (n: number) => Bench<N>;
  readonly #made: Bench<N>[] = [];

  constructor(make: (n: number) => Bench<N>) {
    this.#make = make;
  }

  *first(count: number): Generator<Bench<N>> {
    for (let n = 0; n < count; n++) {
      const bench = this.#made[n] ?? this.#make(n);
      this.#made[n] = bench;
      yield bench;
    }
  }
}
