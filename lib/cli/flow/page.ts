/**
 * The report of `bptt flow`: one HTML file with its pictures and its data inside, which asks for nothing else and has no
 * script.
 */
import type { Figure } from '../../flow/figures.ts';
import { escaped } from '../html.ts';

/** What a report says. */
export interface Report {
  readonly title: string;
  /** The command that made it. */
  readonly command: string;
  /** Paragraphs above the table. */
  readonly says: readonly string[];
  /** A head and rows; what is to be read off. */
  readonly table: readonly (readonly string[])[];
  readonly figures: readonly Figure[];
  /** All that was measured, for machines. */
  readonly data: unknown;
}

/** The whole page. */
export function flowPage({ title, command, says, table, figures, data }: Report): string {
  const [head = [], ...rows] = table;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>
${STYLE}
</style>
</head>
<body>
<h1>${escaped(title)}</h1>
${says.map(text => `<p>${escaped(text)}</p>`).join('\n')}
<table>
<thead><tr>${head.map(cell => `<th scope="col">${escaped(cell)}</th>`).join('')}</tr></thead>
<tbody>
${rows.map(rowOf).join('\n')}
</tbody>
</table>
${figures.map(figureOf).join('\n')}
<p class="caption">Made by <code>${escaped(command)}</code></p>
<script type="application/json" id="data">${JSON.stringify(data).replaceAll('<', '\\u003c')}</script>
</body>
</html>
`;
}

const STYLE = `body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 16px/1.5 serif; color: #000; background: #fff; }
h1 { font-size: 1.4rem; }
h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; }
th, td { padding: 0.1rem 0.6rem; border-bottom: 1px solid #999; text-align: left; vertical-align: top; font-variant-numeric: tabular-nums; }
figure { margin: 0; }
svg { max-width: 100%; height: auto; }
.caption { font-size: 0.9rem; color: #333; }`;

function rowOf([name = '', ...cells]: readonly string[]): string {
  return `<tr><th scope="row">${escaped(name)}</th>${cells.map(cell => `<td>${escaped(cell)}</td>`).join('')}</tr>`;
}

/** Class names that the plotting library gives would mean the same in every picture of a page: here each has its own. */
function figureOf({ name, title, svg }: Figure): string {
  const own = svg.replaceAll(/\bplot-[0-9a-f]{5,}\b/g, `plot-${name}`);
  return `<figure id="${escaped(name)}">\n<h2>${escaped(title)}</h2>\n${own.trim()}\n</figure>`;
}
