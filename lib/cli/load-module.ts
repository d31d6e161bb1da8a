/** Runs a module of the user's own, in JavaScript or in TypeScript. */
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { saidBy } from '../check/watched.ts';
import { FileError, FormatError } from '../errors.ts';
import { shown } from '../foreign.ts';
import { isThere, wholePath } from '../io/folders.ts';

/** What a module exports, by name. */
export type Exports = Readonly<Record<string, unknown>>;

/** Whether an argument is the path of a module and not a name. */
export function isModulePath(argument: string): boolean {
  return /\.[cm]?[jt]s$/.test(argument);
}

/**
 * What a module exports. It is run; what it imports of this library is what runs here, and no second copy.
 *
 * @throws FileError when there is no such file; FormatError when it cannot be run.
 */
export async function moduleAt(path: string): Promise<Exports> {
  if (!isThere(path)) throw new FileError(path, 'a module of your own', 'no such file');
  if (/\.[cm]?ts$/.test(path) && !('typescript' in process.features && process.features.typescript)) {
    await readTypeScript(path);
  }
  try {
    return await import(pathToFileURL(wholePath(path)).href);
  } catch (error) {
    throw notRun(path, error);
  }
}

/** What a module exports, for a message. */
export function exportedBy(module: Exports): string {
  const names = Object.entries(module).map(([name, value]) =>
    typeof value === 'function' ? `the function ${name}` : name,
  );
  return names.join(', ') || 'nothing';
}

let reads = false;

/** From now on this process reads TypeScript through tsx, where Node does not by itself. */
async function readTypeScript(path: string): Promise<void> {
  if (reads) return;
  try {
    const tsx = await import('tsx/esm/api');
    tsx.register();
  } catch (error) {
    if (codeOf(error) !== 'ERR_MODULE_NOT_FOUND') throw notRun(path, error);
    throw new FormatError(path, 'JavaScript, or a Node that runs TypeScript, or tsx (npm install tsx)', 'TypeScript');
  }
  register(`data:text/javascript,${encodeURIComponent(AS_MODULE)}`);
  reads = true;
}

/**
 * TypeScript has `import` and `export` whatever the nearest package.json says of JavaScript. Taken for CommonJS, it would be
 * given a copy of this library of its own, whose matrices are not those of ours.
 */
const AS_MODULE = `export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  return /^file:[^?#]*[.]ts(?:[?#]|$)/.test(found.url) ? { ...found, format: 'module' } : found;
}`;

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
