/** Whether two cells are one: by what they compute, since two copies of the library have two objects for each of its cells. */
import type { Cell } from '../cells/cell.ts';
import { type Equations, record } from './record.ts';
import type { Value } from './symbol.ts';

/** Whether both are one object, or can be recorded and have the same equations, forward and backward. */
export function isSameCell(a: Cell, b: Cell): boolean {
  if (a === b) return true;
  const [one, other] = [a, b].map(textOf);
  return one !== undefined && one === other;
}

/** Sizes that no two are alike of, so that no shape stands for another. */
const SIZE = { d: 2, m: 3 };

/** All of a cell's equations; undefined where it has none, or not of that size. */
function textOf(cell: Cell): string | undefined {
  try {
    const { equations } = record(cell, SIZE);
    return equations?.values.some(({ operation }) => operation?.kind === 'opaque') ? undefined : listed(equations);
  } catch {
    return undefined;
  }
}

function listed(equations: Equations | undefined): string | undefined {
  if (!equations) return undefined;
  const { values, next, dx, dprev, dp } = equations;
  const ids = (of: Readonly<Record<string, Value>>) => Object.entries(of).map(([name, { id }]) => [name, id]);
  return JSON.stringify([values.map(entry), ids(next), dx.id, ids(dprev), ids(dp)]);
}

/** Names of the values are left out: these are a matter of taste. */
function entry({ shape, samples, operation, args, input, constant }: Value): unknown {
  const own = operation && [operation.name, operation.print('a', 'b', 'c'), ...args.map(({ id }) => id)];
  const numbers =
    constant &&
    Array.from({ length: constant.rows }, (_, i) =>
      Array.from({ length: constant.columns }, (_, j) => constant.get(i, j)),
    );
  return [samples ? shape[1] : shape, own, input && [input.role, input.name], numbers];
}
