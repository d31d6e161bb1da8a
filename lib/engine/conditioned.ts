/** A conditioned cell in the engine: the cell inside, seeing [x_t, v_{t−1}] at every step. */
import { Matrix } from 'ml-matrix';
import type { Conditioned } from '../cells/conditioned.ts';
import { type Layer, requireState } from '../layers/layer.ts';
import { copy } from '../matrix.ts';
import { requireObject } from '../require.ts';
import { read, requireExtent, Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';

/** What the backward pass needs. */
export interface ConditionedTape<Tape> {
  readonly inner: Tape;
  readonly xv: Sequence;
}

/**
 * The layer of a conditioned cell.
 *
 * @param layer the cell inside, for d+k inputs.
 * @param reference what it is a drop-in for: its name, sizes and equations.
 */
export function conditionedLayer<Tape>(
  layer: Layer<Tape>,
  { k, when }: Conditioned,
  { name, state, equations, via }: Pick<Layer, 'name' | 'state' | 'equations' | 'via'>,
): Layer<ConditionedTape<Tape>> {
  const d = layer.inputs - k;
  const sees = (t: number) => when === 'always' || t === 0;

  return {
    name,
    params: layer.params,
    inputs: d,
    outputs: layer.outputs,
    state,
    equations,
    via: via ?? {},

    forward(given, s0) {
      const x = read('x', given, d);
      const { v = Matrix.zeros(x.B, k), ...prev } = requireState('s0', s0, state, x.B);
      const xv = Sequence.zeros({ ...x.extent(), F: d + k });
      for (let t = 0; t < x.T; t++) {
        const [from, to] = [x.at(t), xv.at(t)];
        for (let b = 0; b < x.B; b++) {
          for (let j = 0; j < d; j++) to.set(b, j, from.get(b, j));
          for (let j = 0; j < k && sees(t); j++) to.set(b, d + j, v.get(b, j)); // CND-F1  x̂_t = (x_t; v_{t−1})
        }
      }
      const vT = when === 'always' ? copy(v) : Matrix.zeros(x.B, k); // CND-F3  v_t = κ v_{t−1}, κ = 1 for always and 0 for first
      const { y, sT, tape } = layer.forward(xv, prev);
      return { y, sT: { ...sT, v: vT }, tape: { inner: tape, xv } };
    },

    backward(tape, dy, dsT) {
      const { inner, xv } = requireObject('tape', tape);
      requireExtent('tape.xv', xv, d + k);
      const { T, B } = xv;
      const { v: dvT = Matrix.zeros(B, k), ...final }: Matrices = requireState('dsT', dsT, state, B);
      const dv = when === 'always' ? copy(dvT) : Matrix.zeros(B, k);
      const dx = Sequence.zeros({ ...xv.extent(), F: d });
      const { dx: dxv, ds0 } = layer.backward(inner, dy, final); // last of what may throw
      for (let t = 0; t < T; t++) {
        const [from, to] = [dxv.at(t), dx.at(t)];
        for (let b = 0; b < B; b++) {
          for (let j = 0; j < d; j++) to.set(b, j, from.get(b, j)); // CND-B2  dL/dx_t = the first d columns of dL/dx̂_t, through F1
          for (let j = 0; j < k && sees(t); j++) dv.set(b, j, dv.get(b, j) + from.get(b, d + j)); // CND-B3  dL/dv_{t−1} = κ dL/dv_t + the last k columns of dL/dx̂_t, through F3, F1
        }
      }
      return { dx, ds0: { ...ds0, v: dv } };
    },

    release: tape => layer.release?.(requireObject('tape', tape).inner),
  };
}
