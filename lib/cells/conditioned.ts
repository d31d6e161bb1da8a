/**
 * A cell that also sees a vector v of the whole sequence, such as the features of an image that it is to describe:
 * DD2424 Lecture 9, "RNNs in Image Translation Application", where h = tanh(W_xh x + W_hh h) becomes
 * h = tanh(W_xh x + W_hh h + W_ih v). Derived in `derivations/conditioned.md`.
 *
 * | symbol    | shape   | meaning |
 * |-----------|---------|---------|
 * | x, dx     | B×d     | the input at time t |
 * | v, dv     | B×k     | the condition at time t, a part of the state; vPrev is v_{t−1} |
 * | xv, dxv   | B×(d+k) | what the cell inside sees: x and vPrev side by side |
 *
 * An input matrix for d+k columns is [W_xh, W_ih]: no parameter is added, and every cell can be conditioned. As a part
 * of the state v is given to the layer with the initial state, and its gradient comes back with it.
 */
import type { AbstractMatrix } from 'ml-matrix';
import { ValueError } from '../errors.ts';
import { add, beside, columns, copy, scale } from '../matrix.ts';
import { describe, requireKnown, requireObject, requireSize } from '../require.ts';
import { type Cell, requireCell, type State, type Tag, tagsOf } from './cell.ts';

/** How a cell is conditioned. */
export interface Conditioning {
  /** Columns of v. */
  readonly k: number;
  /** Whether the cell sees v at every step, as on the slide, or at the first one only. */
  readonly when?: 'always' | 'first';
}

/**
 * `cell`, seeing [x_t, v_{t−1}] for x_t: d inputs from the sequence and k from the part `v` of its state. Its parameters
 * are those of `cell` for d+k inputs; the last k columns of each input matrix are W_ih.
 *
 * With `when: 'first'` v is zero after the first step, wherever a sequence is started with one. One-hot input is made
 * dense, since no one-hot row has a v behind it.
 *
 * @throws ValueError when k is no positive integer, `when` is neither, or the cell's state has a part v already.
 *
 * @example
 * ```ts
 * import { Matrix } from 'ml-matrix';
 * import { conditioned, normal, Random, rnn, Sequence, unroll } from 'bptt';
 *
 * const layer = unroll(conditioned(rnn, { k: 2 }), { d: 3, m: 4 });
 * normal(0.5)(layer.params, new Random(1));
 * const x = Sequence.oneHot([0, 2, 1], { T: 3, classes: 3 });
 * const { y, tape } = layer.forward(x, { h: Matrix.zeros(1, 4), v: new Matrix([[1, -1]]) });
 * const { ds0 } = layer.backward(tape, y);
 * console.log(layer.params.shapes.U, Object.keys(ds0)); // → [ 4, 5 ] [ 'h', 'v' ]
 * ```
 */
export function conditioned<P extends string, S extends string, Tape>(
  cell: Cell<P, S, Tape>,
  conditioning: Conditioning,
): Cell<P, S | 'v', Tape> {
  requireCell('cell', cell);
  const { k, when = 'always' } = requireKnown('conditioning', conditioning, ['k', 'when']);
  requireSize('k', k);
  if (when !== 'always' && when !== 'first') throw new ValueError('when', "'always' or 'first'", describe(when));
  const withoutV = <T extends object>(parts: T): T => {
    if ('v' in requireObject('cell.equations', parts)) throw new ValueError('cell', 'a cell without a v', cell.name);
    return parts;
  };
  const equations = withoutV(tagsOf(cell as unknown as Cell));
  const { sizes } = cell;
  const keep = (v: AbstractMatrix) => (when === 'always' ? copy(v) : scale(v, 0));

  const made: Cell<P, S | 'v', Tape> = {
    name: when === 'always' ? `conditioned(${cell.name})` : `conditioned(${cell.name}, first)`,
    equations: { ...equations, x: 'CND-B2', v: 'CND-B3' } as Partial<Record<P | S | 'h' | 'x' | 'v', Tag>>,
    ...(cell.keeps && { keeps: cell.keeps }),
    ...(cell.first && { first: cell.first }),
    ...(cell.time && { time: cell.time }),
    ...(sizes && { sizes: ({ d, m }) => sizes.call(cell, { d: d + k, m }) }),
    params: ({ d, m }) => cell.params({ d: d + k, m }),
    state: ({ d, m }) => ({ ...withoutV(cell.state({ d: d + k, m })), v: k }),

    forward(p, x, { v: vPrev, ...prev }, time) {
      const xv = beside(x, vPrev); // CND-F1  x̂_t = (x_t; v_{t−1})
      const { next, tape } = cell.forward(p, xv, prev as State<S>, time); // CND-F2  s_t = f(s_{t−1}, x̂_t; θ)
      const v = keep(vPrev); // CND-F3  v_t = κ v_{t−1}, κ = 1 for always and 0 for first
      return { next: { ...next, v }, tape };
    },

    backward(p, tape, { v: dv, ...dnext }, dp) {
      const { dx: dxv, dprev } = cell.backward(p, tape, dnext as State<S>, dp); // CND-B1  dL/dx̂_t, dL/ds_{t−1}, dL/dθ of the cell, through F2
      const d = dxv.columns - k;
      const dx = columns(dxv, 0, d); // CND-B2  dL/dx_t = the first d columns of dL/dx̂_t, through F1
      const dvPrev = add(keep(dv), columns(dxv, d, d + k)); // CND-B3  dL/dv_{t−1} = κ dL/dv_t + the last k columns of dL/dx̂_t, through F3, F1
      return { dx, dprev: { ...dprev, v: dvPrev } };
    },
  };
  return made;
}
