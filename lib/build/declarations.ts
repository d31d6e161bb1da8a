/** The entries of the package, and its declarations: those that the entries lead to, and no others. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What package.json says of the package's entries. */
export type Entries = Readonly<Record<string, string | { readonly types: string }>>;

/** The sources of the entries, by their paths: of all but those of a pattern. */
export function sourcesOf(entries: Entries): readonly string[] {
  const types = typesOf(entries).filter(type => !type.includes('*'));
  return types.map(type => type.replace(/^\.\/dist\//, '').replace(/\.d\.ts$/, '.ts'));
}

/** Removes the declarations in the folder of the build that none of the entries leads to. */
export function removeUnreached(outdir: string, entries: Entries): void {
  const types = typesOf(entries);
  const files = readdirSync(outdir, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.d.ts'));
  const isEntry = (file: string) =>
    types.some(type => type.replace('*', file.replace(/^.*\/|\.d\.ts$/g, '')) === `./dist/${file}`);
  const reached = new Set<string>();
  for (const file of files.filter(isEntry)) reach(join(outdir, file), reached);
  for (const file of files.map(file => join(outdir, file))) if (!reached.has(file)) rmSync(file);
}

function typesOf(entries: Entries): readonly string[] {
  return Object.values(entries).flatMap(entry => (typeof entry === 'string' ? [] : [entry.types]));
}

/** Adds a declaration file, and what it leads to. */
function reach(file: string, reached: Set<string>): void {
  if (reached.has(file) || !existsSync(file)) return;
  reached.add(file);
  const imported = readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*['"](\.[^'"]+)\.[jt]s['"]/g);
  for (const [, path = ''] of imported) reach(join(dirname(file), `${path}.d.ts`), reached);
}
