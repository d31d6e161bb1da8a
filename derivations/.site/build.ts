/** Builds the site: `npm run site:build [-- OUTDIR]`. What it leaves is a folder of files that works from any path. */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { framed, type Page } from './page.ts';
import { pages } from './pages.ts';
import { ROOT } from './root.ts';

const SITE = join(ROOT, 'derivations/.site');
const out = resolve(process.argv[2] ?? join(SITE, 'out'));

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const all = pages();
const equations = equationsIn(all);
for (const page of all) writeFileSync(join(out, page.file), framed(page, previews(page)));
cpSync(join(SITE, 'style.css'), join(out, 'style.css'));
cpSync(join(ROOT, 'derivations/figures'), join(out, 'figures'), { recursive: true });
await build({
  entryPoints: ['judge', 'judge-worker', 'time', 'preview'].map(name => join(SITE, `app/${name}.ts`)),
  ...{
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    outdir: out,
    logLevel: 'warning',
  },
  tsconfig: join(SITE, 'tsconfig.json'),
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
  return tags.size === 0 ? '' : `${templates.join('\n')}<script type="module" src="preview.js"></script>\n`;
}
