/**
 * The matrix product C (+)= op(A)·op(B) of row-major matrices, where op is the identity or the transpose.
 *
 * | argument      | meaning |
 * |---------------|---------|
 * | M, N, K       | op(A) is M×K, op(B) is K×N, C is M×N; all at least 1 |
 * | a, b, c       | the addresses of A, B and C; C overlaps neither A nor B |
 * | lda, ldb, ldc | numbers from a row to the next, of A and B as they lie in memory |
 * | accumulate    | add to C, or assign |
 * | scratch       | the address of `productScratch()` bytes apart from the matrices; what was there is lost |
 *
 * The order of summation depends on K alone. An element is summed over k in order, in blocks of 192: the sum of a block
 * begins at zero and is added to the element, except that of the first, which is assigned unless `accumulate`. So a row
 * of a batch has the same bits as that row by itself, and the same bits again with B packed.
 *
 * The loops, from the outside: blocks of K; blocks of rows of A, which stay in the L2 cache; panels of B, 64 bytes
 * wide, which stay in the L1 cache; in `sweep`, pairs of rows of A. A single row takes panels in pairs. A panel is packed where B lies transposed or more
 * than a few rows use it: a matrix–vector product reads B as it lies, or transposes it within the L1 cache.
 */
import { packPanel } from './pack';
import { WIDTH, panelColumns } from './panel';
import { rowOfTwo, sweep } from './sweep';

/** The rows of a panel, which has 12 KiB. Another value gives other bits. */
const DEPTH: usize = 192;

/** The rows of a block of A times the bytes of a number: a block has at most 192 KiB. */
const BLOCK: usize = 1024;

/** As many rows of A use B as it lies, unless it lies transposed: to pack costs more. */
const FEW: usize = 8;

export function productF64(
  transA: bool, transB: bool, M: usize, N: usize, K: usize,
  a: usize, lda: usize, b: usize, ldb: usize, c: usize, ldc: usize, accumulate: bool, scratch: usize,
): void {
  multiply<f64>(transA, transB, M, N, K, a, 8 * lda, b, 8 * ldb, c, 8 * ldc, accumulate, scratch);
}

export function productF32(
  transA: bool, transB: bool, M: usize, N: usize, K: usize,
  a: usize, lda: usize, b: usize, ldb: usize, c: usize, ldc: usize, accumulate: bool, scratch: usize,
): void {
  multiply<f32>(transA, transB, M, N, K, a, 4 * lda, b, 4 * ldb, c, 4 * ldc, accumulate, scratch);
}

/** The bytes of scratch memory that a product needs, whatever its sizes. */
export function productScratch(): usize {
  return (WIDTH + BLOCK) * DEPTH;
}

/** C (+)= A·op(B), where `packed` is what `packF64` made of op(B). */
export function productPackedF64(
  M: usize, N: usize, K: usize, a: usize, lda: usize, packed: usize, c: usize, ldc: usize, accumulate: bool,
): void {
  multiplyPacked<f64>(M, N, K, a, 8 * lda, packed, c, 8 * ldc, accumulate);
}

/** C (+)= A·op(B), where `packed` is what `packF32` made of op(B). */
export function productPackedF32(
  M: usize, N: usize, K: usize, a: usize, lda: usize, packed: usize, c: usize, ldc: usize, accumulate: bool,
): void {
  multiplyPacked<f32>(M, N, K, a, 4 * lda, packed, c, 4 * ldc, accumulate);
}

/** Writes op(B), K×N, to the `packedF64(N, K)` bytes at `packed`: the panels of the first 192 rows, of the next, … */
export function packF64(transB: bool, N: usize, K: usize, b: usize, ldb: usize, packed: usize): void {
  packAll<f64>(transB, N, K, b, 8 * ldb, packed);
}

/** Writes op(B), K×N, to the `packedF32(N, K)` bytes at `packed`: the panels of the first 192 rows, of the next, … */
export function packF32(transB: bool, N: usize, K: usize, b: usize, ldb: usize, packed: usize): void {
  packAll<f32>(transB, N, K, b, 4 * ldb, packed);
}

/** The bytes of a packed K×N matrix of f64. */
export function packedF64(N: usize, K: usize): usize {
  return packedBytes<f64>(N, K);
}

/** The bytes of a packed K×N matrix of f32. */
export function packedF32(N: usize, K: usize): usize {
  return packedBytes<f32>(N, K);
}

