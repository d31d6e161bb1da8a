/** Norms of gradients and what clipping does to them, as `lib/optim/norm.ts` and `clip.ts` have it: the same bits. */
import { all } from './simd';

/** ‖x‖² of n numbers, in four sums: of every fourth number each, what is left over in the first. */
export function squares(n: usize, x: usize): f64 {
  let s0 = all<f64>(0), s1 = s0;
  const end = x + 8 * n;
  for (; x + 32 <= end; x += 32) {
    const x0 = v128.load(x), x1 = v128.load(x, 16);
    s0 = f64x2.add(s0, f64x2.mul(x0, x0));
    s1 = f64x2.add(s1, f64x2.mul(x1, x1));
  }
  let a = f64x2.extract_lane(s0, 0);
  for (; x < end; x += 8) a += load<f64>(x) * load<f64>(x);
  return a + f64x2.extract_lane(s0, 1) + (f64x2.extract_lane(s1, 0) + f64x2.extract_lane(s1, 1));
}

/** n numbers times a factor. */
export function scale(n: usize, x: usize, factor: f64): void {
  const c = all<f64>(factor), end = x + 8 * n;
  for (; x + 32 <= end; x += 32) {
    const x0 = v128.load(x), x1 = v128.load(x, 16);
    v128.store(x, f64x2.mul(x0, c));
    v128.store(x, f64x2.mul(x1, c), 16);
  }
  for (; x < end; x += 8) store<f64>(x, load<f64>(x) * factor);
}

/** n numbers to within ±limit. */
export function clip(n: usize, x: usize, limit: f64): void {
  const high = all<f64>(limit), low = all<f64>(-limit), end = x + 8 * n;
  for (; x + 32 <= end; x += 32) {
    const x0 = v128.load(x), x1 = v128.load(x, 16);
    v128.store(x, f64x2.pmax(f64x2.pmin(x0, high), low));
    v128.store(x, f64x2.pmax(f64x2.pmin(x1, high), low), 16);
  }
  for (; x < end; x += 8) {
    const x0 = v128.load64_zero(x);
    v128.store64_lane(x, f64x2.pmax(f64x2.pmin(x0, high), low), 0);
  }
}
