/** A derivation as HTML: each display with its tag, its verdict and the line of code that computes it. */
import MarkdownIt from 'markdown-it';
import { escaped } from './escaped.ts';
import { formula } from './formula.ts';
import { highlighted } from './highlight.ts';
import { sourceOf } from './sources.ts';
import type { Symbols } from './symbols.ts';
import { codeOfTag, pageOfTag, TAG } from './tags.ts';
import { type Judgement, WORDS } from './verdicts.ts';

/** What stands for a formula until the Markdown around it is done. */
const PLACE = /\uE000(\d+)\uE001/g;

/** Code, in which `$` is `$`; a display; a formula in a line. */
const CODE_OR_MATH = /^```[\s\S]*?^```$|`[^`\n]+`|\$\$([\s\S]*?)\$\$|\$((?:[^$\n]|\n(?!\s*\n))+?)\$/gm;

const markdown = new MarkdownIt({ html: false, linkify: false, typographer: false });
markdown.renderer.rules.text = (tokens, n) =>
  escaped(tokens[n]?.content ?? '').replace(TAG, tag => (pageOfTag.has(tag) ? reference(tag) : tag));
markdown.renderer.rules.table_open = () => '<div class="scrolls"><table>';
markdown.renderer.rules.table_close = () => '</table></div>';
markdown.renderer.rules.heading_open = (tokens, n, _, env: Around) => {
  const words = (tokens[n + 1]?.content ?? '').replace(PLACE, '');
  return `<${tokens[n]?.tag} id="${anchorOf(words, env)}">`;
};
markdown.renderer.rules.code_inline = (tokens, n, _, { link }: Around) => {
  const code = tokens[n]?.content ?? '';
  const to = link?.(code) ?? (code.includes('/') ? sourceOf(code) : undefined);
  return to ? `<a href="${to}"><code>${escaped(code)}</code></a>` : `<code>${escaped(code)}</code>`;
};
markdown.renderer.rules.fence = (tokens, n, _, { fence }: Around) => {
  const { content = '', info = '' } = tokens[n] ?? {};
  const own = fence?.(info, content);
  if (own !== undefined) return own;
  const lines = /^[jt]s\b/.test(info) ? highlighted(content.trimEnd()) : [escaped(content.trimEnd())];
  return `<pre tabindex="0"><code>${lines.join('\n')}</code></pre>\n`;
};

/** What is known beside a text. */
export interface Around {
  /** Where a name in code leads, if anywhere. */
  readonly link?: (name: string) => string | undefined;
  /** What stands for a block of code, where it is no block of code. */
  readonly fence?: (info: string, content: string) => string | undefined;
  /** What its letters are. */
  readonly symbols?: Symbols;
  /** What headings there were. */
  seen?: Map<string, number>;
}

/** A heading's anchor, as GitHub makes it. */
function anchorOf(words: string, env: Around): string {
  env.seen ??= new Map();
  const anchor = words
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
  const times = env.seen.get(anchor) ?? 0;
  env.seen.set(anchor, times + 1);
  return times === 0 ? anchor : `${anchor}-${times}`;
}

/** @param verdictOf what was found of a tag. */
export function rendered(text: string, verdictOf: (tag: string) => Judgement | undefined, around: Around = {}): string {
  const formulas: string[] = [];
  const place = (html: string) => `\uE000${formulas.push(html) - 1}\uE001`;
  const marked = text.replace(CODE_OR_MATH, (all, shown?: string, written?: string) => {
    if (shown !== undefined) return `\n\n${place(display(shown, verdictOf, around.symbols))}\n\n`;
    return written === undefined ? all : place(inline(written, around.symbols));
  });
  const html = markdown.render(marked, { ...around }).replace(/<p>(\uE000\d+\uE001)<\/p>/g, '$1');
  return html
    .replace(PLACE, (_, n: string) => formulas[Number(n)] ?? '')
    .replace(/href="([\w-]+)\.md(#[\w-]*)?"/g, 'href="$1.html$2"')
    .replace(/<a href="\.\.\/([^"]+)">([\s\S]*?)<\/a>/g, (_, path: string, words: string) => {
      const to = sourceOf(path);
      return to ? `<a href="${to}">${words}</a>` : words;
    })
    .replace(/src="figures\//g, 'src="figures/');
}

/** LaTeX so long that its formula may not fit into a line of a narrow window. */
const LONG = 28;

function inline(latex: string, symbols: Symbols | undefined): string {
  const plain = formula(latex, false);
  const math = symbols?.marked(plain, undefined) ?? plain;
  return latex.length > LONG ? `<span class="long scrolls" tabindex="0">${math}</span>` : math;
}

function display(
  latex: string,
  verdictOf: (tag: string) => Judgement | undefined,
  symbols: Symbols | undefined,
): string {
  const [, tag] = /\\tag\{([^}]+)\}/.exec(latex) ?? [];
  const plain = formula(latex, true);
  const math = `<div class="math scrolls" tabindex="0">${symbols?.marked(plain, tag) ?? plain}</div>`;
  if (tag === undefined) return `<figure class="equation">${math}</figure>`;
  const judged = verdictOf(tag);
  const code = codeOfTag.get(tag);
  const verdict =
    judged && `<span class="verdict ${judged.kind}" title="${escaped(judged.why)}">${WORDS[judged.kind]}</span>`;
  const place =
    code &&
    `<details><summary>${escaped(code.file)}:${code.line}</summary><pre tabindex="0"><code>${highlighted(code.code).join('\n')}</code></pre><a href="${sourceOf(code.file, code.line)}">the file</a></details>`;
  const parts = [`<a class="tag" href="#${tag}">${tag}</a>`, verdict, place].filter(part => part).join(' ');
  return `<figure class="equation" id="${tag}">${math}<figcaption>${parts}</figcaption></figure>`;
}

function reference(tag: string): string {
  return `<a class="ref" data-tag="${tag}" href="${pageOfTag.get(tag)}.html#${tag}">${tag}</a>`;
}
