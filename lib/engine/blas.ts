/** The machine's BLAS as a backend of the engine: its matrix products, over the memory of the WebAssembly kernels. */
import { ValueError } from '../errors.ts';
import { describe, requireKnown, requireSize } from '../require.ts';
import { type BlasLibrary, openBlas } from './blas-library.ts';
import { blasProducts } from './blas-products.ts';
import type { Backend } from './options.ts';

export interface BlasOptions {
  /** The library's path, or a name that the system's loader knows; otherwise `BPTT_BLAS` of the environment, or what is found. */
  readonly library?: string;
  /** How many threads a product may use. 1 unless given. */
  readonly threads?: number;
}

/** A backend whose products are a BLAS's. */
export interface Blas extends Backend {
  /** What was found. */
  readonly library: Pick<BlasLibrary, 'name' | 'path'>;
  /** Undefined where the library decides by itself. */
  readonly threads: number | undefined;
}

/**
 * The machine's BLAS for the engine's matrix products: OpenBLAS, MKL, BLIS or Accelerate, with integers of 32 bits
 * (LP64). For Node; the package koffi has to be installed beside this one.
 *
 * With one thread a pass gives the same bits again on the same machine. With another library, machine or number of
 * threads it may not.
 *
 * @throws FileError when koffi or a library is missing, saying what to install.
 * @throws FormatError when `library` is not a BLAS that can be used.
 * @throws ValueError when an option is none.
 */
export function blas(options: BlasOptions = {}): Blas {
  const { library: path, threads = 1 } = requireKnown('options', options, ['library', 'threads']);
  requireSize('threads', threads);
  if (path !== undefined && (typeof path !== 'string' || path === '')) {
    throw new ValueError('library', 'a path', describe(path));
  }
  const library = openBlas(path);
  return {
    name: 'blas',
    library: { name: library.name, path: library.path },
    threads: library.setThreads && threads,
    products: runtime => blasProducts(library, threads, runtime),
  };
}
