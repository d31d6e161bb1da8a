/**
 * Where parameters live: in a WebAssembly memory of each set's own, together with their gradients and what an optimiser
 * remembers of them, so that what works on parameters alone (norms, clipping, updates) works where they are.
 *
 * The memory is made as large as it will ever be and never grows, so that whoever holds a view of it may keep it: the one
 * that layers work in grows, and growing detaches every view there is. Layers copy parameters into theirs, which takes a
 * hundredth of a step. Pages that are never written to cost address space and nothing else.
 */
import type { AroundKernels } from './kernels-around.ts';
import { instantiateAround, type WasmMemory, wasmMemory } from './wasm.ts';

/** So few parameters are changed in JavaScript as soon as they would be here; and so many make a memory too large. */
const [FEWEST, MOST] = [4096, 2 ** 24];

/** Numbers a parameter: its value, its gradient, and two that an optimiser may remember of it. */
const EACH = 4;

/** The first address: none is 0. */
const FIRST = 64;

/** So many memories at once, since each takes addresses of some gigabytes: a process that has none left waits long for the next. */
const AT_ONCE = 1024;

const PAGE = 65536;

const homes = new WeakMap<ArrayBufferLike, Resident>();

let count = 0;
const dropped = new FinalizationRegistry<void>(() => {
  count -= 1;
});

class Resident {
  readonly #memory: WasmMemory;
  #free = FIRST;
  #kernels: { readonly all: AroundKernels | undefined } | undefined;

  constructor(bytes: number) {
    this.#memory = wasmMemory(Math.ceil((FIRST + bytes) / PAGE));
    homes.set(this.#memory.buffer, this);
    dropped.register(this.#memory.buffer, undefined);
    count += 1;
  }

  /** The kernels over this memory, compiled when they are asked for first; undefined where that is forbidden. */
  get kernels(): AroundKernels | undefined {
    this.#kernels ??= { all: instantiateAround(this.#memory) };
    return this.#kernels.all;
  }

  /** So many zeros, of which nobody else knows; undefined where there is no room for them. */
  take(count: number): Float64Array | undefined {
    const from = this.#free;
    if (from + 8 * count > this.#memory.buffer.byteLength) return undefined;
    this.#free = Math.ceil((from + 8 * count) / FIRST) * FIRST;
    return new Float64Array(this.#memory.buffer, from, count);
  }
}

/** Zeros for so many values and gradients, where a set of so many lives in a memory of its own. */
export function residence(size: number): { readonly values: Float64Array; readonly grads: Float64Array } | undefined {
  if (size < FEWEST || size > MOST || count >= AT_ONCE) return undefined;
  const home = madeFor(size);
  const [values, grads] = [home?.take(size), home?.take(size)];
  return values && grads && { values, grads };
}

/** Zeros beside some values, as long as there is room in their memory; else wherever. */
export function beside(values: Float64Array, count: number): Float64Array {
  return homes.get(values.buffer)?.take(count) ?? new Float64Array(count);
}

/** The kernels over the memory in which all of the arrays lie, whose addresses are their offsets; undefined where they do not. */
export function kernelsOver(first: Float64Array, others: readonly Float64Array[] = NONE): AroundKernels | undefined {
  const home = homes.get(first.buffer);
  if (!home) return undefined;
  for (const other of others) if (other.buffer !== first.buffer) return undefined;
  return home.kernels;
}

const NONE: readonly Float64Array[] = [];

function madeFor(size: number): Resident | undefined {
  try {
    return new Resident(EACH * (8 * size + FIRST));
  } catch {
    return undefined; // a runtime without WebAssembly, or that has no memory left for it
  }
}
