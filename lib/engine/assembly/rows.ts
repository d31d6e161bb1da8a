/** What stands around the products: whether numbers are finite, transposes, one-hot rows by their indices, sums over all rows. */
import { transpose } from './pack';
import { writeVectors } from './panel';
import { all } from './simd';

export function allFiniteF64(n: usize, x: usize): bool {
  return allFinite<f64>(n, x);
}

export function allFiniteF32(n: usize, x: usize): bool {
  return allFinite<f32>(n, x);
}

export function transposeF64(rows: usize, columns: usize, a: usize, aRow: usize, to: usize, toRow: usize): void {
  transpose<f64>(rows, columns, a, 8 * aRow, to, 8 * toRow);
}

export function transposeF32(rows: usize, columns: usize, a: usize, aRow: usize, to: usize, toRow: usize): void {
  transpose<f32>(rows, columns, a, 4 * aRow, to, 4 * toRow);
}

export function gatherF64(rows: usize, width: usize, indices: usize, U: usize, d: usize, a: usize, aRow: usize): void {
  gather<f64>(rows, width, indices, U, d, a, 8 * aRow);
}

export function gatherF32(rows: usize, width: usize, indices: usize, U: usize, d: usize, a: usize, aRow: usize): void {
  gather<f32>(rows, width, indices, U, d, a, 4 * aRow);
}

export function scatterF64(rows: usize, width: usize, indices: usize, da: usize, daRow: usize, d: usize, dU: usize): void {
  scatter<f64>(rows, width, indices, da, 8 * daRow, d, dU);
}

export function scatterF32(rows: usize, width: usize, indices: usize, da: usize, daRow: usize, d: usize, dU: usize): void {
  scatter<f32>(rows, width, indices, da, 4 * daRow, d, dU);
}

export function addRowF64(rows: usize, width: usize, b: usize, a: usize): void {
  addRow<f64>(rows, width, b, a);
}

export function addRowF32(rows: usize, width: usize, b: usize, a: usize): void {
  addRow<f32>(rows, width, b, a);
}

export function columnSumsF64(rows: usize, width: usize, a: usize, aRow: usize, sums: usize): void {
  columnSums<f64>(rows, width, a, 8 * aRow, sums);
}

export function columnSumsF32(rows: usize, width: usize, a: usize, aRow: usize, sums: usize): void {
  columnSums<f32>(rows, width, a, 4 * aRow, sums);
}

export function columnProductsF64(
  rows: usize, width: usize, a: usize, aRow: usize, b: usize, bRow: usize, sums: usize,
): void {
  columnProducts<f64>(rows, width, a, 8 * aRow, b, 8 * bRow, sums);
}

export function columnProductsF32(
  rows: usize, width: usize, a: usize, aRow: usize, b: usize, bRow: usize, sums: usize,
): void {
  columnProducts<f32>(rows, width, a, 4 * aRow, b, 4 * bRow, sums);
}

/** Whether all of n numbers are finite: x·0 is 0 where x is, else NaN. */
@inline
function allFinite<T>(n: usize, x: usize): bool {
  const zero = all<T>(0), end = x + n * sizeof<T>();
  let s0 = zero, s1 = zero, s2 = zero, s3 = zero;
  for (; x + 64 <= end; x += 64) {
    s0 = v128.add<T>(s0, v128.mul<T>(v128.load(x), zero));
    s1 = v128.add<T>(s1, v128.mul<T>(v128.load(x, 16), zero));
    s2 = v128.add<T>(s2, v128.mul<T>(v128.load(x, 32), zero));
    s3 = v128.add<T>(s3, v128.mul<T>(v128.load(x, 48), zero));
  }
  for (; x < end; x += sizeof<T>()) s0 = v128.add<T>(s0, v128.mul<T>(v128.load_splat<T>(x), zero));
  const sum = v128.add<T>(v128.add<T>(s0, s1), v128.add<T>(s2, s3));
  const zeros = v128.eq<T>(sum, zero);
  return sizeof<T>() == 8 ? i64x2.all_true(zeros) : i32x4.all_true(zeros);
}

