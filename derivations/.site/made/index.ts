/** What is computed, measured or drawn while the site is built. */
import { plotChart } from '../../../lib/flow/figures.ts';
import { escaped } from '../escaped.ts';
import type { Made } from '../guides.ts';
import { errataCharts } from './errata.ts';
import { proofs } from './proofs.ts';
import { measured, speedPicture, speedTable } from './speed.ts';

/** All of it, by the names that guides have for it. */
export async function made(): Promise<Made> {
  const report = measured();
  const charts = Object.entries(errataCharts).map(async ([name, chart]) => {
    const found = chart();
    const words = `${found.y} over ${found.x}: ${found.series.map(series => series.name).join('; ')}`;
    return [`picture ${name}`, picture(await plotChart(found, ''), words)] as const;
  });
  return new Map([
    ...(await Promise.all(charts)),
    ['picture speed', picture(await speedPicture(report), 'The time of each peer over ours, a row a case')],
    ['table speed', speedTable(report)],
    ['table proofs', proofsTable()],
  ]);
}

/** A picture in the page's own colours, light or dark. */
function picture(svg: string, words: string): string {
  const themed = svg
    .replace(/background: ?white/g, 'background: none')
    .replace(/(?<=[" ;])color: ?black/g, 'color: inherit')
    .replace(/"(?:black|#333)"/g, '"currentColor"')
    .replace(/ aria-[a-z]+="[^"]*"/g, '') // its parts are said once, by the whole
    .replace(/^<svg /, `<svg role="img" aria-label="${escaped(words)}" `);
  return `<div class="plot scrolls" tabindex="0">${themed}</div>`;
}

function proofsTable(): string {
  const rows = proofs().map(({ name, right, planted }) => {
    return `<tr><td><code>${name}</code></td><td>${right.verdict}</td><td>${right.cases} problems of ${right.tensors.length} gradients</td><td>${right.chance.toExponential(0)}</td><td>${planted.ok ? 'NOT SEEN' : 'caught'}</td></tr>`;
  });
  return `<div class="scrolls" tabindex="0"><table class="narrowless"><thead><tr><th>Cell</th><th>Verdict</th><th>On</th><th>Chance of a miss</th><th>Planted</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}
