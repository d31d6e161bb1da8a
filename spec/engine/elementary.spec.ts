/**
 * exp, the logistic function, tanh and log in both precisions, against the true values: how many units in the last
 * place they are off, over the whole range, and what they make of zeros, infinities and NaN.
 */
import { setFlagsFromString } from 'node:v8';
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it, test } from 'vitest';
import { hasFma, instantiate, wasmMemory } from '../../lib/engine/wasm.ts';
import { logSoftmax } from '../../lib/losses/cross-entropy.ts';
import { Random } from '../../lib/random.ts';
import { flat } from '../numbers.ts';
import { arrayFunctions, NAMES, type Name } from './arrays.ts';
import * as oracle from './elementary.oracle.ts';

// Node 20 has relaxed SIMD behind a flag.
if (!hasFma()) setFlagsFromString('--experimental-wasm-relaxed-simd');

/** The most that each is off anywhere, in units in the last place; derived in `derivations/elementary.md`. */
const BOUND: Readonly<Record<Name, number>> = { exp: 1.1, sigmoid: 2.5, tanh: 1.5, log: 1.5, log1p: 2.5 };

const memory = wasmMemory(64);
const X = 1024;
const Y = memory.buffer.byteLength / 2;

const view = new DataView(new ArrayBuffer(8));

const modules = [false, ...(hasFma() ? [true] : [])].map(fma => ({
  name: fma ? 'with FMA' : 'base',
  kernels: instantiate(memory, { fma }),
  arrays: { f64: arrayFunctions(memory, 'f64', fma), f32: arrayFunctions(memory, 'f32', fma) },
}));

const random = new Random(5);
const uniform = (low: number, high: number): number => low + (high - low) * random.uniform();
const many = (count: number, draw: () => number): number[] => Array.from({ length: count }, draw);

/** x and the numbers next to it. */
function around(x: number): number[] {
  const bits = new BigInt64Array(new Float64Array([x]).buffer);
  const [n = 0n] = bits;
  return Array.from(new Float64Array(new BigInt64Array([n - 2n, n - 1n, n, n + 1n, n + 2n]).buffer));
}

/** Where the reduction goes from k to k + 1: at (k + ½) ln 2, for tanh at the halves. */
const breakpoints = Array.from({ length: 2121 }, (_, n) => around((n - 1080 + 0.5) * Math.LN2));

/** Arguments of all sizes, those beyond which a result is 0, 1 or ∞, and those at which a kernel does something else. */
const ARGUMENTS: readonly number[] = [
  ...many(4000, () => uniform(-1, 1)),
  ...many(6000, () => uniform(-20, 20)),
  ...many(3000, () => uniform(-750, 712)),
  ...many(2000, () => uniform(-750, -705)),
  ...many(2000, () => uniform(-1, 1) * 2 ** uniform(-1074, 10)),
  ...breakpoints.flat(),
  ...breakpoints.slice(1080, 1150).flatMap(near => near.flatMap(x => [x / 2, -x / 2])),
  ...[0.69, 0.66, 22, 19.06, 36.74, 64, 709.7827128933841, 710, 745.1332191019412, 746].flatMap(x =>
    around(x).flatMap(y => [y, -y]),
  ),
  ...[5e-324, 2.2e-308, 1e-300, 1e300, 1.7976931348623157e308].flatMap(x => [x, -x]),
];

const truth: Readonly<Record<Name, readonly oracle.Real[]>> = {
  exp: ARGUMENTS.map(oracle.exp),
  sigmoid: ARGUMENTS.map(oracle.sigmoid),
  tanh: ARGUMENTS.map(oracle.tanh),
  log: ARGUMENTS.map(x => oracle.log(x > 0 ? x : 1)),
  log1p: ARGUMENTS.map(x => oracle.log1p(Math.min(Math.abs(x), 1))),
};

