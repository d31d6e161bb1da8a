/** What a lecture says of gradients on their way back through time, put to the test. */
import type { Layer } from '../../layers/layer.ts';
import type { Sequence } from '../../sequence.ts';
import { quartiles, reachingBack } from '../compare.ts';
import { type NetworkOptions, probe } from '../networks.ts';

/** Whether what is said holds as it is said. */
export type Verdict = 'holds' | 'needs a condition' | 'wrong as written';

/** Named lines over a common axis. */
export interface Chart {
  readonly x: string;
  readonly y: string;
  /** Whether y has a logarithmic axis; what is not above 0 cannot be drawn on it. */
  readonly log: boolean;
  readonly series: readonly { readonly name: string; readonly points: readonly (readonly [x: number, y: number])[] }[];
}

/** What a measurement found. */
export interface Evidence {
  /** Whether it bears the verdict out. */
  readonly shown: boolean;
  /** What it rests on, each by its name. */
  readonly figures: Readonly<Record<string, number>>;
  readonly chart: Chart;
}

/** How much is measured: more seeds take longer and are more certain. */
export interface Effort {
  /** Networks of every kind, seeds 1, 2, …. */
  readonly seeds: number;
  /** Steps of each. */
  readonly length: number;
  /** Inputs, and hidden units. */
  readonly d: number;
  readonly m: number;
}

/** What `bptt flow --claims` takes unless told otherwise. */
export const usualEffort: Effort = { seeds: 20, length: 100, d: 16, m: 32 };

/** One claim. */
export interface Claim {
  /** What it goes by, and its figure's file. */
  readonly name: string;
  /** Lecture and slide. */
  readonly source: string;
  /** What is said there, in its words or nearly. */
  readonly says: string;
  readonly verdict: Verdict;
  /** The condition, or what holds in its place. */
  readonly because: string;
  measure(effort: Effort): Evidence;
}

/** A network, but for the sizes and the seed. */
export type Kind = Omit<NetworkOptions, 'd' | 'm' | 'seed'>;

/** What reaches 0, 1, … T−1 steps back in a network of this kind, for every seed; `change` sees each first. */
export function fadingOfKind(
  kind: Kind,
  { seeds, length, d, m }: Effort,
  change: (layer: Layer, x: Sequence) => void = () => {},
): number[][] {
  return Array.from({ length: seeds }, (_, n) => {
    const { layer, x } = probe({ ...kind, d, m, seed: n + 1 }, length);
    change(layer, x);
    return reachingBack(layer, x);
  });
}

/** The median over the seeds at every distance: a line. */
export function medianLine(curves: readonly (readonly number[])[]): (readonly [x: number, y: number])[] {
  return (curves[0] ?? []).map((_, n) => [n, quartiles(curves.map(curve => curve[n] ?? Number.NaN)).median] as const);
}

/** What reaches furthest, by seed. */
export function lastOf(curves: readonly (readonly number[])[]): number[] {
  return curves.map(curve => curve.at(-1) ?? Number.NaN);
}

/** Median of some numbers. */
export function median(values: readonly number[]): number {
  return quartiles(values).median;
}

/** The axes of every picture of what is left of a gradient over a distance. */
export const FADING: Pick<Chart, 'x' | 'y' | 'log'> = {
  x: 'distance back (steps)',
  y: 'norm of what arrives, root mean square',
  log: true,
};

/** Less than this of a gradient is as good as none: it is below what float32 adds to 1. */
export const VANISHED: number = 1e-7;
/** More than this is enough to learn from, beside that of the last step. */
export const SURVIVES: number = 1e-2;
