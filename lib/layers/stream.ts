/** A layer one step at a time, its state held: for what comes in as it happens, and goes out at once. */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { ShapeError, ValueError } from '../errors.ts';
import { copy } from '../matrix.ts';
import {
  describe,
  isMatrix,
  isPlain,
  requireCount,
  requireFinite,
  requireKnown,
  requireList,
  requireShape,
  requireSize,
} from '../require.ts';
import { requireExtent, Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';
import { OneHotMatrix } from '../views.ts';
import { type Layer, requireLayer, requireState } from './layer.ts';
import { makingOf } from './made.ts';

/** A state as plain JSON: of every part its B rows. It can be stringified, cloned, stored, and sent to a worker. */
export type PlainState = Readonly<Record<string, readonly (readonly number[])[]>>;

/** A layer, and where it stands. */
export interface Stream {
  /**
   * One step of all sequences.
   *
   * @param x B×d, one sequence a row; of one sequence also its d numbers as a list.
   * @returns y of this step, B×F. The stream stands one step further.
   * @throws ShapeError, ValueError when x does not fit or is not finite: the stream is then where it was.
   */
  step(x: AbstractMatrix | ArrayLike<number>): Matrix;
  /**
   * Where it stands: a copy. Set it to go on from there.
   *
   * @throws ShapeError, ValueError when it is set to what is no state of the layer, or not finite.
   */
  state: PlainState;
}

/**
 * A layer that is run a step at a time: y_1, y_2, … of x_1, x_2, … are those of a pass through all of them. Nothing is kept of a step
 * but the state, so a stream has no end, and no gradient.
 *
 * @param layer one that goes forward in time, and carries all it knows of earlier steps in its state.
 * @param options B sequences side by side, 1 unless given; the state to begin with, zeros unless given.
 * @throws ValueError when B is not a positive integer, or a part of the layer reads from the end; ShapeError, ValueError when the state
 * does not fit.
 *
 * @example
 * ```ts
 * import { lstm, normal, Random, recurrent, stream } from 'bptt';
 *
 * const layer = recurrent(lstm, { d: 2, m: 3 });
 * normal(0.5)(layer.params, new Random(1));
 * const live = stream(layer);
 * live.step([1, 0]);
 * const saved = JSON.stringify(live.state);
 * const y = live.step([0, 1]);
 * const again = stream(layer, { state: JSON.parse(saved) });
 * console.log(again.step([0, 1]).to1DArray().join() === y.to1DArray().join()); // → true
 * ```
 */
export function stream(layer: Layer, options: { readonly B?: number; readonly state?: PlainState } = {}): Stream {
  requireLayer('layer', layer);
  const { B = 1, state: first } = requireKnown('options', options, ['B', 'state']);
  requireSize('B', B);
  if (readsFromTheEnd(layer)) throw new ValueError('layer', 'one that goes forward in time', 'a bidirectional one');
  let s = first === undefined ? requireState('state', undefined, layer.state, B) : fromPlain(first, layer.state, B);

  return {
    step(x) {
      const { y, sT, tape } = layer.forward(oneStep(x, B, layer.inputs), s);
      try {
        const last = copy(requireExtent('y', y, layer.outputs).at(0));
        s = sT;
        return last;
      } finally {
        layer.release?.(tape);
      }
    },

    get state(): PlainState {
      return Object.fromEntries(Object.entries(s).map(([name, part]) => [name, part.to2DArray()]));
    },

    set state(plain: PlainState) {
      s = fromPlain(plain, layer.state, B);
    },
  };
}

/** Whether it is known of a layer, or of a part of it, that it reads from the end. */
function readsFromTheEnd(layer: Layer): boolean {
  const making = makingOf(layer);
  if (making?.kind === 'stack') return making.layers.some(([, part]) => readsFromTheEnd(part));
  if (making?.kind === 'checkpointed') return readsFromTheEnd(making.layer);
  return making?.kind === 'bidirectional';
}

function oneStep(x: AbstractMatrix | ArrayLike<number>, B: number, d: number): Sequence {
  if (!isMatrix(x)) {
    if (B > 1) throw new ShapeError('x', `a ${B}×${d} matrix`, describe(x));
    return Sequence.dense(Array.from(requireCount('x', requireList('x', x), d, 'numbers')), { T: 1, F: d });
  }
  requireShape('x', x, [B, d]);
  if (x instanceof OneHotMatrix) return Sequence.oneHot(x.indices.slice(), { T: 1, B, classes: d });
  return Sequence.dense(x.to1DArray(), { T: 1, B, F: d });
}

function fromPlain(plain: PlainState, state: Layer['state'], B: number): Matrices {
  if (!isPlain(plain)) throw new ShapeError('state', `parts {${Object.keys(state).join(', ')}}`, describe(plain));
  const parts = Object.entries<PlainState[string]>(plain).map(([name, rows]) => {
    const columns = state[name];
    if (columns === undefined)
      throw new ShapeError('state', `parts {${Object.keys(state).join(', ')}}`, describe(name));
    requireCount(`state.${name}`, rows, B, 'rows');
    const numbers = Array.from(rows, (row, b) => {
      const own = Array.from(requireCount(`state.${name}[${b}]`, row, columns, 'numbers'));
      requireFinite(`state.${name}[${b}]`, own);
      return own;
    });
    return [name, new Matrix(numbers)] as const;
  });
  return requireState('state', Object.fromEntries(parts), state, B);
}
