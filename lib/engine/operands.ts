/** The matrices of parameters that a pass multiplies by again and again, prepared for it. */
import type { Pass } from './pass.ts';
import type { Operand } from './products.ts';

/** op(B), K×N, for `times` products with `rows` rows on the left: B lies in the parameters, from a number on, in rows of so many. */
export interface Wanted {
  readonly transposed: boolean;
  readonly N: number;
  readonly K: number;
  readonly right: number;
  readonly ldb: number;
  readonly rows: number;
  readonly times: number;
}

/** Bytes by which the rows of a prepared matrix are longer than its numbers, at most. */
const PADDING = 64;

/** Bytes that they may take at most while they are there. */
export function bytesOf(wanted: ReadonlyMap<unknown, Wanted>, bytes: number): number {
  return [...wanted.values()].reduce((sum, { N, K }) => sum + K * (N * bytes + PADDING), 0);
}

/** Runs with prepared matrices in a map, and gives them back whatever happens. */
export function withOperands<K>(
  pass: Pass,
  wanted: ReadonlyMap<K, Wanted>,
  operands: Map<K, Operand>,
  run: () => void,
): void {
  try {
    for (const [key, { transposed, N, K, right, ldb, rows, times }] of wanted) {
      const operand = pass.products.operand(transposed, N, K, pass.block('p', right), ldb, rows, times);
      if (operand) operands.set(key, operand);
    }
    run();
  } finally {
    for (const operand of operands.values()) operand.release();
    operands.clear();
  }
}
