/** Where every equation is derived, and where it is computed: read off the derivations and the library, copied by nobody. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT } from './root.ts';

/** A line of the library that says which equation it is. */
export interface CodePlace {
  readonly file: string;
  readonly line: number;
  readonly code: string;
}

/** A tag anywhere in a text. */
export const TAG: RegExp = /\b[A-Z]{2,}-[A-Z]?\d+\b/g;

/** The derivations, by the names of their files. */
export const derivations: ReadonlyMap<string, string> = new Map(
  readdirSync(join(ROOT, 'derivations'))
    .filter(file => file.endsWith('.md'))
    .map(file => [file.replace(/\.md$/, ''), readFileSync(join(ROOT, 'derivations', file), 'utf8')]),
);

/** By each tag, the derivation that has it. */
export const pageOfTag: ReadonlyMap<string, string> = new Map(
  Array.from(derivations).flatMap(([name, text]) =>
    Array.from(text.matchAll(/\\tag\{([^}]+)\}/g), ([, tag = '']) => [tag, name] as const),
  ),
);

/** By each tag, the first line of the library that computes it. */
export const codeOfTag: ReadonlyMap<string, CodePlace> = codePlaces();

function codePlaces(): Map<string, CodePlace> {
  const found = new Map<string, CodePlace>();
  const files = readdirSync(join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' });
  for (const file of files.filter(file => file.endsWith('.ts')).sort()) {
    const path = join(ROOT, 'lib', file);
    for (const [n, line] of readFileSync(path, 'utf8').split('\n').entries()) {
      const [, code = '', tag = ''] = /^(?!\s*[/*])(.*\S) \/\/ ([A-Z]{2,}-[A-Z]?\d+)\b/.exec(line) ?? [];
      if (tag && !found.has(tag)) found.set(tag, { file: relative(ROOT, path), line: n + 1, code: code.trim() });
    }
  }
  return found;
}
