/** States as the engine reads them. */
import { requireState } from '../layers/layer.ts';
import { allocate, requireFinite } from '../require.ts';
import type { Matrices } from '../shape.ts';
import { FlatMatrix } from '../views.ts';

/**
 * A copy of a state of the given columns for B sequences; nothing where it was not given. A matrix of a user's own is read
 * before a pass begins: what its `get` does, such as another pass, is then done with.
 *
 * @throws ShapeError, ValueError as `requireState`.
 */
export function readState(
  argument: string,
  s: Matrices | undefined,
  state: Readonly<Record<string, number>>,
  B: number,
): Matrices {
  if (s === undefined) return {};
  const given = requireState(argument, s, state, B);
  const copies: Record<string, FlatMatrix> = {};
  for (const [name, columns] of Object.entries(state)) {
    const data = allocate(`${argument}.${name}`, B * columns);
    for (let n = 0; n < data.length; n++)
      data[n] = given[name]?.get(Math.floor(n / columns), n % columns) ?? Number.NaN;
    copies[name] = new FlatMatrix(data, B, columns);
    requireFinite(`${argument}.${name}`, copies[name]);
  }
  return copies;
}
