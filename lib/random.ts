import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus, xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import { madeElsewhere } from './copies.ts';
import { ValueError } from './errors.ts';
import { describe, requireInteger, requireList } from './require.ts';

/** Draws thrown away after seeding: the generator's first ones mirror a small seed (the first of seed 42 is 0.9999994). */
const WARM_UP = 64;

/**
 * A seed for a stream of its own, by its name: of one seed, streams of different names are independent of each other, and of
 * `new Random(seed)`.
 */
export function streamSeed(seed: number, name: string): number {
  let hash = mixed(seed ^ 0x811c9dc5); // FNV-1a of the name, begun from the seed: mixed, that it is no letter's to take back
  for (let n = 0; n < name.length; n++) hash = Math.imul(hash ^ name.charCodeAt(n), 0x01000193);
  return mixed(hash) >>> 0;
}

/** Every bit of the outcome depends on every bit, and no two numbers become the same: MurmurHash3's last steps. */
function mixed(bits: number): number {
  let hash = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

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
  static readonly brand: string = 'bptt.Random';
  #generator: ReturnType<typeof xoroshiro128plus>;

  /** @param seed an integer in 0…2³²−1; throws ValueError when it is not. */
  constructor(seed: number) {
    this.#generator = xoroshiro128plus(requireInteger('seed', seed, 0, 2 ** 32 - 1) | 0);
    for (let n = 0; n < WARM_UP; n++) this.#generator.next();
  }

  /** Whether a value is a generator: not what wraps one, such as a Proxy, whose state could not be reached. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && (#generator in value || madeElsewhere(Random, value));
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

  /**
   * An index of `weights`, each drawn in proportion to its weight ≥ 0.
   *
   * @throws ValueError when a weight is negative or not finite, or none is greater than 0; nothing is drawn then.
   */
  index(weights: ArrayLike<number>): number {
    requireList('weights', weights);
    let total = 0;
    for (let k = 0; k < weights.length; k++) {
      const weight = weights[k];
      if (!(typeof weight === 'number' && weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
        throw new ValueError(`weights[${k}]`, 'a finite number ≥ 0', describe(weight));
      }
      total += weight;
    }
    if (total === 0) throw new ValueError('weights', 'one that is greater than 0', 'none');
    const scale = total === Number.POSITIVE_INFINITY ? 2 ** -64 : 1; // where their sum overflows, of smaller ones
    if (scale < 1) total = Array.from(weights, weight => weight * scale).reduce((sum, weight) => sum + weight, 0);
    let rest = this.uniform() * total;
    let last = 0;
    for (let k = 0; k < weights.length; k++) {
      const weight = (weights[k] ?? 0) * scale;
      if (weight === 0) continue;
      last = k;
      rest -= weight;
      if (rest < 0) return k;
    }
    return last;
  }
}
