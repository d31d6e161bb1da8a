/** The matrix products of a BLAS, over the memory of the WebAssembly kernels. */
import type { BlasLibrary } from './blas-library.ts';
import type { Runtime } from './precision.ts';
import { type Products, wasmProducts } from './products.ts';

/** So many bytes, were each multiplication to read one number, are multiplied sooner by WebAssembly than by a call. */
const TINY = 16384;

/** So many products pay for a copy of B. */
const MANY = 16;

/** Rows that lie a multiple of so many bytes apart fight for the same lines of the cache. */
const CROWDED = 2048;

/** Bytes of a line of the cache, by which the rows of a copy are longer than B's. */
const LINE = 64;

/** Products of at most so many multiplications are small, to OpenBLAS. */
const SMALL = 1e6;

/** Multiplications of a block, of which A is not transposed. */
const BLOCK = 2 ** 19;

/** So few rows of A are multiplied in blocks whatever the size of B. */
const FEW = 32;

/** So many more, in f32. */
const TALL = 64;

/** So many rows of A are multiplied in blocks wherever B is cached. */
const MANY_ROWS = 128;

/** So many rows of A, in all products with B, pay for a copy of it. */
const COPIED_FOR = 512;

/** Bytes that the cache next to a core holds, more or less. */
const CACHED = 2 ** 21;

/** As in cblas.h. */
const [ROW_MAJOR, NO_TRANS, TRANS] = [101, 111, 112];

/**
 * The products of a library with so many threads.
 *
 * A single row is a matrix–vector product. B that is used again and again is copied where it lies unfavourably:
 * transposed, or with its rows at distances that crowd the cache. Where the library multiplies small matrices as they lie
 * and copies larger ones first, larger ones are multiplied in small blocks.
 */
export function blasProducts(library: BlasLibrary, threads: number, runtime: Runtime): Products {
  const { heap, kernels, bytes, precision } = runtime;
  const [gemm, gemv] = [library.gemm[precision], library.gemv[precision]];
  const blocks = library.multipliesSmallAsTheyLie && threads === 1;
  const wasm = wasmProducts(runtime);
  let buffer: ArrayBuffer | undefined;
  let base = 0;

  const product: Products['product'] = (transA, transB, M, N, K, a, lda, b, ldb, c, ldc, accumulate) => {
    if (M * N * K * bytes <= TINY) {
      wasm.product(transA, transB, M, N, K, a, lda, b, ldb, c, ldc, accumulate);
      return;
    }
    if (buffer !== heap.memory.buffer) {
      buffer = heap.memory.buffer;
      base = library.address(buffer);
    }
    library.setThreads?.(threads);
    const A = base + a;
    const B = base + b;
    const C = base + c;
    const opA = transA ? TRANS : NO_TRANS;
    const opB = transB ? TRANS : NO_TRANS;
    const beta = accumulate ? 1 : 0;
    if (M === 1) {
      const incA = transA ? lda : 1;
      if (transB) gemv(ROW_MAJOR, NO_TRANS, N, K, 1, B, ldb, A, incA, beta, C, 1);
      else gemv(ROW_MAJOR, TRANS, K, N, 1, B, ldb, A, incA, beta, C, 1);
      return;
    }
    const { rows, columns, depth } =
      blocks && !transB ? blockOf(transA, M, N, K, bytes) : { rows: M, columns: N, depth: K };
    const nextRow = transA ? bytes : lda * bytes;
    const nextTerm = transA ? lda * bytes : bytes;
    for (let k = 0; k < K; k += depth) {
      for (let j = 0; j < N; j += columns) {
        for (let i = 0; i < M; i += rows) {
          const [m, n, d] = [Math.min(rows, M - i), Math.min(columns, N - j), Math.min(depth, K - k)];
          const [Aik, Bkj] = [A + i * nextRow + k * nextTerm, B + (transB ? j * ldb + k : k * ldb + j) * bytes];
          const add = k === 0 ? beta : 1;
          gemm(ROW_MAJOR, opA, opB, m, n, d, 1, Aik, lda, Bkj, ldb, add, C + (i * ldc + j) * bytes, ldc);
        }
      }
    }
  };

  return {
    product,

    operand(transB, N, K, b, ldb, rows, times) {
      if (rows * N * K * bytes <= TINY) return wasm.operand(transB, N, K, b, ldb, rows, times);
      const crowded = (ldb * bytes) % CROWDED === 0;
      if (rows === 1 || (times < MANY && rows * times < COPIED_FOR) || !(transB || crowded)) return undefined;
      const row = N + LINE / bytes;
      const size = K * row * bytes;
      const copy = heap.take(size);
      if (transB) kernels.transpose(N, K, b, ldb, copy, row);
      else copyRows(runtime.view(b, (K - 1) * ldb + N), K, N, ldb, runtime.view(copy, K * row), row);
      return {
        multiply: (M, a, lda, c, ldc, accumulate) =>
          product(false, false, M, N, K, a, lda, copy, row, c, ldc, accumulate),
        release: () => heap.give(copy, size),
      };
    },
  };
}

/** How much of M, N and K is multiplied at a time. */
interface Block {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
}

/**
 * Small blocks where they pay: where A has few rows, for which B would be copied every time; and where it has many, as
 * long as what all of them need stays in the cache: B, or C where A lies transposed. Blocks of 64 rows are as fast as
 * copying in f32 only.
 */
function blockOf(transA: boolean, M: number, N: number, K: number, bytes: number): Block {
  const fits = (transA ? M * N * bytes : 4 * N * K * bytes) <= CACHED;
  const tall = !transA && !fits && bytes === 4 && M > FEW && M <= TALL;
  const pays = transA ? fits : M <= FEW || tall || (fits && (M >= MANY_ROWS || N <= K));
  if (M * N * K <= SMALL || !pays) return { rows: M, columns: N, depth: K };
  if (transA) return { rows: 64, columns: 128, depth: 64 };
  if (tall) return { rows: TALL, columns: 64, depth: 240 };
  const [rows, depth] = [Math.min(M, FEW), Math.min(K, 256)];
  return { rows, columns: 16 * Math.floor(BLOCK / 16 / rows / depth), depth };
}

type Numbers = Float64Array | Float32Array;

function copyRows(from: Numbers, rows: number, columns: number, row: number, to: Numbers, toRow: number): void {
  for (let i = 0; i < rows; i++) to.set(from.subarray(i * row, i * row + columns), i * toRow);
}
