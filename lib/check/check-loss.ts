/** A loss's gradient against finite differences. */
import type { Loss, Weighting } from '../losses/loss.ts';
import { Random } from '../random.ts';
import { requireFunction, requireKnown, requireObject, requireSize } from '../require.ts';
import { checkGradients } from './finite-differences.ts';
import { type LossProblem, largerLaw, lossLaws } from './loss-laws.ts';
import { raggedLengths, randomSequence } from './problem.ts';
import { type CheckReport, isWrong, type Problem, reported } from './report.ts';

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
 * masked, and a random dL/dloss; once more along a direction, of outputs four times as large over five times as many steps; and
 * that backward gives the same bits a second time, is linear in dL/dloss, that neither pass sees outputs at padding or at
 * masked steps, and that lengths, mask, weights, reduction and dL/dloss that are not given are what stands for them.
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
export function checkLoss<Target, Tape>(loss: Loss<Target, Tape>, options: CheckLossOptions<Target>): CheckReport {
  const { T = 5, B = 3, F = 4, target, seed = 1 } = requireKnown('options', options, ['T', 'B', 'F', 'target', 'seed']);
  requireFunction('target', target);
  for (const part of ['forward', 'backward'] as const)
    requireFunction(`loss.${part}`, requireObject('loss', loss)[part]);
  requireSize('T', T);
  requireSize('B', B);
  requireSize('F', F);
  const gradients = (problem: Problem) => {
    const { o, y, weighting, dloss } = lossProblem(problem, target);
    return (['sum', 'mean'] as const).flatMap(reduction => {
      const weighed: Weighting = { ...weighting, reduction };
      const tensor = {
        name: `o (${reduction})`,
        values: o.rows(),
        gradient: loss.backward(loss.forward(o, y, weighed).tape, dloss).rows(),
        tag: loss.equation,
        index: (n: number, j: number) => [Math.floor(n / o.B), n % o.B, j],
      };
      return checkGradients(() => dloss * loss.forward(o, y, weighed).loss, [tensor]).tensors;
    });
  };
  return reported(
    loss.name,
    { T, B, F, seed },
    {
      gradients,
      someWrong: problem => gradients(problem).some(isWrong),
      laws: (problem, differentiated) => [
        ...lossLaws(loss, lossProblem(problem, target)),
        ...(differentiated ? [largerLaw(loss, lossProblem(largerThan(problem), target, 4))] : []),
      ],
    },
  );
}

const largerThan = ({ T = 1, B = 1, ...problem }: Problem): Problem => ({ ...problem, T: 5 * T, B: 2 * B });

/** Outputs, target, weights and dL/dloss. */
function lossProblem<Target>(
  { T = 1, B = 1, F = 1, seed = 1 }: Problem,
  target: CheckLossOptions<Target>['target'],
  scale: number = 1,
): LossProblem<Target> {
  const rng = new Random(seed);
  const o = randomSequence({ T, B, F, lengths: raggedLengths(T, B) }, rng);
  if (scale !== 1) o.rows().mul(scale);
  const y = target({ T, B, F }, rng);
  const mask = Array.from({ length: T * B }, (_, n) => n === 0 || rng.uniform() < 0.8);
  const weights = Array.from({ length: T * B }, () => 0.5 + rng.uniform());
  return { o, y, weighting: { mask, weights }, dloss: 1 + rng.uniform(), rng };
}
