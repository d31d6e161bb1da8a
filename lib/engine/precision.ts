/** The kernels of one precision, and what moves numbers in and out of their memory. */
import { ValueError } from '../errors.ts';
import { requireFiniteNumber } from '../require.ts';
import type { Matrices } from '../shape.ts';
import type { FloatArray } from '../views.ts';
import { Heap } from './heap.ts';
import type { Kernels } from './kernels.ts';
import { instantiate } from './wasm.ts';

/** Numbers of 64 bits, as everywhere else in the library, or of 32: half the memory, twice the speed, 1e-4 of accuracy. */
export type Precision = 'f64' | 'f32';

/** `x` is finite, and not beyond the numbers of the precision, or throws {@link ValueError}. */
export function requireHeld(argument: string, x: number, precision: Precision): void {
  requireFiniteNumber(argument, x);
  if (precision === 'f64' || Number.isFinite(Math.fround(x))) return;
  throw new ValueError(argument, 'a number that f32 holds (at most 3.4e38)', `${x}`);
}

/** The same of every number of some matrices: of a state, or of what parameters are finite, which f64 does not ask for. */
export function requireHeldMatrices(matrices: Matrices, precision: Precision, named: (name: string) => string): void {
  if (precision === 'f64') return;
  for (const [name, matrix] of Object.entries(matrices)) {
    for (let i = 0; i < matrix.rows; i++) {
      for (let j = 0; j < matrix.columns; j++) {
        const x = matrix.get(i, j);
        if (Number.isFinite(x) && !Number.isFinite(Math.fround(x)))
          requireHeld(`${named(name)}[${i},${j}]`, x, precision);
      }
    }
  }
}

/** The kernels of a precision, without its suffix. */
export type Fused = {
  readonly [Name in keyof Kernels as Name extends `${infer Base}F64` ? Base : never]: Kernels[Name];
};

/** Kernels, their memory, and the precision of the numbers in it. */
export interface Runtime {
  readonly heap: Heap;
  readonly precision: Precision;
  /** Whether multiply-adds are fused. */
  readonly fma: boolean;
  readonly kernels: Fused;
  readonly productScratch: number;
  /** Bytes a number. */
  readonly bytes: number;
  /** Numbers a vector: what the columns of every row are rounded up to. */
  readonly lanes: number;
  /** A view of numbers: to be used at once, not kept. */
  view(address: number, count: number): FloatArray;
  /** Writes values to an address. */
  put(values: FloatArray, address: number): void;
  /** Reads as many numbers as there are values from an address. */
  get(address: number, values: FloatArray): void;
  /** Where kernels add to sums: from these on, or in f32 from zeros, since sums over many passes need 64 bits. */
  beginSums(sums: Float64Array, address: number): void;
  /** What has become of them. */
  endSums(address: number, sums: Float64Array): void;
}

/** Numbers that go through the memory at a time where they change their precision: what the cache next to a core holds. */
const STAGE = 2048;

const runtimes = new Map<string, Runtime>();

/** The runtime of a precision, made when it is first asked for. All layers share it, and its memory. */
export function runtime(precision: Precision, fma: boolean): Runtime {
  const key = `${precision}${fma}`;
  const made = runtimes.get(key) ?? newRuntime(precision, fma);
  runtimes.set(key, made);
  return made;
}

function newRuntime(precision: Precision, fma: boolean): Runtime {
  const heap = new Heap();
  const all = instantiate(heap.memory, { fma });
  const suffix = precision.toUpperCase();
  const own = Object.entries(all).filter(([name]) => name.endsWith(suffix));
  const kernels = Object.fromEntries(own.map(([name, kernel]) => [name.slice(0, -3), kernel])) as unknown as Fused;
  const bytes = precision === 'f64' ? 8 : 4;
  const stage = heap.take(8 * STAGE);
  const view = (address: number, count: number) =>
    precision === 'f64'
      ? new Float64Array(heap.memory.buffer, address, count)
      : new Float32Array(heap.memory.buffer, address, count);
  /** Visits doubles part by part, and with each a stage of its length and the address that belongs to it. */
  const inParts = (doubles: Float64Array, address: number, visit: Visit) => {
    const staged = new Float64Array(heap.memory.buffer, stage, STAGE);
    for (let from = 0; from < doubles.length; from += STAGE) {
      const part = doubles.subarray(from, from + STAGE);
      visit(part, part.length === STAGE ? staged : staged.subarray(0, part.length), address + from * bytes);
    }
  };
  const put: Runtime['put'] = (values, address) => {
    if (precision === 'f64' || !(values instanceof Float64Array)) {
      view(address, values.length).set(values);
      return;
    }
    inParts(values, address, (part, staged, at) => {
      staged.set(part);
      all.demote(part.length, stage, at);
    });
  };
  const get: Runtime['get'] = (address, values) => {
    if (precision === 'f64' || !(values instanceof Float64Array)) {
      values.set(view(address, values.length));
      return;
    }
    inParts(values, address, (part, staged, at) => {
      all.promote(part.length, at, stage);
      part.set(staged);
    });
  };
  const addTo: Runtime['endSums'] = (address, sums) =>
    inParts(sums, address, (part, staged, at) => {
      staged.set(part);
      all.addToDoubles(part.length, at, stage);
      part.set(staged);
    });
  return {
    heap,
    precision,
    fma,
    kernels,
    productScratch: heap.take(all.productScratch()),
    bytes,
    lanes: 16 / bytes,
    view,
    put,
    get,
    beginSums: precision === 'f64' ? put : (sums, address) => view(address, sums.length).fill(0),
    endSums: precision === 'f64' ? get : addTo,
  };
}

type Visit = (part: Float64Array, staged: Float64Array, address: number) => void;
