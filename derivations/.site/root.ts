/** Where the files of the repository are. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the repository. */
export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url));

/** The text of a file of the repository. */
export const readIn = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
