import type { Noise } from './noise.ts';

/** One law, and whether it holds. */
export interface Law {
  readonly name: string;
  readonly ok: boolean;
  /** The largest deviation from it, over the largest number of its tensor where that is more than 1. */
  readonly worst: number;
  /** Where it is broken: the name of a gradient or of a result, or what has changed. */
  readonly broken?: string;
  /** Why it is not known whether it holds, where that is so: `ok` is false, and nothing `broken`. */
  readonly noise?: Noise;
  /** Given where the layer computes with numbers of 32 bits: sums in another order are held to 1e-4 of the largest then. */
  readonly bits?: 32;
}
