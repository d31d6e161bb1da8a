/** exp, the logistic function and logarithms in JavaScript: the bits of the kernels, of which losses are made with them. */
import { describe, expect, test } from 'vitest';
import { exp, log, log1p, sigmoid } from '../lib/elementary.ts';
import { wasmMemory } from '../lib/engine/wasm.ts';
import { Random } from '../lib/random.ts';
import { arrayFunctions } from './engine/arrays.ts';

const random = new Random(11);
const many = (count: number, draw: () => number): number[] => Array.from({ length: count }, draw);
const uniform = (low: number, high: number) => low + (high - low) * random.uniform();

/** Of all sizes, with those beyond which a function is constant, and where the reduction takes its next step. */
const ARGUMENTS = [
  ...many(4000, () => uniform(-1, 1)),
  ...many(4000, () => uniform(-750, 712)),
  ...many(2000, () => uniform(-1, 1) * 2 ** uniform(-1074, 10)),
  ...many(2000, () => (Math.floor(uniform(-1080, 1030)) + 0.5) * Math.LN2),
  ...[0, -0, 64, 710, -746, 5e-324, Math.SQRT1_2, 0.7071067811865475, 1, Number.POSITIVE_INFINITY, Number.NaN],
  ...[Number.NEGATIVE_INFINITY, Number.MAX_VALUE, -Number.MAX_VALUE],
];

const bits = (numbers: readonly number[]) => Array.from(new BigUint64Array(Float64Array.from(numbers).buffer));

const OURS = { exp, sigmoid, log, log1p };

/** What a kernel makes of numbers. */
function byKernel(name: keyof typeof OURS, numbers: readonly number[]): number[] {
  const memory = wasmMemory(8);
  const Y = memory.buffer.byteLength / 2;
  new Float64Array(memory.buffer).set(numbers);
  arrayFunctions(memory, 'f64', false)[name](0, Y, numbers.length);
  return Array.from(new Float64Array(memory.buffer, Y, numbers.length));
}

describe('in JavaScript', () => {
  const positive = ARGUMENTS.map(Math.abs).filter(x => x >= 2 ** -1022 && x <= 2 ** 1023);

  test.each([
    ['exp', ARGUMENTS],
    ['sigmoid', ARGUMENTS],
    ['log', [...positive, Number.NaN]],
    ['log1p', ARGUMENTS.map(Math.abs).filter(x => x < 2 ** 1023)],
  ] as const)('%s has the bits of the kernels', (name, numbers) => {
    expect(bits(numbers.map(OURS[name]))).toEqual(bits(byKernel(name, numbers)));
  });
});