/** The argument of a function: log is of what is positive, and softplus asks log1p of 0 to 1 only. */
const ARGUMENT_OF: Readonly<Record<Name, (x: number) => number>> = {
  exp: x => x,
  sigmoid: x => x,
  tanh: x => x,
  log: x => (x > 0 ? x : 1),
  log1p: x => Math.min(Math.abs(x), 1),
};

/** How far a function is off where it is worst, over all arguments. */
function offBy(name: Name, values: ArrayLike<number>): Worst {
  return worst(ARGUMENTS, n => oracle.ulps(values[n] ?? Number.NaN, truth[name][n] ?? { m: 0n, e: 0 }));
}

describe.each(modules)('the $name module', ({ kernels, arrays }) => {
  const f64 = (name: Name, xs: ArrayLike<number>): Float64Array => run(Float64Array, arrays.f64[name], xs);
  const f32 = (name: Name, xs: ArrayLike<number>): Float32Array => run(Float32Array, arrays.f32[name], xs);

  it.each(NAMES)('has %s in f64 within its bound of the true value', name => {
    const { x, ulps } = offBy(name, f64(name, ARGUMENTS.map(ARGUMENT_OF[name])));
    expect(ulps, `at ${x}`).toBeLessThanOrEqual(BOUND[name]);
  });

  it.each(NAMES)('has %s in f32 within its bound, at every 4093rd of all numbers', name => {
    const xs = new Float32Array(1 << 16);
    const bits = new Uint32Array(xs.buffer);
    for (let first = 0, n = 0; first < 2 ** 32; first += 4093 * xs.length) {
      for (n = 0; n < xs.length; n++) bits[n] = first + 4093 * n;
      xs.set(xs.map(ARGUMENT_OF[name]));
      const ys = f32(name, xs);
      const exact = f64(name, xs);
      const { x, ulps } = worst(xs, n => ulps32(ys[n] ?? 0, exact[n] ?? 0));
      expect(ulps, `at ${x}`).toBeLessThanOrEqual(BOUND[name]);
    }
  });

  it.each([
    ['f64', f64],
    ['f32', f32],
  ] as const)('is right on zeros, infinities and NaN in %s', (_, values) => {
    const { POSITIVE_INFINITY: infinity, NaN: nan } = Number;
    const xs = [0, -0, infinity, -infinity, nan];
    expect(Array.from(values('exp', xs))).toEqual([1, 1, infinity, 0, nan]);
    expect(Array.from(values('sigmoid', xs))).toEqual([0.5, 0.5, 1, 0, nan]);
    expect(Array.from(values('tanh', xs))).toEqual([0, -0, 1, -1, nan]);
    expect(Array.from(values('log', [...xs, 1, -1]))).toEqual([-infinity, -infinity, infinity, nan, nan, 0, nan]);
    expect(Array.from(values('log1p', [0, nan]))).toEqual([0, nan]);
  });

  it('has tanh x = x for small x, subnormal ones too, and tanh −x = −tanh x, to the bit', () => {
    const small = many(1000, () => 2 ** uniform(-1074, -27));
    expect(Array.from(f64('tanh', small))).toEqual(small);
    const single = Array.from(new Float32Array(many(1000, () => 2 ** uniform(-149, -13))));
    expect(Array.from(f32('tanh', single))).toEqual(single);
    const minus = ARGUMENTS.map(x => -x);
    expect(f64('tanh', minus)).toEqual(f64('tanh', ARGUMENTS).map(y => -y));
    expect(f32('tanh', minus)).toEqual(f32('tanh', ARGUMENTS).map(y => -y));
  });

  it.each(NAMES)('has %s the same for a number wherever it stands, writes n numbers, and may overwrite x', name => {
    const xs = many(13, () => ARGUMENT_OF[name](uniform(-3, 3)));
    for (const [values, kernel, Numbers] of [
      [f64, arrays.f64[name], Float64Array],
      [f32, arrays.f32[name], Float32Array],
    ] as const) {
      const alone = xs.map(x => values(name, [x])[0]);
      for (let n = 0; n <= xs.length; n++) {
        const place = new Numbers(memory.buffer, X, xs.length);
        place.set(xs);
        const before = Array.from(place);
        kernel(X, X, n);
        expect(Array.from(place)).toEqual([...alone.slice(0, n), ...before.slice(n)]);
      }
    }
  });

  it('has log within a unit of the true value', () => {
    const xs = [...many(3000, () => uniform(1.01, 70)), ...many(1000, () => 2 ** uniform(-1022, 1024))];
    const { x, ulps } = worst(xs, n => oracle.ulps(kernels.logF64(xs[n] ?? 0), oracle.log(xs[n] ?? 1)));
    expect(ulps, `at ${x}`).toBeLessThanOrEqual(1);
    expect([1, Number.NaN].map(kernels.logF64)).toEqual([0, Number.NaN]);
  });

  it('has log softmax of every row, as the reference has, in place or not', () => {
    const cases = fc.record({
      rows: fc.integer({ min: 1, max: 4 }),
      columns: fc.integer({ min: 1, max: 19 }),
      scale: fc.constantFrom(1, 30, 1000),
    });
    fc.assert(
      fc.property(cases, ({ rows, columns, scale }) => {
        const xs = new Float32Array(many(rows * columns, () => uniform(-scale, scale)));
        const expected = flat(logSoftmax(Matrix.from1DArray(rows, columns, xs)));
        for (const [kernel, Numbers, bound] of [
          // Z is a sum of rounded exponentials in another order, ± (columns + 1) ε of itself; then a logarithm and a difference.
          [kernels.logSoftmaxRowsF64, Float64Array, (columns + 5) * 2 ** -52],
          [kernels.logSoftmaxRowsF32, Float32Array, 2 * 2 ** -23], // sums and logarithms are f64 here
        ] as const) {
          const place = new Numbers(memory.buffer, X, xs.length);
          place.set(xs);
          kernel(X, Y, rows, columns);
          const apart = new Numbers(memory.buffer, Y, xs.length);
          kernel(X, X, rows, columns);
          expect(place).toEqual(apart);
          expected.forEach((y, n) => {
            expect(Math.abs((place[n] ?? 0) - y)).toBeLessThanOrEqual(bound * Math.max(1, Math.abs(y)));
          });
        }
      }),
    );
  });

  it('has log softmax of −∞ beside finite logits; NaN and +∞ spoil their own row', () => {
    const { POSITIVE_INFINITY: infinity, NaN: nan } = Number;
    const xs = [
      [0, -infinity, 0],
      [nan, 1, 2],
      [5, 5, 5],
      [1, infinity, 1],
      [-infinity, -infinity, -infinity],
    ].flat();
    for (const [kernel, Numbers] of [
      [kernels.logSoftmaxRowsF64, Float64Array],
      [kernels.logSoftmaxRowsF32, Float32Array],
    ] as const) {
      const place = new Numbers(memory.buffer, X, xs.length);
      place.set(xs);
      kernel(X, X, 5, 3);
      const log2 = new Numbers([-Math.LN2])[0];
      const log3 = new Numbers([-Math.log(3)])[0];
      expect(Array.from(place)).toEqual(
        [
          [log2, -infinity, log2],
          [nan, nan, nan],
          [log3, log3, log3],
          [nan, nan, nan],
          [nan, nan, nan],
        ].flat(),
      );
    }
  });
});

