/** Where the matrix products of the engine are done: a backend. */
import type { Runtime } from './precision.ts';

/** The right-hand side of a product that is done many times, prepared for it. */
export interface Operand {
  /** C (+)= A·op(B) of the K×N matrix op(B) that was prepared; A is M×K. */
  multiply(M: number, a: number, lda: number, c: number, ldc: number, accumulate: boolean): void;
  /** Gives back what was taken for it. */
  release(): void;
}

/** Matrix products over the memory of a runtime: row-major, addresses in bytes, leading dimensions in numbers. */
export interface Products {
  /** C (+)= op(A)·op(B), M×K times K×N, op the transpose where asked for. */
  product(
    transA: boolean,
    transB: boolean,
    M: number,
    N: number,
    K: number,
    a: number,
    lda: number,
    b: number,
    ldb: number,
    c: number,
    ldc: number,
    accumulate: boolean,
  ): void;
  /** Prepares op(B), K×N, for `times` products with `rows` rows on the left; undefined where it is best as it lies. */
  operand(
    transB: boolean,
    N: number,
    K: number,
    b: number,
    ldb: number,
    rows: number,
    times: number,
  ): Operand | undefined;
}

/** So few rows read B as it lies as fast as they read it packed. */
const FEW = 8;

/** The products of the WebAssembly kernels. */
export function wasmProducts({ kernels, heap, productScratch }: Runtime): Products {
  const product: Products['product'] = (transA, transB, M, N, K, a, lda, b, ldb, c, ldc, accumulate) =>
    kernels.product(transA, transB, M, N, K, a, lda, b, ldb, c, ldc, accumulate, productScratch);
  return {
    product,
    operand(transB, N, K, b, ldb, rows, times) {
      if (times < 2 || (!transB && rows <= FEW)) return undefined;
      const bytes = kernels.packed(N, K);
      const packed = heap.take(bytes);
      kernels.pack(transB, N, K, b, ldb, packed);
      return {
        multiply: (M, a, lda, c, ldc, accumulate) => kernels.productPacked(M, N, K, a, lda, packed, c, ldc, accumulate),
        release: () => heap.give(packed, bytes),
      };
    },
  };
}
