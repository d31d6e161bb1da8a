/** What the command finds in folders of the library, so that adding a cell or a demo takes no list. */
import { fileURLToPath } from 'node:url';
import { type Cell, isCell } from '../cells/cell.ts';
import type { Demo } from '../demos/demo.ts';
import { ValueError } from '../errors.ts';
import { filesIn } from '../io/node/folders.ts';

/** Every cell that a module of `lib/cells` exports, by name. */
export async function knownCells(): Promise<Readonly<Record<string, Cell>>> {
  return byName((await exportsOf('../cells/')).filter(isCell));
}

/** Every demo that a module of `lib/demos` exports, by name. */
export async function knownDemos(): Promise<Readonly<Record<string, Demo>>> {
  const isDemo = (value: unknown): value is Demo => has(value, ['run']);
  return byName((await exportsOf('../demos/')).filter(isDemo));
}

/** The folder as seen from here, and from where the package has what this was bundled into. */
async function exportsOf(folder: string): Promise<unknown[]> {
  const url = new URL(folder, import.meta.url);
  const files = filesIn(fileURLToPath(url)).filter(file => /^(?!index).*(?<!\.d)\.[jt]s$/.test(file));
  const modules = await Promise.all(files.map(file => import(new URL(file, url).href) as Promise<object>));
  return modules.flatMap(module => Object.values(module));
}

function has(value: unknown, functions: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return functions.every(name => typeof (value as Record<string, unknown>)[name] === 'function');
}

/** @throws ValueError when two that are not the same have one name, as a copy that was not renamed. */
function byName<T extends { readonly name: string }>(found: readonly T[]): Readonly<Record<string, T>> {
  const unique = [...new Set(found)];
  for (const [n, { name }] of unique.entries()) {
    if (unique.findIndex(other => other.name === name) < n)
      throw new ValueError('name', 'one of its own', `${name} twice`);
  }
  return Object.fromEntries(unique.map(value => [value.name, value]));
}
