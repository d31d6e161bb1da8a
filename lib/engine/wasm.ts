/**
 * The WebAssembly kernels: compiled at first use, not on import, and synchronously.
 *
 * The base module needs SIMD, which every current runtime has, and gives the same bits on every machine. The FMA module
 * is the same source with fused multiply-adds (relaxed SIMD), which a runtime may lack and whose bits depend on the
 * machine.
 */
import { MemoryError, ValueError } from '../errors.ts';
import { type Kernels, kernels } from './kernels.ts';
import { type AroundKernels, kernelsAround } from './kernels-around.ts';
import { kernelsFma } from './kernels-fma.ts';

/** A `WebAssembly.Memory`: pages of 64 KiB. Growing it detaches `buffer` and all views of it. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  /** Adds pages and returns how many there were. */
  grow(pages: number): number;
}

/** What is used of the global `WebAssembly`, whose types come with the DOM's only. */
interface WebAssemblyApi {
  readonly Memory: new (size: { readonly initial: number }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: { readonly env: { readonly memory: WasmMemory } },
  ) => { readonly exports: object };
  validate(bytes: Uint8Array): boolean;
}

const modules = new Map<boolean, object>();

/**
 * A memory of so many pages of 64 KiB, all zeros, that may grow as far as WebAssembly allows: 65536 pages.
 *
 * @throws MemoryError when the runtime has none to give.
 */
export function wasmMemory(pages: number): WasmMemory {
  const { Memory } = api();
  try {
    return new Memory({ initial: pages });
  } catch {
    throw new MemoryError('WebAssembly', 'pages of memory that the runtime has', `${pages}`);
  }
}

/** Whether this runtime knows fused multiply-adds. */
export function hasFma(): boolean {
  return modules.has(true) || api().validate(decode(kernelsFma));
}

/**
 * The kernels, on the given memory. They keep nothing in it and use none of it but what they are given.
 *
 * @param fma use fused multiply-adds: faster, and not the same bits on every machine.
 * @throws ValueError when `fma` is asked for and the runtime has none, or a page's Content Security Policy forbids WebAssembly.
 */
export function instantiate(memory: WasmMemory, { fma = false }: { readonly fma?: boolean } = {}): Kernels {
  if (fma && !hasFma()) {
    throw new ValueError('fma', 'false where the runtime has no relaxed SIMD', 'true');
  }
  const module = modules.get(fma) ?? compile(decode(fma ? kernelsFma : kernels));
  modules.set(fma, module);
  const { Instance } = api();
  return new Instance(module, { env: { memory } }).exports as Kernels;
}

let around: { readonly module: object | undefined } | undefined;

/**
 * The kernels of what a training step does around its passes, on the given memory: losses, norms, clipping, updates. They are
 * the same operations in the same order as their texts in `lib/losses` and `lib/optim`, none of them fused, so that whoever
 * has no kernels has the same bits.
 *
 * @returns undefined where there is no WebAssembly with SIMD, or a page's Content Security Policy forbids it.
 */
export function instantiateAround(memory: WasmMemory): AroundKernels | undefined {
  around ??= { module: compiledOrNone(kernelsAround) };
  if (!around.module) return undefined;
  const { Instance } = api();
  return new Instance(around.module, { env: { memory } }).exports as AroundKernels;
}

/** The kernels compiled once more, of bytes that no other module has: a runtime may keep what it has compiled by its bytes. */
export function instantiateAnew(memory: WasmMemory): Kernels {
  return anew(kernels, memory) as Kernels;
}

/** The same of those around the passes of a training step. */
export function instantiateAroundAnew(memory: WasmMemory): AroundKernels {
  return anew(kernelsAround, memory) as AroundKernels;
}

function anew(hexadecimal: string, memory: WasmMemory): object {
  const { Instance } = api();
  return new Instance(compile(decode(`${hexadecimal}${EMPTY_SECTION}`)), { env: { memory } }).exports;
}

/** A section with a name, `t`, and nothing in it. */
const EMPTY_SECTION = '00020174';

/** A generated kernel: for so many rows of a step of the sequence, which is one of the span, with its table. */
export type KernelFunction = (rows: number, step: number, inSpan: number, table: number) => void;

/**
 * The functions of a module that was assembled for a memory.
 *
 * @throws ValueError when a page's Content Security Policy forbids WebAssembly.
 */
export function instantiateKernels(bytes: Uint8Array, memory: WasmMemory): Readonly<Record<string, KernelFunction>> {
  const { Instance } = api();
  const { exports } = new Instance(compile(bytes), { env: { memory } });
  return exports as unknown as Readonly<Record<string, KernelFunction>>;
}

function decode(hexadecimal: string): Uint8Array {
  const bytes = new Uint8Array(hexadecimal.length / 2);
  for (let n = 0; n < bytes.length; n++) bytes[n] = Number.parseInt(hexadecimal.slice(2 * n, 2 * n + 2), 16);
  return bytes;
}

function compiledOrNone(hexadecimal: string): object | undefined {
  try {
    return compile(decode(hexadecimal));
  } catch {
    return undefined;
  }
}

/** A module: its bytes are ours, and right, so that what refuses them is the policy of the page. */
function compile(bytes: Uint8Array): object {
  const { Module } = api();
  try {
    return new Module(bytes);
  } catch (error) {
    if (!FORBIDDEN.test(String(error))) throw error;
    const wanted = "a page whose Content Security Policy has 'wasm-unsafe-eval' in its script-src";
    throw new ValueError('WebAssembly', wanted, `one that has not, where ${WITHOUT}`);
  }
}

/** What Chromium, Firefox and Safari say of a policy, and what others say that embed V8. */
const FORBIDDEN = /content security policy|\bcsp\b|unsafe-eval|disallowed by embedder/i;

const WITHOUT = '`unroll` and `readout` run instead of `recurrent` and `linear`';

function api(): WebAssemblyApi {
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly?: WebAssemblyApi };
  if (WebAssembly) return WebAssembly;
  throw new ValueError('WebAssembly', 'a runtime that has it', `one where ${WITHOUT}`);
}
