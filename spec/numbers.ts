/** How specs compare numbers. */
import type { AbstractMatrix } from 'ml-matrix';

/** Σ a ⊙ b. */
export function inner(a: AbstractMatrix, b: AbstractMatrix): number {
  const bs = flat(b);
  return flat(a).reduce((sum, x, n) => sum + x * (bs[n] ?? Number.NaN), 0);
}

/** The numbers of a matrix, row after row. */
export function flat(a: AbstractMatrix): number[] {
  const numbers: number[] = [];
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.columns; j++) numbers.push(a.get(i, j));
  return numbers;
}

/** max|a − b| over max|b|, or over 1 where b is smaller than that: 0 where they are the same. */
export function deviation(a: AbstractMatrix, b: AbstractMatrix): number {
  if (a.rows !== b.rows || a.columns !== b.columns) return Number.POSITIVE_INFINITY;
  const [as, bs] = [flat(a), flat(b)];
  const distance = Math.max(0, ...as.map((x, n) => Math.abs(x - (bs[n] ?? Number.NaN))));
  return distance / Math.max(1, ...bs.map(Math.abs));
}
