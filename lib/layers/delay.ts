/**
 * A connection that takes one time step, as those of IIIT Hyderabad Lecture 20, "RNN for binary addition". Derived in
 * `derivations/delay.md`.
 */
import type { AbstractMatrix } from 'ml-matrix';
import { addTo, copy, selectRows } from '../matrix.ts';
import { ParamSet } from '../params.ts';
import { requireKnown, requireSize } from '../require.ts';
import { read, Sequence } from '../sequence.ts';
import { type Layer, requireState, requireTape } from './layer.ts';
import { made } from './made.ts';

/** What the backward pass of a delay needs: the extent alone. */
export interface DelayTape {
  readonly x: Sequence;
}

/**
 * The layer y_t = x_{t−1}, with x_0 its state `past`. It has no parameters.
 *
 * @param size F features in and out.
 * @throws ValueError when F is not a positive integer.
 */
export function delay(size: { readonly F: number }): Layer<DelayTape, never> {
  const { F } = requireKnown('size', size, ['F']);
  requireSize('F', F);
  const state = { past: F };

  const layer: Layer<DelayTape, never> = {
    name: 'delay',
    params: ParamSet.of({}),
    inputs: F,
    outputs: F,
    state,
    equations: { x: 'DL-B2', past: 'DL-B3' },

    forward(given, s0) {
      const x = read('x', given, F);
      const y = Sequence.zeros({ ...x.extent(), F });
      let past = requireState('s0', s0, state, x.B).past as AbstractMatrix;
      for (let t = 0; t < x.T; t++) {
        const active = x.active(t) ?? new Array<boolean>(x.B).fill(true);
        addTo(y.at(t), selectRows(active, past, y.at(t))); // DL-F1  y_t = x_{t−1}, x_0 = s_0
        past = selectRows(active, x.at(t), past); // DL-F2  s_τ = x_τ
      }
      return { y, sT: { past }, tape: { x } };
    },

    backward(tape, given, dsT) {
      const { x } = requireTape(tape, F);
      const dy = read('dy', given, F, x);
      const dx = Sequence.zeros({ ...x.extent(), F });
      let dpast: AbstractMatrix = copy(requireState('dsT', dsT, state, x.B).past as AbstractMatrix); // DL-B1  dL/dx_τ = dL/ds_τ
      for (let t = x.T - 1; t >= 0; t--) {
        const active = x.active(t) ?? new Array<boolean>(x.B).fill(true);
        addTo(dx.at(t), selectRows(active, dpast, dx.at(t))); // DL-B2  dL/dx_t = dL/dy_{t+1}
        dpast = selectRows(active, dy.at(t), dpast); // DL-B3  dL/ds_0 = dL/dy_1
      }
      return { dx, ds0: { past: dpast } };
    },
  };
  return made(layer, { kind: 'delay', F });
}
