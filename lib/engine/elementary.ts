/**
 * exp, the logistic function, tanh and the logarithms of vectors, as kernels compute them. Derived in
 * `derivations/elementary.md`, with their errors: at most 1.5 units in the last place, the logistic function 2.5.
 *
 * They hold over the whole range. Zeros keep their sign, subnormal arguments and results are right, infinities give
 * the limits, NaN gives NaN. They have no branches, no tables and one division each.
 */
import type { Numbers } from '../equations/numbers.ts';
import type { Vector, VectorNumbers } from './vector.ts';

type Elementary = Pick<Numbers<Vector>, 'exp' | 'sigmoid' | 'tanh' | 'log' | 'log1p'>;

export function elementary(n: Omit<VectorNumbers, keyof Elementary>): Elementary {
  const double = n.precision === 'f64';
  /** A constant that depends on the precision. */
  const per = (inDouble: number, inSingle: number): Vector => n.constant(double ? inDouble : inSingle);
  const all = n.constant;
  const { add, sub, mul, div, mulAdd, mulSub, choose } = n;

  /** min(max(x, low), high), and NaN where x is NaN. */
  const clamp = (x: Vector, low: Vector, high: Vector) => n.pmax(n.pmin(x, high), low);

  /**
   * The number after which the next is 1 more, with room below: a number added to it is rounded to an integer, and the
   * last bits of the sum are that integer plus `bias`.
   */
  const binaryOrigin = (biasDouble: number, biasSingle: number) =>
    per(6755399441055744 + biasDouble, 12582912 + biasSingle);

  /** 2^k, where the last bits of t are k plus the exponent bias. */
  const power = (t: Vector) => n.shiftLeft(t, double ? 52 : 23);

  /** x − k·share·ln 2, with the rounding error of the last subtraction only. */
  const remainder = (x: Vector, k: Vector, share: number) => {
    const high = per(share * LN2_HIGH, share * 0.693359375);
    const low = per(share * LN2_LOW, share * -2.1219444005e-4);
    return mulSub(k, low, mulSub(k, high, x)); // ELM-1  r = x − k ln 2
  };

  /** The polynomial with these coefficients, the highest power's first. */
  const polynomial = (z: Vector, [first = 0, ...rest]: readonly number[]) =>
    rest.reduce((sum, coefficient) => mulAdd(z, sum, all(coefficient)), all(first));

  /** (C(z) − 2) / z, for z ≤ (0.3466)². */
  const series = (z: Vector) => {
    if (!double) return polynomial(z, [-0.002766755875200033, 0.16666625440120697]);
    const z2 = mul(z, z);
    const low = polynomial(z, [-0.0027777777777017094, 0.16666666666666602]);
    const middle = polynomial(z, [-1.653390265916785e-6, 6.613756321869898e-5]);
    return mulAdd(z2, mulAdd(z2, all(4.138152748459295e-8), middle), low); // ELM-2  C(z) = 2 + z/6 − z²/360 + …
  };

  /** P(w), for w ≤ (0.69)², in f32 (0.66)². */
  const numerator = (w: Vector) =>
    polynomial(
      w,
      double
        ? [0.0001989272457026182, 0.020493133231921236, 0.333333333333333]
        : [0.0015364885330200195, 0.33333298563957214],
    );

  /** Q(w), for the same w. */
  const denominator = (w: Vector) =>
    polynomial(
      w,
      double ? [0.00020626515740749062, 0.023283779711223015, 0.46147939969572194, 1] : [0.4045940637588501, 1],
    );

  const exp = (a: Vector): Vector => {
    const x = clamp(a, per(-746, -105), per(710, 89)); // beyond lie 0 and ∞
    const origin = binaryOrigin(2 * 1023, 2 * 127);
    const t = mulAdd(x, all(Math.LOG2E), origin);
    const r = remainder(x, sub(t, origin), 1); // ELM-1  x = k ln 2 + r
    const z = mul(r, r);
    const s = series(z); // ELM-2  C(r²) = r coth(r/2)
    const c = mulSub(z, s, r); // ELM-3  c = r − (C(r²) − 2)
    const rest = div(mul(r, c), sub(all(2), c));
    const y = add(all(1), add(r, rest)); // ELM-4  e^r = 1 + (r + r c / (2 − c))
    const half = n.halve(t);
    return mul(mul(y, power(half)), power(n.subIntegers(t, half))); // ELM-5  e^x = (e^r 2^⌊k/2⌋) 2^(k−⌊k/2⌋)
  };

  const sigmoid = (a: Vector): Vector => {
    const x = clamp(a, per(-746, -105), per(64, 32)); // beyond lie 0 and 1
    const origin = binaryOrigin(1023 + 64, 127 + 32);
    const t = mulAdd(x, all(Math.LOG2E), origin);
    const r = remainder(x, sub(t, origin), 1); // ELM-1  x = k ln 2 + r
    const z = mul(r, r);
    const C = mulAdd(z, series(z), all(2)); // ELM-2  C(r²) = r coth(r/2)
    const m = mul(power(t), add(C, r)); // ELM-6  n = 2^(k+K) (C + r)
    const d = mulAdd(per(2 ** 64, 2 ** 32), sub(C, r), m);
    return div(m, d); // ELM-7  σ(x) = n / (2^K (C − r) + n)
  };

  const tanh = (a: Vector): Vector => {
    const sign = all(-0);
    const x = n.pmin(n.andNot(a, sign), per(22, 10)); // beyond lies 1
    const small = n.below(x, per(0.69, 0.66));
    const origin = binaryOrigin(1023, 127);
    const t = mulAdd(n.andNot(x, small), all(2 * Math.LOG2E), origin);
    const r = remainder(x, sub(t, origin), 0.5); // ELM-8  |x| = k (ln 2)/2 + r, with k = 0 where |x| is small
    const w = mul(r, r);
    const Q = denominator(w);
    const u = mul(mul(r, w), numerator(w)); // ELM-9  tanh r = r − u/Q, where u = r³ P(r²)
    const h = sub(mul(r, Q), u);
    const D = sub(Q, h);
    const d = mulAdd(power(t), add(Q, h), D); // ELM-10  e^2|x| = 2^k (Q + h) / (Q − h), where h = r Q − u
    const m = choose(small, u, D);
    const y = sub(choose(small, x, all(1)), div(add(m, m), d)); // ELM-11  tanh |x| = 1 − 2 (Q − h) / d, or |x| − 2u/d
    return n.or(y, n.and(a, sign));
  };

  /** The logarithm of a positive, normal and finite number. */
  const logOfNormal = (x: Vector, k0: Vector): Vector => {
    const fraction = double ? 52 : 23;
    const k = n.shiftRight(n.subIntegers(x, all(Math.SQRT1_2)), fraction);
    const f = sub(n.subIntegers(x, n.shiftLeft(k, fraction)), all(1)); // ELM-12  x = 2^k (1 + f), √½ ≤ 1 + f < √2
    const t = div(f, add(all(2), f));
    const w = mul(t, t);
    const terms = double ? [21, 19, 17, 15, 13, 11, 9, 7, 5, 3] : [11, 9, 7, 5, 3];
    const s = polynomial(
      w,
      terms.map(i => 1 / i),
    );
    const origin = binaryOrigin(0, 0);
    const e = sub(sub(n.addIntegers(origin, k), origin), k0);
    const tail = sub(mul(t, sub(f, mul(add(w, w), s))), mul(e, per(LN2_LOW, -2.1219444005e-4)));
    return add(mul(e, per(LN2_HIGH, 0.693359375)), sub(f, tail)); // ELM-13  log x = k ln 2 + f − t (f − 2t² (1/3 + t²/5 + …))
  };

  const log = (x: Vector): Vector => {
    const tiny = n.below(x, per(2 ** -1022, 2 ** -126));
    const shift = per(54, 25);
    const whole = choose(tiny, mul(x, per(2 ** 54, 2 ** 25)), x);
    const y = logOfNormal(whole, n.and(tiny, shift));
    const end = choose(n.equal(x, all(0)), all(Number.NEGATIVE_INFINITY), all(Number.NaN)); // of 0, and of what is below
    const finite = choose(n.below(all(0), x), y, end);
    return choose(n.equal(x, all(Number.POSITIVE_INFINITY)), x, choose(n.equal(x, x), finite, x));
  };

  /** For a ≥ 0, as far as 1 + a does not overflow: what the sum rounds off is put back. */
  const log1p = (a: Vector): Vector => {
    const s = add(all(1), a);
    return add(log(s), div(sub(a, sub(s, all(1))), s));
  };

  return { exp, sigmoid, tanh, log, log1p };
}

/** ln 2 but for its last 21 bits, so that its product with k is exact, and those bits. */
const [LN2_HIGH, LN2_LOW] = [0.6931471803691238, 1.9082149292705877e-10];