describe('the measure', () => {
  test('knows e, and finds Math.exp within a unit', () => {
    const { m, e } = oracle.exp(1);
    expect((m * 10n ** 50n) >> BigInt(-e)).toBe(271828182845904523536028747135266249775724709369995n);
    expect(offBy('exp', ARGUMENTS.map(Math.exp)).ulps).toBeLessThan(1);
  });

  test('finds the kernels’ exp, said again in plain numbers, within its bound', () => {
    expect(offBy('exp', ARGUMENTS.map(plainExp())).ulps).toBeLessThanOrEqual(BOUND.exp);
  });

  const mistakes: readonly (readonly [string, Name, (x: number) => number])[] = [
    ['a coefficient of exp wrong in its tenth digit', 'exp', plainExp({ c2: -0.0027777777767017094 })],
    ['ln 2 in one piece', 'exp', plainExp({ high: Math.LN2, low: 0 })],
    ['2^k in one piece', 'exp', plainExp({ halves: false })],
    ['σ without care for overflow', 'sigmoid', x => 1 / (1 + Math.exp(-x))],
    ['σ by tanh', 'sigmoid', x => 0.5 + 0.5 * Math.tanh(x / 2)],
    ['tanh as it is written', 'tanh', x => (x > 22 ? 1 : (Math.exp(2 * x) - 1) / (Math.exp(2 * x) + 1))],
    ['tanh small only below 2⁻²⁰', 'tanh', x => (Math.abs(x) < 2 ** -20 ? x : 1 - 2 / (Math.exp(2 * x) + 1))],
    ['tanh x = x below 2⁻²⁰', 'tanh', x => (Math.abs(x) < 2 ** -20 ? x : Math.tanh(x))],
  ];

  test.each(mistakes)('finds %s', (_, name, wrong) => {
    expect(offBy(name, ARGUMENTS.map(wrong)).ulps).toBeGreaterThan(3);
  });
});

