/** The package's manifest, and programs that are run with it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ended } from '../ended.ts';
import { ROOT } from '../examples.ts';

interface Manifest {
  readonly version: string;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly bin: unknown;
  readonly unpkg: string;
  readonly jsdelivr: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

export const manifest: Manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;

/** What a program prints to stdout; throws with all that it printed unless it exits with 0. */
export function run(cwd: string, command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = ended(command, args, { cwd });
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')}: exit ${status}\n${stdout}${stderr}`);
  return stdout;
}
