/** A loss's gradient against finite differences. */
import type { Loss, Weighting } from '../losses/loss.ts';
import { Random } from '../random.ts';
import { requireFunction, requireKnown, requireObject, requireSize } from '../require.ts';
import { Sequence } from '../sequence.ts';
import { checkGradients } from './finite-differences.ts';
import type { Law } from './law.ts';
import { numbersIn, raggedLengths, randomSequence } from './problem.ts';
import { type CheckReport, type Problem, reported } from './report.ts';

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
 * masked, and a random dL/dloss; and that backward gives the same bits a second time, is linear in dL/dloss, and that
 * neither pass sees outputs at padding or at masked steps.
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
  return reported(
    loss.name,
    { T, B, F, seed },
    {
      gradients(problem) {
        const { o, y, weighting, dloss, B } = lossProblem(problem, target);
        return (['sum', 'mean'] as const).flatMap(reduction => {
          const weighed: Weighting = { ...weighting, reduction };
          const { tensors } = checkGradients(
            () => dloss * loss.forward(o, y, weighed).loss,
            [
              {
                name: `o (${reduction})`,
                values: o.rows(),
                gradient: loss.backward(loss.forward(o, y, weighed).tape, dloss).rows(),
                tag: loss.equation,
                index: (n, j) => [Math.floor(n / B), n % B, j],
              },
            ],
          );
          return tensors;
        });
      },
      laws: problem => lossLaws(loss, lossProblem(problem, target)),
    },
  );
}

/** Outputs, target, weights and dL/dloss. */
function lossProblem<Target>({ T = 1, B = 1, F = 1, seed = 1 }: Problem, target: CheckLossOptions<Target>['target']) {
  const rng = new Random(seed);
  const o = randomSequence({ T, B, F, lengths: raggedLengths(T, B) }, rng);
  const y = target({ T, B, F }, rng);
  const mask = Array.from({ length: T * B }, (_, n) => n === 0 || rng.uniform() < 0.8);
  const weights = Array.from({ length: T * B }, () => 0.5 + rng.uniform());
  return { o, y, weighting: { mask, weights }, dloss: 1 + rng.uniform(), B, rng };
}

function lossLaws<Target, Tape>(
  loss: Loss<Target, Tape>,
  { o, y, weighting, dloss, rng }: ReturnType<typeof lossProblem<Target>>,
): Law[] {
  const run = (outputs: Sequence, factor: number) => {
    const { loss: value, tape } = loss.forward(outputs, y, weighting);
    const once = numbersIn(loss.backward(tape, factor).rows());
    return { value, once, twice: numbersIn(loss.backward(tape, factor).rows()) };
  };
  const { value, once, twice } = run(o, dloss);
  const other = Sequence.dense(Float64Array.from(o.data), { ...o.extent(), F: o.F });
  for (let n = 0; n < other.T * other.B; n++) {
    const unseen = !o.counts(n) || !weighting.mask[n];
    for (let j = 0; j < other.F && unseen; j++) other.rows().set(n, j, 100 * rng.normal());
  }
  const spoilt = run(other, dloss);
  const law = (name: string, as: readonly number[], es: readonly number[], bound: number): Law => {
    const scale = es.reduce((largest, e) => Math.max(largest, Math.abs(e)), 1);
    const worst = as.reduce((most, a, i) => Math.max(most, Math.abs(a - (es[i] ?? Number.NaN))), 0) / scale;
    return worst <= bound ? { name, ok: true, worst } : { name, ok: false, worst, broken: 'o' };
  };
  const doubled = once.map(value => 2 * value);
  return [
    law('the same bits a second time', twice, once, 0),
    law('linear in dL/dloss', run(o, 2 * dloss).once, doubled, 1e-12),
    law('blind to padding and masked steps', [spoilt.value, ...spoilt.once], [value, ...once], 0),
  ];
}
