/** Runs a module of the user's own, in JavaScript or in TypeScript. */

import { register } from 'node:module';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isCell } from '../../cells/cell.ts';
import { saidBy } from '../../check/watched.ts';
import { FileError, FormatError, ValueError } from '../../errors.ts';
import { shown } from '../../foreign.ts';
import { readText } from '../../io/node/files.ts';
import { isThere, wholePath } from '../../io/node/folders.ts';
import type { Layer } from '../../layers/layer.ts';
import { ParamSet } from '../../params.ts';
import { isPlain } from '../../require.ts';

/** What a module exports, by name. */
export type Exports = Readonly<Record<string, unknown>>;

/** Whether an argument is the path of a module and not a name. */
export function isModulePath(argument: string): boolean {
  return /\.[cm]?[jt]s$/.test(argument) || isDerivation(argument);
}

/** Whether an argument is the path of a derivation. */
export function isDerivation(argument: string): boolean {
  return /\.(md|markdown)$/i.test(argument);
}

/**
 * What a module exports, or the cell of a derivation. A module is run; what it imports of this library is what runs here, and no second copy.
 *
 * @throws FileError when there is no such file; FormatError when it cannot be run.
 */
export async function moduleAt(path: string): Promise<Exports> {
  if (!isThere(path)) throw new FileError(path, 'a module of your own', 'no such file');
  if (isDerivation(path)) {
    const { cellOf } = await import('../../derivation/cell-of.ts'); // and a parser of LaTeX, which nobody else waits for
    const text = readText(path);
    return refusing(path, () => ({ cell: cellOf(text, { name: basename(path).replace(/\.[^.]*$/, '') }) }));
  }
  return exportsOf(await loaded(path));
}

/** What is wrong with a derivation is said of its file. */
function refusing<T>(path: string, made: () => T): T {
  try {
    return made();
  } catch (error) {
    if (error instanceof FormatError || error instanceof ValueError)
      throw new FormatError(path, shown(error.expected), shown(error.got));
    throw error;
  }
}

/** What a module exports, for a message. */
export function exportedBy(module: Exports): string {
  const names = Object.entries(module).map(([name, value]) =>
    typeof value === 'function' ? `the function ${name}` : name,
  );
  return names.join(', ') || 'nothing';
}

/** What a module exports, and what is in an object that is all that CommonJS exports. */
function exportsOf(module: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { default: whole, 'module.exports': same, ...named } = module;
  if (whole === undefined || isCell(whole) || isLayer(whole) || !isPlain(whole)) return module;
  return { ...(whole as object), ...named };
}

/** TypeScript is run by Node itself where it can, and through tsx, if that is installed, where it cannot. */
async function loaded(path: string): Promise<Readonly<Record<string, unknown>>> {
  const url = pathToFileURL(wholePath(path)).href;
  await import('../../index.ts'); // a module that requires it, as CommonJS does, must find all of it there
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

/** Whether a value has the parts of a layer. */
export function isLayer(value: unknown): value is Layer {
  if (typeof value !== 'object' || value === null) return false;
  const { forward, backward, params } = value as Partial<Layer>;
  return typeof forward === 'function' && typeof backward === 'function' && params instanceof ParamSet;
}

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
