/** The kernels of one precision, and what moves numbers in and out of their memory. */
import { ValueError } from '../errors.ts';
import { requireFiniteNumber } from '../require.ts';
import type { Matrices } from '../shape.ts';
import type { FloatArray } from '../views.ts';
import { type ConstantAt, constantsIn } from './constants.ts';
import { Heap } from './heap.ts';
import { KeptViews, Sources } from './kept-views.ts';
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

/** Those of all kernels that are of a precision. */
export function fusedOf(all: Kernels, precision: Precision): Fused {
  const own = Object.entries(all).filter(([name]) => name.endsWith(precision.toUpperCase()));
  return Object.fromEntries(own.map(([name, kernel]) => [name.slice(0, -3), kernel])) as unknown as Fused;
}

/** Kernels, their memory, and the precision of the numbers in it. */
export interface Runtime {
  readonly heap: Heap;
  readonly precision: Precision;
  /** Whether multiply-adds are fused. */
  readonly fma: boolean;
  readonly kernels: Fused;
  readonly productScratch: number;
  /** Where in the memory a number of these bits lies, for kernels to read. */
  readonly constantAt: ConstantAt;
  /** Has products laid out for vectors of 256 bits, or of 128: the bits are the same. */
  setWide(wide: boolean): void;
  /** Bytes a number. */
  readonly bytes: number;
  /** Numbers a vector: what the columns of every row are rounded up to. */
  readonly lanes: number;
  /** A view of all numbers: to be used at once, since growing the memory leaves it without any. */
  numbers(): FloatArray;
  /** A view of numbers: to be used at once, not kept. */
  view(address: number, count: number): FloatArray;
  /** Writes so many zeros to an address. */
  zero(address: number, count: number): void;
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
  const kernels = fusedOf(all, precision);
  const bytes = precision === 'f64' ? 8 : 4;
  const stage = heap.take(8 * STAGE);
  const view = (address: number, count: number) =>
    precision === 'f64'
      ? new Float64Array(heap.memory.buffer, address, count)
      : new Float32Array(heap.memory.buffer, address, count);
  const whole = (Kind: typeof Float64Array | typeof Float32Array) => {
    let made: FloatArray = new Kind(heap.memory.buffer);
    return () => {
      if (made.length === 0) made = new Kind(heap.memory.buffer);
      return made;
    };
  };
  const doubles = whole(Float64Array);
  const numbers = precision === 'f64' ? doubles : whole(Float32Array);
  const sources = new Sources();
  const parts = new KeptViews();
  /** Visits doubles part by part, each with the address that belongs to it. */
  const inParts = (values: FloatArray, address: number, visit: Visit) => {
    for (let from = 0; from < values.length; from += STAGE) {
      const to = Math.min(from + STAGE, values.length);
      visit(parts.part(values, from, to, from / STAGE), address + from * bytes);
    }
  };
  const demote: Visit = (part, at) => {
    doubles().set(part, stage / 8);
    all.demote(part.length, stage, at);
  };
  const promote: Visit = (part, at) => {
    all.promote(part.length, at, stage);
    part.set(sources.of(part, doubles(), stage));
  };
  const add: Visit = (part, at) => {
    doubles().set(part, stage / 8);
    all.addToDoubles(part.length, at, stage);
    part.set(sources.of(part, doubles(), stage));
  };
  const zero: Runtime['zero'] = (address, count) => {
    numbers().fill(0, address / bytes, address / bytes + count);
  };
  const isOwn = (values: FloatArray) => precision === 'f64' || !(values instanceof Float64Array);
  const put: Runtime['put'] = (values, address) => {
    if (isOwn(values)) numbers().set(values, address / bytes);
    else inParts(values, address, demote);
  };
  const get: Runtime['get'] = (address, values) => {
    if (isOwn(values)) values.set(sources.of(values, numbers(), address));
    else inParts(values, address, promote);
  };
  return {
    heap,
    precision,
    fma,
    kernels,
    productScratch: heap.take(all.productScratch()),
    constantAt: constantsIn(heap, bytes),
    setWide: all.setWide,
    bytes,
    lanes: 16 / bytes,
    numbers,
    view,
    zero,
    put,
    get,
    beginSums: precision === 'f64' ? put : (sums, address) => zero(address, sums.length),
    endSums: precision === 'f64' ? get : (address, sums) => inParts(sums, address, add),
  };
}

type Visit = (part: FloatArray, address: number) => void;
