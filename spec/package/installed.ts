/** The project that the package was installed in before the tests. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
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
