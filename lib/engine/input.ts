/** What a layer does with its input, for all steps of a span at once: a = x Uᵀ forward, dx = da U backward. */
import type { Sequence } from '../sequence.ts';
import type { Way } from './cells/fused.ts';
import type { Layout } from './layout.ts';
import type { Wanted } from './operands.ts';
import type { Pass } from './pass.ts';

/** U, transposed for the way forward, where a one-hot input does not need it. */
export function inputOperand(pass: Pass, layout: Layout, forward: boolean): Record<string, Wanted> {
  if (forward && pass.x.data instanceof Int32Array) return {};
  const { d, m, G } = pass.size;
  const [N, K] = forward ? [G * m, d] : [d, G * m];
  const times = pass.spans.length;
  return { U: { transposed: forward, N, K, offset: layout.U, row: d, rows: pass.rowsAtMost, times } };
}

/** The present span of the blocks x, unless it is of indices, and a. */
export function input({ pass, layout, operands }: Way): void {
  const { d, m, G } = pass.size;
  const a = pass.first('a', G * m);
  if (pass.x.data instanceof Int32Array) {
    pass.runtime.kernels.gather(pass.rows, G * m, indices(pass), pass.block('p', layout.U), d, a);
    return;
  }
  pass.load('x', 'x', pass.x, d);
  operands.U?.multiply(pass.rows, pass.first('x', d), d, a, G * m, false);
}

/** The present span of dx from that of the block da, by way of the block dx. */
export function inputGradient({ pass, operands }: Way, dx: Sequence): void {
  const { d, m, G } = pass.size;
  const to = pass.block('dx');
  operands.U?.multiply(pass.rows, pass.first('da', G * m), G * m, to, d, false);
  pass.unload(to, d, dx);
}

/** Where the indices of the present span of a one-hot input lie. */
export function indices(pass: Pass): number {
  return pass.block('x') + 4 * pass.span.from * pass.size.B;
}
