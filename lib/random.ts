import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus, xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import { ValueError } from './errors.ts';
import { describe, requireFinite, requireInteger, requireList } from './require.ts';

/** Draws thrown away after seeding: the generator's first ones mirror a small seed (the first of seed 42 is 0.9999994). */
const WARM_UP = 64;

/**
 * The one source of randomness: xoroshiro128+ from pure-rand. One seed fixes everything drawn from it, and its state
 * can be saved and taken up again.
 *
 * @example
 * ```ts
 * import { Random } from 'bptt';
 *
 * const rng = new Random(42);
 * rng.uniform();
 * const again = Random.fromState(rng.state());
 * console.log(again.normal() === rng.normal()); // → true
 * ```
 */
export class Random {
  /** Said here, since a bundle calls classes otherwise. */
  static readonly name: string = 'Random';
  #generator: ReturnType<typeof xoroshiro128plus>;

  /** @param seed an integer in 0…2³²−1; throws ValueError when it is not. */
  constructor(seed: number) {
    this.#generator = xoroshiro128plus(requireInteger('seed', seed, 0, 2 ** 32 - 1) | 0);
    for (let n = 0; n < WARM_UP; n++) this.#generator.next();
  }

  /** The generator that goes on where one with this {@link state} stood. */
  static fromState(state: readonly number[]): Random {
    if (
      !Array.isArray(state) ||
      state.length !== 4 ||
      !Array.from(state).every(word => Number.isInteger(word) && word === (word | 0)) ||
      state.every(word => word === 0)
    ) {
      throw new ValueError('state', 'four 32-bit integers, not all zero', describe(state));
    }
    const random = new Random(0);
    random.#generator = xoroshiro128plusFromState(state);
    return random;
  }

  /** Four integers from which {@link fromState} goes on. */
  state(): readonly number[] {
    return this.#generator.getState();
  }

  /** Uniform in [0, 1), a multiple of 2⁻⁵³. */
  uniform(): number {
    return uniformFloat64(this.#generator);
  }

  /** Standard normal, by Box and Muller. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** An index of `weights`, each drawn in proportion to its weight ≥ 0; throws ValueError when one is not finite. */
  index(weights: ArrayLike<number>): number {
    requireFinite('weights', requireList('weights', weights));
    let total = 0;
    for (let k = 0; k < weights.length; k++) total += weights[k] ?? 0;
    let rest = this.uniform() * total;
    let last = 0;
    for (let k = 0; k < weights.length; k++) {
      const weight = weights[k] ?? 0;
      if (weight === 0) continue;
      last = k;
      rest -= weight;
      if (rest < 0) return k;
    }
    return last;
  }
}
