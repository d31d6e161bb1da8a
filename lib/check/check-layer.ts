/** Any layer's gradients against finite differences. */
import { type Layer, requireLayer } from '../layers/layer.ts';
import { Random } from '../random.ts';
import { requireBoolean, requireKnown, requireSize } from '../require.ts';
import { Sequence } from '../sequence.ts';
import { inner } from './directions.ts';
import { checkGradients, type TensorReport } from './finite-differences.ts';
import { checkLaws } from './laws.ts';
import { asked, type Origins, originsOfLayer } from './origins.ts';
import {
  initialStates,
  innerStates,
  input,
  parameters,
  raggedLengths,
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
  /** Give the layer class indices instead of dense rows; x is then not among what is checked, and laws are not tried. */
  readonly oneHot?: boolean;
  /** Fixes every number that is drawn. */
  readonly seed?: number;
  /** See {@link CheckLawsOptions}: false where what becomes of a sequence depends on its place in the batch. */
  readonly independent?: boolean;
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
  } = requireKnown('options', options, ['T', 'B', 'oneHot', 'seed', 'independent']);
  requireBoolean('oneHot', oneHot);
  requireBoolean('independent', independent);
  requireLayer('layer', layer);
  const names = () => [...Object.keys(layer.params.shapes), ...Object.keys(layer.state), 'x'];
  const origins = asked(layer.equations, names, () => originsOfLayer(layer));
  const watched = watchedLayer(layer, oneHot, origins);
  requireSize('T', T);
  requireSize('B', B);
  return reported(
    layer.name,
    { T, B, seed },
    {
      gradients: (problem, first, behind) => layerGradients(watched, problem, oneHot, first, () => origins(behind)),
      idle: outputsBefore(layer),
      laws: ({ T = 1, B = 1, seed = 1 }) => (oneHot ? [] : checkLaws(watched, { T, B, seed, independent })),
    },
  );
}

function layerGradients(
  layer: Layer,
  { T = 1, B = 1, seed = 1 }: Problem,
  oneHot: boolean,
  first: boolean,
  origins: () => Origins,
): readonly TensorReport[] {
  const rng = new Random(seed);
  const lengths = raggedLengths(T, B);
  randomParameters(layer, 0.5, rng);
  const x = oneHot
    ? Sequence.oneHot(
        Array.from({ length: T * B }, () => Math.floor(rng.uniform() * layer.inputs)),
        { T, B, classes: layer.inputs, lengths },
      )
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
  const tensors = [
    ...parameters(layer, origins()),
    ...(oneHot ? [] : [input(x, dx, origins())]),
    ...initialStates(layer, s0, ds0, origins()),
  ];
  return checkGradients(loss, tensors, { after, first }).tensors;
}
