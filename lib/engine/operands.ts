/** The matrices of parameters that a pass multiplies by again and again, prepared for it. */
import type { Way } from './cells/fused.ts';
import type { Layout } from './layout.ts';
import type { Pass } from './pass.ts';
import type { Operand } from './products.ts';

/** op(B), K×N, for `times` products with `rows` rows on the left: B lies in the parameters, from a number on, in rows of so many. */
export interface Wanted {
  readonly transposed: boolean;
  readonly N: number;
  readonly K: number;
  readonly offset: number;
  readonly row: number;
  readonly rows: number;
  readonly times: number;
}

/** Bytes by which the rows of a prepared matrix are longer than its numbers, at most. */
const PADDING = 64;

/** Bytes that they may take at most while they are there. */
export function bytesOf(wanted: Readonly<Record<string, Wanted>>, bytes: number): number {
  return Object.values(wanted).reduce((sum, { N, K }) => sum + K * (N * bytes + PADDING), 0);
}

/** Runs with prepared matrices, and gives them back whatever happens. */
export function withOperands(
  pass: Pass,
  layout: Layout,
  wanted: Readonly<Record<string, Wanted>>,
  run: (way: Way) => void,
): void {
  const operands: Record<string, Operand> = {};
  try {
    for (const [name, { transposed, N, K, offset, row, rows, times }] of Object.entries(wanted)) {
      operands[name] = pass.products.operand(transposed, N, K, pass.block('p', offset), row, rows, times);
    }
    run({ pass, layout, operands });
  } finally {
    for (const operand of Object.values(operands)) operand.release();
  }
}
