/** What holds of right passes whatever the numbers, and how far from it they are. */
import { BpttError } from '../errors.ts';
import { greatest } from '../extremes.ts';
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

/** How far one tensor of several is from what it should be. */
export interface Deviation {
  readonly name: string;
  readonly deviation: number;
}

/** A law that the subject refuses to be tried on, with an error of the library, is broken by that. */
export function law(name: string, bound: number, deviations: () => readonly Deviation[]): Law {
  try {
    const found = deviations();
    const worst = Math.max(0, greatest(found.map(({ deviation }) => deviation)));
    const broken = found.find(({ deviation }) => !(deviation <= bound))?.name;
    return broken === undefined ? { name, ok: true, worst } : { name, ok: false, worst, broken };
  } catch (error) {
    if (error instanceof BpttError) return { name, ok: false, worst: Number.POSITIVE_INFINITY, broken: error.message };
    throw error;
  }
}

/** The deviation of every tensor; infinite where one is missing or has another size. */
export function differing(actual: Tensors, expected: Tensors): Deviation[] {
  return Object.entries(expected).map(([name, es]) => {
    const as = actual[name] ?? [];
    if (as.length !== es.length) return { name, deviation: Number.POSITIVE_INFINITY };
    const scale = es.reduce((largest, e) => Math.max(largest, Math.abs(e)), 1);
    const apart = as.reduce((most, a, i) => larger(most, Math.abs(a - (es[i] ?? Number.NaN))), 0);
    return { name, deviation: apart / scale };
  });
}

/** Numbers by the name of their tensor. */
type Tensors = Readonly<Record<string, readonly number[]>>;

/** The larger of two; what is no number is larger than any. */
const larger = (a: number, b: number): number => (b > a || Number.isNaN(b) ? b : a);
