/**
 * The BLAS of the machine: found under the names it goes by, and its C interface loaded through koffi.
 *
 * Integers are of 32 bits, as in the usual builds (LP64). A build with integers of 64 bits (ILP64) has another interface
 * under the same names.
 */
import { createRequire } from 'node:module';
import { FileError, FormatError } from '../errors.ts';
import type { Precision } from './precision.ts';

/** C = α op(A)·op(B) + β C, as in cblas.h; a, b and c are addresses. */
export type Gemm = (
  ...args: readonly [
    ...[order: number, transA: number, transB: number, M: number, N: number, K: number, alpha: number],
    ...[a: number, lda: number, b: number, ldb: number, beta: number, c: number, ldc: number],
  ]
) => void;

/** y = α op(A)·x + β y, A of so many rows and columns, as in cblas.h; a, x and y are addresses. */
export type Gemv = (
  ...args: readonly [
    ...[order: number, transA: number, rows: number, columns: number, alpha: number],
    ...[a: number, lda: number, x: number, incX: number, beta: number, y: number, incY: number],
  ]
) => void;

/** A BLAS in this process. */
export interface BlasLibrary {
  readonly name: 'OpenBLAS' | 'MKL' | 'BLIS' | 'another';
  /** What it was loaded by: a path, or a name that the system's loader knows. */
  readonly path: string;
  /** As it says itself: `0.3.21`. Undefined where it does not. */
  readonly version: string | undefined;
  /** The processor whose kernels it runs, by its own choice or `OPENBLAS_CORETYPE`'s: `Haswell`. Undefined where it does not say. */
  readonly kernel: string | undefined;
  readonly gemm: Readonly<Record<Precision, Gemm>>;
  readonly gemv: Readonly<Record<Precision, Gemv>>;
  /** Sees to it that it uses so many threads from now on. Undefined where it decides by itself, as Accelerate does. */
  readonly setThreads: ((count: number) => void) | undefined;
  /**
   * Whether it multiplies small matrices as they lie, which saves the copies that larger ones pay for: OpenBLAS from
   * 0.3.18 on processors with AVX-512 (its pull request 3335).
   */
  readonly multipliesSmallAsTheyLie: boolean;
  /** Where in the process a buffer lies. */
  address(buffer: ArrayBuffer): number;
}

/** What is used of koffi. */
export interface Koffi {
  load(path: string): {
    /** @throws Error when the library has no such function. */
    func(name: string, result: string, parameters: readonly string[]): unknown;
  };
  address(buffer: ArrayBuffer): bigint;
}

/** Where a library is looked for. */
export interface Machine {
  /** As in `process.platform`. */
  readonly platform: string;
  /** The value of the environment variable `BPTT_BLAS`. */
  readonly preferred: string | undefined;
  /** @throws Error when it is not installed. */
  koffi(): Koffi;
}

/** What a platform's libraries are called, the first found being taken, and how to get one. */
interface Platform {
  readonly names: readonly string[];
  readonly install: string;
}

const MAC: Platform = {
  names: ['/System/Library/Frameworks/Accelerate.framework/Accelerate', 'libopenblas.dylib'],
  install: 'Accelerate, which comes with macOS, or OpenBLAS (brew install openblas)',
};

const WINDOWS: Platform = {
  names: ['libopenblas.dll', 'openblas.dll', 'mkl_rt.2.dll', 'mkl_rt.dll', 'libblis.dll'],
  install: 'OpenBLAS (libopenblas.dll in a folder of PATH), MKL or BLIS',
};

/** Without the reference BLAS (libblas, libcblas): the WebAssembly kernels are faster. */
const OTHERS: Platform = {
  names: [
    ...['libopenblasp.so.0', 'libopenblaso.so.0', 'libopenblas.so.0', 'libopenblas.so'],
    ...['libmkl_rt.so.2', 'libmkl_rt.so.1', 'libmkl_rt.so'],
    ...['libblis-mt.so.5', 'libblis-mt.so.4', 'libblis.so.5', 'libblis.so.4', 'libblis.so'],
  ],
  install: 'OpenBLAS (Debian and Ubuntu: apt install libopenblas0; Fedora: dnf install openblas-threads), MKL or BLIS',
};

/** Who makes a library, by the function that sets its threads; and the type of their number. */
const SETTERS = [
  ['OpenBLAS', 'openblas_set_num_threads', 'int'],
  ['MKL', 'MKL_Set_Num_Threads', 'int'],
  ['BLIS', 'bli_thread_set_num_threads', 'int64_t'],
] as const;

