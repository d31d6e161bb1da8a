/** A module of the user's own, with cells or layers to check. */
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { checkCell } from '../check/check-cell.ts';
import { checkLayer } from '../check/check-layer.ts';
import type { CellOracle } from '../check/oracle.ts';
import { saidBy } from '../check/watched.ts';
import { FileError, FormatError } from '../errors.ts';
import { shown } from '../foreign.ts';
import { isThere, wholePath } from '../io/folders.ts';
import type { Layer } from '../layers/layer.ts';
import { ParamSet } from '../params.ts';
import { isPlain } from '../require.ts';
import { isCell } from './discover.ts';
import { runsOf, type Subject } from './subjects.ts';

/** Whether an argument is the path of a module and not a name. */
export function isModulePath(argument: string): boolean {
  return /\.[cm]?[jt]s$/.test(argument);
}

/**
 * The cells and layers that a module exports. A function that it exports as `oracle` is the forward step in plain numbers
 * of its cells: see {@link CellOracle}; where they have several, `oracles` holds each under its cell's name.
 *
 * @throws FileError when there is no such file; FormatError when it cannot be run or exports neither cell nor layer.
 */
export async function subjectsIn(path: string): Promise<readonly Subject[]> {
  if (!isThere(path)) throw new FileError(path, 'a module to check', 'no such file');
  const module = exportsOf(await loaded(path));
  const names = new Map(Object.entries(module).map(([name, value]) => [value, name]));
  const found = [...names].flatMap(([value, exported]): Subject[] => {
    const name = nameOf(value) ?? exported;
    if (isCell(value)) {
      const oracle = oracleOf(module, name);
      const check = (seed: number) => checkCell(value, { seed, ...(oracle && { oracle }) });
      return [{ kind: 'cell', name, check, runs: runsOf(value) }];
    }
    return isLayer(value) ? [{ kind: 'layer', name, check: seed => checkLayer(value, { seed }) }] : [];
  });
  if (found.length === 0) {
    const others = [...names].map(([value, name]) => (typeof value === 'function' ? `the function ${name}` : name));
    throw new FormatError(path, 'a module that exports a cell or a layer', others.join(', ') || 'nothing');
  }
  return found;
}

/** What a module exports, and what is in an object that is all that CommonJS exports. */
function exportsOf(module: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { default: whole, 'module.exports': same, ...named } = module;
  if (whole === undefined || isCell(whole) || isLayer(whole) || !isPlain(whole)) return module;
  return { ...(whole as object), ...named };
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

/** TypeScript is run by Node itself where it can, and through tsx, if that is installed, where it cannot. */
async function loaded(path: string): Promise<Readonly<Record<string, unknown>>> {
  const url = pathToFileURL(wholePath(path)).href;
  await import('../index.ts'); // a module that requires it, as CommonJS does, must find all of it there
  try {
    if (/ts$/.test(path)) register(MODULES);
    return await import(url);
  } catch (error) {
    if (!BEYOND_NODE.includes(codeOf(error) ?? '')) throw notRun(path, error);
  }
  try {
    const tsx = await import('tsx/esm/api');
    tsx.register();
    register(MODULES); // once more: of hooks the last is asked first
    return await import(`${url}?tsx`); // another name, since Node remembers that it could not load the first
  } catch (error) {
    if (codeOf(error) !== 'ERR_MODULE_NOT_FOUND') throw notRun(path, error);
    throw new FormatError(path, 'JavaScript, or a Node that runs TypeScript, or tsx (npm install tsx)', 'TypeScript');
  }
}

/** What Node says of TypeScript that it does not run: none at all, or not with enums and the like. */
const BEYOND_NODE: readonly string[] = ['ERR_UNKNOWN_FILE_EXTENSION', 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'];

/**
 * A hook of Node's loader, which runs it apart from this program: TypeScript that is written as a module is one, though the
 * package.json beside it, as `npm init` writes it, says that files are CommonJS, or does not say what they are.
 */
const MODULES = `data:text/javascript,${encodeURIComponent(`
import { readFile } from 'node:fs/promises';
export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  const { url, format } = found;
  const byNode = Boolean(process.features.typescript);
  if (!/^commonjs/.test(format ?? (byNode ? 'commonjs' : '')) || !/^file:[^?]*\\.ts(\\?|$)/.test(url)) return found;
  const written = await readFile(new URL(url), 'utf8');
  const isModule = /^\\s*(import|export)\\b/m.test(written);
  return isModule ? { ...found, format: byNode ? 'module-typescript' : 'module' } : found;
}
`)}`;

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

/** A module that throws, on one line: whatever it was that it threw. */
function notRun(path: string, error: unknown): FormatError {
  return new FormatError(
    path,
    'a module that can be run',
    shown(
      saidBy(error)
        .trim()
        .replaceAll(/\s*\n\s*/g, ' '),
    ),
  );
}

function isLayer(value: unknown): value is Layer {
  if (typeof value !== 'object' || value === null) return false;
  const { forward, backward, params } = value as Partial<Layer>;
  return typeof forward === 'function' && typeof backward === 'function' && params instanceof ParamSet;
}
