/** A module of the user's own, with cells or layers to check. */
import { pathToFileURL } from 'node:url';
import { checkCell } from '../check/check-cell.ts';
import { checkLayer } from '../check/check-layer.ts';
import type { CellOracle } from '../check/oracle.ts';
import { FileError, FormatError } from '../errors.ts';
import { isThere, wholePath } from '../io/folders.ts';
import type { Layer } from '../layers/layer.ts';
import { ParamSet } from '../params.ts';
import { isCell } from './discover.ts';
import type { Subject } from './subjects.ts';

/** Whether an argument is the path of a module and not a name. */
export function isModulePath(argument: string): boolean {
  return /\.[cm]?[jt]s$/.test(argument);
}

/**
 * The cells and layers that a module exports. A function that it exports as `oracle` is the forward step in plain numbers
 * of its cells: see {@link CellOracle}.
 *
 * @throws FileError when there is no such file; FormatError when it cannot be run or exports neither cell nor layer.
 */
export async function subjectsIn(path: string): Promise<readonly Subject[]> {
  if (!isThere(path)) throw new FileError(path, 'a module to check', 'no such file');
  const module = await loaded(path);
  const { oracle } = module;
  const own = typeof oracle === 'function' ? { oracle: oracle as CellOracle } : {};
  const found = [...new Set(Object.values(module))].flatMap((value): Subject[] => {
    if (isCell(value)) return [{ kind: 'cell', name: value.name, check: seed => checkCell(value, { seed, ...own }) }];
    if (isLayer(value)) return [{ kind: 'layer', name: value.name, check: seed => checkLayer(value, { seed }) }];
    return [];
  });
  if (found.length === 0) {
    throw new FormatError(
      path,
      'a module that exports a cell or a layer',
      `${Object.keys(module).join(', ') || 'nothing'}`,
    );
  }
  return found;
}

/** TypeScript is run by Node itself where it can, and through tsx, if that is installed, where it cannot. */
async function loaded(path: string): Promise<Readonly<Record<string, unknown>>> {
  const url = pathToFileURL(wholePath(path)).href;
  try {
    return await import(url);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_UNKNOWN_FILE_EXTENSION') throw notRun(path, error);
  }
  try {
    const { tsImport } = await import('tsx/esm/api');
    return await tsImport(url, import.meta.url);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw notRun(path, error);
    throw new FormatError(path, 'JavaScript, or a Node that runs TypeScript, or tsx (npm install tsx)', 'TypeScript');
  }
}

function notRun(path: string, error: unknown): FormatError {
  return new FormatError(path, 'a module that can be run', error instanceof Error ? error.message : String(error));
}

function isLayer(value: unknown): value is Layer {
  if (typeof value !== 'object' || value === null) return false;
  const { forward, backward, params } = value as Partial<Layer>;
  return typeof forward === 'function' && typeof backward === 'function' && params instanceof ParamSet;
}
