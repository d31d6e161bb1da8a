/** The definition of an adjoint as a test: one number for all gradients at once, at any size. */
import { Matrix } from 'ml-matrix';
import { normal } from '../init/initialisers.ts';
import { type Layer, requireLayer } from '../layers/layer.ts';
import { Random } from '../random.ts';
import { requireKnown, requirePositive, requireSize } from '../require.ts';
import { judged } from './differences.ts';
import { inner, moveAlong } from './directions.ts';
import type { Law } from './law.ts';
import { type Exactness, exactnessOf, noiseIn } from './noise.ts';
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

/** The problem that the dot test is tried on. */
export interface DotTestOptions {
  readonly T?: number;
  readonly B?: number;
  readonly seed?: number;
  /** By how much inputs and initial states are larger than standard normal numbers and those of a usual state. 1 unless given. */
  readonly scale?: number;
}

/**
 * The dot test ⟨dy, J v⟩ = ⟨Jᵀ dy, v⟩: dy random cotangents on every output and final state, v a random direction of
 * length 1 in parameters, input and initial state together, J v from a four-point difference along v, Jᵀ dy from the
 * backward pass. It takes four forward passes whatever the size, and some dozens where the two do not agree at once, where
 * a check of every element takes four for each; but it does not say which gradient is wrong. The layer's parameters are
 * overwritten.
 *
 * @returns a law: `worst` is |⟨dy, J v⟩ − ⟨Jᵀ dy, v⟩| over the larger of |⟨dy, J v⟩| and 1. With `noise` where rounding
 * hides whether it holds.
 * @throws ValueError when a size, the seed or the scale is none.
 *
 * @example
 * ```ts
 * import { lstm, unroll } from 'bptt';
 * import { dotTest } from 'bptt/check';
 *
 * const { ok, worst } = dotTest(unroll(lstm, { d: 30, m: 40 }), { T: 50, B: 8 });
 * console.log(ok, worst < 1e-8); // → true true
 * ```
 */
export function dotTest(layer: Layer, options: DotTestOptions = {}): Law {
  requireLayer('layer', layer);
  const { T = 20, B = 3, seed = 1, scale = 1 } = requireKnown('options', options, ['T', 'B', 'seed', 'scale']);
  requireSize('T', T);
  requireSize('B', B);
  requirePositive('scale', scale);
  const rng = new Random(seed);
  const lengths = raggedLengths(T, B);
  randomParameters(layer, Math.min(0.5, 1 / Math.sqrt(layer.outputs)), rng);
  const x = randomSequence({ T, B, F: layer.inputs, lengths }, rng);
  const s0 = randomState(layer, B, rng);
  if (scale !== 1) for (const part of [x.rows(), ...Object.values(s0)]) part.mul(scale);
  const { y, tape } = layer.forward(x, s0);
  const R = randomSequence({ ...y.extent(), F: y.F }, rng);
  const r = randomState(layer, B, rng);
  layer.params.zeroGrads();
  const { dx, ds0 } = layer.backward(tape, R, r);

  const tensors = [...parameters(layer), input(x, dx), ...initialStates(layer, s0, ds0)].map(({ values, gradient }) => {
    const start = values.clone();
    const v = values.clone();
    normal(1)(v, rng);
    return { values, gradient, start, v };
  });
  const length = Math.sqrt(tensors.reduce((sum, { v }) => sum + inner(v, v), 0));
  const adjoint = tensors.reduce((sum, { gradient, v }) => sum + inner(gradient, v), 0) / length; // ⟨Jᵀ dy, v⟩
  const shift = Matrix.zeros(1, 1);
  const loss = () => {
    const { y, sT } = layer.forward(x, s0);
    return inner(R.rows(), y.rows()) + innerStates(r, sT);
  };
  const along = () => {
    for (const { values, start, v } of tensors) moveAlong(values, start, v, shift.get(0, 0) / length);
    return loss();
  };
  let measured: Exactness | undefined;
  const exactness = () => {
    measured ??= exactnessOf(along, [shift]);
    return measured;
  };
  const { verdict, numeric, error } = judged(along, shift, 0, 0, adjoint, exactness); // numeric is ⟨dy, J v⟩
  along();
  const name = `⟨dy, Jv⟩ = ⟨Jᵀdy, v⟩ over ${T} steps${scale === 1 ? '' : `, inputs ${scale}×`}`;
  const worst = Math.abs(numeric - adjoint) / Math.max(1, Math.abs(numeric));
  if (verdict === 'wrong') return { name, ok: false, worst, broken: 'the whole gradient' };
  if (verdict !== 'too noisy') return { name, ok: true, worst };
  const noise = noiseIn(
    loss,
    tensors.map(({ values }) => values),
    exactness(),
    error,
  );
  return { name, ok: false, worst, noise };
}
