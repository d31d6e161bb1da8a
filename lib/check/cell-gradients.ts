/** A cell's gradients under the lecture's readout and cross-entropy, against finite differences of that loss. */
import { Matrix } from 'ml-matrix';
import type { Cell } from '../cells/cell.ts';
import { readout } from '../layers/readout.ts';
import { unroll } from '../layers/unroll.ts';
import { crossEntropy } from '../losses/cross-entropy.ts';
import { addTo } from '../matrix.ts';
import { Random } from '../random.ts';
import type { Matrices } from '../shape.ts';
import { checkDirections, someWrong } from './directed.ts';
import { inner } from './directions.ts';
import { agrees, type CheckedTensor, checkGradients, type TensorReport } from './finite-differences.ts';
import { type Origins, originsOfLayer } from './origins.ts';
import {
  initialStates,
  innerStates,
  input,
  parameters,
  raggedLengths,
  randomClasses,
  randomParameters,
  randomSequence,
} from './problem.ts';
import { isWrong, type Problem } from './report.ts';
import { finalCotangent, type Scope, stateBefore } from './scope.ts';

/** What is asked of a cell's gradients besides the sizes of a problem. */
export interface Asked {
  readonly scope: Scope;
  /** Whether a direction in each tensor will do, as where the equations were judged: what is wrong disagrees along it. */
  readonly along: boolean;
  readonly origins: () => Origins;
}

/** Every gradient against finite differences, with a guess where adding is what is missing. */
export function cellGradients(cell: Cell, problem: Problem, asked: Asked): readonly TensorReport[] {
  const { loss, tensors, after } = cellProblem(cell, problem, asked);
  const report = asked.along
    ? checkDirections(loss, tensors, after, new Random(problem.seed ?? 1))
    : checkGradients(loss, tensors, { after });
  if (report.verdict !== 'wrong' || !Object.is(loss(), loss())) return report.tensors; // one that remembers is no sum
  const added = cellProblem(accumulating(cell), problem, asked).tensors;
  return report.tensors.map((tensor, n) => {
    const { gradient } = added[n] ?? {};
    const mended =
      isWrong(tensor) && gradient && tensor.failures.every(({ at, numeric }) => agrees(gradient.get(...at), numeric));
    return mended ? { ...tensor, guess: 'missing accumulation' } : tensor;
  });
}

/** Whether one of them is wrong. */
export function someWrongOf(cell: Cell, problem: Problem, scope: Scope): boolean {
  const { loss, tensors } = cellProblem(cell, problem, { scope, origins: () => ({}) });
  return someWrong(loss, tensors, new Random(problem.seed ?? 1));
}

/** The loss of a random problem as a function of its tensors, their gradients, and the state it ends in. */
function cellProblem(
  cell: Cell,
  { T = 1, B = 1, d = 1, m = 1, C = 1, seed = 1 }: Problem,
  { scope, origins }: Pick<Asked, 'scope' | 'origins'>,
) {
  const rng = new Random(seed);
  const lengths = raggedLengths(T, B);
  const layer = unroll(cell, { d, m });
  const out = readout({ m: layer.outputs, C });
  randomParameters(layer, 0.5, rng);
  randomParameters(out, 0.5, rng);
  const x = randomSequence({ T, B, F: d, lengths }, rng);
  const s0 = stateBefore(layer, B, rng, scope);
  const R = randomSequence({ T, B, F: layer.outputs, lengths }, rng);
  const r = finalCotangent(layer, B, rng, scope);
  const y = randomClasses(T * B, C, rng);
  const Q = randomSequence({ T, B, F: C, lengths }, rng);

  const loss = () => {
    const { y: h, sT } = layer.forward(x, s0);
    const { y: o } = out.forward(h);
    return crossEntropy.forward(o, y).loss + inner(Q.rows(), o.rows()) + inner(R.rows(), h.rows()) + innerStates(r, sT);
  };

  const { y: h, sT: after, tape } = layer.forward(x, s0);
  const { y: o, tape: outTape } = out.forward(h);
  const dlogits = crossEntropy.backward(crossEntropy.forward(o, y).tape);
  addTo(dlogits.rows(), Q.rows());
  const { dx: dh } = out.backward(outTape, dlogits);
  addTo(dh.rows(), R.rows());
  const { dx, ds0 } = layer.backward(tape, dh, r);
  const tensors: CheckedTensor[] = [
    ...parameters(layer, origins()),
    ...parameters(out, originsOfLayer(out)),
    input(x, dx, origins()),
    ...(scope.initial === 'zero' ? [] : initialStates(layer, s0, ds0, origins())),
  ];
  return { loss, tensors, after };
}

/** The cell, adding to its parameters' gradients whatever it does itself. */
function accumulating(cell: Cell): Cell {
  return {
    ...cell,
    backward(p, tape, dnext, dp) {
      const own: Matrices = Object.fromEntries(
        Object.entries(p).map(([name, { rows, columns }]) => [name, Matrix.zeros(rows, columns)]),
      );
      const result = cell.backward(p, tape, dnext, own);
      for (const [name, gradient] of Object.entries(own)) {
        const total = dp[name];
        if (total) addTo(total, gradient);
      }
      return result;
    },
  };
}
