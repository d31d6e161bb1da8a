/**
 * log softmax of every row of a rows×columns matrix at x, into y, which may be x. Derived in `derivations/readout.md`.
 *
 * Sums and logarithms are f64 in either precision. A row with a NaN or +∞, or of nothing but −∞, becomes NaN.
 */
import { exp, log } from './elementary';
import { all, lanes } from './simd';

export function logSoftmaxRowsF64(x: usize, y: usize, rows: usize, columns: usize): void {
  logSoftmaxRows<f64>(x, y, rows, columns);
}

export function logSoftmaxRowsF32(x: usize, y: usize, rows: usize, columns: usize): void {
  logSoftmaxRows<f32>(x, y, rows, columns);
}

/** log x of one positive, normal and finite number. */
export function logF64(x: f64): f64 {
  return log(x);
}

@inline
function logSoftmaxRows<T>(x: usize, y: usize, rows: usize, columns: usize): void {
  const row = columns * sizeof<T>();
  const full = (columns & ~(<usize>lanes<T>() - 1)) * sizeof<T>();
  for (const end = x + rows * row; x < end; x += row, y += row) {
    const largest = all<T>(<f64>largestOf<T>(x, full, row)); // CE-F1  μ_t = max_k o_tk
    const sum = sumOfExp<T>(x, full, row, largest); // CE-F2  Z_t = Σ_k exp(o_tk − μ_t)
    const logZ = all<T>(log(sum));
    let k: usize = 0;
    for (; k < full; k += 16) {
      v128.store(y + k, v128.sub<T>(v128.sub<T>(v128.load(x + k), largest), logZ)); // CE-F3  log p_tk = o_tk − μ_t − log Z_t
    }
    for (; k < row; k += sizeof<T>()) {
      v128.store_lane<T>(y + k, v128.sub<T>(v128.sub<T>(v128.load_splat<T>(x + k), largest), logZ), 0);
    }
  }
}

/** The largest number of a row, NaN aside: its vectors take `full` bytes, the whole of it `row`. */
@inline
function largestOf<T>(x: usize, full: usize, row: usize): T {
  let largest = all<T>(-Infinity);
  let k: usize = 0;
  for (; k < full; k += 16) largest = v128.pmax<T>(largest, v128.load(x + k));
  for (; k < row; k += sizeof<T>()) largest = v128.pmax<T>(largest, v128.load_splat<T>(x + k));
  if (sizeof<T>() == 4) largest = v128.pmax<T>(largest, i32x4.shuffle(largest, largest, 1, 0, 3, 2));
  largest = v128.pmax<T>(largest, i64x2.shuffle(largest, largest, 1, 0));
  return v128.extract_lane<T>(largest, 0);
}

/** The sum of exp(x − largest) over a row. */
@inline
function sumOfExp<T>(x: usize, full: usize, row: usize, largest: v128): f64 {
  let sums = all<f64>(0);
  let k: usize = 0;
  for (; k < full; k += 16) {
    const e = exp<T>(v128.sub<T>(v128.load(x + k), largest));
    if (sizeof<T>() == 8) {
      sums = f64x2.add(sums, e);
    } else {
      sums = f64x2.add(sums, f64x2.promote_low_f32x4(e));
      sums = f64x2.add(sums, f64x2.promote_low_f32x4(i64x2.shuffle(e, e, 1, 0)));
    }
  }
  let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  for (; k < row; k += sizeof<T>()) {
    sum += <f64>v128.extract_lane<T>(exp<T>(v128.sub<T>(v128.load_splat<T>(x + k), largest)), 0);
  }
  return sum;
}
