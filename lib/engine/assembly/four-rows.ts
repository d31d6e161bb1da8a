/**
 * Four rows of A with one whole panel of B: the innermost loop of products where V8 makes one vector of 256 bits of two that
 * do the same with neighbours in memory. The 16 sums are 8 then, and stay in registers; where they are 16 they do not.
 */
import { WIDTH, writeVectors } from './panel';
import { mulAdd } from './simd';

/** Whether vectors become 256 bits wide. The bits of a product are the same. */
export let wide: bool = false;

/** Has products take four rows at a time, where vectors are wide, or two. */
export function setWide(on: bool): void {
  wide = on;
}

/**
 * Rows of C, the first at c, from those of A, the first at p. A step reads 64 bytes of B and a number of each row of A, 6
 * loads for 8 multiply-adds of 256 bits: 64 flops of f64 or 128 of f32. Of `packed` rows of A a column lies in 64 bytes.
 *
 * Nothing but whole vectors is done with the sums: what took one half of a pair would have it taken out in every step. The
 * branch between two steps is there for V8, as in `twoRows`.
 */
@inline
export function fourRows<T>(
  packed: bool, K: usize, p: usize, aRow: usize, b: usize, c: usize, cRow: usize, add: bool,
): void {
  const zero = v128.splat<T>(0), step: usize = packed ? WIDTH : sizeof<T>();
  let s0 = zero, s1 = zero, s2 = zero, s3 = zero;
  let t0 = zero, t1 = zero, t2 = zero, t3 = zero;
  let u0 = zero, u1 = zero, u2 = zero, u3 = zero;
  let v0 = zero, v1 = zero, v2 = zero, v3 = zero;
  let q = p + aRow, r = q + aRow, s = r + aRow;
  for (let k = K; k > 0; k -= 2) {
    let b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
    let x = number<T>(packed, 0, 0, p, p);
    s0 = mulAdd<T>(x, b0, s0), s1 = mulAdd<T>(x, b1, s1), s2 = mulAdd<T>(x, b2, s2), s3 = mulAdd<T>(x, b3, s3);
    x = number<T>(packed, 0, 1, p, q);
    t0 = mulAdd<T>(x, b0, t0), t1 = mulAdd<T>(x, b1, t1), t2 = mulAdd<T>(x, b2, t2), t3 = mulAdd<T>(x, b3, t3);
    x = number<T>(packed, 0, 2, p, r);
    u0 = mulAdd<T>(x, b0, u0), u1 = mulAdd<T>(x, b1, u1), u2 = mulAdd<T>(x, b2, u2), u3 = mulAdd<T>(x, b3, u3);
    x = number<T>(packed, 0, 3, p, s);
    v0 = mulAdd<T>(x, b0, v0), v1 = mulAdd<T>(x, b1, v1), v2 = mulAdd<T>(x, b2, v2), v3 = mulAdd<T>(x, b3, v3);
    if (k == 1) break;
    b0 = v128.load(b, 64), b1 = v128.load(b, 80), b2 = v128.load(b, 96), b3 = v128.load(b, 112);
    x = number<T>(packed, 1, 0, p, p);
    s0 = mulAdd<T>(x, b0, s0), s1 = mulAdd<T>(x, b1, s1), s2 = mulAdd<T>(x, b2, s2), s3 = mulAdd<T>(x, b3, s3);
    x = number<T>(packed, 1, 1, p, q);
    t0 = mulAdd<T>(x, b0, t0), t1 = mulAdd<T>(x, b1, t1), t2 = mulAdd<T>(x, b2, t2), t3 = mulAdd<T>(x, b3, t3);
    x = number<T>(packed, 1, 2, p, r);
    u0 = mulAdd<T>(x, b0, u0), u1 = mulAdd<T>(x, b1, u1), u2 = mulAdd<T>(x, b2, u2), u3 = mulAdd<T>(x, b3, u3);
    x = number<T>(packed, 1, 3, p, s);
    v0 = mulAdd<T>(x, b0, v0), v1 = mulAdd<T>(x, b1, v1), v2 = mulAdd<T>(x, b2, v2), v3 = mulAdd<T>(x, b3, v3);
    p += 2 * step, q += 2 * step, r += 2 * step, s += 2 * step, b += 2 * WIDTH;
  }
  writeVectors<T>(c, add, s0, s1, s2, s3);
  writeVectors<T>(c + cRow, add, t0, t1, t2, t3);
  writeVectors<T>(c + 2 * cRow, add, u0, u1, u2, u3);
  writeVectors<T>(c + 3 * cRow, add, v0, v1, v2, v3);
}

/** The number of a row in one of two steps: of those that are packed from p on, or of the row at q. */
@inline
function number<T>(packed: bool, step: i32, row: i32, p: usize, q: usize): v128 {
  if (!packed) return step == 0 ? v128.load_splat<T>(q) : v128.load_splat<T>(q, sizeof<T>());
  if (step == 0) {
    if (row == 0) return v128.load_splat<T>(p);
    if (row == 1) return v128.load_splat<T>(p, sizeof<T>());
    return row == 2 ? v128.load_splat<T>(p, 2 * sizeof<T>()) : v128.load_splat<T>(p, 3 * sizeof<T>());
  }
  if (row == 0) return v128.load_splat<T>(p, WIDTH);
  if (row == 1) return v128.load_splat<T>(p, WIDTH + sizeof<T>());
  return row == 2 ? v128.load_splat<T>(p, WIDTH + 2 * sizeof<T>()) : v128.load_splat<T>(p, WIDTH + 3 * sizeof<T>());
}
