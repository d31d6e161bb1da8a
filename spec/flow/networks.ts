/** Small networks for the specs of gradient flow, of every cell: grid parameters, a non-zero initial state. */
import fc from 'fast-check';
import type { Matrix } from 'ml-matrix';
import type { Cell } from '../../lib/cells/cell.ts';
import { cells } from '../../lib/cells/index.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import type { Sequence } from '../../lib/sequence.ts';
import { entries, matrix, sequence, size } from '../arbitraries.ts';

/** A layer, one sequence for it, and where it begins. */
export interface Problem {
  readonly cell: Cell;
  readonly layer: Layer;
  readonly x: Sequence;
  readonly dy: Sequence;
  readonly s0: Readonly<Record<string, Matrix>>;
}

/** Every cell of the library. */
export const everyCell: readonly Cell[] = Object.values(cells);

/** A cell unrolled, with parameters, inputs, a state before them and cotangents, all drawn. */
export function problemOf(cell: Cell): fc.Arbitrary<Problem> {
  return fc.tuple(size(5), size(3), size(4)).chain(([T, d, m]) => {
    const layer = unroll(cell, { d, m });
    const state = Object.entries(layer.state).map(([name, columns]) => [name, matrix(1, columns)] as const);
    return fc
      .record({
        values: entries(layer.params.size),
        x: sequence(T, 1, d),
        dy: sequence(T, 1, m),
        s0: fc.record(Object.fromEntries(state)),
      })
      .map(({ values, x, dy, s0 }) => {
        layer.params.values.set(values);
        return { cell, layer, x, dy, s0 };
      });
  });
}
