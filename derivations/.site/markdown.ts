/** A derivation as HTML: each display with its tag, its verdict and the line of code that computes it. */
import MarkdownIt from 'markdown-it';
import { escaped } from './escaped.ts';
import { formula } from './formula.ts';
import { codeOfTag, pageOfTag, TAG } from './tags.ts';
import { type Judgement, WORDS } from './verdicts.ts';

/** What stands for a formula until the Markdown around it is done. */
const PLACE = /\uE000(\d+)\uE001/g;

const markdown = new MarkdownIt({ html: false, linkify: false, typographer: false });
markdown.renderer.rules.text = (tokens, n) =>
  escaped(tokens[n]?.content ?? '').replace(TAG, tag => (pageOfTag.has(tag) ? reference(tag) : tag));
markdown.renderer.rules.table_open = () => '<div class="scrolls"><table>';
markdown.renderer.rules.table_close = () => '</table></div>';

/**
 * @param verdictOf what was found of a tag.
 * @param repository where files of the repository are read, for those that are no pages here.
 */
export function rendered(text: string, verdictOf: (tag: string) => Judgement | undefined, repository: string): string {
  const formulas: string[] = [];
  const place = (html: string) => `\uE000${formulas.push(html) - 1}\uE001`;
  const marked = text
    .replace(/\$\$([\s\S]*?)\$\$/g, (_, latex: string) => `\n\n${place(display(latex, verdictOf))}\n\n`)
    .replace(/\$((?:[^$\n]|\n(?!\s*\n))+?)\$/g, (_, latex: string) => place(inline(latex)));
  const html = markdown.render(marked).replace(/<p>(\uE000\d+\uE001)<\/p>/g, '$1');
  return html
    .replace(PLACE, (_, n: string) => formulas[Number(n)] ?? '')
    .replace(/href="([\w-]+)\.md(#[\w-]*)?"/g, 'href="$1.html$2"')
    .replace(/href="\.\.\/([^"]+)"/g, `href="${repository}/$1"`)
    .replace(/src="figures\//g, 'src="figures/');
}

/** LaTeX so long that its formula may not fit into a line of a narrow window. */
const LONG = 28;

function inline(latex: string): string {
  const math = formula(latex, false);
  return latex.length > LONG ? `<span class="long scrolls" tabindex="0">${math}</span>` : math;
}

function display(latex: string, verdictOf: (tag: string) => Judgement | undefined): string {
  const [, tag] = /\\tag\{([^}]+)\}/.exec(latex) ?? [];
  const math = `<div class="math scrolls" tabindex="0">${formula(latex, true)}</div>`;
  if (tag === undefined) return `<figure class="equation">${math}</figure>`;
  const judged = verdictOf(tag);
  const code = codeOfTag.get(tag);
  const verdict =
    judged && `<span class="verdict ${judged.kind}" title="${escaped(judged.why)}">${WORDS[judged.kind]}</span>`;
  const place =
    code &&
    `<details><summary>${escaped(code.file)}:${code.line}</summary><pre><code>${escaped(code.code)}</code></pre></details>`;
  const parts = [`<a class="tag" href="#${tag}">${tag}</a>`, verdict, place].filter(part => part).join(' ');
  return `<figure class="equation" id="${tag}">${math}<figcaption>${parts}</figcaption></figure>`;
}

function reference(tag: string): string {
  return `<a class="ref" data-tag="${tag}" href="${pageOfTag.get(tag)}.html#${tag}">${tag}</a>`;
}
