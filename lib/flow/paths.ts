/** How much of an LSTM's gradient comes back along c alone, and how much through h and the gates. */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import type { CellSize } from '../cells/cell.ts';
import { lstm } from '../cells/lstm.ts';
import { unroll } from '../layers/unroll.ts';
import { frobenius } from '../optim/norm.ts';
import { requireCount, requireFinite, requireMatrix } from '../require.ts';
import { Sequence } from '../sequence.ts';
import { lstmPaths } from '../through-time/lstm-paths.ts';
import { requireRun } from './state.ts';

/** Norms at 0, 1, … T−1 steps back from the last. */
export interface PathNorms {
  /** ‖p_t‖ of PATH-B1: products of forget gates alone. */
  readonly alongC: readonly number[];
  /** ‖r_t‖ of PATH-B2. */
  readonly throughH: readonly number[];
}

/**
 * Both parts of ∂l/∂c_t for a loss l that looks at h_T alone.
 *
 * @param values the LSTM's parameters, in the order of `ParamSet`.
 * @param size d inputs, m hidden units.
 * @param x one sequence, T×1×d.
 * @param dh ∂l/∂h_T, 1×m.
 * @throws ShapeError, ValueError when an argument does not fit or is not finite.
 */
export function lstmPathNorms(values: Float64Array, size: CellSize, x: Sequence, dh: AbstractMatrix): PathNorms {
  const layer = unroll(lstm, size);
  requireCount('values', values, layer.params.size, 'numbers');
  requireFinite('values', values);
  layer.params.values.set(values);
  requireRun(layer, x);
  const { m } = size;
  const end = { h: requireMatrix('dh', dh, [1, m]), c: Matrix.zeros(1, m) };
  const slots = lstmPaths(layer, layer.forward(x).tape, Sequence.zeros({ T: x.T, F: m }), end)
    .slice(1)
    .reverse();
  return {
    alongC: slots.map(({ alongC }) => frobenius(alongC)),
    throughH: slots.map(({ throughH }) => frobenius(throughH)),
  };
}
