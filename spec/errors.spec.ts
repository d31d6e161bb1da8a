import { Matrix } from 'ml-matrix';
import { expect, describe as group, it } from 'vitest';
import { BpttError, FileError, FormatError, MemoryError, ShapeError, ValueError } from '../lib/errors.ts';
import {
  describe,
  requireFinite,
  requireFiniteNumber,
  requireInteger,
  requireMatrix,
  requirePositive,
  requireSize,
} from '../lib/require.ts';
import { FlatMatrix } from '../lib/views.ts';

const { NaN: nan, POSITIVE_INFINITY: infinity, NEGATIVE_INFINITY: minusInfinity, MAX_SAFE_INTEGER: most } = Number;

const kinds = { BpttError, ShapeError, ValueError, FormatError, FileError, MemoryError } as const;

it.each(Object.entries(kinds))('a %s tells what was expected of which argument, and what came', (name, Kind) => {
  const error = new Kind('x', 'a positive integer', '-1');
  expect(error).toBeInstanceOf(Error);
  expect(Object.values(kinds).filter(Other => error instanceof Other)).toEqual([...new Set([BpttError, Kind])]);
  const { argument, expected, got, message } = error;
  expect({ argument, expected, got, message }).toEqual({
    argument: 'x',
    expected: 'a positive integer',
    got: '-1',
    message: 'x: expected a positive integer, got -1',
  });
  expect(error.name).toBe(name);
  expect(`${error}`).toBe(`${name}: ${message}`);
  expect(error.stack).toContain('errors.spec');
});

group('a value is described', () => {
  it.each<[unknown, string]>([
    [new Matrix(2, 3), 'a 2×3 matrix'],
    [new FlatMatrix(new Float64Array(4), 1, 4), 'a 1×4 matrix'],
    [[1, 2], 'Array of length 2'],
    [new Float32Array(3), 'Float32Array of length 3'],
    [new DataView(new ArrayBuffer(5)), 'DataView of length 5'],
    ['a "b"\n', String.raw`"a \"b\"\n"`],
    ['x'.repeat(40), `"${'x'.repeat(40)}"`],
    ['x'.repeat(41), `"${'x'.repeat(40)}…"`],
    [() => 1, 'a function'],
    [ShapeError, 'a function'],
    [{ a: 1, b: 2 }, 'an object with keys {a, b}'],
    [{}, 'an object with keys {}'],
    [Object.create(null), 'an object with keys {}'],
    [null, 'null'],
    [undefined, 'undefined'],
    [-1.5, '-1.5'],
    [nan, 'NaN'],
    ['1', '"1"'],
    [true, 'true'],
    [10n, 'the bigint 10'],
    [new Map([[1, 2]]), 'a Map'],
    [Promise.resolve(1), 'a Promise'],
    [Object.setPrototypeOf([1], null), 'Array of length 1'],
    [
      Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`k${n}`, n])),
      `an object with keys {${Array.from({ length: 20 }, (_, n) => `k${n}`).join(', ')}, … 1000 in all}`,
    ],
    [Symbol('s'), 'Symbol(s)'],
  ])('%o', (value, words) => {
    expect(describe(value)).toBe(words);
  });
});

group('a requirement', () => {
  it.each<[what: string, require: (n: number) => number, met: number[], unmet: number[], expected: string]>([
    [
      'size',
      n => requireSize('n', n),
      [1, 2, most],
      [0, -1, 1.5, nan, infinity, minusInfinity, most + 1],
      'a positive integer',
    ],
    ['integer', n => requireInteger('n', n, -1), [-1, 0, most], [-2, 0.5, nan, infinity, most + 1], 'an integer ≥ -1'],
    ['range', n => requireInteger('n', n, 2, 4), [2, 3, 4], [1, 5, 2.5, nan], 'an integer in 2…4'],
    [
      'positive',
      n => requirePositive('n', n),
      [Number.MIN_VALUE, 1, Number.MAX_VALUE],
      [0, -0, -1, nan, infinity],
      'a positive number',
    ],
    [
      'finite',
      n => requireFiniteNumber('n', n),
      [0, -1.5, Number.MAX_VALUE],
      [nan, infinity, minusInfinity],
      'a finite number',
    ],
  ])('%s: returns what meets it and refuses the rest', (_, require, met, unmet, expected) => {
    expect(met.map(require)).toEqual(met);
    for (const n of unmet) {
      const refusal = { name: 'ValueError', argument: 'n', expected, got: String(n) };
      expect(() => require(n)).toThrow(expect.objectContaining(refusal));
    }
  });

  it('refuses a string where a number belongs', () => {
    const text = '1' as unknown as number;
    for (const require of [requireSize, requirePositive, requireFiniteNumber]) {
      expect(() => require('n', text)).toThrow(expect.objectContaining({ argument: 'n', got: '"1"' }));
    }
  });

  it('of finite numbers names the first that is not', () => {
    const matrix = new Matrix([
      [1, 2],
      [infinity, nan],
    ]);
    requireFinite('x', [0, -1, Number.MAX_VALUE]);
    requireFinite('x', []);
    requireFinite('x', Matrix.zeros(2, 2));
    expect(() => requireFinite('x', [0, nan, infinity])).toThrow('x[1]: expected a finite number, got NaN');
    expect(() => requireFinite('x', Float32Array.of(-infinity))).toThrow('x[0]: expected a finite number, got -Inf');
    expect(() => requireFinite('x', matrix)).toThrow('x[1,0]: expected a finite number, got Infinity');
  });

  it('of a matrix is one of its shape and of its numbers', () => {
    const matrix = new FlatMatrix(new Float64Array(6), 2, 3);
    expect(requireMatrix('W', matrix, [2, 3])).toBe(matrix);
    const shape = 'W: expected a 3×2 matrix, got';
    expect(() => requireMatrix('W', matrix, [3, 2])).toThrow(new ShapeError('W', 'a 3×2 matrix', 'a 2×3 matrix'));
    expect(() => requireMatrix('W', matrix, [2, 2])).toThrow(ShapeError);
    expect(() => requireMatrix('W', matrix, [1, 3])).toThrow(ShapeError);
    expect(() => requireMatrix('W', undefined, [3, 2])).toThrow(`${shape} undefined`);
    expect(() => requireMatrix('W', [[1]] as unknown as Matrix, [3, 2])).toThrow(`${shape} Array of length 1`);
    matrix.set(1, 2, nan);
    expect(() => requireMatrix('W', matrix, [2, 3])).toThrow(
      expect.objectContaining({ name: 'ValueError', argument: 'W[1,2]' }),
    );
  });
});
