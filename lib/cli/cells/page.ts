/**
 * The page of `bptt cells`: a text coloured by a unit's activation, and a choice of units. One file that asks for no other.
 * Without its script it shows the first unit.
 */

import { escaped } from '../html.ts';
import { type CellsReport, COLUMNS, rowOf, signed, subjectOf } from './report.ts';
import { coloursOf, printable, SHADES, shadeOf } from './shades.ts';

/** The whole page, as HTML. */
export function cellsPage(report: CellsReport): string {
  const { found, read, unit, excerpt, command } = report;
  const title = `What the units of ${report.checkpoint} track`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>
${STYLE}
${shades()}
</style>
</head>
<body>
<h1>${escaped(title)}</h1>
<p>${subjectOf(report).map(escaped).join(' ')}</p>
${table(report)}
<p>r is the correlation of a unit with what it tracks. The unit is the one with the largest |r| where units were chosen;
held out, it is held to account. Chance 99&nbsp;%: what |r| exceeds, on the held-out part, at one in a hundred shifts of the
text against the unit; p: the part of shifts with an |r| as large. Symbol: |r| of the best guess from the present symbol
alone, which takes no memory. Next: other units by |r| where units were chosen, with r as held out.${absent(found.absent)}</p>
<p><label>Coloured by unit <select id="unit">${choices(report)}</select></label>
<span id="legend">${legend(excerpt.scale)}</span></p>
<div id="text" aria-label="the text, coloured">${excerpt.symbols.map((symbol, t) => span(symbol, excerpt.bytes[t * excerpt.m + unit])).join('')}</div>
<p class="caption">The first ${excerpt.symbols.length} symbols of the held-out part of ${escaped(read.file)}. Made by
<code>${escaped(command)}</code></p>
<script type="application/json" id="data">${data(report)}</script>
<script>
${SCRIPT}
</script>
</body>
</html>
`;
}

const STYLE = `body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 16px/1.5 serif; color: #000; background: #fff; }
h1 { font-size: 1.4rem; }
table { border-collapse: collapse; }
th, td { padding: 0.1rem 0.6rem; border-bottom: 1px solid #999; text-align: right; font-variant-numeric: tabular-nums; }
th:first-child, td:first-child, th:last-child, td:last-child { text-align: left; }
#text { font: 15px/1.6 monospace; white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid #999; padding: 0.5rem; }
#text, #legend { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
#legend span { padding: 0.2rem 0.3rem; }
.caption { font-size: 0.9rem; color: #333; }`;

/** Runs in the page: colours the text by the unit that is chosen. Bytes and shades are as in `cells-shades.ts`. */
const SCRIPT = `const { m, scale, values } = JSON.parse(document.getElementById('data').textContent);
const bytes = Uint8Array.from(atob(values), c => c.charCodeAt(0));
const spans = document.querySelectorAll('#text span');
const select = document.getElementById('unit');
function colour() {
  const unit = Number(select.value);
  spans.forEach((span, t) => {
    const byte = bytes[t * m + unit];
    span.className = 's' + (byte >> 4);
    span.title = ((byte / 127.5 - 1) * scale).toFixed(2);
  });
}
select.addEventListener('change', colour);
for (const button of document.querySelectorAll('button')) {
  button.addEventListener('click', () => {
    select.value = button.textContent;
    colour();
  });
}
colour();`;

function shades(): string {
  return Array.from({ length: SHADES }, (_, shade) => {
    const { back, front } = coloursOf(shade);
    return `.s${shade} { background: rgb(${back.join(' ')}); color: rgb(${front.join(' ')}); }`;
  }).join('\n');
}

function table({ found }: CellsReport): string {
  const head = COLUMNS.map(name => `<th>${escaped(name)}</th>`).join('');
  const rows = found.tracked.map(tracking => {
    const cells = rowOf(tracking).map(
      (text, n) => `<td>${n === 1 ? `<button type="button">${text}</button>` : escaped(text)}</td>`,
    );
    return `<tr>${cells.join('')}</tr>`;
  });
  return `<table id="tracked">\n<thead><tr>${head}</tr></thead>\n<tbody>\n${rows.join('\n')}\n</tbody>\n</table>`;
}

function choices({ found, unit }: CellsReport): string {
  const named = (j: number): string =>
    found.tracked
      .filter(tracking => tracking.unit === j)
      .map(({ name, heldOut }) => `${name} ${signed(heldOut[j])}`)
      .join(', ');
  return Array.from({ length: found.m }, (_, j) => {
    const tracks = named(j);
    return `<option value="${j}"${j === unit ? ' selected' : ''}>${j}${tracks === '' ? '' : ` (${escaped(tracks)})`}</option>`;
  }).join('');
}

function legend(scale: number): string {
  const marks = new Map([
    [0, `−${scale.toPrecision(3)}`],
    [SHADES / 2, '0'],
    [SHADES - 1, `+${scale.toPrecision(3)}`],
  ]);
  return Array.from({ length: SHADES }, (_, s) => `<span class="s${s}">${marks.get(s) ?? '&nbsp;'}</span>`).join('');
}

function span(symbol: string, byte: number = 0): string {
  return `<span class="s${shadeOf(byte)}">${escaped(printable(symbol))}</span>`;
}

function absent(names: readonly string[]): string {
  return names.length === 0 ? '' : ` Not in the text: ${escaped(names.join(', '))}.`;
}

/** JSON that ends no script element. */
function data({ excerpt: { bytes, m, scale } }: CellsReport): string {
  return JSON.stringify({ m, scale, values: Buffer.from(bytes).toString('base64') }).replaceAll('<', '\\u003c');
}
