/**
 * exp of a vector and the logarithm of a number, for log softmax, as `lib/engine/elementary.ts` has them for generated
 * kernels. Derived in `derivations/elementary.md`.
 */
import { all, mulAdd, mulSub } from './simd';

/** e^x. */
@inline
export function exp<T>(a: v128): v128 {
  const x = clamp<T>(a, per<T>(-746, -105), per<T>(710, 89)); // beyond lie 0 and ∞
  const origin = binaryOrigin<T>(2 * per<T>(1023, 127));
  const t = mulAdd<T>(x, all<T>(LOG2_E), origin);
  const r = remainder<T>(x, v128.sub<T>(t, origin), 1); // ELM-1  x = k ln 2 + r
  const z = v128.mul<T>(r, r);
  const c = mulSub<T>(z, series<T>(z), r); // ELM-3  c = r − (C(r²) − 2)
  const rest = v128.div<T>(v128.mul<T>(r, c), v128.sub<T>(all<T>(2), c));
  const y = v128.add<T>(all<T>(1), v128.add<T>(r, rest)); // ELM-4  e^r = 1 + (r + r c / (2 − c))
  const half = i32x4.shr_s(t, 1);
  const other = sizeof<T>() == 8 ? i64x2.sub(t, half) : i32x4.sub(t, half);
  return v128.mul<T>(v128.mul<T>(y, power<T>(half)), power<T>(other)); // ELM-5  e^x = (e^r 2^⌊k/2⌋) 2^(k−⌊k/2⌋)
}

/** 1 / (1 + e^−x). */
@inline
export function sigmoid<T>(a: v128): v128 {
  const x = clamp<T>(a, per<T>(-746, -105), per<T>(64, 32)); // beyond lie 0 and 1
  const origin = binaryOrigin<T>(per<T>(1023 + 64, 127 + 32));
  const t = mulAdd<T>(x, all<T>(LOG2_E), origin);
  const r = remainder<T>(x, v128.sub<T>(t, origin), 1); // ELM-1  x = k ln 2 + r
  const z = v128.mul<T>(r, r);
  const C = mulAdd<T>(z, series<T>(z), all<T>(2)); // ELM-2  C(r²) = r coth(r/2)
  const m = v128.mul<T>(power<T>(t), v128.add<T>(C, r)); // ELM-6  n = 2^(k+K) (C + r)
  const d = mulAdd<T>(all<T>(per<T>(18446744073709551616.0, 4294967296.0)), v128.sub<T>(C, r), m);
  return v128.div<T>(m, d); // ELM-7  σ(x) = n / (2^K (C − r) + n)
}

/** log x of a positive, normal and finite number, or NaN of NaN. */
@inline
export function log(x: f64): f64 {
  if (x != x) return x;
  const bits = reinterpret<i64>(x);
  const k = (bits - reinterpret<i64>(Math.SQRT1_2)) >> 52;
  const f = reinterpret<f64>(bits - (k << 52)) - 1; // ELM-12  x = 2^k (1 + f), √½ ≤ 1 + f < √2
  const t = f / (2 + f);
  const w = t * t;
  let s: f64 = 0;
  for (let i: f64 = 21; i >= 3; i -= 2) s = s * w + 1 / i;
  const e = <f64>k;
  return e * LN2_HIGH + (f - (t * (f - 2 * w * s) - e * LN2_LOW)); // ELM-13  log x = k ln 2 + f − t (f − 2t² (1/3 + t²/5 + …))
}

const LOG2_E: f64 = 1.4426950408889634;

/** ln 2 but for its last 21 bits, so that its product with k is exact, and those bits. */
const LN2_HIGH: f64 = reinterpret<f64>(0x3fe62e42fee00000);
const LN2_LOW: f64 = reinterpret<f64>(0x3dea39ef35793c76);

/** A constant that depends on the precision. */
@inline
function per<T>(double: f64, single: f64): f64 {
  return sizeof<T>() == 8 ? double : single;
}

/** min(max(x, low), high), and NaN where x is NaN. */
@inline
function clamp<T>(x: v128, low: f64, high: f64): v128 {
  return v128.pmax<T>(v128.pmin<T>(x, all<T>(high)), all<T>(low));
}

/**
 * The number after which the next is 1 more, with room below: a number added to it is rounded to an integer, and the
 * last bits of the sum are that integer plus `bias`.
 */
@inline
function binaryOrigin<T>(bias: f64): v128 {
  return all<T>(per<T>(6755399441055744.0, 12582912.0) + bias);
}

/** 2^k, where the last bits of t are k plus the exponent bias. */
@inline
function power<T>(t: v128): v128 {
  return sizeof<T>() == 8 ? i64x2.shl(t, 52) : i32x4.shl(t, 23);
}

/** x − k·share·ln 2, with the rounding error of the last subtraction only. */
@inline
function remainder<T>(x: v128, k: v128, share: f64): v128 {
  const high = all<T>(share * per<T>(LN2_HIGH, 0.693359375));
  const low = all<T>(share * per<T>(LN2_LOW, -2.1219444005e-4));
  return mulSub<T>(k, low, mulSub<T>(k, high, x));
}

/** (C(z) − 2) / z, for z ≤ (0.3466)². */
@inline
function series<T>(z: v128): v128 {
  if (sizeof<T>() == 4) return mulAdd<T>(z, all<T>(-0.002766755875200033), all<T>(0.16666625440120697));
  const z2 = v128.mul<T>(z, z);
  const low = mulAdd<T>(z, all<T>(-0.0027777777777017094), all<T>(0.16666666666666602));
  const middle = mulAdd<T>(z, all<T>(-1.653390265916785e-6), all<T>(6.613756321869898e-5));
  return mulAdd<T>(z2, mulAdd<T>(z2, all<T>(4.138152748459295e-8), middle), low);
}
