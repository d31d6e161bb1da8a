/**
 * Numbers without rounding, for proofs: integers modulo a prime, three at once, in which equality is no accident. Derived
 * in `derivations/verification.md`, "Exact proof".
 */
import type { Numbers } from '../equations/numbers.ts';
import type { Elementwise } from '../equations/operation.ts';
import { streamSeed } from '../random.ts';

/** 2²⁶ − 5, the largest prime below 2²⁶: a product of two residues is exact in a float. */
export const PRIME = 67_108_859;

/** How many draws are made at once. */
export const DRAWS = 3;

/** A residue of each of three draws. */
export interface Residue {
  readonly u: number;
  readonly v: number;
  readonly w: number;
}

/** Numbers that equations can be proven over: a function whose formula hides its slope is one function of its own. */
export interface ProofNumbers<N> extends Numbers<N> {
  /** What an elementwise function with a slope of its own gives. */
  apply(operation: Elementwise, a: N): N;
}

/** The residues, and where they are drawn from. */
export interface Field extends ProofNumbers<Residue> {
  /** The next that is drawn, uniform. */
  draw(): Residue;
}

/** A denominator that is zero in one of the draws: they are made again. */
export class NoInverse extends Error {}

/** What no residue stands for: half a sentence says why. */
export class Unprovable extends Error {}

export const ZERO: Residue = { u: 0, v: 0, w: 0 };

const sum = (a: number, b: number): number => (a + b >= PRIME ? a + b - PRIME : a + b);
const difference = (a: number, b: number): number => (a >= b ? a - b : a - b + PRIME);

/** a·b < 2⁵² is exact, and so is ⌊a·b/p⌋·p, of which the quotient may be one too many or too few. */
function product(a: number, b: number): number {
  const whole = a * b;
  const rest = whole - Math.floor(whole / PRIME) * PRIME;
  return rest < 0 ? rest + PRIME : rest >= PRIME ? rest - PRIME : rest;
}

/** By Euclid's algorithm. */
function inverse(a: number): number {
  let [r, next, s, t] = [PRIME, a, 0, 1];
  while (next > 0) {
    const q = Math.floor(r / next);
    [r, next] = [next, r - q * next];
    [s, t] = [t, s - q * t];
  }
  if (r !== 1) throw new NoInverse('zero has no inverse');
  return s < 0 ? s + PRIME : s;
}

const add = (a: Residue, b: Residue): Residue => ({ u: sum(a.u, b.u), v: sum(a.v, b.v), w: sum(a.w, b.w) });
const sub = (a: Residue, b: Residue): Residue => ({
  u: difference(a.u, b.u),
  v: difference(a.v, b.v),
  w: difference(a.w, b.w),
});
const mul = (a: Residue, b: Residue): Residue => ({
  u: product(a.u, b.u),
  v: product(a.v, b.v),
  w: product(a.w, b.w),
});
const div = (a: Residue, b: Residue): Residue => mul(a, { u: inverse(b.u), v: inverse(b.v), w: inverse(b.w) });

/** Whether two are the same in all draws. */
export const same = (a: Residue, b: Residue): boolean => a.u === b.u && a.v === b.v && a.w === b.w;

/**
 * Residues under a key. An elementary function is a random one: a keyed hash of its name and of the argument in all draws, so
 * that only what is the same has the same value. Of z and −z, one is above zero and the other is not, by a hash too.
 */
export function fieldOf(key: number): Field {
  const keys = new Map<string, number>();
  const keyOf = (name: string) => {
    const known = keys.get(name) ?? streamSeed(key, name);
    keys.set(name, known);
    return known;
  };
  const random = (name: string, a: Residue): Residue => {
    const own = keyOf(name);
    return {
      u: hashed(own, a) % PRIME,
      v: hashed(own ^ 0x5bd1e995, a) % PRIME,
      w: hashed(own ^ 0x2545f491, a) % PRIME,
    };
  };
  const isAbove = (a: Residue, b: Residue): boolean => {
    if (same(a, b)) return false;
    const [z, minus] = [sub(a, b), sub(b, a)];
    const first = z.u - minus.u || z.v - minus.v || z.w - minus.w;
    return hashed(keyOf('above'), first < 0 ? z : minus) % 2 === 0 ? first < 0 : first > 0;
  };
  const constants = new Map<number, Residue>();
  const constant = (x: number): Residue => {
    const known = constants.get(x) ?? residueOf(x);
    constants.set(x, known);
    return known;
  };
  const one = constant(1);
  let drawn = 0;
  return {
    constant,
    add,
    sub,
    mul,
    div,
    max: (a, b) => (isAbove(a, b) ? a : b),
    min: (a, b) => (isAbove(a, b) ? b : a),
    abs: a => (isAbove(a, ZERO) ? a : sub(ZERO, a)),
    above: (a, b) => (isAbove(a, b) ? one : ZERO),
    sqrt: a => random('sqrt', a),
    exp: a => random('exp', a),
    log: a => random('log', a),
    log1p: a => random('log1p', a),
    sigmoid: a => random('sigmoid', a),
    tanh: a => random('tanh', a),
    apply: ({ name }, a) => random(name, a),
    draw: () => {
      drawn++;
      return random('draw', { u: drawn, v: 0, w: 0 });
    },
  };
}

/** 32 bits of a residue of all draws under a key: MurmurHash3 of three words. */
function hashed(key: number, { u, v, w }: Residue): number {
  let hash = word(word(word(key, u), v), w);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function word(hash: number, next: number): number {
  const once = Math.imul(next, 0xcc9e2d51);
  const mixed = hash ^ Math.imul((once << 15) | (once >>> 17), 0x1b873593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

/** The largest numerator times denominator of a fraction that a float is taken for: that no other number is taken for one. */
const SIMPLE = 2 ** 32;

/** Roundings of a float that a fraction may be off by: of 1/3·3 and its like. */
const NEAR = 4 * Number.EPSILON;

/**
 * The image of a float. What is the nearest float to a simple fraction, as 0.1 or 1/3, is that fraction: it is what was meant,
 * and a third of three is one. Any other is m·2ᵉ, exactly.
 */
function residueOf(x: number): Residue {
  if (!Number.isFinite(x)) throw new Unprovable(`it has the constant ${x}`);
  const [numerator, denominator] = fractionOf(Math.abs(x)) ?? dyadicOf(Math.abs(x));
  const size = product(numerator, inverse(denominator));
  const image = x < 0 ? difference(0, size) : size;
  return { u: image, v: image, w: image };
}

/** The first convergent of its continued fraction that is near it, where that is simple. */
function fractionOf(x: number): readonly [numerator: number, denominator: number] | undefined {
  let [n, nBefore, d, dBefore, rest] = [1, 0, 0, 1, x];
  for (;;) {
    const whole = Math.floor(rest);
    [n, nBefore, d, dBefore] = [whole * n + nBefore, n, whole * d + dBefore, d];
    if (!(Math.max(n, 1) * d < SIMPLE) || n >= PRIME || d >= PRIME) return undefined;
    if (Math.abs(n / d - x) <= NEAR * x) return [n, d];
    rest = 1 / (rest - whole);
  }
}

/** m and 2⁻ᵉ as residues, of x = m·2ᵉ with an integer m below 2⁵³. */
function dyadicOf(x: number): readonly [numerator: number, denominator: number] {
  let [m, up, down] = [x, 1, 1];
  while (!Number.isInteger(m)) [m, down] = [m * 2, sum(down, down)];
  while (m >= 2 ** 53) [m, up] = [m / 2, sum(up, up)];
  return [product(m % PRIME, up), down];
}
