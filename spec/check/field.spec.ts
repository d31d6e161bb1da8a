/** Residues of three draws, dual numbers over them, and bounds of degrees. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { degreeNumbers, degreeOf, drawn } from '../../lib/check/degree.ts';
import { dualNumbers } from '../../lib/check/dual.ts';
import { fieldOf, NoInverse, PRIME, type Residue, same, Unprovable, ZERO } from '../../lib/check/field.ts';
import { floats } from '../../lib/check/interpretation.ts';
import {
  hardSigmoid,
  hardSigmoidSlope,
  relu,
  reluSlope,
  softplus,
  softplusSlope,
} from '../../lib/equations/operations.ts';

const field = fieldOf(1);
const integer = fc.integer({ min: 0, max: PRIME - 1 });
const residue: fc.Arbitrary<Residue> = fc.record({ u: integer, v: integer, w: integer });
const parts = ({ u, v, w }: Residue) => [u, v, w].map(BigInt);
const p = BigInt(PRIME);

test('the prime is one, and the largest below 2²⁶', () => {
  const isPrime = (n: number) => {
    for (let k = 2; k * k <= n; k++) if (n % k === 0) return false;
    return true;
  };
  expect([1, 2, 3, 4, 5].map(n => isPrime(2 ** 26 - n))).toEqual([false, false, false, false, true]);
  expect(PRIME).toBe(2 ** 26 - 5);
});

test('sums, differences, products and quotients are those of integers modulo the prime', () => {
  fc.assert(
    fc.property(residue, residue, (a, b) => {
      const each = (f: (x: bigint, y: bigint) => bigint) =>
        parts(a).map((x, n) => ((f(x, parts(b)[n] ?? 0n) % p) + p) % p);
      expect(parts(field.add(a, b))).toEqual(each((x, y) => x + y));
      expect(parts(field.sub(a, b))).toEqual(each((x, y) => x - y));
      expect(parts(field.mul(a, b))).toEqual(each((x, y) => x * y));
      if (b.u * b.v * b.w !== 0) expect(field.mul(field.div(a, b), b)).toEqual(a);
    }),
  );
  const last = { u: PRIME - 1, v: PRIME - 1, w: PRIME - 1 };
  expect(field.mul(last, last)).toEqual(field.constant(1));
  expect(() => field.div(last, { ...last, v: 0 })).toThrow(NoInverse);
});

describe('a float', () => {
  test('near a simple fraction is that fraction', () => {
    fc.assert(
      fc.property(fc.integer({ min: -2000, max: 2000 }), fc.integer({ min: 1, max: 2000 }), (n, d) => {
        const own = field.constant(n / d);
        expect(field.mul(own, field.constant(d))).toEqual(field.constant(n));
      }),
    );
    expect(field.mul(field.constant(0.1 * 3), field.constant(10))).toEqual(field.constant(3));
    expect(field.mul(field.constant(1e-5), field.constant(1e5))).toEqual(field.constant(1));
  });

  test('of any other kind is m·2ᵉ, so that sums and halves of it are exact', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), x => {
        const own = field.constant(x);
        expect(field.constant(-x)).toEqual(field.sub(ZERO, own));
        expect(field.constant(2 * x)).toEqual(field.add(own, own));
      }),
    );
    expect(field.constant(2 ** 100)).toEqual(field.mul(field.constant(2 ** 50), field.constant(2 ** 50)));
    expect(field.constant(0)).toEqual(ZERO);
    for (const x of [Number.NaN, Number.POSITIVE_INFINITY]) expect(() => field.constant(x)).toThrow(Unprovable);
  });
});

test('an indicator takes sides: of two that differ one is above the other, and max, min, abs and slopes agree with it', () => {
  let aboves = 0;
  fc.assert(
    fc.property(residue, residue, (a, b) => {
      const [ab, ba] = [field.above(a, b), field.above(b, a)];
      expect(field.add(ab, ba)).toEqual(same(a, b) ? ZERO : field.constant(1));
      aboves += ab.u;
      expect(field.max(a, b)).toEqual(ab.u === 1 ? a : b);
      expect(field.min(a, b)).toEqual(ab.u === 1 ? b : a);
      const y = relu.element(field, a, a);
      expect(reluSlope.element(field, y, y)).toEqual(same(y, ZERO) ? ZERO : field.constant(1));
      expect(field.mul(field.abs(a), field.abs(a))).toEqual(field.mul(a, a));
    }),
    { numRuns: 400, seed: 1 },
  );
  expect(field.above(ZERO, ZERO)).toEqual(ZERO);
  const [a, b] = [field.draw(), field.draw()];
  const sides = Array.from({ length: 20 }, (_, key) => fieldOf(key).above(a, b).u);
  expect(new Set(sides)).toEqual(new Set([0, 1]));
  expect(aboves).toBeGreaterThan(140);
  expect(aboves).toBeLessThan(260);
});

test('a function has one value at an argument, another at another, by another name, and under another key', () => {
  const [a, b] = [field.draw(), field.draw()];
  expect(field.tanh(a)).toEqual(field.tanh({ ...a }));
  const others = [
    field.tanh(b),
    field.tanh({ ...a, w: a.w ^ 1 }),
    field.sigmoid(a),
    fieldOf(2).tanh(a),
    field.apply(softplus, a),
  ];
  for (const other of others) {
    for (const k of ['u', 'v', 'w'] as const) expect(other[k]).not.toBe(field.tanh(a)[k]);
  }
});

test('what is drawn is spread over the field', () => {
  const counts = new Array<number>(16).fill(0);
  for (let n = 0; n < 16_000; n++) {
    const sixteenth = Math.floor((16 * field.draw().v) / PRIME);
    counts[sixteenth] = (counts[sixteenth] ?? 0) + 1;
  }
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
});

test('dual numbers over floats have the slopes of the functions', () => {
  const { numbers } = floats(1);
  const dual = dualNumbers(numbers);
  const of = (f: (a: { value: number; tangent: number }) => { value: number; tangent: number }, x: number) => {
    const { tangent } = f({ value: x, tangent: 1 });
    const h = 1e-6;
    const at = (a: number) => f({ value: a, tangent: 0 }).value;
    expect(tangent).toBeCloseTo((at(x + h) - at(x - h)) / (2 * h), 7);
  };
  const square = (a: { value: number; tangent: number }) => dual.mul(a, a);
  for (const x of [-1.3, -0.4, 0.2, 0.9, 2.1]) {
    for (const f of [dual.exp, dual.sigmoid, dual.tanh, dual.abs, square]) of(f, x);
    for (const f of [dual.sqrt, dual.log, dual.log1p]) of(f, Math.abs(x));
    of(a => dual.div(dual.sub(a, dual.constant(3)), dual.add(square(a), dual.constant(1))), x);
    of(a => dual.max(a, dual.constant(0.5)), x);
    of(a => dual.min(square(a), a), x);
    of(a => dual.apply(softplus, a), x);
    of(a => dual.apply(hardSigmoid, a), x);
    expect(dual.above({ value: x, tangent: 1 }, dual.constant(0)).tangent).toBe(0);
  }
});

test('and over residues: a function with a slope of its own has that', () => {
  const dual = dualNumbers(field);
  const [value, tangent] = [field.draw(), field.draw()];
  for (const [f, slope] of [
    [softplus, softplusSlope],
    [hardSigmoid, hardSigmoidSlope],
  ] as const) {
    const y = dual.apply(f, { value, tangent });
    expect(y.value).toEqual(field.apply(f, value));
    expect(y.tangent).toEqual(field.mul(slope.element(field, y.value, y.value), tangent));
  }
});

describe('degrees', () => {
  const n = degreeNumbers(3);

  test('of sums the larger, of products both, of functions 1', () => {
    const [x, y] = [drawn(), drawn()];
    expect(degreeOf(n.constant(7))).toBe(0);
    expect(degreeOf(n.add(n.mul(x, y), x))).toBe(2);
    expect(degreeOf(n.tanh(n.mul(x, n.mul(x, y))))).toBe(1);
  });

  test('of quotients both, with the denominators of all elements once', () => {
    const x = n.mul(drawn(), drawn());
    const q = n.div(drawn(), x);
    expect(degreeOf(q)).toBe(1 + 3 * 2);
    expect(degreeOf(n.add(q, n.constant(1)))).toBe(1 + 3 * 2);
    expect(degreeOf(n.add(n.mul(q, q), q))).toBe(2 + 2 * 3 * 2);
    expect(degreeOf(n.div(n.constant(1), q))).toBe(3 * 2 + 3 * degreeOf(q));
  });
});
