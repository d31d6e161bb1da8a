/** A module of the user's own, with cells or layers to check. */
import { isCell } from '../../cells/cell.ts';
import { checkCell } from '../../check/check-cell.ts';
import { checkLayer } from '../../check/check-layer.ts';
import type { CellOracle } from '../../check/oracle.ts';
import { FormatError } from '../../errors.ts';
import { exportedBy, isLayer, moduleAt } from '../modules/load.ts';
import { type On, runsOf, type Subject, stepsOf } from './subjects.ts';

/**
 * The cells and layers that a module exports. A function that it exports as `oracle` is the forward step in plain numbers
 * of its cells: see {@link CellOracle}; where they have several, `oracles` holds each under its cell's name.
 *
 * @throws FileError when there is no such file; FormatError when it cannot be run or exports neither cell nor layer.
 */
export async function subjectsIn(path: string): Promise<readonly Subject[]> {
  const module = await moduleAt(path);
  const names = new Map(Object.entries(module).map(([name, value]) => [value, name]));
  const found = [...names].flatMap(([value, exported]): Subject[] => {
    const name = nameOf(value) ?? exported;
    if (isCell(value)) {
      const oracle = oracleOf(module, name);
      const check = (on: On) => checkCell(value, { ...on, ...(oracle && { oracle }) });
      return [{ kind: 'cell', name, check, runs: runsOf(value) }];
    }
    return isLayer(value) ? [{ kind: 'layer', name, check: on => checkLayer(value, stepsOf(on)) }] : [];
  });
  if (found.length === 0) {
    throw new FormatError(path, 'a module that exports a cell or a layer', exportedBy(module));
  }
  return found;
}

/** What a cell or a layer calls itself. */
function nameOf(value: unknown): string | undefined {
  const name: unknown = typeof value === 'object' ? (value as { readonly name?: unknown } | null)?.name : undefined;
  return typeof name === 'string' ? name : undefined;
}

/** The oracle of a cell of the module, where there is one. */
function oracleOf({ oracle, oracles }: Readonly<Record<string, unknown>>, name: string): CellOracle | undefined {
  const own: unknown = typeof oracles === 'object' && oracles !== null ? Reflect.get(oracles, name) : undefined;
  const chosen = own ?? oracle;
  return typeof chosen === 'function' ? (chosen as CellOracle) : undefined;
}
