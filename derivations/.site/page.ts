/** What every page of the site is in. */
import { escaped } from './escaped.ts';

/** A page, without its frame. */
export interface Page {
  /** The file it is written to. */
  readonly file: string;
  readonly title: string;
  readonly description: string;
  readonly html: string;
  /** A script of the page's own, by its file. */
  readonly script?: string;
  /** Whether it is wider than a text. */
  readonly wide?: boolean;
}

const LIVE: readonly (readonly [file: string, name: string])[] = [
  ['index.html', 'bptt'],
  ['derivations.html', 'Derivations'],
  ['time.html', 'Back through time'],
  ['judge.html', 'Is my derivation right?'],
];

export function framed({ file, title, description, html, script, wide = false }: Page, preview: string): string {
  const links = LIVE.map(([to, name]) => {
    const current = to === file ? ' aria-current="page"' : '';
    return `<a href="${to}"${current}>${escaped(name)}</a>`;
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="${escaped(description)}">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)} · bptt</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M13 3v6a3 3 0 0 1-3 3H4m3-3-3 3 3 3' fill='none' stroke='%23077a7d' stroke-width='2'/%3E%3C/svg%3E">
<link rel="stylesheet" href="style.css">
</head>
<body>
<a class="skip" href="#content">To the text</a>
<header><nav aria-label="Site">${links.join('')}</nav></header>
<main id="content"${wide ? ' class="wide"' : ''}>
${html}
</main>
<footer>Every gradient derived by hand, written as equations, and proven. No page asks any other host for anything.</footer>
${preview}${script ? `<script type="module" src="${script}"></script>` : ''}
</body>
</html>
`;
}