const thisMachine: Machine = {
  platform: process.platform,
  get preferred() {
    return process.env.BPTT_BLAS || undefined;
  },
  koffi: () => createRequire(import.meta.url)('koffi') as Koffi,
};

const opened = new WeakMap<Koffi, Map<string, BlasLibrary>>();

/**
 * The library at a path; without one, that which `BPTT_BLAS` names; without that, the first found of those that the
 * platform may have. A library is opened once.
 *
 * @throws FileError when koffi is not installed, when none is found, or when the one asked for cannot be loaded.
 * @throws FormatError when the one asked for is no BLAS with a C interface and integers of 32 bits.
 */
export function openBlas(path?: string, machine: Machine = thisMachine): BlasLibrary {
  const koffi = koffiOf(machine);
  const wanted = path ?? machine.preferred;
  if (wanted !== undefined) return open(koffi, wanted);
  const { names, install } = { darwin: MAC, win32: WINDOWS }[machine.platform] ?? OTHERS;
  for (const name of names) {
    try {
      return open(koffi, name);
    } catch (error) {
      if (!(error instanceof FileError || error instanceof FormatError)) throw error;
    }
  }
  throw new FileError('library', `${install}; or the path of one`, `none of ${names.join(', ')}`);
}

function koffiOf(machine: Machine): Koffi {
  try {
    return machine.koffi();
  } catch (error) {
    throw new FileError('koffi', 'the package that calls native libraries (npm install koffi)', firstLine(error));
  }
}

function open(koffi: Koffi, path: string): BlasLibrary {
  const known = opened.get(koffi) ?? new Map<string, BlasLibrary>();
  opened.set(koffi, known);
  const library = known.get(path) ?? load(koffi, path);
  known.set(path, library);
  return library;
}

function load(koffi: Koffi, path: string): BlasLibrary {
  const got = JSON.stringify(path);
  let library: ReturnType<Koffi['load']>;
  try {
    library = koffi.load(path);
  } catch (error) {
    throw new FileError('library', 'a BLAS', `${got}: ${firstLine(error)}`);
  }
  const optional = <F>(name: string, result: string, ...parameters: readonly string[]): F | undefined => {
    try {
      return library.func(name, result, parameters) as F;
    } catch {
      return undefined;
    }
  };
  const required = <F>(name: string, ...parameters: readonly string[]): F => {
    const found = optional<F>(name, 'void', ...parameters);
    if (!found) throw new FormatError('library', `a BLAS, with ${name}`, got);
    return found;
  };
  const config = optional<() => string>('openblas_get_config', 'str')?.() ?? '';
  if (config.includes('USE64BITINT')) {
    throw new FormatError('library', 'a BLAS with integers of 32 bits (LP64)', `${got}, with 64 (ILP64)`);
  }
  const operands = (real: string) => [real, 'uintptr_t', 'int', 'uintptr_t', 'int', real, 'uintptr_t', 'int'];
  const gemm = (name: string, real: string) =>
    required<Gemm>(name, 'int', 'int', 'int', 'int', 'int', 'int', ...operands(real));
  const gemv = (name: string, real: string) => required<Gemv>(name, 'int', 'int', 'int', 'int', ...operands(real));
  const setters = SETTERS.map(([name, setter, count]) => ({
    name,
    set: optional<(count: number) => void>(setter, 'void', count),
  }));
  const { name, set } = setters.find(({ set }) => set) ?? { name: 'another', set: undefined };
  let threads: number | undefined;
  return {
    name,
    path,
    version: versionIn(config)?.join('.'),
    kernel: optional<() => string>('openblas_get_corename', 'str')?.(),
    gemm: { f64: gemm('cblas_dgemm', 'double'), f32: gemm('cblas_sgemm', 'float') },
    gemv: { f64: gemv('cblas_dgemv', 'double'), f32: gemv('cblas_sgemv', 'float') },
    setThreads:
      set &&
      (count => {
        if (count !== threads) set(count);
        threads = count;
      }),
    multipliesSmallAsTheyLie: isFrom(config, 3018) && /SkylakeX|Cooperlake|SapphireRapids/i.test(config),
    address: buffer => Number(koffi.address(buffer)),
  };
}

/** The version in `OpenBLAS 0.3.18 …`. */
function versionIn(config: string): readonly string[] | undefined {
  return /OpenBLAS (\d+)\.(\d+)\.(\d+)/.exec(config)?.slice(1);
}

/** Whether it is 0.3.18 or later, for 3018; false where it says nothing. */
function isFrom(config: string, least: number): boolean {
  const [major = 0, minor = 0, patch = 0] = versionIn(config)?.map(Number) ?? [];
  return 1e6 * major + 1e3 * minor + patch >= least;
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n', 1)[0] ?? '';
}
