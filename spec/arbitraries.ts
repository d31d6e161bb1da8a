/**
 * What property tests draw from. Numbers lie on a grid: fast-check's own doubles are mostly tiny, where gates and
 * slopes are constant and mistakes hide.
 */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { Sequence } from '../lib/sequence.ts';

/** A hundredth between −2 and 2. */
export const entry: fc.Arbitrary<number> = fc.integer({ min: -200, max: 200 }).map(n => n / 100);

/** A size that gradient checks can afford. */
export function size(max: number): fc.Arbitrary<number> {
  return fc.integer({ min: 1, max });
}

/** `count` grid numbers. */
export function entries(count: number): fc.Arbitrary<number[]> {
  return fc.array(entry, { minLength: count, maxLength: count });
}

/** A rows×columns matrix of grid numbers. */
export function matrix(rows: number, columns: number): fc.Arbitrary<Matrix> {
  return entries(rows * columns).map(numbers => Matrix.from1DArray(rows, columns, numbers));
}

/** The lengths of B sequences of at most T steps, or none. */
export function lengths(T: number, B: number): fc.Arbitrary<number[] | undefined> {
  return fc.option(fc.array(fc.integer({ min: 1, max: T }), { minLength: B, maxLength: B }), { nil: undefined });
}

/** A sequence of grid numbers. */
export function sequence(T: number, B: number, F: number, own?: readonly number[]): fc.Arbitrary<Sequence> {
  return entries(T * B * F).map(data => Sequence.dense(data, { T, B, F, ...(own && { lengths: own }) }));
}