/** Row n of a, rows×width and aRow bytes apart, is column indices[n] of U, width×d: x·Uᵀ for one-hot x. */
@inline
function gather<T>(rows: usize, width: usize, indices: usize, U: usize, d: usize, a: usize, aRow: usize): void {
  const step = d * sizeof<T>();
  for (let n: usize = 0; n < rows; n++, a += aRow) {
    let from = U + <usize>load<i32>(indices + 4 * n) * sizeof<T>();
    for (let to = a, end = a + width * sizeof<T>(); to < end; to += sizeof<T>(), from += step) store<T>(to, load<T>(from));
  }
}

/** Column indices[n] of dU, width×d, += row n of da, rows×width and daRow bytes apart: daᵀ·x for one-hot x. */
@inline
function scatter<T>(rows: usize, width: usize, indices: usize, da: usize, daRow: usize, d: usize, dU: usize): void {
  const step = d * sizeof<T>();
  for (let n: usize = 0; n < rows; n++, da += daRow) {
    let to = dU + <usize>load<i32>(indices + 4 * n) * sizeof<T>();
    for (let from = da, end = da + width * sizeof<T>(); from < end; from += sizeof<T>(), to += step) {
      store<T>(to, load<T>(to) + load<T>(from));
    }
  }
}

/** Every row of a, rows×width, += b: vector by vector, then number by number. */
@inline
function addRow<T>(rows: usize, width: usize, b: usize, a: usize): void {
  const row = width * sizeof<T>(), whole = row & ~15;
  for (let n: usize = 0; n < rows; n++, a += row) {
    let j: usize = 0;
    for (; j + 64 <= row; j += 64) {
      const p = a + j, q = b + j;
      writeVectors<T>(p, true, v128.load(q), v128.load(q, 16), v128.load(q, 32), v128.load(q, 48));
    }
    for (; j < whole; j += 16) v128.store(a + j, v128.add<T>(v128.load(a + j), v128.load(b + j)));
    for (; j < row; j += sizeof<T>()) store<T>(a + j, load<T>(a + j) + load<T>(b + j));
  }
}

/** sums, 1×width, += the rows of a, which are aRow bytes apart. */
@inline
function columnSums<T>(rows: usize, width: usize, a: usize, aRow: usize, sums: usize): void {
  sumColumns<T>(false, rows, width, a, aRow, a, 0, sums);
}

/** sums, 1×width, += Σ over rows of a⊙b, whose rows are aRow and bRow bytes apart. */
@inline
function columnProducts<T>(
  rows: usize, width: usize, a: usize, aRow: usize, b: usize, bRow: usize, sums: usize,
): void {
  sumColumns<T>(true, rows, width, a, aRow, b, bRow, sums);
}

/** Four vectors at a time, which are a line of the cache and sums that do not wait for each other; then one by one; then numbers. */
@inline
function sumColumns<T>(
  products: bool, rows: usize, width: usize, a: usize, aRow: usize, b: usize, bRow: usize, sums: usize,
): void {
  let row = width * sizeof<T>();
  for (; row >= 64; row -= 64, a += 64, b += 64, sums += 64) {
    let s0 = all<T>(0), s1 = s0, s2 = s0, s3 = s0;
    for (let n: usize = 0, p = a, q = b; n < rows; n++, p += aRow, q += bRow) {
      s0 = v128.add<T>(s0, term<T>(products, p, q));
      s1 = v128.add<T>(s1, term<T>(products, p + 16, q + 16));
      s2 = v128.add<T>(s2, term<T>(products, p + 32, q + 32));
      s3 = v128.add<T>(s3, term<T>(products, p + 48, q + 48));
    }
    writeVectors<T>(sums, true, s0, s1, s2, s3);
  }
  for (; row >= 16; row -= 16, a += 16, b += 16, sums += 16) {
    let total = all<T>(0);
    for (let n: usize = 0, p = a, q = b; n < rows; n++, p += aRow, q += bRow) {
      total = v128.add<T>(total, term<T>(products, p, q));
    }
    v128.store(sums, v128.add<T>(v128.load(sums), total));
  }
  for (; row > 0; row -= sizeof<T>(), a += sizeof<T>(), b += sizeof<T>(), sums += sizeof<T>()) {
    let total: T = 0;
    for (let n: usize = 0, p = a, q = b; n < rows; n++, p += aRow, q += bRow) {
      total += products ? load<T>(p) * load<T>(q) : load<T>(p);
    }
    store<T>(sums, load<T>(sums) + total);
  }
}

@inline
function term<T>(products: bool, p: usize, q: usize): v128 {
  return products ? v128.mul<T>(v128.load(p), v128.load(q)) : v128.load(p);
}
