/** Numbers in lanes are those of every lane by itself. */
import { describe, expect, test } from 'vitest';
import { inLanes, type Lanes, laneOf, Several, unitOf } from '../../lib/derivation/lanes.ts';
import { inFloats } from '../../lib/derivation/numbers.ts';
import type { Numbers } from '../../lib/equations/numbers.ts';
import { tanh } from '../../lib/equations/operations.ts';

const ground = inFloats(1);
const lanes = inLanes(ground);
const numbers: readonly Lanes<number>[] = [0.3, 2, new Several([0.5, 0.1, 2]), new Several([2, 0.7, 0.2])];
const ONE = ['abs', 'sqrt', 'exp', 'log', 'log1p', 'sigmoid', 'tanh'] as const satisfies (keyof Numbers<number>)[];
const TWO = ['add', 'sub', 'mul', 'div', 'max', 'min', 'above'] as const satisfies (keyof Numbers<number>)[];

describe('operations', () => {
  test.each(ONE)('%s', name => {
    for (const a of numbers) {
      const result = lanes.numbers[name](a);
      expect(result instanceof Several).toBe(a instanceof Several);
      for (const n of [0, 1, 2]) expect(laneOf(result, n)).toBe(ground.numbers[name](laneOf(a, n)));
    }
  });

  test.each(TWO)('%s', name => {
    for (const a of numbers) {
      for (const b of numbers) {
        const result = lanes.numbers[name](a, b);
        expect(result instanceof Several).toBe(a instanceof Several || b instanceof Several);
        for (const n of [0, 1, 2]) expect(laneOf(result, n)).toBe(ground.numbers[name](laneOf(a, n), laneOf(b, n)));
      }
    }
  });

  test('a function with a slope of its own, and constants', () => {
    expect(lanes.numbers.apply(tanh, new Several([1, -2]))).toEqual(new Several([Math.tanh(1), Math.tanh(-2)]));
    expect(lanes.numbers.constant(3)).toBe(3);
  });
});

test('one lane moves', () => {
  expect(unitOf(ground.numbers, 1, 3)).toEqual(new Several([0, 1, 0]));
});

test('they are the same where they are in every lane', () => {
  expect(lanes.same(new Several([1, 1]), 1)).toBe(true);
  expect(lanes.same(1, new Several([1, 2]))).toBe(false);
  expect(lanes.same(new Several([2, 1]), new Several([2, 3]))).toBe(false);
  expect(lanes.same(new Several([2, 1]), new Several([2, 1]))).toBe(true);
});
