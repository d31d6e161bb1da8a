/** The guides: Markdown of their own, chapters of README where these say it already, and what is found or drawn while the site is built. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkDerivation, formatDerivation } from 'bptt/check';
import { exampleHtml } from './api/examples.ts';
import { escaped } from './escaped.ts';
import { formula } from './formula.ts';
import { highlighted } from './highlight.ts';
import { type Around, rendered } from './markdown.ts';
import { ROOT, readIn } from './root.ts';
import { sourceOf } from './sources.ts';
import { derivations, pageOfTag } from './tags.ts';

/** The guides, in the order in which they are read. */
export const GUIDES = [
  'first-model',
  'own-cell',
  'own-derivation',
  'own-data',
  'browser',
  'proven',
  'fast',
  'errata',
] as const;
export type GuideName = (typeof GUIDES)[number];

/** The Markdown of a guide, as it is written. */
export const guideText = (name: GuideName): string =>
  readFileSync(join(ROOT, `derivations/.site/guides/${name}.md`), 'utf8');

export const guideFile = (name: GuideName): string => `guide-${name}.html`;

/** Where the chapters of README are read on the site. */
const CHAPTERS: Readonly<Record<string, string>> = {
  'as-a-library': guideFile('first-model'),
  'is-my-gradient-right': `${guideFile('proven')}#your-own`,
  'what-there-is': 'api-bptt.html',
  'your-own-data': guideFile('own-data'),
  'your-own-cell': guideFile('own-cell'),
  streaming: `${guideFile('own-data')}#as-it-comes-in`,
  'in-the-browser': guideFile('browser'),
  'the-mathematics': 'derivations.html',
  'adding-a-cell': `${guideFile('own-cell')}#in-the-library-or-beside-it`,
  fast: guideFile('fast'),
};

/** What stands for `{{picture NAME}}` and `{{table NAME}}`. */
export type Made = ReadonlyMap<string, string>;

/**
 * A guide as HTML.
 *
 * @param made by `picture NAME` and `table NAME`.
 * @param link where a name of the library is explained.
 */
export function guideHtml(name: GuideName, made: Made, link: (name: string) => string | undefined): string {
  const around: Around = { link, seen: new Map(), fence: (info, content) => fenced(info, content, link) };
  const parts = guideText(name).split(/^(\{\{README .+\}\})$/m);
  return parts
    .map(part => {
      const [, chapter = '', until] = /^\{\{README (.+?)(?: \| until (.+))?\}\}$/.exec(part) ?? [];
      if (chapter) return rendered(chapterOf(chapter, until), () => undefined, around);
      const text = linked(part).replace(/\{\{from ([\w-]+): (.+?)\}\}/g, (_, file: string, what: string) =>
        quoted(file, what),
      );
      const html = rendered(text, () => undefined, around);
      return html.replace(/<p>\{\{(\w+) (.+?)\}\}<\/p>/g, (_, kind: string, what: string) => {
        return inserted(kind, what.replace(/<[^>]+>/g, ''), made);
      });
    })
    .join('');
}

/** A chapter of README, up to a paragraph that begins so. */
export function chapterOf(title: string, until?: string): string {
  const text = readIn('README.md').split(`\n## ${title}\n`)[1]?.split('\n## ')[0];
  if (text === undefined) throw new Error(`README.md has no chapter “${title}”`);
  const end = until === undefined ? text.length : text.indexOf(`\n${until}`);
  if (end < 0) throw new Error(`README.md, “${title}”: no paragraph begins with “${until}”`);
  return linked(text.slice(0, end))
    .replace(/\]\(derivations\/(?=[\w-]+\.md)/g, '](')
    .replace(/\]\((lib|spec|bench|derivations|LICENSE)\b/g, '](../$1');
}

/** Links to chapters of README lead to where these are. */
function linked(text: string): string {
  return text.replace(/\]\(#([\w-]+)\)/g, (_, chapter: string) => `](${CHAPTERS[chapter] ?? sourceOf('README.md')})`);
}

/** What a derivation says, in its words. */
function quoted(file: string, what: string): string {
  const [found] = new RegExp(what).exec((derivations.get(file) ?? '').replaceAll('\n', ' ')) ?? [];
  if (found === undefined) throw new Error(`derivations/${file}.md does not say ${what}`);
  return found;
}

function fenced(info: string, content: string, link: (name: string) => string | undefined): string | undefined {
  if (/^ts\b/.test(info)) return exampleHtml({ code: content.trimEnd(), runs: !info.includes('no-run') }, link);
  if (!info.startsWith('md judged')) return undefined;
  const report = formatDerivation(checkDerivation(content));
  return `<pre tabindex="0"><code>${escaped(content.trimEnd())}</code></pre>\n<pre class="printed" tabindex="0"><code>${escaped(report)}</code></pre>\n`;
}

function inserted(kind: string, what: string, made: Made): string {
  if (kind === 'equation') return equationHtml(what);
  if (kind === 'file') {
    const code = highlighted(readIn(what).trimEnd()).join('\n');
    return `<p class="where"><a href="${sourceOf(what)}">${escaped(what)}</a></p><pre tabindex="0"><code>${code}</code></pre>`;
  }
  const found = made.get(`${kind} ${what}`);
  if (found === undefined) throw new Error(`nothing makes ${kind} ${what}`);
  return found;
}

/** An equation of a derivation, which it leads to. */
function equationHtml(tag: string): string {
  const place = `${pageOfTag.get(tag)}.html#${tag}`;
  return `<figure class="equation"><div class="math scrolls" tabindex="0">${formula(latexOf(tag), true)}</div><figcaption><a class="tag" href="${place}">${tag}</a></figcaption></figure>`;
}

/** The LaTeX of an equation. */
export function latexOf(tag: string): string {
  const displays = (derivations.get(pageOfTag.get(tag) ?? '') ?? '').matchAll(/\$\$([\s\S]*?)\$\$/g);
  const [, latex] = Array.from(displays).find(([, inside = '']) => inside.includes(`\\tag{${tag}}`)) ?? [];
  if (latex === undefined) throw new Error(`no derivation has ${tag}`);
  return latex;
}
