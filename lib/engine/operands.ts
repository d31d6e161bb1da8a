/** The matrices of parameters that a pass multiplies by again and again, prepared for it. */
import type { Pass } from './pass.ts';
import type { Operand } from './products.ts';

/** Where a product looks for its prepared matrix: there is none unless a pass is under way that wants it. */
export interface Place {
  operand: Operand | undefined;
}

/** op(B), K×N, for `times` products with `rows` rows on the left: B lies in the parameters, from a number on, in rows of so many. */
export interface Wanted {
  readonly transposed: boolean;
  readonly N: number;
  readonly K: number;
  readonly right: number;
  readonly ldb: number;
  readonly rows: number;
  readonly times: number;
  readonly place: Place;
}

/** Bytes by which the rows of a prepared matrix are longer than its numbers, at most. */
const PADDING = 64;

/** Bytes that they may take at most while they are there. */
export function bytesOf(wanted: readonly Wanted[], bytes: number): number {
  return wanted.reduce((sum, { N, K }) => sum + K * (N * bytes + PADDING), 0);
}

/** Runs with prepared matrices in their places, and gives them back whatever happens. */
export function withOperands(pass: Pass, wanted: readonly Wanted[], run: () => void): void {
  try {
    for (const { transposed, N, K, right, ldb, rows, times, place } of wanted) {
      place.operand = pass.products.operand(transposed, N, K, pass.block('p', right), ldb, rows, times);
    }
    run();
  } finally {
    for (const { place } of wanted) {
      place.operand?.release();
      place.operand = undefined;
    }
  }
}
