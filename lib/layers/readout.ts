/**
 * The readout of DD2424 Lecture 9, "RNN with outputs": at every step o_t = V h_t + c, the unnormalised log
 * probabilities of C classes. Derived in `derivations/readout.md`.
 *
 * | symbol | shape    | meaning |
 * |--------|----------|---------|
 * | H, dH  | (T·B)×m  | every h_t of every sequence, stacked by rows |
 * | O, dO  | (T·B)×C  | every o_t |
 * | V, dV  | C×m      | the hidden-to-output matrix |
 * | c, dc  | 1×C      | the bias, a row |
 *
 * No step depends on another, so all steps are rows of one product.
 */
import { addColumnSums, addRow, addTo, addTTimes, keepRows, times, timesT } from '../matrix.ts';
import { ParamSet } from '../params.ts';
import { requireKnown, requireObject, requireSize } from '../require.ts';
import { read, requireExtent, Sequence } from '../sequence.ts';
import { type Layer, requireState } from './layer.ts';
import { made } from './made.ts';

/** What the backward pass of the readout needs. */
export interface ReadoutTape {
  readonly h: Sequence;
}

/**
 * The layer o_t = V h_t + c, without a state. Padding puts out zeros and takes no gradient in.
 *
 * @param size m hidden units in, C classes out.
 * @throws ValueError when a size is not a positive integer.
 */
export function readout(size: { readonly m: number; readonly C: number }): Layer<ReadoutTape, 'V' | 'c'> {
  const { m, C } = requireKnown('size', size, ['m', 'C']);
  requireSize('m', m);
  requireSize('C', C);
  const params = ParamSet.of({ V: [C, m], c: [1, C] });

  const layer: Layer<ReadoutTape, 'V' | 'c'> = {
    name: 'readout',
    params,
    inputs: m,
    outputs: C,
    state: {},
    equations: { V: 'RO-B1', c: 'RO-B2', x: 'RO-B3' },

    forward(given, s0) {
      const h = read('x', given, m);
      requireState('s0', s0, {}, h.B);
      const { V, c } = params.named();
      const y = Sequence.zeros({ ...h.extent(), F: C });
      const O = addRow(timesT(h.rows(), V), c); // RO-F1  o_t = V h_t + c
      addTo(y.rows(), keepRows(O, h.countedRows()));
      return { y, sT: {}, tape: { h } };
    },

    backward(tape, given, dsT) {
      const { h } = requireObject('tape', tape);
      requireExtent('tape.h', h, m);
      const dy = read('dy', given, C, h);
      requireState('dsT', dsT, {}, h.B);
      const { V } = params.named();
      const grads = params.namedGrads();
      const dO = keepRows(dy.rows(), h.countedRows());
      addTTimes(grads.V, dO, h.rows()); // RO-B1  dL/dV += Σ_t (dL/do_t)ᵀ h_tᵀ, through F1
      addColumnSums(grads.c, dO); // RO-B2  dL/dc += Σ_t dL/do_t, through F1
      const dx = Sequence.zeros({ ...h.extent(), F: m });
      addTo(dx.rows(), times(dO, V)); // RO-B3  dL/dh_t = dL/do_t V, through F1
      return { dx, ds0: {} };
    },
  };
  return made(layer, { kind: 'readout', m, C, engine: 'reference' });
}
