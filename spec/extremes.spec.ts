import { expect, test } from 'vitest';
import { argmax, greatest, least } from '../lib/extremes.ts';

test('a million numbers are no arguments of one call', () => {
  const many = Float64Array.from({ length: 1_000_000 }, (_, n) => Math.sin(n));
  expect(greatest(many)).toBe(many[argmax(many)]);
  expect(least(many)).toBe(-greatest(many.map(x => -x)));
});

test('none, NaN and infinities are as Math.max and Math.min have them', () => {
  for (const values of [[], [Number.NaN, 1], [1, Number.NaN], [-Infinity], [Infinity, 2], [0, -0], [3, 1, 2]]) {
    expect(greatest(values)).toBe(Math.max(...values));
    expect(least(values)).toBe(Math.min(...values));
  }
});

test('the first of the greatest, numbers before NaN', () => {
  expect(argmax([Number.NaN, -Infinity, 3, 1, 3])).toBe(2);
  expect(argmax([-Infinity, -Infinity])).toBe(0);
  expect(argmax([])).toBe(-1);
  expect(argmax([Number.NaN])).toBe(-1);
});
