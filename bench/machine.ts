/** What this machine can do at most: the figures that others are held against. */
import { availableParallelism, cpus } from 'node:os';
import { setImmediate as breathe } from 'node:timers/promises';
import type { Precision } from '../lib/engine/precision.ts';
import { wideVectors } from '../lib/engine/wide.ts';
import type { Backend } from './backends.ts';

/** Where it was measured. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly platform: string;
  readonly node: string;
  /** Whether WebAssembly runs in vectors of 256 bits. */
  readonly wide: boolean;
  /** Gigabytes a second that a copy of 64 MB reads and writes. */
  readonly bandwidth: number;
  readonly peaks: readonly Peak[];
  /** The BLAS that ours runs on, and whose kernels it chose; null where it runs on none. */
  readonly blas: string | null;
  /** What the environment fixes of how products are computed, ours and those of peers, by the variables' names. */
  readonly pinned: Readonly<Record<string, string>>;
}

/** The fastest of several products, in GFLOP/s. */
export interface Peak {
  readonly backend: string;
  readonly precision: Precision;
  readonly gflops: number;
  /** M×N×K. */
  readonly shape: string;
}

/** From small to large: what fits in the caches, a step of a layer, a whole layer's gradient. */
const SHAPES = [
  [64, 512, 128],
  [256, 256, 256],
  [512, 512, 512],
  [256, 2048, 512],
  [1024, 1024, 256],
] as const;

/** Milliseconds after which no larger shape is tried, and those that a shape is tried for. */
const ENOUGH = 300;
const TRIED_FOR = 40;

/** Variables by which BLAS libraries, PyTorch, JAX and numpy are told what kernels to take, and how many threads. */
const PINS = /^(OPENBLAS|GOTO|MKL|BLIS|VECLIB|OMP|KMP|ONEDNN|DNNL|ATEN|XLA|PJRT|NPY_(EN|DIS)ABLE)_|^(BPTT_BLAS|NPROC)$/;

export function machine(bandwidth: number, peaks: readonly Peak[], backends: readonly Backend[]): Machine {
  const [first] = cpus();
  return {
    cpu: first?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    wide: wideVectors(),
    bandwidth,
    peaks,
    blas: backends.flatMap(backend => backend.library?.() ?? [])[0] ?? null,
    pinned: pinnedIn(process.env),
  };
}

/** The variables of an environment that fix how products are computed, in the order of their names. */
export function pinnedIn(environment: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  const names = Object.keys(environment).filter(name => PINS.test(name));
  return Object.fromEntries(names.sort().map(name => [name, environment[name] ?? '']));
}

/** The fastest product on a backend. */
export async function peakOf(backend: Backend, precision: Precision): Promise<Peak> {
  const numbers = (count: number) => Float64Array.from({ length: count }, (_, n) => (n % 17) - 8);
  let best = { gflops: 0, shape: 'none' };
  for (const [M, N, K] of SHAPES) {
    const product = backend.product({ M, N, K }, numbers(M * K), numbers(K * N), precision);
    let [fastest, spent] = [Number.POSITIVE_INFINITY, 0];
    while (spent < TRIED_FOR) {
      const ms = await product.run(1);
      fastest = Math.min(fastest, ms);
      spent += ms;
      await breathe();
    }
    product.drop?.();
    const gflops = (2 * M * N * K) / fastest / 1e6;
    if (gflops > best.gflops) best = { gflops, shape: `${M}×${N}×${K}` };
    if (fastest > ENOUGH) break;
  }
  return { backend: backend.name, precision, ...best };
}

/** The larger of the peaks of the same backend and precision: the machine may have been busy at one time. */
export function larger(peaks: readonly Peak[], others: readonly Peak[]): readonly Peak[] {
  return peaks.map(peak => {
    const other = others.find(({ backend, precision }) => backend === peak.backend && precision === peak.precision);
    return other && other.gflops > peak.gflops ? other : peak;
  });
}

/** Gigabytes a second that copying 64 MB reads and writes, at best. */
export function bandwidthNow(): number {
  const from = new Float64Array(2 ** 23).fill(1);
  const to = new Float64Array(from.length).fill(2);
  let fastest = Number.POSITIVE_INFINITY;
  for (let n = 0; n < 8; n++) {
    const start = performance.now();
    to.set(from);
    fastest = Math.min(fastest, performance.now() - start);
  }
  return (2 * from.byteLength) / fastest / 1e6;
}
