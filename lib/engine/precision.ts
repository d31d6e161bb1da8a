/** The kernels of one precision, and arrays over their memory. */
import { Heap } from './heap.ts';
import type { Kernels } from './kernels.ts';
import { instantiate } from './wasm.ts';

/** Numbers of 64 bits, as everywhere else in the library, or of 32: half the memory, twice the speed, 1e-4 of accuracy. */
export type Precision = 'f64' | 'f32';

/** The kernels of a precision, without its suffix. */
export type Fused = {
  readonly [Name in keyof Kernels as Name extends `${infer Base}F64` ? Base : never]: Kernels[Name];
};

/** Kernels, their memory, and the precision of the numbers in it. */
export interface Runtime {
  readonly heap: Heap;
  readonly precision: Precision;
  readonly kernels: Fused;
  readonly productScratch: number;
  /** Bytes a number. */
  readonly bytes: number;
  /** Numbers a vector: what the columns of every row are rounded up to. */
  readonly lanes: number;
  /** A view of numbers: to be used at once, not kept. */
  view(address: number, count: number): Float64Array | Float32Array;
}

const runtimes = new Map<string, Runtime>();

/** The runtime of a precision, made when it is first asked for. All layers share it, and its memory. */
export function runtime(precision: Precision, fma: boolean): Runtime {
  const key = `${precision}${fma}`;
  const known = runtimes.get(key);
  if (known) return known;
  const heap = new Heap();
  const all = instantiate(heap.memory, { fma });
  const suffix = precision.toUpperCase();
  const own = Object.entries(all).filter(([name]) => name.endsWith(suffix));
  const bytes = precision === 'f64' ? 8 : 4;
  const made: Runtime = {
    heap,
    precision,
    kernels: Object.fromEntries(own.map(([name, kernel]) => [name.slice(0, -3), kernel])) as unknown as Fused,
    productScratch: heap.take(all.productScratch()),
    bytes,
    lanes: 16 / bytes,
    view: (address, count) =>
      precision === 'f64'
        ? new Float64Array(heap.memory.buffer, address, count)
        : new Float32Array(heap.memory.buffer, address, count),
  };
  runtimes.set(key, made);
  return made;
}
