/** What every page of the site is in. */
import { escaped } from './escaped.ts';

/** A page, without its frame. */
export interface Page {
  /** The file it is written to. */
  readonly file: string;
  readonly title: string;
  readonly description: string;
  readonly html: string;
  /** A script of the page's own, `app/NAME.ts`. */
  readonly script?: string;
  /** Whether its script needs no worker and no module, and so runs where the page is opened from its file, too. */
  readonly alone?: boolean;
  /** Workers that it starts, `app/NAME.ts` each, built to `NAME.js` beside the page. */
  readonly workers?: readonly string[];
  /** Scripts that it loads when they are used, `app/NAME.ts` each, built likewise. */
  readonly later?: readonly string[];
  /** What only this page looks like, `styles/NAME.css`. */
  readonly style?: string;
  /** Whether it is wider than a text. */
  readonly wide?: boolean;
  /** The page of the menu that it belongs to, where it is not in it itself. */
  readonly under?: string;
  /** What is read before it and after it. */
  readonly neighbours?: { readonly before?: Neighbour; readonly after?: Neighbour };
}

/** A page that another leads to. */
export type Neighbour = Pick<Page, 'file' | 'title'>;

/** The menu. */
export const MENU: readonly (readonly [file: string, name: string])[] = [
  ['index.html', 'bptt'],
  ['derivations.html', 'Derivations'],
  ['time.html', 'Back through time'],
  ['judge.html', 'Is my derivation right?'],
  ['flow.html', 'Where does the gradient go?'],
  ['train.html', 'Train'],
  ['data.html', 'Your own data'],
  ['guides.html', 'Guides'],
  ['api.html', 'Reference'],
];

/** Headings from which on a page has a list of them. */
const MANY = 4;

export function framed(page: Page, preview: string): string {
  const { file, title, description, html, script, style, alone = false, wide = false, under } = page;
  const links = MENU.map(([to, name]) => {
    const current = to === file ? ' aria-current="page"' : to === under ? ' aria-current="true"' : '';
    return `<a href="${to}"${current}>${escaped(name)}</a>`;
  });
  const contents = wide ? '' : contentsOf(html);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="${escaped(description)}">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)} · bptt</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M13 3v6a3 3 0 0 1-3 3H4m3-3-3 3 3 3' fill='none' stroke='%23077a7d' stroke-width='2'/%3E%3C/svg%3E">
<link rel="stylesheet" href="style.css">${style ? `\n<link rel="stylesheet" href="styles/${style}.css">` : ''}${script && !alone ? FROM_FILE : ''}
</head>
<body>
<a class="skip" href="#content">To the text</a>
<header><div class="bar"><button type="button" class="opens" popovertarget="menu">Menu</button>${contents && OPENS_CONTENTS}
<nav id="menu" class="menu" popover aria-label="Site">${links.join('')}</nav></div></header>
${contents}<main id="content"${wide ? ' class="wide"' : ''}>
${script && !alone ? NEEDS_SERVER : ''}${html}
${neighboursOf(page)}</main>
<footer>Every gradient derived by hand, written as equations, and proven. No page asks any other host for anything.</footer>
${preview}${script ? scriptOf(script, alone) : ''}
</body>
</html>
`;
}

/** A script of the page; what is no module runs from a file, too. */
export const scriptOf = (name: string, alone: boolean): string =>
  `<script ${alone ? 'defer' : 'type="module"'} src="${name}.js"></script>\n`;

const OPENS_CONTENTS = '<button type="button" class="opens" popovertarget="contents">On this page</button>';

/** Says, before anything is seen, that the page was opened from its file. */
const FROM_FILE = `
<script>if (location.protocol === 'file:') document.documentElement.dataset.from = 'file';</script>`;

const NEEDS_SERVER =
  '<p class="needs-server" role="note">A browser starts no worker for a page that is opened from a file. <code>npm run site</code> serves it; any web server does.</p>\n';

/** Where the list lies over the page, it makes room for what was chosen. */
const CLOSES = "if (this.matches(':popover-open')) this.hidePopover()";

/** The headings of a long page. */
function contentsOf(html: string): string {
  const found = Array.from(html.matchAll(/<h2 id="([^"]+)"[^>]*>([\s\S]*?)<\/h2>/g));
  if (found.length < MANY) return '';
  const links = found.map(([, id = '', text = '']) => `<a href="#${id}">${text.replace(/<\/?a\b[^>]*>/g, '')}</a>`);
  return `<nav id="contents" class="contents" popover aria-label="On this page" onclick="${CLOSES}">${links.join('')}</nav>\n`;
}

function neighboursOf({ neighbours: { before, after } = {} }: Page): string {
  const link = (rel: string, neighbour: Neighbour | undefined) =>
    neighbour ? `<a rel="${rel}" href="${neighbour.file}">${escaped(neighbour.title)}</a>` : '';
  const links = link('prev', before) + link('next', after);
  return links && `<nav class="neighbours" aria-label="Before and after">${links}</nav>\n`;
}
