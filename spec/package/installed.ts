/** The project that the package was installed in before the tests. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import { examplesOf, ROOT } from '../examples.ts';
import type { Installed } from './setup.ts';

const installed: Installed = inject('installed');

export const temporary: string = installed.temporary;
export const project: string = installed.project;
export const tarball: string = installed.tarball;
export const packed: readonly string[] = installed.packed;

/** Writes a file of the project. */
export function write(path: string, text: string): void {
  writeFileSync(join(project, path), text);
}

/** The first example of the README, as it is written there. */
export function firstExample(): string {
  const readme = join(ROOT, 'README.md');
  if (!existsSync(readme)) throw new Error('there is no README.md to take the first example from');
  const [first] = examplesOf('README.md', readFileSync(readme, 'utf8'));
  if (!first) throw new Error('README.md has no ```ts block');
  return first.code;
}
