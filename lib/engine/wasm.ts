/**
 * The WebAssembly kernels: compiled at first use, not on import, and synchronously.
 *
 * The base module needs SIMD, which every current runtime has, and gives the same bits on every machine. The FMA module
 * is the same source with fused multiply-adds (relaxed SIMD), which a runtime may lack and whose bits depend on the
 * machine.
 */
import { MemoryError, ValueError } from '../errors.ts';
import { type Kernels, kernels } from './kernels.ts';
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
  ) => { readonly exports: Kernels };
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
 * @throws ValueError when `fma` is asked for and the runtime has none.
 */
export function instantiate(memory: WasmMemory, { fma = false }: { readonly fma?: boolean } = {}): Kernels {
  if (fma && !hasFma()) {
    throw new ValueError('fma', 'false where the runtime has no relaxed SIMD', 'true');
  }
  const { Module, Instance } = api();
  const module = modules.get(fma) ?? new Module(decode(fma ? kernelsFma : kernels));
  modules.set(fma, module);
  return new Instance(module, { env: { memory } }).exports;
}

/** A generated kernel: for so many rows of a step of the sequence, which is one of the span, with its table. */
export type KernelFunction = (rows: number, step: number, inSpan: number, table: number) => void;

/** The functions of a module that was assembled for a memory. */
export function instantiateKernels(bytes: Uint8Array, memory: WasmMemory): Readonly<Record<string, KernelFunction>> {
  const { Module, Instance } = api();
  const { exports } = new Instance(new Module(bytes), { env: { memory } });
  return exports as unknown as Readonly<Record<string, KernelFunction>>;
}

function decode(hexadecimal: string): Uint8Array {
  const bytes = new Uint8Array(hexadecimal.length / 2);
  for (let n = 0; n < bytes.length; n++) bytes[n] = Number.parseInt(hexadecimal.slice(2 * n, 2 * n + 2), 16);
  return bytes;
}

function api(): WebAssemblyApi {
  return (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;
}
