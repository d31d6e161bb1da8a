/** The reference: a page an entry, made of what is exported and of the comments before it. */
import { type Entry, type Exported, entries } from '../api/entries.ts';
import { exampleHtml } from '../api/examples.ts';
import { type Group, groupsOf } from '../api/groups.ts';
import { escaped } from '../escaped.ts';
import { highlighted } from '../highlight.ts';
import { rendered } from '../markdown.ts';
import type { Page } from '../page.ts';
import { sourceOf } from '../sources.ts';

const all = entries();
/** `bptt/browser` has what others have, and the cells are in `bptt` too. */
const own = all.filter(({ name }) => !name.startsWith('bptt/cells/') && name !== 'bptt/browser');
const cells = all.filter(({ name }) => name.startsWith('bptt/cells/'));

/** Where every name is, `bptt` first: by its name, and by its name in an entry. */
const places = new Map<string, string>();
for (const entry of own) {
  for (const { name } of entry.names) {
    const place = `${fileOf(entry)}#${anchorOf(name)}`;
    if (!places.has(name)) places.set(name, place);
    places.set(`${entry.name} ${name}`, place);
  }
}

/** Where a name of the library is explained, `Sequence.pack` with `Sequence`; undefined of what is none. */
export const nameLink = (name: string): string | undefined => linkIn('bptt')(name);

const linkIn =
  (entry: string) =>
  (name: string): string | undefined => {
    if (!/^[A-Za-z]\w*(?:\.\w+)?$/.test(name)) return undefined;
    const [first = ''] = name.split('.');
    return places.get(`${entry} ${first}`) ?? places.get(first);
  };

function fileOf({ name }: Entry): string {
  return `api-${name.replaceAll('/', '-')}.html`;
}

function anchorOf(name: string): string {
  return `name-${name}`; // no two differ in more than case from a heading's
}

/** All pages of it. */
export function api(): readonly Page[] {
  return [start(), ...own.map(entryPage), cellsPage()];
}

const CELLS_FILE = 'api-bptt-cells.html';

function page(file: string, title: string, html: string, description: string): Page {
  return {
    ...{
      file,
      title,
      description,
      html: `${html}\n${namesForSearch()}`,
      script: 'api',
      alone: true,
      workers: ['example-worker'],
    },
    style: 'api',
    ...(file !== 'api.html' && { under: 'api.html' }),
  };
}

const SEARCH = `<div class="search"><label for="search">Find a name</label> <input id="search" type="search" autocomplete="off" spellcheck="false" aria-controls="found" aria-describedby="found-how-many"><span id="found-how-many" role="status"></span><ul id="found"></ul></div>`;

function namesForSearch(): string {
  const names = own.flatMap(entry =>
    entry.names.map(({ name }) => [name, entry.name, places.get(`${entry.name} ${name}`)]),
  );
  return `<script type="application/json" id="names">${JSON.stringify(names).replaceAll('<', '\\u003c')}</script>`;
}

function start(): Page {
  const rows = own.map(entry => {
    const values = entry.names.filter(({ isType }) => !isType).length;
    const types = entry.names.length - values;
    return `<tr><td><a href="${fileOf(entry)}"><code>${entry.name}</code></a></td><td>${firstOf(entry)}</td><td>${values}</td><td>${types}</td></tr>`;
  });
  const browser = all.find(({ name }) => name === 'bptt/browser');
  rows.push(
    `<tr><td><a href="${CELLS_FILE}"><code>bptt/cells/…</code></a></td><td>A cell by itself.</td><td>${cells.length}</td><td></td></tr>`,
    `<tr><td><code>bptt/browser</code></td><td>${browser ? firstOf(browser) : ''}</td><td></td><td></td></tr>`,
  );
  const html = `<h1>Reference</h1>
<p>Every name that the package exports, with what its comment in the source says. Where an example has a button, it runs in the page, on the library as it is.</p>
${SEARCH}
<div class="scrolls"><table><thead><tr><th>Import from</th><th>What it has</th><th>To use</th><th>Types</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
  return page('api.html', 'Reference', html, 'Every name that bptt exports.');
}

/** The first sentence of what an entry says of itself, as HTML. */
function firstOf(entry: Entry): string {
  const [first = ''] = entry.doc.text.split(/(?<=\.)\s|:\s*`import|\n\n/);
  return inline(first.replace(/\.?$/, '.'), entry.name);
}

