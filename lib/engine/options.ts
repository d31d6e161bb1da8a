/** How the engine computes, and what it computes with. */
import { ValueError } from '../errors.ts';
import type { Computed } from '../layers/made.ts';
import { describe, requireBoolean, requireKnown } from '../require.ts';
import { type Precision, type Runtime, runtime } from './precision.ts';
import { type Products, wasmProducts } from './products.ts';

/** Where the engine's matrix products are done: in WebAssembly, or by another library in the same memory. */
export interface Backend {
  readonly name: string;
  /** The products over the memory of a runtime; asked for once a layer. */
  products(runtime: Runtime): Products;
}

/** How the engine computes. */
export interface EngineOptions {
  /**
   * f64 unless given. Parameters, states and their gradients are f64 outside in either; with f32, y and dx are
   * `Float32Array`s where x is one. Gradients are as accurate for ten million rows as for ten. With f32, inputs, states,
   * cotangents and parameters that are finite and beyond 3.4e38 are refused by name; what is computed and is beyond that
   * is Infinity, as what is beyond 1.8e308 is in f64.
   */
  readonly precision?: Precision;
  /** Fused multiply-adds where the runtime has them: faster, and not the same bits on every machine. False unless given. */
  readonly fma?: boolean;
  /** WebAssembly unless given; `blas()` of `bptt/blas` is another. */
  readonly backend?: Backend;
}

const wasm: Backend = { name: 'wasm', products: wasmProducts };

/** @throws ValueError when an option is none. */
export function requireOptions(options: EngineOptions): void {
  const known = requireKnown('options', options, ['precision', 'fma', 'backend']);
  const { precision = 'f64', fma = false, backend = wasm } = known;
  requireBoolean('fma', fma);
  if (precision !== 'f64' && precision !== 'f32') throw new ValueError('precision', 'f64 or f32', describe(precision));
  if (typeof backend?.products !== 'function') throw new ValueError('backend', 'a backend', describe(backend));
}

/** The options that are of the layer and not of the machine: all but where products are done. */
export function computedBy({ precision, fma }: EngineOptions): Computed {
  return { ...(precision !== undefined && { precision }), ...(fma !== undefined && { fma }) };
}

/** The kernels, compiled when the first layer runs, and where products are done. */
export function engineOf({ precision = 'f64', fma = false, backend = wasm }: EngineOptions): {
  rt: Runtime;
  products: Products;
} {
  const rt = runtime(precision, fma);
  return { rt, products: backend.products(rt) };
}
