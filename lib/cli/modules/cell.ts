/** A cell of a module of the user's own, wherever a cell can be named: `./my-cell.ts`, or `./my-cell.ts#name` of several. */
import { type Cell, isCell, requireCell } from '../../cells/cell.ts';
import { cellNamed } from '../../cells/index.ts';
import { explain } from '../../engine/recurrent.ts';
import { record } from '../../equations/record.ts';
import { FormatError, ValueError } from '../../errors.ts';
import { shown } from '../../foreign.ts';
import { wholePath } from '../../io/node/folders.ts';
import { describe } from '../../require.ts';
import { exportedBy, isModulePath, moduleAt } from './load.ts';

/** The cells that the command knows by name. */
export type Cells = Readonly<Record<string, Cell>>;

/** A cell, and where it is from. */
export interface Found {
  readonly cell: Cell;
  /** Undefined of one that the command knows by its name. */
  readonly place?: CellPlace;
}

/** Where a cell of the user's own is. */
export interface CellPlace {
  /** The module's whole path. */
  readonly path: string;
  /** Which of its cells: what it calls itself, or is exported as. */
  readonly name: string;
}

/** Characters that a cell's name has at most: it stands in tables and in pictures. */
const LONGEST_NAME = 60;

/** How the help of a command calls it, and how where it is that of a checkpoint. */
export const OWN_CELL =
  'or a module of your own: ./my-cell.ts, or ./my-cell.ts#name where it has several; or a derivation: ./my-cell.md';
export const OWN_MODULE =
  'the module of its cell, where that is your own: ./my-cell.ts (default: as noted where it was trained)';

/**
 * The cell of a name, or of a module.
 *
 * @throws ValueError when there is no such name, or the module's cell has the name of another; FileError, FormatError when
 * the module is not there, cannot be run, or does not export that one cell.
 */
export async function findCell(named: string, cells: Cells): Promise<Found> {
  const own = moduleNamed(named);
  if (own) return cellIn(own.path, own.name, cells);
  if (!Object.hasOwn(cells, named))
    throw new ValueError('cell', `one of ${Object.keys(cells).join(', ')}, ${OWN_CELL}`, describe(named));
  return { cell: cellNamed(named, cells) };
}

/** The cells of names and modules with commas between, those of modules beside those that are known. */
export async function findCells(
  named: readonly string[],
  cells: Cells,
): Promise<{ names: readonly string[]; known: Cells }> {
  let known = cells;
  const names: string[] = [];
  for (const name of named) {
    if (!moduleNamed(name)) {
      names.push(name);
      continue;
    }
    const { cell } = await findCell(name, known);
    known = { ...known, [cell.name]: cell };
    names.push(cell.name);
  }
  return { names, known };
}

/** The path of a module and what stands behind its #, or undefined of a mere name. */
export function moduleNamed(named: string): { readonly path: string; readonly name?: string } | undefined {
  if (isModulePath(named)) return { path: named };
  const at = named.lastIndexOf('#');
  const path = named.slice(0, Math.max(0, at));
  return isModulePath(path) ? { path, name: named.slice(at + 1) } : undefined;
}

/** The one cell of a module, or the one of that name among several. */
export async function cellIn(path: string, wanted: string | undefined, cells: Cells): Promise<Found> {
  const module = await moduleAt(path);
  const found = new Map<Cell, string[]>();
  for (const [exported, value] of Object.entries(module)) {
    if (isCell(value)) found.set(value, [...(found.get(value) ?? [requireCell(exported, value).name]), exported]);
  }
  if (found.size === 0) throw new FormatError(path, 'a module that exports a cell', exportedBy(module));
  const all = [...found.keys()];
  const listed = all.map(({ name }) => shown(name, LONGEST_NAME)).join(', ');
  const chosen = wanted === undefined ? all : all.filter(cell => found.get(cell)?.includes(wanted));
  const [cell, another] = chosen;
  if (!cell || another) {
    const first = shown(all[0]?.name ?? '', LONGEST_NAME);
    const one =
      wanted === undefined
        ? `one cell, or the name of one behind it, as in ${path}#${first}`
        : `one cell called ${wanted}`;
    throw new FormatError(path, `a module that exports ${one}`, listed);
  }
  requireOwnName(path, cell, cells);
  return { cell, place: { path: wholePath(path), name: wanted ?? cell.name } };
}

/** How the engine runs a cell of the user's, and what its checkpoints cannot hold of it. */
export function howItRuns({ cell, hidden: m }: { readonly cell: Cell; readonly hidden: number }, d: number): string {
  const { equations } = record(cell, { d, m });
  const unhashed = equations ? '' : '; its checkpoints know it by its name alone, not by its equations';
  return `${cell.name} ${explain(cell, { d, m })}${unhashed}`;
}

/** The name of a cell can be shown, and is not that of another; or throws ValueError. */
function requireOwnName(path: string, cell: Cell, cells: Cells): void {
  const { name } = cell;
  if (name === '' || name.length > LONGEST_NAME || shown(name) !== name)
    throw new ValueError(
      `${path}: name`,
      `1 to ${LONGEST_NAME} characters that can be shown on a line`,
      describe(name),
    );
  if (Object.hasOwn(cells, name) && cells[name] !== cell)
    throw new ValueError(`${path}: name`, 'a name of its own', `that of another cell, ${name}`);
}