/** As `productF64`; aRow, bRow and cRow are in bytes. */
function multiply<T>(
  transA: bool, transB: bool, M: usize, N: usize, K: usize,
  a: usize, aRow: usize, b: usize, bRow: usize, c: usize, cRow: usize, accumulate: bool, scratch: usize,
): void {
  const size: usize = sizeof<T>(), width = panelColumns<T>(), block = BLOCK / size;
  const panelOfB = scratch, blockOfA = scratch + DEPTH * WIDTH;
  for (let k: usize = 0; k < K; k += DEPTH) {
    const depth = min(DEPTH, K - k);
    const add = accumulate || k > 0;
    for (let i: usize = 0; i < M; i += block) {
      const rows = min(block, M - i);
      if (transA) packPanels<T>(false, rows, depth, a + k * aRow + i * size, aRow, blockOfA);
      let j: usize = 0;
      if (M == 1 && !transA && !transB) {
        for (; j + 2 * width <= N; j += 2 * width) {
          const panel = b + k * bRow + j * size;
          rowOfTwo<T>(depth, a + k * size, size, panel, panel + WIDTH, bRow, c + j * size, add);
        }
      }
      for (; j < N; j += width) {
        const columns = min(width, N - j);
        let panel = transB ? b + j * bRow + k * size : b + k * bRow + j * size;
        let step = bRow;
        if (transB || M > FEW || columns < width) {
          packPanel<T>(transB, depth, columns, panel, bRow, panelOfB);
          panel = panelOfB;
          step = WIDTH;
        }
        const to = c + i * cRow + j * size;
        if (transA) {
          for (let r: usize = 0; r < rows; r += width) {
            const from = blockOfA + r * depth * size;
            sweep<T>(min(width, rows - r), depth, from, size, WIDTH, panel, step, to + r * cRow, cRow, columns, add);
          }
        } else {
          sweep<T>(rows, depth, a + i * aRow + k * size, aRow, size, panel, step, to, cRow, columns, add);
        }
      }
    }
  }
}

/** As `productPackedF64`; aRow and cRow are in bytes. */
function multiplyPacked<T>(
  M: usize, N: usize, K: usize, a: usize, aRow: usize, packed: usize, c: usize, cRow: usize, accumulate: bool,
): void {
  const size: usize = sizeof<T>(), width = panelColumns<T>(), block = BLOCK / size;
  for (let k: usize = 0; k < K; k += DEPTH) {
    const depth = min(DEPTH, K - k);
    const add = accumulate || k > 0;
    for (let i: usize = 0; i < M; i += block) {
      const rows = min(block, M - i), from = a + i * aRow + k * size;
      let panel = packed, j: usize = 0;
      if (M == 1) {
        for (; j + 2 * width <= N; j += 2 * width) {
          rowOfTwo<T>(depth, from, size, panel, panel + depth * WIDTH, WIDTH, c + j * size, add);
          panel += 2 * depth * WIDTH;
        }
      }
      for (; j < N; j += width) {
        const to = c + i * cRow + j * size;
        sweep<T>(rows, depth, from, aRow, size, panel, WIDTH, to, cRow, min(width, N - j), add);
        panel += depth * WIDTH;
      }
    }
    packed += packedBytes<T>(N, depth);
  }
}

/** As `packF64`; bRow is in bytes. */
function packAll<T>(transB: bool, N: usize, K: usize, b: usize, bRow: usize, packed: usize): void {
  for (let k: usize = 0; k < K; k += DEPTH) {
    const depth = min(DEPTH, K - k);
    packPanels<T>(transB, N, depth, transB ? b + k * sizeof<T>() : b + k * bRow, bRow, packed);
    packed += packedBytes<T>(N, depth);
  }
}

/** The panels of a matrix of N columns, or where it lies transposed of N rows, one after the other. */
function packPanels<T>(transposed: bool, N: usize, depth: usize, from: usize, row: usize, to: usize): void {
  const width = panelColumns<T>();
  for (let j: usize = 0; j < N; j += width) {
    packPanel<T>(transposed, depth, min(width, N - j), transposed ? from + j * row : from + j * sizeof<T>(), row, to);
    to += depth * WIDTH;
  }
}

function packedBytes<T>(N: usize, K: usize): usize {
  const width = panelColumns<T>();
  return ((N + width - 1) / width) * K * WIDTH;
}
