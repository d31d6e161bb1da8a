/** How much of a gradient reaches the first step from the last, cell beside cell, over many seeds. */
import type { Cell } from '../cells/cell.ts';
import { ValueError } from '../errors.ts';
import type { Layer } from '../layers/layer.ts';
import { describe, requireFiniteNumber, requireKnown, requireList, requireSize } from '../require.ts';
import type { Sequence } from '../sequence.ts';
import { memoryDepth } from './gradients.ts';
import { lastOutputIn } from './jacobians.ts';
import { hasKeepingGate, type InitName, probe, requireInit, standardNetwork } from './networks.ts';
import { finiteNorm, OverflowError } from './overflow.ts';

/** The middle of some numbers, and the middles of its halves. */
export interface Quartiles {
  readonly median: number;
  readonly q1: number;
  readonly q3: number;
}

/** What is compared, beside the cells. */
export interface ComparisonOptions {
  /** Steps: the gradient goes from step `length` to step 1. */
  readonly length: number;
  readonly d: number;
  readonly m: number;
  readonly seeds: number;
  /** For all of them, in place of the standard one; the identity of `irnn` stays. */
  readonly init?: InitName | undefined;
  readonly gain?: number;
  /** The bias of the gate that keeps, where a cell has one: ln(length) unless given. */
  readonly forgetBias?: number;
}

/** One of the networks compared. */
export interface Compared {
  readonly name: string;
  readonly cell: string;
  readonly init: InitName;
  readonly forgetBias: number | null;
  /** Of every seed that does not overflow: what reaches s_1 from h_T. */
  readonly reaching: readonly number[];
  /** Seeds in which a state or what reaches back overflows: they are left out of the figures. */
  readonly overflowed: number;
  /** Null where all of them do. */
  readonly quartiles: Quartiles | null;
  /** At 0, 1, … T−1 steps from the last; of none where all overflow. */
  readonly fading: readonly Quartiles[];
  /** The effective memory length in steps, the median over the seeds; null where all overflow. */
  readonly memory: number | null;
}

const OPTIONS = ['length', 'd', 'm', 'seeds', 'init', 'gain', 'forgetBias'] as const;

/**
 * The networks called `names` (of `standardNetwork`), each with `seeds` different weights and inputs: seeds 1, 2, ….
 *
 * What reaches s_k from h_T is ‖∂h_T/∂s_k‖_F/√m, the root mean square over random directions of length 1 at h_T. It is 1
 * for k = T in every cell.
 *
 * @param known the cells there are, by name.
 * @yields after every seed: how many networks are done.
 * @throws ValueError when a name is unknown, or an option out of its range.
 */
export function* compared(
  names: readonly string[],
  options: ComparisonOptions,
  known?: Readonly<Record<string, Cell>>,
): Generator<number, readonly Compared[], undefined> {
  const { length, d, m, seeds, gain = 1, init: asked, forgetBias: bias } = requireKnown('options', options, OPTIONS);
  requireSize('length', length);
  requireSize('seeds', seeds);
  if (asked !== undefined) requireInit(asked);
  if (bias !== undefined && bias !== null) requireFiniteNumber('forgetBias', bias);
  for (const name of requireList('names', names, 'a list of names')) {
    if (typeof name !== 'string') throw new ValueError('names', 'names of networks', describe(name));
  }
  const networks = names.map(name => ({ name, ...standardNetwork(name, known) }));
  const results: Compared[] = [];
  let done = 0;
  for (const { name, cell, init: standard } of networks) {
    const init = name === 'irnn' ? standard : (asked ?? standard);
    const forgetBias = hasKeepingGate(cell) ? (bias ?? Math.log(length)) : null;
    const curves: number[][] = [];
    for (let seed = 1; seed <= seeds; seed++) {
      const { layer, x } = probe({ cell, init, d, m, gain, forgetBias, seed }, length);
      const curve = curveOf(layer, x);
      if (curve) curves.push(curve);
      done += 1;
      yield done;
    }
    const reaching = curves.map(curve => curve.at(-1) ?? Number.NaN);
    results.push({
      name,
      cell: cell.name,
      init,
      forgetBias,
      reaching,
      overflowed: seeds - curves.length,
      quartiles: reaching.length > 0 ? quartiles(reaching) : null,
      fading: (curves[0] ?? []).map((_, n) => quartiles(curves.map(curve => curve[n] ?? Number.NaN))),
      memory: reaching.length > 0 ? quartiles(curves.map(memoryDepth)).median : null,
    });
  }
  return results;
}

/** What reaches back in one network; undefined where that overflows. */
function curveOf(layer: Layer, x: Sequence): number[] | undefined {
  try {
    return reachingBack(layer, x);
  } catch (error) {
    if (error instanceof OverflowError) return undefined;
    throw error;
  }
}

/**
 * ‖∂h_T/∂s_k‖_F/√m for k = T, T−1, … 1, along one sequence.
 *
 * @throws ShapeError, ValueError, OverflowError as `lastOutputIn`.
 */
export function reachingBack(layer: Layer, x: Sequence): number[] {
  return lastOutputIn(layer, x)
    .slice(1)
    .map((J, n) => finiteNorm(`∂h_T/∂s_${n + 1}`, J) / Math.sqrt(layer.outputs)) // FLOW-F9  ‖∂h_T/∂s_k‖_F/√m = √E‖v ∂h_T/∂s_k‖², v uniform with ‖v‖ = 1
    .reverse();
}

/**
 * Median and quartiles, between two numbers on a straight line.
 *
 * @param values at least one.
 */
export function quartiles(values: readonly number[]): Quartiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number) => {
    const place = part * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(place)] ?? Number.NaN, sorted[Math.ceil(place)] ?? Number.NaN];
    return low + (high - low) * (place - Math.floor(place));
  };
  return { median: at(0.5), q1: at(0.25), q3: at(0.75) };
}
