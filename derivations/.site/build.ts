/** Builds the site: `npm run site:build [-- OUTDIR]`. What it leaves is a folder of files that works from any path. */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { examplesBuilt, examplesPlugin } from './api/examples.ts';
import { listings } from './listings.ts';
import { framed, type Page, scriptOf } from './page.ts';
import { pages } from './pages/index.ts';
import { ROOT } from './root.ts';
import { sourcePages } from './sources.ts';
import { texts } from './texts.ts';

const SITE = join(ROOT, 'derivations/.site');
const out = resolve(process.argv[2] ?? join(SITE, 'out'));

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const own = pages();
const all = [...own, ...sourcePages()];
const equations = equationsIn(all);
for (const page of all) writeFileSync(join(out, page.file), framed(page, previews(page)));
cpSync(join(SITE, 'style.css'), join(out, 'style.css'));
cpSync(join(ROOT, 'derivations/figures'), join(out, 'figures'), { recursive: true });
cpSync(join(SITE, 'styles'), join(out, 'styles'), { recursive: true });
mkdirSync(join(out, 'texts'));
for (const [name, text] of Object.entries(texts())) writeFileSync(join(out, 'texts', name), text);
mkdirSync(join(out, 'cells'));
for (const [name, listing] of listings()) writeFileSync(join(out, `cells/${name}.json`), JSON.stringify(listing));

const shared: BuildOptions = {
  bundle: true,
  minify: true,
  platform: 'browser',
  target: 'es2022',
  outdir: out,
  logLevel: 'warning',
  tsconfig: join(SITE, 'tsconfig.json'),
};
const entries = (names: readonly string[]) => Array.from(new Set(names), name => join(SITE, `app/${name}.ts`));
const isAlone = ({ script, alone }: Page) => (script && alone ? [script] : []);
await build({ ...shared, format: 'iife', entryPoints: entries(['preview', ...all.flatMap(isAlone)]) });
await build({
  ...shared,
  format: 'esm',
  entryPoints: entries(
    all.flatMap(({ script, alone, workers = [], later = [] }) => [
      ...(script && !alone ? [script] : []),
      ...workers,
      ...later,
    ]),
  ),
});

await build({
  ...shared,
  format: 'esm',
  splitting: true,
  plugins: [examplesPlugin(SITE)],
  entryPoints: Array.from(examplesBuilt.keys(), name => ({ in: `example:${name}`, out: `examples/${name}` })),
  chunkNames: 'examples/[hash]',
});

/** Every equation of the pages by its tag, without what is said of it. */
function equationsIn(all: readonly Page[]): ReadonlyMap<string, string> {
  const found = all.flatMap(({ html }) =>
    Array.from(
      html.matchAll(/<figure class="equation" id="([^"]+)"><div[^>]*>([\s\S]*?)<\/div>/g),
      ([, tag = '', math = '']) => {
        return [tag, math] as const;
      },
    ),
  );
  return new Map(found);
}

/** What a page shows of the equations of other pages that it names. */
function previews({ html }: Page): string {
  const tags = new Set(Array.from(html.matchAll(/data-tag="([^"]+)"/g), ([, tag = '']) => tag));
  const templates = Array.from(
    tags,
    tag => `<template id="ref-${tag}"><strong>${tag}</strong>${equations.get(tag) ?? ''}</template>`,
  );
  return tags.size === 0 ? '' : `${templates.join('\n')}${scriptOf('preview', true)}`;
}
