/** Where the matrix products of the engine are done: a backend. */
import type { Runtime } from './precision.ts';
import { wideVectors } from './wide.ts';

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

/** Multiply-adds of products after which it pays to ask how wide vectors are: a fiftieth of a second and more. */
const WORTH_ASKING = 3e8;

/** Those of a runtime until then. */
const meters = new WeakMap<Runtime, { left: number }>();

/** The products of the WebAssembly kernels. */
export function wasmProducts(runtime: Runtime): Products {
  const { kernels, heap, productScratch } = runtime;
  const meter = meters.get(runtime) ?? { left: WORTH_ASKING };
  meters.set(runtime, meter);
  const count = (multiplyAdds: number) => {
    if (meter.left <= 0) return;
    meter.left -= multiplyAdds;
    if (meter.left <= 0) runtime.setWide(wideVectors());
  };
  const product: Products['product'] = (transA, transB, M, N, K, a, lda, b, ldb, c, ldc, accumulate) => {
    count(M * N * K);
    kernels.product(transA, transB, M, N, K, a, lda, b, ldb, c, ldc, accumulate, productScratch);
  };
  return {
    product,
    operand(transB, N, K, b, ldb, rows, times) {
      if (times < 2 || (!transB && rows <= FEW)) return undefined;
      const bytes = kernels.packed(N, K);
      const packed = heap.take(bytes);
      kernels.pack(transB, N, K, b, ldb, packed);
      return new Packed(runtime, count, N, K, packed, bytes);
    },
  };
}

/** A matrix K×N that lies packed at an address: one object a pass, since every step makes some. */
class Packed implements Operand {
  readonly #runtime: Runtime;
  readonly #count: (multiplyAdds: number) => void;
  readonly #N: number;
  readonly #K: number;
  readonly #packed: number;
  readonly #bytes: number;

  constructor(
    runtime: Runtime,
    count: (multiplyAdds: number) => void,
    N: number,
    K: number,
    packed: number,
    bytes: number,
  ) {
    this.#runtime = runtime;
    this.#count = count;
    this.#N = N;
    this.#K = K;
    this.#packed = packed;
    this.#bytes = bytes;
  }

  multiply(M: number, a: number, lda: number, c: number, ldc: number, accumulate: boolean): void {
    this.#count(M * this.#N * this.#K);
    this.#runtime.kernels.productPacked(M, this.#N, this.#K, a, lda, this.#packed, c, ldc, accumulate);
  }

  release(): void {
    this.#runtime.heap.give(this.#packed, this.#bytes);
  }
}
