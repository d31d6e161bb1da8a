/** States as the engine reads them. */
import type { AbstractMatrix } from 'ml-matrix';
import { requireState } from '../layers/layer.ts';
import { allocate, requireFinite } from '../require.ts';
import type { Matrices } from '../shape.ts';
import { FlatMatrix } from '../views.ts';

/**
 * A state of the given columns for B sequences; nothing where it was not given. A matrix of a user's own is read and copied
 * before a pass begins: what its `get` does, such as another pass, is then done with.
 *
 * @throws ShapeError, ValueError as `requireState`.
 */
export function readState(
  argument: string,
  s: Matrices | undefined,
  state: Readonly<Record<string, number>>,
  B: number,
): Readonly<Record<string, FlatMatrix>> {
  if (s === undefined) return NOTHING;
  const given = requireState(argument, s, state, B);
  const flat: Record<string, FlatMatrix> = {};
  for (const name of Object.keys(state)) {
    const [part, columns] = [given[name], state[name] ?? 0];
    flat[name] = part instanceof FlatMatrix ? part : copied(`${argument}.${name}`, part, B, columns);
  }
  return flat;
}

const NOTHING: Readonly<Record<string, FlatMatrix>> = {};

function copied(argument: string, part: AbstractMatrix | undefined, rows: number, columns: number): FlatMatrix {
  const data = allocate(argument, rows * columns);
  for (let n = 0; n < data.length; n++) data[n] = part?.get(Math.floor(n / columns), n % columns) ?? Number.NaN;
  requireFinite(argument, new FlatMatrix(data, rows, columns));
  return new FlatMatrix(data, rows, columns);
}
