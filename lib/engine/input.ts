/** What a layer does with its input, for all steps of a span at once: a = x Uᵀ forward, dx = da U backward. */
import { requireExtent, requireSequence, type Sequence } from '../sequence.ts';
import type { Way } from './cells/fused.ts';
import type { Layout } from './layout.ts';
import type { Pass } from './pass.ts';
import type { Operand } from './products.ts';

/** U, transposed for the way forward, where a one-hot input does not need it. */
export function inputOperand(pass: Pass, layout: Layout, forward: boolean): Record<string, Operand> {
  if (forward && pass.x.data instanceof Int32Array) return {};
  const { d, m, G } = pass.size;
  const [N, K] = forward ? [G * m, d] : [d, G * m];
  const U = pass.block('p', layout.U);
  return { U: pass.products.operand(forward, N, K, U, d, pass.rowsAtMost, pass.spans.length) };
}

/** Runs with prepared matrices, and gives them back whatever happens. */
export function withOperands(
  pass: Pass,
  layout: Layout,
  operands: Readonly<Record<string, Operand>>,
  run: (way: Way) => void,
): void {
  try {
    run({ pass, layout, operands });
  } finally {
    for (const operand of Object.values(operands)) operand.release();
  }
}

/**
 * A sequence that a pass is about to read has that extent, and is finite: kernels look at its numbers when they are loaded,
 * which takes them no time, but never at padding.
 *
 * @throws ShapeError, ValueError as `requireSequence`.
 */
export function requireRead(argument: string, s: Sequence, F: number, extent?: Sequence): void {
  const require = requireExtent(argument, s, F, extent).lengths || extent?.lengths ? requireSequence : requireExtent;
  require(argument, s, F, extent);
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
  pass.takeOfSpan('dx', d);
  const to = pass.block('dx');
  operands.U?.multiply(pass.rows, pass.first('da', G * m), G * m, to, d, false);
  pass.unload(to, d, dx);
  pass.give('dx');
}

/** Where the indices of the present span of a one-hot input lie. */
export function indices(pass: Pass): number {
  return pass.block('x') + 4 * pass.span.from * pass.size.B;
}
