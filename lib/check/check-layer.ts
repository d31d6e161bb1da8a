/** Any layer's gradients against finite differences. */
import { normal } from '../init/initialisers.ts';
import type { Layer } from '../layers/layer.ts';
import { Random } from '../random.ts';
import { requireSize } from '../require.ts';
import { Sequence } from '../sequence.ts';
import { type CheckedTensor, checkGradients, type GradientReport } from './finite-differences.ts';
import {
  initialStates,
  inner,
  innerStates,
  parameters,
  raggedLengths,
  randomSequence,
  randomState,
} from './problem.ts';

/** The problem that a layer is checked on. */
export interface CheckLayerOptions {
  /** Steps and sequences; sequences of a batch differ in length where T > 1. */
  readonly T?: number;
  readonly B?: number;
  /** Give the layer class indices instead of dense rows; x is then not among what is checked. */
  readonly oneHot?: boolean;
  /** Fixes every number that is drawn. */
  readonly seed?: number;
}

/**
 * Checks every gradient that a layer declares against finite differences of
 *
 * L = Σ_t ⟨R_t, y_t⟩ + ⟨r, s_T⟩
 *
 * with random parameters, input and initial state, and random cotangents R_t on every y_t and r on every part of the
 * final state. The layer's parameters are overwritten.
 *
 * @throws ValueError when a size or the seed is none.
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
export function checkLayer(
  layer: Layer,
  { T = 5, B = 3, oneHot = false, seed = 1 }: CheckLayerOptions = {},
): GradientReport {
  requireSize('T', T);
  requireSize('B', B);
  const rng = new Random(seed);
  const lengths = raggedLengths(T, B);
  normal(0.5)(layer.params, rng);
  const x = oneHot
    ? Sequence.oneHot(
        Array.from({ length: T * B }, () => Math.floor(rng.uniform() * layer.inputs)),
        { T, B, classes: layer.inputs, lengths },
      )
    : randomSequence({ T, B, F: layer.inputs, lengths }, rng);
  const s0 = randomState(layer, B, rng);
  const { y, tape } = layer.forward(x, s0);
  const R = randomSequence({ ...y.extent(), F: y.F }, rng);
  const r = randomState(layer, B, rng);
  layer.params.zeroGrads();
  const { dx, ds0 } = layer.backward(tape, R, r);
  const loss = () => {
    const { y, sT } = layer.forward(x, s0);
    return inner(R.rows(), y.rows()) + innerStates(r, sT);
  };
  const input: CheckedTensor = {
    name: 'x',
    values: x.rows(),
    gradient: dx.rows(),
    tag: layer.equations.x ?? '',
    index: (n, j) => [Math.floor(n / B), n % B, j],
  };
  return checkGradients(loss, [...parameters(layer), ...(oneHot ? [] : [input]), ...initialStates(layer, s0, ds0)]);
}
