/** The products that cells have in common. */
import { indices } from '../input.ts';
import type { Way } from './fused.ts';

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

/** dW += daᵀ h_{t−1} over the present span, of the gates from (included) to (excluded); or with other blocks for da and h. */
export function gradW({ pass, layout }: Way, from: number, to: number, da: string = 'da', h: string = 'h'): void {
  const { m, G } = pass.size;
  const [a, hPrev] = [pass.first(da, G * m, from * m), pass.first(h, m)];
  const dW = pass.block('dp', layout.W + from * m * m);
  pass.products.product(true, false, (to - from) * m, m, pass.rows, a, G * m, hPrev, m, dW, m, true);
}

/** dU += daᵀ x and db += da, over the present span. */
export function gradUb({ pass, layout }: Way): void {
  const { d, m, G } = pass.size;
  const { kernels } = pass.runtime;
  const [da, dU] = [pass.first('da', G * m), pass.block('dp', layout.U)];
  if (pass.x.data instanceof Int32Array) kernels.scatter(pass.rows, G * m, indices(pass), da, d, dU);
  else pass.products.product(true, false, G * m, d, pass.rows, da, G * m, pass.first('x', d), d, dU, d, true);
  kernels.columnSums(pass.rows, G * m, da, G * m, pass.block('dp', layout.b));
}
