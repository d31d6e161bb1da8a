/** Losses of outputs against targets of the same extent, by kernels. */
import { inBlocks, type Stage } from '../engine/stage.ts';
import type { Sequence } from '../sequence.ts';
import type { Room } from './room.ts';

/** Outputs, targets and factors of rows of F. */
export interface Answers {
  readonly O: Sequence['data'];
  readonly Y: Sequence['data'];
  readonly factors: Float64Array;
  readonly F: number;
}

/** The kernels that compute such a gradient. */
type GradientKernel = 'binaryGradient' | 'squaredGradient';

/** dL/do_t of every row with a factor, to the last bit as without kernels. */
export function gradientBy(
  stage: Stage,
  kernel: GradientKernel,
  { O, Y, factors, F }: Answers,
  { views }: Room,
  dloss: number,
  dO: Sequence['data'],
): void {
  if (dO instanceof Int32Array) return;
  inBlocks(factors.length, F, (from, to, n) => {
    const into = views.part(dO, from * F, to * F, n);
    stage.begin(3 * into.length + (to - from), 4);
    const o = stage.put(views.part(O, from * F, to * F, n));
    const y = stage.put(views.part(Y, from * F, to * F, n));
    const w = stage.put(views.part(factors, from, to, n));
    const d = stage.put(into);
    stage.kernels[kernel](to - from, F, o, y, w, dloss, d);
    stage.get(d, into);
  });
}
