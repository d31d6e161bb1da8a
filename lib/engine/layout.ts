/** How a layer's parameters lie in the kernels' memory: each as it is, one after the other in an order of the engine's. */
import type { ParamSet } from '../params.ts';
import type { Shape } from '../shape.ts';
import { KeptViews } from './kept-views.ts';
import { type Runtime, requireHeldMatrices } from './precision.ts';

export interface Layout {
  /** How many numbers there are. */
  readonly count: number;
  /**
   * Copies the values of a set into the memory at an address.
   *
   * @throws ValueError naming the first number that f32 does not hold.
   */
  load(runtime: Runtime, params: ParamSet, address: number): void;
  /** Begins sums at an address, and adds them up into the gradients of a set. */
  beginSums(runtime: Runtime, params: ParamSet, address: number): void;
  endSums(runtime: Runtime, params: ParamSet, address: number): void;
  /** Adds sums of 64 bits, as they lie at an address, to the gradients of a set. */
  addTo(params: ParamSet, sums: Float64Array): void;
}

/** @param begins the number that each parameter begins with. */
export function layoutOf(begins: Readonly<Record<string, number>>, params: ParamSet): Layout {
  const { size: count } = params;
  const runs = runsOf(begins, params);
  const views = new KeptViews();
  /** The numbers of a run. */
  const part = (of: Float64Array, { outside, size, n }: Run) => views.part(of, outside, outside + size, n);
  return {
    count,
    load({ put, bytes, precision, kernels }, { values }, address) {
      for (const run of runs) put(part(values, run), address + run.inside * bytes);
      if (precision === 'f64' || kernels.allFinite(count, address)) return;
      requireHeldMatrices(params.named(), precision, name => name);
    },
    beginSums({ beginSums, bytes }, { grads }, address) {
      for (const run of runs) beginSums(part(grads, run), address + run.inside * bytes);
    },
    endSums({ endSums, bytes }, { grads }, address) {
      for (const run of runs) endSums(address + run.inside * bytes, part(grads, run));
    },
    addTo({ grads }, sums) {
      for (const { outside, inside, size } of runs) {
        for (let i = 0; i < size; i++)
          grads[outside + i] = (grads[outside + i] ?? 0) + (sums[inside + i] ?? Number.NaN);
      }
    },
  };
}

/** Numbers that lie one after the other outside, from one on, and inside from another. */
interface Run {
  readonly outside: number;
  readonly inside: number;
  size: number;
  /** Which it is. */
  readonly n: number;
}

/** Parameters whose order is the same here and there are moved together. */
function runsOf(begins: Readonly<Record<string, number>>, params: ParamSet): readonly Run[] {
  const runs: Run[] = [];
  let outside = 0;
  for (const [name, [rows, columns]] of Object.entries<Shape>(params.shapes)) {
    const [inside, size] = [begins[name] ?? Number.NaN, rows * columns];
    const last = runs.at(-1);
    if (last && inside === last.inside + last.size) last.size += size;
    else runs.push({ outside, inside, size, n: runs.length });
    outside += size;
  }
  return runs;
}
