/** How a layer's parameters lie in the kernels' memory: each as it is, one after the other in an order of the engine's. */
import type { ParamSet } from '../params.ts';
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
  const each = (visit: (outside: number, inside: number, size: number) => void) => {
    for (const [name, { offset, rows, columns }] of Object.entries(params.named())) {
      visit(offset, begins[name] ?? Number.NaN, rows * columns);
    }
  };
  return {
    count,
    load({ put, bytes, precision, kernels }, { values }, address) {
      each((outside, inside, size) => put(values.subarray(outside, outside + size), address + inside * bytes));
      if (precision === 'f64' || kernels.allFinite(count, address)) return;
      requireHeldMatrices(params.named(), precision, name => name);
    },
    beginSums({ beginSums, bytes }, { grads }, address) {
      each((outside, inside, size) => beginSums(grads.subarray(outside, outside + size), address + inside * bytes));
    },
    endSums({ endSums, bytes }, { grads }, address) {
      each((outside, inside, size) => endSums(address + inside * bytes, grads.subarray(outside, outside + size)));
    },
    addTo({ grads }, sums) {
      each((outside, inside, size) => {
        for (let i = 0; i < size; i++)
          grads[outside + i] = (grads[outside + i] ?? 0) + (sums[inside + i] ?? Number.NaN);
      });
    },
  };
}
