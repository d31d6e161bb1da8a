/** Packs the library and installs it into an empty project, once before the tests, beside the tools that try it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { ROOT } from '../examples.ts';
import { manifest, run } from './npm.ts';

/** Where it is. */
export interface Installed {
  /** A folder that ends with the tests, and in it the project. */
  readonly temporary: string;
  readonly project: string;
  readonly tarball: string;
  /** The paths of all files that were packed. */
  readonly packed: readonly string[];
}

declare module 'vitest' {
  interface ProvidedContext {
    readonly installed: Installed;
  }
}

export default function setup({ provide }: TestProject): () => void {
  const temporary = mkdtempSync(join(tmpdir(), 'bptt-pack-'));
  const project = join(temporary, 'project');
  const pack = run(ROOT, 'npm', 'pack', '--json', '--silent', '--pack-destination', temporary);
  const [{ filename, files }] = JSON.parse(pack) as [{ filename: string; files: readonly { path: string }[] }];
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module', private: true }));
  const tools = ['typescript', '@types/node', 'tsx'].map(name => `${name}@${manifest.devDependencies[name]}`);
  tools.push('typescript-oldest@npm:typescript@5.0.4'); // that the declarations are for
  const tarball = join(temporary, filename);
  run(project, 'npm', 'install', tarball, ...tools, '--no-audit', '--no-fund', '--ignore-scripts');
  provide('installed', { temporary, project, tarball, packed: files.map(({ path }) => path) });
  return () => rmSync(temporary, { recursive: true, force: true });
}
