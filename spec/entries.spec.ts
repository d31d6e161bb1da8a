import { describe, expect, it } from 'vitest';
import { requireEntries, requireRows } from '../lib/entries.ts';

describe('rows', () => {
  it('are one array, a copy', () => {
    const vector = Float64Array.of(1, 2);
    const rows = requireRows('x', [vector, [3, 4], Float32Array.of(5, 6)]);
    vector[0] = 9;
    expect(rows).toEqual({ data: Float64Array.of(1, 2, 3, 4, 5, 6), rows: 3, columns: 2 });
  });

  it('are as wide as they are to be', () => {
    expect(() => requireRows('x', [[1, 2]], 3)).toThrow('x[0]: expected 3 numbers, got 2');
    expect(() => requireRows('x', [[1], [2], [3, 4]])).toThrow('x[2]: expected 1 numbers, got 2');
  });
});

it('entries of a matrix of one column may be its rows or its numbers', () => {
  expect(requireEntries('x', [[1], [2]], [2, 1])).toEqual(Float64Array.of(1, 2));
  expect(requireEntries('x', [1, 2], [2, 1])).toEqual(Float64Array.of(1, 2));
  expect(() => requireEntries('x', [1, '2'] as never, [2, 1])).toThrow('x[1]: expected a finite number, got "2"');
});
