/**
 * What of the gradient is left, step by step on its way back. Derived in `derivations/gradient-flow.md`.
 *
 * | symbol  | shape | meaning |
 * |---------|-------|---------|
 * | dy_j    | 1×m   | ∂l_j/∂h_j: what the loss of step j says of h_j by itself |
 * | R[t][j] |       | ‖∂l_j/∂h_t‖, the Euclidean norm: which loss reaches which past |
 * | κ_d     |       | the gradient's norm d steps back, beside that at d = 0 |
 */
import { Matrix } from 'ml-matrix';
import { ShapeError, ValueError } from '../errors.ts';
import { type Layer, requireLayer, requireState } from '../layers/layer.ts';
import { add } from '../matrix.ts';
import { describe, requireFinite, requireList } from '../require.ts';
import { requireSequence, Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';
import { DENSE_BYTES, type RunOptions, requireMemory, requireRunOptions, untouched } from './jacobians.ts';
import { finite, finiteNorm, finiteState } from './overflow.ts';
import { repeated, requireFiniteParams, requireRun, stateCopies } from './state.ts';

/**
 * dL/ds_t for every t, of a recurrent layer whose output is h: the recursion of `unroll`, with every step's gradient kept.
 *
 * @param layer a layer of one cell: `unroll(…)` or `recurrent(…)`.
 * @param x T steps of B sequences without lengths.
 * @param dy dL/dy_t alone, of y's shape.
 * @returns T+1 slots, s_0 first; every part B×its columns. `h` of slot t holds what step t's own loss says of it and what
 * comes from later ones.
 * @throws ShapeError, ValueError when an argument does not fit, or a parameter is not finite; OverflowError when a gradient
 * is not.
 */
export function stateGradients(layer: Layer, x: Sequence, dy: Sequence, options: RunOptions = {}): readonly Matrices[] {
  const { state, inputs, outputs } = requireLayer('layer', layer);
  const { s0 } = requireRunOptions(options);
  requireSequence('x', x, inputs);
  requireSequence('dy', dy, outputs, x);
  if (x.lengths) throw new ShapeError('x', 'sequences without lengths', 'lengths');
  if (state.h !== outputs) throw new ShapeError('layer', 'a recurrent layer whose output is its state h', layer.name);
  requireFiniteParams(layer);
  return untouched(layer, () => {
    const tapes: unknown[] = [];
    try {
      let s = requireState('s0', s0, state, x.B);
      for (let t = 0; t < x.T; t++) {
        const { sT, tape } = layer.forward(x.slice(t, t + 1), s);
        tapes.push(tape);
        s = finiteState(t + 1, sT);
      }
      const nothing = Sequence.zeros({ T: 1, B: x.B, F: outputs });
      const slots: Matrices[] = [];
      let ds = requireState('dsT', undefined, state, x.B);
      for (let t = x.T - 1; t >= 0; t--) {
        const total = { ...ds, h: add(ds.h ?? Matrix.zeros(0, 0), dy.at(t)) }; // BPTT-B1  dL/ds_t = dL/dy_t + dL/ds_{t+1} ∂s_{t+1}/∂s_t
        slots.unshift(total);
        finite(`dL/dh_${t + 1}`, total.h);
        ds = layer.backward(tapes[t], nothing, total).ds0;
        layer.release?.(tapes.pop());
      }
      finite('dL/dh_0', ds.h ?? Matrix.zeros(0, 0));
      return [ds, ...slots];
    } finally {
      for (const tape of tapes) layer.release?.(tape); // where a number was not finite
    }
  });
}

/**
 * ‖∂L/∂h_t‖ for t = 0 … T, of one sequence.
 *
 * @throws as {@link stateGradients}.
 */
export function gradientNorms(layer: Layer, x: Sequence, dy: Sequence, options: RunOptions = {}): number[] {
  requireRun(layer, x);
  return stateGradients(layer, x, dy, options).map(({ h }, t) => (h ? finiteNorm(`‖dL/dh_${t}‖`, h) : Number.NaN));
}

/**
 * The reach matrix: T+1 rows, t = 0 … T, of T columns, j = 1 … T at place j − 1. R[t][j] is 0 for t > j, ‖dy_j‖ for t = j.
 * Every loss is alone in a row of a batch of T copies of x, and all go back together.
 *
 * @throws as {@link stateGradients}; ValueError when T² states take more than `bytes`.
 */
export function reachMatrix(layer: Layer, x: Sequence, dy: Sequence, options: RunOptions = {}): number[][] {
  requireRun(layer, x);
  requireSequence('dy', dy, layer.outputs, x);
  const { T } = x;
  const { s0: initial, bytes = DENSE_BYTES } = requireRunOptions(options);
  requireMemory({ count: T, rows: T, columns: layer.outputs }, bytes);
  const alone = Sequence.zeros({ T, B: T, F: layer.outputs });
  for (let j = 0; j < T; j++) alone.at(j).setRow(j, dy.at(j).getRow(0));
  const s0 = initial === undefined ? undefined : stateCopies(requireState('s0', initial, layer.state, 1), T);
  return stateGradients(layer, repeated(x, T), alone, s0 ? { s0 } : {}).map(
    ({ h }, t) =>
      Array.from({ length: T }, (_, j) => (h ? finiteNorm(`R[${t}][${j + 1}]`, h.getRowVector(j)) : Number.NaN)), // FLOW-F8  R[t][j] = ‖dy_j ∂h_j/∂h_t‖
  );
}

/**
 * κ_0 … κ_{T−1} of a reach matrix: the mean over all losses that are d steps away, each beside its own norm at d = 0, of
 * those whose norm there is not zero.
 *
 * @throws ValueError when all losses are zero.
 */
export function fadingOf(reach: readonly (readonly number[])[]): number[] {
  const T = requireList('reach', reach, 'a list of rows').length - 1;
  for (const [t, row] of reach.entries()) requireFinite(`reach[${t}]`, requireList(`reach[${t}]`, row));
  return Array.from({ length: T }, (_, d) => {
    const shares: number[] = [];
    for (let j = Math.max(1, d); j <= T; j++) {
      const [own = 0, far = 0] = [reach[j]?.[j - 1], reach[j - d]?.[j - 1]];
      if (own > 0) shares.push(far / own);
    }
    if (shares.length === 0) throw new ValueError('reach', 'a loss with a gradient', 'none');
    return shares.reduce((sum, share) => sum + share / shares.length, 0); // FLOW-F10  κ_d = mean over j of R[j−d][j] / R[j][j]
  });
}

/**
 * The effective memory length in steps: the mean distance of what a gradient reaches, each distance weighted by the norm
 * that arrives there. It is the depth of a memory whose kernel is κ (Mozer 1993; de Vries and Principe 1992): μ/(1−μ) of
 * κ_d = μ^d, if there is room for it. What does not fade within T steps has (T−1)/2: the window ends there.
 *
 * @param fading κ_0, κ_1, …, none negative.
 * @throws ValueError when there is none, one is negative or not finite, or all are zero.
 */
export function memoryDepth(fading: readonly number[]): number {
  requireFinite('fading', requireList('fading', fading));
  if (fading.some(kappa => kappa < 0))
    throw new ValueError('fading', 'norms ≥ 0', describe(fading.find(kappa => kappa < 0)));
  const most = fading.reduce((largest, kappa) => Math.max(largest, kappa), 0);
  if (most === 0) throw new ValueError('fading', 'a norm above 0', `${fading.length} zeros`);
  const scaled = fading.map(kappa => kappa / 2 ** Math.floor(Math.log2(most))); // no sum of them overflows
  const whole = scaled.reduce((sum, kappa) => sum + kappa, 0);
  return scaled.reduce((sum, kappa, d) => sum + d * kappa, 0) / whole; // FLOW-F11  D = Σ_d d κ_d / Σ_d κ_d
}
