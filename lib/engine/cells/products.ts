/** The products that cells have in common. */
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

/** dW += daᵀ h_{t−1} over all steps at once, of the gates from (included) to (excluded); or with other blocks for da and h. */
export function gradW({ pass, layout }: Way, from: number, to: number, da: string = 'da', h: string = 'h'): void {
  const { T, B, m, G } = pass.size;
  const dW = pass.block('dp', layout.W + from * m * m);
  pass.products.product(
    true,
    false,
    (to - from) * m,
    m,
    T * B,
    pass.block(da, from * m),
    G * m,
    pass.block(h),
    m,
    dW,
    m,
    true,
  );
}

/** dU += daᵀ x and db += da, over all steps at once. */
export function gradUb({ pass, layout }: Way): void {
  const { T, B, d, m, G } = pass.size;
  const { kernels } = pass.runtime;
  const [da, x, dU] = [pass.block('da'), pass.block('x'), pass.block('dp', layout.U)];
  if (pass.x.data instanceof Int32Array) kernels.scatter(T * B, G * m, x, da, d, dU);
  else pass.products.product(true, false, G * m, d, T * B, da, G * m, x, d, dU, d, true);
  kernels.columnSums(T * B, G * m, da, G * m, pass.block('dp', layout.b));
}
