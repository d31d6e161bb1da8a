/**
 * A memory through which losses go: arrays of JavaScript's are put there, worked on by kernels, and what comes of them is
 * read. Nothing stays in it, and nobody outside holds a view of it, so that it may grow.
 */
import type { FloatArray } from '../views.ts';
import { Sources } from './kept-views.ts';
import type { AroundKernels } from './kernels-around.ts';
import { instantiateAround, type WasmMemory, wasmMemory } from './wasm.ts';

const PAGE = 65536;

/** Numbers that are worked on at a time, unless a row has more: what the cache of a core holds beside their results. */
const AT_ONCE = 2 ** 14;

export class Stage {
  readonly kernels: AroundKernels;
  readonly #memory: WasmMemory;
  /** Views of all of it. */
  #doubles: Float64Array;
  #integers: Int32Array;
  readonly #sources = new Sources();
  #next = 0;

  constructor(memory: WasmMemory, kernels: AroundKernels) {
    this.#memory = memory;
    this.kernels = kernels;
    this.#doubles = new Float64Array(memory.buffer);
    this.#integers = new Int32Array(memory.buffer);
  }

  /** Begins anew, with room for so many numbers in so many places. */
  begin(count: number, places: number): void {
    this.#next = 0;
    const missing = 8 * (count + 2 * places) - this.#memory.buffer.byteLength;
    if (missing <= 0) return;
    this.#memory.grow(Math.ceil(missing / PAGE));
    this.#doubles = new Float64Array(this.#memory.buffer);
    this.#integers = new Int32Array(this.#memory.buffer);
  }

  /** The address of a place for so many numbers. */
  place(count: number): number {
    const address = this.#next;
    this.#next = 16 * Math.ceil((address + 8 * count) / 16);
    return address;
  }

  /** The address of a copy of some numbers. */
  put(numbers: ArrayLike<number>): number {
    const address = this.place(numbers.length);
    if (numbers instanceof Int32Array) this.#integers.set(numbers, address / 4);
    else this.#doubles.set(numbers, address / 8);
    return address;
  }

  /** Fills an array with what has become of as many numbers from an address on. */
  get(address: number, values: FloatArray): void {
    values.set(this.#sources.of(values, this.#doubles, address));
  }
}

let stage: { readonly made: Stage | undefined } | undefined;

/** The stage that all losses share; undefined where there is no WebAssembly: see `instantiateAround`. */
export function theStage(): Stage | undefined {
  stage ??= { made: newStage() };
  return stage.made;
}

function newStage(): Stage | undefined {
  try {
    const memory = wasmMemory(1);
    const kernels = instantiateAround(memory);
    return kernels && new Stage(memory, kernels);
  } catch {
    return undefined;
  }
}

/** Visits some rows of so many columns in blocks, the n-th from one row (included) to another. */
export function inBlocks(rows: number, columns: number, visit: (from: number, to: number, n: number) => void): void {
  const block = Math.max(1, Math.floor(AT_ONCE / columns));
  for (let from = 0; from < rows; from += block) visit(from, Math.min(from + block, rows), from / block);
}
