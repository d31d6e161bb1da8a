/** The products that cells have in common. */
import { indices } from '../input.ts';
import type { Pass } from '../pass.ts';
import type { Rows, Way } from './fused.ts';

/** a_t += h_{t−1} Wᵀ. */
export function addRecurrent({ pass, operands }: Way, t: number, rows: number): void {
  const { m, G } = pass.size;
  operands.W?.multiply(rows, pass.step('h', t, m), m, pass.step('a', t, G * m), G * m, true);
}

/** dh = da_t W. */
export function sendBack({ pass, operands }: Way, t: number, rows: number): void {
  const { m, G } = pass.size;
  operands.W?.multiply(rows, pass.step('da', t, G * m), G * m, pass.block('dh'), m, false);
}

/** The address of column `offset` of the first of some rows of the present span, in a block of rows of so many columns. */
export function firstOf(pass: Pass, rows: Rows, name: string, columns: number, offset: number = 0): number {
  return pass.first(name, columns, rows.from * columns + offset);
}

/** dW += daᵀ h_{t−1} over some rows, of the gates from (included) to (excluded); or with other blocks for da and h. */
export function gradW(
  { pass, layout }: Way,
  rows: Rows,
  from: number,
  to: number,
  da: string = 'da',
  h: string = 'h',
): void {
  const { m, G } = pass.size;
  const [a, hPrev] = [firstOf(pass, rows, da, G * m, from * m), firstOf(pass, rows, h, m)];
  const dW = pass.block('dp', layout.W + from * m * m);
  pass.products.product(true, false, (to - from) * m, m, rows.count, a, G * m, hPrev, m, dW, m, true);
}

/** dU += daᵀ x and db += da, over some rows. */
export function gradUb({ pass, layout }: Way, rows: Rows): void {
  const { d, m, G } = pass.size;
  const { kernels } = pass.runtime;
  const [da, dU] = [firstOf(pass, rows, 'da', G * m), pass.block('dp', layout.U)];
  if (pass.x.data instanceof Int32Array) {
    kernels.scatter(rows.count, G * m, indices(pass) + 4 * rows.from, da, d, dU);
  } else {
    const x = firstOf(pass, rows, 'x', d);
    pass.products.product(true, false, G * m, d, rows.count, da, G * m, x, d, dU, d, true);
  }
  kernels.columnSums(rows.count, G * m, da, G * m, pass.block('dp', layout.b));
}