interface Worst {
  readonly x: number;
  readonly ulps: number;
}

/** The worst argument, and how far off the value is there. NaN is worse than any number, unless the argument is one. */
function worst(xs: ArrayLike<number>, off: (n: number) => number): Worst {
  let found = { x: Number.NaN, ulps: 0 };
  for (let n = 0; n < xs.length; n++) {
    const x = xs[n] ?? 0;
    const ulps = off(n);
    if (!(ulps <= found.ulps) && !Number.isNaN(x)) found = { x, ulps };
  }
  return found;
}

/** What a kernel makes of the numbers, in the precision of the array. */
function run<A extends Float64Array | Float32Array>(
  Numbers: new (memory: ArrayBuffer, address: number, length: number) => A,
  kernel: (x: number, y: number, n: number) => void,
  xs: ArrayLike<number>,
): A {
  new Numbers(memory.buffer, X, xs.length).set(xs);
  kernel(X, Y, xs.length);
  return new Numbers(memory.buffer, Y, xs.length).slice() as A;
}

/** How far y is from t in units in the last place of t as a number of f32. */
function ulps32(y: number, t: number): number {
  const [value, limit] = [Math.min(y, 2 ** 128), Math.min(t, 2 ** 128)];
  view.setFloat64(0, limit);
  const exponent = ((view.getUint16(0) >> 4) & 2047) - 1023;
  return Math.abs(value - limit) / 2 ** Math.min(Math.max(exponent - 23, -149), 104);
}

/** ELM-1 to ELM-5 for one number of f64. */
function plainExp({
  high = 0.6931471803691238,
  low = 1.9082149292705877e-10,
  c2 = -0.0027777777777017094,
  halves = true,
} = {}): (x: number) => number {
  return x => {
    const limited = Math.min(Math.max(x, -746), 710);
    const k = Math.round(limited / Math.LN2);
    const r = limited - k * high - k * low;
    const z = r * r;
    const tail = 6.613756321869898e-5 + z * (-1.653390265916785e-6 + z * 4.138152748459295e-8);
    const c = r - z * (0.16666666666666602 + z * (c2 + z * tail));
    const y = 1 + (r + (r * c) / (2 - c));
    const half = halves ? k >> 1 : k;
    return y * 2 ** half * 2 ** (k - half);
  };
}
