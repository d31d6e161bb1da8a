/** What our layers are computed with. A backend is added here and nowhere else. */
import { availableParallelism } from 'node:os';
import { Matrix } from 'ml-matrix';
import type { Cell, CellSize } from '../lib/cells/cell.ts';
import { blas } from '../lib/engine/blas.ts';
import { type BlasLibrary, openBlas } from '../lib/engine/blas-library.ts';
import { type EngineOptions, engineOf } from '../lib/engine/options.ts';
import type { Precision, Runtime } from '../lib/engine/precision.ts';
import { recurrent } from '../lib/engine/recurrent.ts';
import { hasFma } from '../lib/engine/wasm.ts';
import { BpttError, ValueError } from '../lib/errors.ts';
import type { Layer } from '../lib/layers/layer.ts';
import { unroll } from '../lib/layers/unroll.ts';
import type { Engine } from '../lib/models/network.ts';
import type { Tensors } from './tensors.ts';
import type { Contender } from './timing.ts';

/** Work of ours, which can say what it computed. */
export interface Ours extends Contender {
  /** Bytes of arrays that it needs beside the kernels' memory. */
  readonly outside: number;
  /** What the work gives, from zero states as it is timed, or from states and with their gradients as it is verified. */
  result(how: { readonly states: boolean }): Tensors;
}

/** C = A·B with A M×K and B K×N, row after row. */
export interface ProductShape {
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

export interface Backend {
  readonly name: string;
  readonly precisions: readonly Precision[];
  recurrent(cell: Cell, size: CellSize, precision: Precision): Layer;
  /** What the models take to be computed so. */
  engine(precision: Precision): Engine;
  product(shape: ProductShape, a: Float64Array, b: Float64Array, precision: Precision): Ours;
  /** The kernels, where it runs on any. */
  kernels?(precision: Precision): Runtime;
  /** Of a backend by several threads: the same by one, and how many they are. Cases that gain by them are run on it. */
  readonly threads?: { readonly each: Backend; readonly count: number };
  /** What computes its products and with whose kernels, where that is a library of the machine. */
  library?(): string;
  /** Why it cannot run on this machine; undefined where it can. */
  missing(): string | undefined;
}

/** One time step a call, ml-matrix: what is read. */
export const reference: Backend = {
  name: 'reference',
  precisions: ['f64'],
  recurrent: (cell, size) => unroll(cell, size) as Layer,
  engine: () => 'reference',
  product({ M, N, K }, a, b) {
    const [A, B] = [Matrix.from1DArray(M, K, a), Matrix.from1DArray(K, N, b)];
    return {
      outside: 8 * (M * K + K * N + M * N),
      run: times => clocked(times, () => A.mmul(B)),
      result: () => ({ C: Float64Array.from(A.mmul(B).to1DArray()) }),
    };
  },
  missing: () => undefined,
};

/** The engine's WebAssembly kernels: the same bits on every machine. */
export const wasm: Backend = onEngine('wasm', () => ({}));

const onBlas: Backend = { ...onEngine('blas', () => ({ backend: blas() })), library: () => blasNamed(openBlas()) };

/** Every backend by its name. */
export const backends: Readonly<Record<string, Backend>> = {
  wasm,
  'wasm-fma': onEngine('wasm-fma', () => {
    if (!hasFma()) throw new ValueError('fma', 'a runtime with relaxed SIMD', `Node ${process.versions.node}`);
    return { fma: true };
  }),
  blas: onBlas,
  'wasm-threads': byThreads(wasm),
  'blas-threads': {
    ...byThreads(onBlas),
    product: onEngine('blas-threads', () => ({ backend: blas({ threads: availableParallelism() }) })).product,
  },
  reference,
};

/** What `auto` stands for, as far as it is there. */
const AUTO: readonly string[] = ['wasm', 'blas', 'wasm-threads', 'blas-threads'];

/** Backends to run on. */
export interface ChosenBackends {
  readonly backends: readonly Backend[];
  /** Those that `auto` would have if they were there, and why they are not. */
  readonly absent: readonly { readonly family: string; readonly why: string }[];
}

/**
 * The backends of the given names, `auto` standing for the fast ones that are there.
 *
 * @throws ValueError when there is no such backend, or it cannot run here.
 */
export function chosenBackends(
  names: readonly string[],
  known: Readonly<Record<string, Backend>> = backends,
): ChosenBackends {
  const fast = AUTO.flatMap(name => known[name] ?? []).map(backend => ({ backend, missing: backend.missing() }));
  const chosen = names.flatMap(name => {
    if (name === 'auto') return fast.flatMap(({ backend, missing }) => (missing === undefined ? backend : []));
    const backend = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!backend) throw new ValueError('--backend', `auto, ${Object.keys(known).join(', ')}`, JSON.stringify(name));
    const missing = backend.missing();
    if (missing !== undefined) throw new ValueError('--backend', 'one that runs here', `${name}: ${missing}`);
    return backend;
  });
  const gone = names.includes('auto') ? fast : [];
  return {
    backends: [...new Set(chosen)],
    absent: gone.flatMap(({ backend, missing }) =>
      missing === undefined ? [] : { family: backend.name, why: missing },
    ),
  };
}

