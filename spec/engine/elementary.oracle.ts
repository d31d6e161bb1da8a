/**
 * exp, the logistic function, tanh and log to some 200 bits, in integers, and the distance of a number from them in
 * units in the last place.
 *
 * A logarithm or exponential is a fixed-point number, an integer that counts units of 2⁻²⁵⁶, and comes from its power
 * series. Nothing is shared with the kernels but the definition of the functions.
 */

/** The number m·2^e. */
export interface Real {
  readonly m: bigint;
  readonly e: number;
}

/** A binary floating-point format. */
export interface Format {
  /** Bits of the significand, with the one before the point. */
  readonly bits: number;
  /** The smallest number is 2 to this. */
  readonly least: number;
  /** The first power of two that is too large is 2 to this. */
  readonly overflow: number;
}

export const F64: Format = { bits: 53, least: -1074, overflow: 1024 };
export const F32: Format = { bits: 24, least: -149, overflow: 128 };

const BITS = 256;
const ONE = 1n << BigInt(BITS);
const LN2 = 2n * atanh(ONE / 3n);

/** Below this tanh x is x, to more bits than are looked at. */
const TINY = 2 ** -60;

export function exp(x: number): Real {
  const { k, y } = powers(x);
  return { m: y, e: k - BITS };
}

export function sigmoid(x: number): Real {
  const { k, y } = powers(x);
  const [n, one] = k < 0 ? [y, shift(ONE, -k)] : [shift(y, k), ONE];
  return { m: shift(n, BITS + Math.abs(k)) / (one + n), e: -BITS - Math.abs(k) };
}

export function tanh(x: number): Real {
  if (Math.abs(x) < TINY) return real(x);
  const { k, y } = powers(2 * Math.min(Math.abs(x), 100));
  const n = shift(y, k);
  const m = ((n - ONE) << BigInt(BITS)) / (n + ONE);
  return { m: x < 0 ? -m : m, e: -BITS };
}

/** log x, where x is positive and not within 2⁻⁶⁰ of 1. */
export function log(x: number): Real {
  const { m, e } = real(x);
  const k = length(m);
  const y = shift(m, BITS - k);
  return { m: 2n * atanh(((y - ONE) << BigInt(BITS)) / (y + ONE)) + BigInt(k + e) * LN2, e: -BITS };
}

/** log(1 + x), where 0 ≤ x ≤ 1; below 2⁻⁶⁰ it is x, to more bits than are looked at. */
export function log1p(x: number): Real {
  if (x < TINY) return real(x);
  const { m, e } = real(x);
  const f = shift(m, e + BITS);
  return { m: 2n * atanh((f << BigInt(BITS)) / (2n * ONE + f)), e: -BITS };
}

/** The finite number x as it is; an infinity as the first power of two that is too large. */
export function real(x: number, { overflow }: Format = F64): Real {
  if (!Number.isFinite(x)) return { m: BigInt(Math.sign(x)), e: overflow };
  const e = Math.max(Math.floor(Math.log2(Math.abs(x) || 1)) - 54, -1074);
  // A product with 2^1074 would overflow at once.
  const half = Math.trunc(-e / 2);
  return { m: BigInt(x * 2 ** half * 2 ** (-e - half)), e };
}

/**
 * |y − t| in units in the last place of t: the distance of the format's numbers there. What is too large for the format
 * counts as infinity.
 */
export function ulps(y: number, t: Real, format: Format = F64): number {
  const top = length(t.m) + t.e;
  const true_ = top > format.overflow ? real(Number.POSITIVE_INFINITY, format) : t;
  const unit = Math.min(Math.max(top - format.bits, format.least), format.overflow - format.bits) - 64;
  const got = real(y, format);
  return Math.abs(Number(shift(got.m, got.e - unit) - shift(true_.m, true_.e - unit))) / 2 ** 64;
}

/** e^x = 2^k y, y in fixed point between ½ and 2, for |x| ≤ 1000; beyond, that of ±1000. */
function powers(argument: number): { readonly k: number; readonly y: bigint } {
  const x = Math.max(-1000, Math.min(argument, 1000));
  const { m, e } = real(x);
  const fixed = shift(m, e + BITS);
  const k = Math.round(x / Math.LN2);
  const r = shift(fixed - BigInt(k) * LN2, -8);
  let sum = 0n;
  for (let n = 1n, term = ONE; term !== 0n; n++) {
    sum += term;
    term = (term * r) / ONE / n;
  }
  for (let n = 0; n < 8; n++) sum = (sum * sum) >> BigInt(BITS);
  return { k, y: sum };
}

/** t + t³/3 + t⁵/5 + …, in fixed point. */
function atanh(t: bigint): bigint {
  const square = (t * t) / ONE;
  let sum = 0n;
  for (let n = 1n, power = t; power !== 0n; n += 2n) {
    sum += power / n;
    power = (power * square) / ONE;
  }
  return sum;
}

/** m·2^n, rounded down. */
function shift(m: bigint, n: number): bigint {
  return n < 0 ? m >> BigInt(-n) : m << BigInt(n);
}

/** The bits of |m|. */
function length(m: bigint): number {
  return (m < 0n ? -m : m).toString(2).length;
}
