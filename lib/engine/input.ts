/** What a layer does with its input, for all steps at once: a = x Uᵀ forward, dx = da U backward. */
import type { Sequence } from '../sequence.ts';
import type { Layout } from './layout.ts';
import type { Pass } from './pass.ts';

/** Makes the blocks x and a. */
export function input(pass: Pass, layout: Layout): void {
  const { T, B, d, m, G } = pass.size;
  const oneHot = pass.x.data instanceof Int32Array;
  pass.takeInput(oneHot ? 1 : d);
  pass.take('a', T * B * G * m);
  const [x, U, a] = [pass.block('x'), pass.block('p', layout.U), pass.block('a')];
  if (oneHot) pass.runtime.kernels.gather(T * B, G * m, x, U, d, a);
  else pass.products.product(false, true, T * B, G * m, d, x, d, U, d, a, G * m, false);
}

/** Fills dx from the block da. */
export function inputGradient(pass: Pass, layout: Layout, dx: Sequence): void {
  const { T, B, d, m, G } = pass.size;
  const [da, U] = [pass.block('da'), pass.block('p', layout.U)];
  pass.take('dx', T * B * d);
  pass.products.product(false, false, T * B, d, G * m, da, G * m, U, d, pass.block('dx'), d, false);
  pass.unload(pass.block('dx'), d, dx);
  pass.give('dx');
}
