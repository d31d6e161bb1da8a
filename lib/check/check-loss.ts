/** A loss's gradient against finite differences. */
import type { Loss, Weighting } from '../losses/loss.ts';
import { Random } from '../random.ts';
import { requireSize } from '../require.ts';
import { checkGradients, type GradientReport } from './finite-differences.ts';
import { raggedLengths, randomSequence } from './problem.ts';

/** The problem that a loss is checked on. */
export interface CheckLossOptions<Target> {
  /** Steps, sequences, features of the outputs; sequences of a batch differ in length where T > 1. */
  readonly T?: number;
  readonly B?: number;
  readonly F?: number;
  /** Makes a target for outputs of these sizes. */
  readonly target: (sizes: { readonly T: number; readonly B: number; readonly F: number }, rng: Random) => Target;
  /** Fixes every number that is drawn. */
  readonly seed?: number;
}

/**
 * Checks a loss's gradient in every output against finite differences, under random weights of the steps, some of them
 * masked, and a random dL/dloss.
 *
 * @throws ValueError when a size or the seed is none.
 *
 * @example
 * ```ts
 * import { crossEntropy } from 'bptt';
 * import { checkLoss } from 'bptt/check';
 *
 * const report = checkLoss(crossEntropy, {
 *   target: ({ T, B, F }, rng) => Array.from({ length: T * B }, () => Math.floor(F * rng.uniform())),
 * });
 * console.log(report.ok); // → true
 * ```
 */
export function checkLoss<Target, Tape>(
  loss: Loss<Target, Tape>,
  { T = 5, B = 3, F = 4, target, seed = 1 }: CheckLossOptions<Target>,
): GradientReport {
  requireSize('T', T);
  requireSize('B', B);
  requireSize('F', F);
  const rng = new Random(seed);
  const o = randomSequence({ T, B, F, lengths: raggedLengths(T, B) }, rng);
  const y = target({ T, B, F }, rng);
  const mask = Array.from({ length: T * B }, (_, n) => n === 0 || rng.uniform() < 0.8);
  const weights = Array.from({ length: T * B }, () => 0.5 + rng.uniform());
  const dloss = 1 + rng.uniform();
  const reports = (['sum', 'mean'] as const).map(reduction => {
    const weighting: Weighting = { mask, weights, reduction };
    const gradient = loss.backward(loss.forward(o, y, weighting).tape, dloss).rows();
    return checkGradients(
      () => dloss * loss.forward(o, y, weighting).loss,
      [
        {
          name: `o (${reduction})`,
          values: o.rows(),
          gradient,
          tag: loss.equation,
          index: (n, j) => [Math.floor(n / B), n % B, j],
        },
      ],
    );
  });
  return { ok: reports.every(({ ok }) => ok), tensors: reports.flatMap(({ tensors }) => tensors) };
}