/** A backend by as many threads as there are cores, among which the sequences of a batch are shared out. */
function byThreads(each: Backend): Backend {
  const count = availableParallelism();
  const missing = () => each.missing() ?? (count > 1 ? undefined : 'there is one core');
  return { ...each, name: `${each.name}-threads`, threads: { each, count }, missing };
}

/** The same backends, each by one thread. */
export function byOneThread(backends: readonly Backend[]): readonly Backend[] {
  return [...new Set(backends.map(backend => backend.threads?.each ?? backend))];
}

/** A BLAS, and the kernels that it chose. */
export function blasNamed({
  name,
  version,
  kernel,
  path,
}: Pick<BlasLibrary, 'name' | 'version' | 'kernel' | 'path'>): string {
  return `${[name, ...(version ? [version] : [])].join(' ')} (${kernel ? `kernels for ${kernel}, ` : ''}${path})`;
}

/** Milliseconds that so many calls take. */
export function clocked(times: number, work: () => unknown): number {
  const start = performance.now();
  for (let n = 0; n < times; n++) work();
  return performance.now() - start;
}

/** Layers of the engine; the options are asked for once, when they are first needed. */
function onEngine(name: string, make: () => Omit<EngineOptions, 'precision'>): Backend {
  let made: Omit<EngineOptions, 'precision'> | undefined;
  const options = (precision: Precision): EngineOptions => {
    made ??= make();
    return { ...made, precision };
  };
  return {
    name,
    precisions: ['f64', 'f32'],
    recurrent: (cell, size, precision) => recurrent(cell, size, options(precision)) as Layer,
    engine: options,
    product({ M, N, K }, a, b, precision) {
      const { rt, products } = engineOf(options(precision));
      const blocks = [a.length, b.length, M * N].map(count => count * rt.bytes);
      const [A = 0, B = 0, C = 0] = blocks.map(bytes => rt.heap.take(bytes));
      rt.view(A, a.length).set(a);
      rt.view(B, b.length).set(b);
      const work = () => products.product(false, false, M, N, K, A, K, B, N, C, N, false);
      return {
        outside: 0,
        run: times => clocked(times, work),
        result() {
          work();
          return { C: Float64Array.from(rt.view(C, M * N)) };
        },
        drop() {
          for (const [n, address] of [A, B, C].entries()) rt.heap.give(address, blocks[n] ?? 0);
        },
      };
    },
    kernels: precision => engineOf(options(precision)).rt,
    missing() {
      try {
        options('f64');
        return undefined;
      } catch (error) {
        if (!(error instanceof BpttError)) throw error;
        return error.message;
      }
    },
  };
}
