/** What a cell of a size says that it works on. */
import { requireShapes } from '../params.ts';
import { requireObject, requireSize } from '../require.ts';
import type { Shapes } from '../shape.ts';
import type { Cell, CellSize } from './cell.ts';

/** The shape of every parameter, and the columns of every part of the state. */
export interface Declared<P extends string = string, S extends string = string> {
  readonly shapes: Shapes<P>;
  readonly state: Readonly<Record<S | 'h', number>>;
}

/** @throws ShapeError, ValueError naming the cell when a shape is none, there is no `h`, or a part has no columns. */
export function declaredBy<P extends string, S extends string>(
  cell: Pick<Cell<P, S>, 'name' | 'params' | 'state'>,
  size: CellSize,
): Declared<P, S> {
  const { name } = cell;
  const shapes = requireShapes(`${name}.params`, cell.params(size));
  const state = { ...requireObject(`${name}.state`, cell.state(size)) };
  for (const part of ['h', ...Object.keys(state)]) requireSize(`${name}.state.${part}`, state[part as S | 'h']);
  return { shapes, state };
}