const inline = (text: string, entry: string): string => markdown(text, entry).replace(/^<p>|<\/p>\s*$/g, '');

/** A comment's Markdown as HTML, names and links to names with where they lead. */
function markdown(text: string, entry: string): string {
  const link = linkIn(entry);
  const linked = text.replace(/\{@link ([\w.]+)\}/g, (_, name: string) => `\`${name}\``);
  return rendered(linked.replace(/^(#+) /gm, '**$1** '), () => undefined, { link });
}

function entryPage(entry: Entry): Page {
  const groups = groupsOf(entry).map(group => groupHtml(group, entry.name));
  const html = `<h1><code>${entry.name}</code></h1>
${markdown(entry.doc.text, entry.name)}
<p class="where">${sourceLink(entry.source)}</p>
${SEARCH}
${groups.join('\n')}`;
  return page(fileOf(entry), entry.name, html, `What ${entry.name} exports.`);
}

function groupHtml({ title, names }: Group, entry: string): string {
  const id = title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '');
  return `<h2 id="${id}">${escaped(title)}</h2>\n${names.map(name => nameHtml(name, entry)).join('\n')}`;
}

function nameHtml({ name, signature, doc, place, from }: Exported, entry: string): string {
  const link = linkIn(entry);
  const code = highlighted(signature, other => (other === name ? undefined : link(other))).join('\n');
  const said = [
    from ? `<p>Of the package <code>${escaped(from)}</code>.</p>` : markdown(doc.text, entry),
    list(
      'Takes',
      doc.params
        .filter(({ text }) => text !== '')
        .map(({ name: of, text }) => `<code>${escaped(of)}</code>: ${inline(text, entry)}`),
    ),
    list(
      'Gives',
      doc.returns.map(text => inline(text, entry)),
    ),
    list(
      'Throws',
      doc.throws.map(text => inline(text, entry)),
    ),
    ...doc.examples.map(example => exampleHtml(example, link)),
  ];
  const where = place ? `<p class="where">${sourceLink(place.file, place.line)}</p>` : '';
  return `<section class="name"><h3 id="${anchorOf(name)}"><a href="#${anchorOf(name)}">${escaped(name)}</a></h3>
<pre tabindex="0"><code>${code}</code></pre>
${said.join('\n')}${where}</section>`;
}

function list(title: string, items: readonly string[]): string {
  if (items.length === 0) return '';
  return `<dl><dt>${title}</dt>${items.map(item => `<dd>${item}</dd>`).join('')}</dl>`;
}

function sourceLink(file: string, line?: number): string {
  return `<a href="${sourceOf(file, line)}">${escaped(file)}${line === undefined ? '' : `:${line}`}</a>`;
}

/** The cells, an entry each. */
function cellsPage(): Page {
  const rows = cells.map(({ name, source, names }) => {
    const links = names.map(
      ({ name: one }) => `<a href="${nameLink(one) ?? sourceOf(source)}"><code>${escaped(one)}</code></a>`,
    );
    return `<tr><td><code>${name}</code></td><td>${links.join(', ')}</td><td>${sourceLink(source)}</td></tr>`;
  });
  const html = `<h1><code>bptt/cells/…</code></h1>
<p>A cell by itself, for a program that wants nothing else. Most names are in <a href="api-bptt.html"><code>bptt</code></a> too, and explained there.</p>
${SEARCH}
<div class="scrolls"><table><thead><tr><th>Import from</th><th>Names</th><th>Source</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
  return page(CELLS_FILE, 'bptt/cells', html, 'The cells of bptt, each an entry of its own.');
}
