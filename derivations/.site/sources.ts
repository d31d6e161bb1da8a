/** The files of the repository that pages lead to, each as a page itself: a site that stands alone has them too. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { escaped } from './escaped.ts';
import { highlighted } from './highlight.ts';
import type { Page } from './page.ts';
import { ROOT, readIn } from './root.ts';

/** What is shown as text. */
const TEXT = /(?:^LICENSE|\.(?:ts|js|mjs|py|md|json|csv|txt|sh|css))$/;
const FOLDERS = /^(?:lib|spec|bench|derivations)\//;

const asked = new Set<string>();

/**
 * Where a file or folder of the repository is read, or undefined where it has no page.
 *
 * @param path from the repository's root.
 */
export function sourceOf(path: string, line?: number): string | undefined {
  const [, derivation] = /^derivations\/([\w-]+)\.md$/.exec(path) ?? [];
  if (!isThere(path)) return undefined;
  if (derivation) return `${derivation}.html`;
  asked.add(path);
  return `${fileOf(path)}${line === undefined ? '' : `#L${line}`}`;
}

/** The pages of all that was asked for, and of what these lead to. */
export function sourcePages(): readonly Page[] {
  const pages: Page[] = [];
  for (const path of asked) pages.push(isFolder(path) ? folderPage(path) : filePage(path)); // which may ask for more
  return pages;
}

const fileOf = (path: string): string => `source-${path.replaceAll('/', '-')}.html`;
const isFolder = (path: string): boolean => statSync(join(ROOT, path)).isDirectory();

function isThere(path: string): boolean {
  if (path.includes('..') || !existsSync(join(ROOT, path))) return false;
  return isFolder(path) ? FOLDERS.test(`${path}/`) : TEXT.test(path) && (FOLDERS.test(path) || !path.includes('/'));
}

function page(path: string, html: string): Page {
  return {
    file: fileOf(path),
    title: path,
    description: `${path} of bptt, as it is in the repository.`,
    html: `<h1 class="path">${escaped(path)}</h1>\n${html}`,
    style: 'source',
    wide: true,
    under: 'api.html',
  };
}

function folderPage(path: string): Page {
  const names = readdirSync(join(ROOT, path)).filter(name => !name.startsWith('.') && name !== 'node_modules');
  const items = names.sort().flatMap(name => {
    const to = sourceOf(posix.join(path, name));
    return to ? [`<li><a href="${to}">${escaped(name)}</a></li>`] : [];
  });
  return page(path, `<ul class="files">${items.join('')}</ul>`);
}

function filePage(path: string): Page {
  const text = readIn(path).replace(/\n$/, '');
  const lines = /\.[jt]s$|\.mjs$/.test(path) ? highlighted(text) : text.split('\n').map(escaped);
  const numbered = lines.map((line, n) => `<span class="line" id="L${n + 1}">${line || ' '}</span>`);
  return page(path, `<pre class="source" tabindex="0"><code>${numbered.join('\n')}</code></pre>`);
}
