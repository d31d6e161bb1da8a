/** Any layer's gradients against finite differences. */
import { type Cell, requireCell } from '../cells/cell.ts';
import { type Layer, requireLayer } from '../layers/layer.ts';
import { Random } from '../random.ts';
import { requireBoolean, requireKnown, requireSize } from '../require.ts';
import { Sequence } from '../sequence.ts';
import { someWrong } from './directed.ts';
import { inner } from './directions.ts';
import { type CheckedTensor, checkGradients } from './finite-differences.ts';
import { lawsOf } from './laws.ts';
import { hasOwnLoop, provenStep } from './loops.ts';
import { asked, type Origins, originsOfLayer } from './origins.ts';
import {
  initialStates,
  innerStates,
  input,
  parameters,
  raggedLengths,
  randomClasses,
  randomParameters,
  randomSequence,
  randomState,
} from './problem.ts';
import { type CheckReport, outputsBefore, type Problem, reported } from './report.ts';
import { watchedLayer } from './watched.ts';

/** The problem that a layer is checked on. */
export interface CheckLayerOptions {
  /** Steps and sequences; sequences of a batch differ in length where T > 1. */
  readonly T?: number;
  readonly B?: number;
  /** Give the layer class indices instead of dense rows; x is then not among what is checked, nor are laws that move it. */
  readonly oneHot?: boolean;
  /** Fixes every number that is drawn. */
  readonly seed?: number;
  /** See {@link CheckLawsOptions}: false where what becomes of a sequence depends on its place in the batch. */
  readonly independent?: boolean;
  /** Of a layer with a loop of its own, the cell whose steps it takes: where that is proven, a report says that it is the loop. */
  readonly cell?: Cell;
}

/**
 * Checks every gradient that a layer declares against finite differences of
 *
 * L = Σ_t ⟨R_t, y_t⟩ + ⟨r, s_T⟩
 *
 * with random parameters, input and initial state, and random cotangents R_t on every y_t and r on every part of the
 * final state; and the laws of its passes, see {@link checkLaws}. What is wrong is tried again with fewer steps and
 * sequences. The layer's parameters are overwritten.
 *
 * @throws ValueError when a size or the seed is none, or the layer is no layer; PassError when one of its passes throws,
 * or gives what is not finite; ShapeError when it returns what it did not declare. Both name the layer and the pass.
 *
 * @example
 * ```ts
 * import { lstm, readout, stack, unroll } from 'bptt';
 * import { checkLayer } from 'bptt/check';
 *
 * const net = stack({ lstm: unroll(lstm, { d: 2, m: 3 }), readout: readout({ m: 3, C: 2 }) });
 * console.log(checkLayer(net).ok); // → true
 * ```
 */
export function checkLayer(layer: Layer, options: CheckLayerOptions = {}): CheckReport {
  const {
    T = 5,
    B = 3,
    oneHot = false,
    seed = 1,
    independent = true,
    cell,
  } = requireKnown('options', options, ['T', 'B', 'oneHot', 'seed', 'independent', 'cell']);
  requireBoolean('oneHot', oneHot);
  requireBoolean('independent', independent);
  requireLayer('layer', layer);
  if (cell !== undefined) requireCell('cell', cell);
  const names = () => [...Object.keys(layer.params.shapes), ...Object.keys(layer.state), 'x'];
  const origins = asked(layer.equations, names, () => originsOfLayer(layer));
  const watched = watchedLayer(layer, oneHot, origins);
  requireSize('T', T);
  requireSize('B', B);
  return reported(
    layer.name,
    { T, B, seed },
    {
      gradients(problem, closely) {
        const { loss, tensors, after } = layerProblem(watched, problem, oneHot, () => origins(closely));
        return checkGradients(loss, tensors, { after }).tensors;
      },
      someWrong(problem) {
        const { loss, tensors } = layerProblem(watched, problem, oneHot, () => ({}));
        return someWrong(loss, tensors, new Random(problem.seed ?? 1));
      },
      idle: outputsBefore(layer),
      ownLoop: () => (cell || hasOwnLoop(layer) ? { provenStep: provenStep(layer, cell) } : undefined),
      laws: ({ T = 1, B = 1, seed = 1 }, differentiated) =>
        lawsOf(watched, { T, B, seed, independent }, { differentiated, oneHot }),
    },
  );
}

/** The loss of a random problem as a function of its tensors, their gradients, and the state it ends in. */
function layerProblem(layer: Layer, { T = 1, B = 1, seed = 1 }: Problem, oneHot: boolean, origins: () => Origins) {
  const rng = new Random(seed);
  const lengths = raggedLengths(T, B);
  randomParameters(layer, 0.5, rng);
  const x = oneHot
    ? Sequence.oneHot(randomClasses(T * B, layer.inputs, rng), { T, B, classes: layer.inputs, lengths })
    : randomSequence({ T, B, F: layer.inputs, lengths }, rng);
  const s0 = randomState(layer, B, rng);
  const { y, sT: after, tape } = layer.forward(x, s0);
  const R = randomSequence({ ...y.extent(), F: y.F }, rng);
  const r = randomState(layer, B, rng);
  layer.params.zeroGrads();
  const { dx, ds0 } = layer.backward(tape, R, r);
  const loss = () => {
    const { y, sT } = layer.forward(x, s0);
    return inner(R.rows(), y.rows()) + innerStates(r, sT);
  };
  const tensors: CheckedTensor[] = [
    ...parameters(layer, origins()),
    ...(oneHot ? [] : [input(x, dx, origins())]),
    ...initialStates(layer, s0, ds0, origins()),
  ];
  return { loss, tensors, after };
}
