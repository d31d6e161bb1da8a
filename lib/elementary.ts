/**
 * exp, the logistic function and log of numbers of 64 bits, in JavaScript: the same operations in the same order as in
 * kernels (`lib/engine/elementary.ts`, which says how good they are), so that the bits are the same there and here, and
 * in every runtime. `Math.exp` and `Math.log` may differ from one to the next. Derived in `derivations/elementary.md`.
 */

/** e^a. */
export function exp(a: number): number {
  const x = clamp(a, -746, 710); // beyond lie 0 and ∞
  const k = x * Math.LOG2E + ORIGIN - ORIGIN;
  const r = remainder(x, k); // ELM-1  x = k ln 2 + r
  const z = r * r;
  const c = r - z * series(z); // ELM-3  c = r − (C(r²) − 2)
  const y = 1 + (r + (r * c) / (2 - c)); // ELM-4  e^r = 1 + (r + r c / (2 − c))
  const half = Math.floor(k / 2);
  return y * power(half) * power(k - half); // ELM-5  e^x = (e^r 2^⌊k/2⌋) 2^(k−⌊k/2⌋)
}

/** σ(a) = 1 / (1 + e^−a). */
export function sigmoid(a: number): number {
  const x = clamp(a, -746, 64); // beyond lie 0 and 1
  const k = x * Math.LOG2E + ODD_ORIGIN - ODD_ORIGIN;
  const r = remainder(x, k); // ELM-1  x = k ln 2 + r
  const z = r * r;
  const C = z * series(z) + 2; // ELM-2  C(r²) = r coth(r/2)
  const m = power(k + 64) * (C + r); // ELM-6  n = 2^(k+K) (C + r)
  return m / (2 ** 64 * (C - r) + m); // ELM-7  σ(x) = n / (2^K (C − r) + n)
}

/** log x of a positive and normal number up to 2¹⁰²³, or NaN of NaN. */
export function log(x: number): number {
  if (Number.isNaN(x)) return x;
  WORDS.setFloat64(0, x);
  const [high, low] = [WORDS.getInt32(0), WORDS.getUint32(4)];
  const k = (high - ROOT_HIGH - (low < ROOT_LOW ? 1 : 0)) >> 20;
  const f = x * power(-k) - 1; // ELM-12  x = 2^k (1 + f), √½ ≤ 1 + f < √2
  const t = f / (2 + f);
  const w = t * t;
  let s = 0;
  for (let i = 21; i >= 3; i -= 2) s = s * w + 1 / i;
  return k * LN2_HIGH + (f - (t * (f - 2 * w * s) - k * LN2_LOW)); // ELM-13  log x = k ln 2 + f − t (f − 2t² (1/3 + t²/5 + …))
}

/** log(1 + a) for a ≥ 0, as far as 1 + a does not overflow: what the sum rounds off is put back. */
export function log1p(a: number): number {
  const s = 1 + a;
  return log(s) + (a - (s - 1)) / s;
}

/** The number after which the next is 1 more, with room below: a number added to it is rounded to an integer. */
const ORIGIN = 6755399441055744;

/** The same, rounding halves the other way, as it is where the exponent's bias is in it. */
const ODD_ORIGIN = ORIGIN + 1087;

/** ln 2 but for its last 21 bits, so that its product with k is exact, and those bits. */
const [LN2_HIGH, LN2_LOW] = [0.6931471803691238, 1.9082149292705877e-10];

/** The bits of √½, in two words. */
const [ROOT_HIGH, ROOT_LOW] = [0x3fe6a09e, 0x667f3bcd];

const WORDS = new DataView(new ArrayBuffer(8));

/** min(max(x, low), high), and NaN where x is NaN. */
function clamp(x: number, low: number, high: number): number {
  return x < low ? low : x > high ? high : x;
}

/** x − k ln 2, with the rounding error of the last subtraction only. */
function remainder(x: number, k: number): number {
  return x - k * LN2_HIGH - k * LN2_LOW;
}

/** (C(z) − 2) / z, for z ≤ (0.3466)². */
function series(z: number): number {
  const z2 = z * z;
  const low = z * -0.0027777777777017094 + 0.16666666666666602;
  const middle = z * -1.653390265916785e-6 + 6.613756321869898e-5;
  return z2 * (z2 * 4.138152748459295e-8 + middle) + low;
}

/** 2^k, a normal number; NaN of NaN. */
function power(k: number): number {
  return POWERS[k + 1023] ?? Number.NaN;
}

/** The normal powers of two: products by 2, since what `**` gives may differ from runtime to runtime. */
const POWERS = powers();

function powers(): Float64Array {
  const all = new Float64Array(2047);
  all[1] = 2 ** -1022;
  for (let n = 2; n < all.length; n++) all[n] = 2 * (all[n - 1] ?? 0);
  return all;
}
