/** No two files import each other, by whatever way round: what is below does not know what is above it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path/posix';
import { expect, test } from 'vitest';
import { ROOT } from './examples.ts';

/** What each file imports, types too, by its path; only what is among them. */
type Imports = ReadonlyMap<string, readonly string[]>;

/** The imports of texts by their paths. */
function importsOf(texts: Readonly<Record<string, string>>): Imports {
  const imported = (path: string, text: string) =>
    Array.from(text.matchAll(/(?:from|import)[\s(]*'(\.[^']+)'/g), ([, to = '']) => join(path, '..', to));
  return new Map(Object.entries(texts).map(([path, text]) => [path, imported(path, text).filter(to => to in texts)]));
}

/** A way that leads back to where it began, if there is one. */
function circleIn(imports: Imports): readonly string[] | undefined {
  const clear = new Set<string>();
  const search = (path: string, way: readonly string[]): readonly string[] | undefined => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
    if (clear.has(path)) return undefined;
    for (const to of imports.get(path) ?? []) {
      const circle = search(to, [...way, path]);
      if (circle) return circle;
    }
    clear.add(path);
    return undefined;
  };
  return [...imports.keys()].reduce<readonly string[] | undefined>(
    (found, path) => found ?? search(path, []),
    undefined,
  );
}

test('lib and bench have no circle', () => {
  const files = ['lib', 'bench'].flatMap(folder =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map(file => join(folder, file)),
  );
  const texts = files.filter(file => file.endsWith('.ts')).map(file => [file, readFileSync(join(ROOT, file), 'utf8')]);
  const imports = importsOf(Object.fromEntries(texts));
  expect([...imports.values()].flat().length).toBeGreaterThan(1000);
  expect(circleIn(imports)).toBeUndefined();
});

test('a circle is found, of types and of any length', () => {
  const texts = {
    'lib/a.ts': "import { b } from './b.ts';",
    'lib/b.ts': "export type { C } from './c/c.ts';",
    'lib/c/c.ts': "const { a } = await import('../a.ts');",
    'lib/d.ts': "import { a } from './a.ts';",
  };
  expect(circleIn(importsOf(texts))).toEqual(['lib/a.ts', 'lib/b.ts', 'lib/c/c.ts', 'lib/a.ts']);
  expect(circleIn(importsOf({ ...texts, 'lib/c/c.ts': '' }))).toBeUndefined();
});
