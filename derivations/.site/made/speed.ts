/** How fast it is, from what `npm run bench -- --save bench/measured.json` has saved. */
import { fastest, type Report } from '../../../bench/report.ts';
import { draw } from '../../../lib/plot.ts';
import { escaped } from '../escaped.ts';
import { readIn } from '../root.ts';

/** What was measured last. */
export const measured = (): Report => JSON.parse(readIn('bench/measured.json')) as Report;

interface Point {
  readonly row: string;
  readonly who: string;
  readonly ratio: number;
}

/** Our own cells as they are derived, a line at a time: no peer. */
const OUR_OWN = 'reference';

/** The time of every peer over ours, where ours takes the fastest of what it can run on. */
export function ratios({ cases }: Report): readonly Point[] {
  return fastest(cases).flatMap(({ name, precision, peers }) =>
    peers
      .filter(({ verified, name: who }) => verified && who !== OUR_OWN)
      .map(({ name: who, ratio }) => ({ row: `${name} ${precision}`, who, ratio })),
  );
}

const SYMBOLS = ['circle', 'triangle', 'square', 'diamond', 'star', 'cross'] as const;
/** Pixels of a row, beside the rows, above and below. */
const [ROW, LEFT, TOP, BOTTOM] = [17, 215, 44, 44] as const;

/** The ratios as a picture: a row a case, the line at 1 where both take the same time. */
export function speedPicture(report: Report): Promise<string> {
  const points = ratios(report);
  const rows = [...new Set(points.map(({ row }) => row))];
  const names = [...new Set(points.map(({ who }) => who))];
  const symbolOf = (who: string) => SYMBOLS[names.indexOf(who) % SYMBOLS.length] ?? 'circle';
  return draw(Plot => ({
    ...{ width: 720, height: TOP + BOTTOM + ROW * rows.length },
    ...{ marginLeft: LEFT, marginRight: 20, marginTop: TOP, marginBottom: BOTTOM },
    style: { background: 'white', color: 'black', fontSize: '12px' },
    x: {
      ...{ type: 'log', label: 'its time over ours: right of 1 ours is faster', labelAnchor: 'center' },
      ...{
        labelArrow: 'none',
        labelOffset: 36,
        grid: true,
        inset: 8,
        ticks: [0.25, 0.5, 1, 2, 4, 8, 16],
        tickFormat: String,
      },
    },
    y: { domain: rows, label: null },
    marks: [
      Plot.ruleX([1], { stroke: 'black' }),
      ...names.map(who =>
        Plot.dot(
          points.filter(point => point.who === who),
          { x: 'ratio', y: 'row', symbol: symbolOf(who), fill: 'black', r: 4 },
        ),
      ),
      ...names.flatMap((who, n) => {
        const [dx, dy] = [10 + (n % 3) * 170, -TOP + 12 + 17 * Math.floor(n / 3)];
        return [
          Plot.dot([who], { frameAnchor: 'top-left', dx, dy, symbol: symbolOf(who), fill: 'black', r: 4 }),
          Plot.text([who], { frameAnchor: 'top-left', dx: dx + 10, dy: dy - 6, textAnchor: 'start' }),
        ];
      }),
    ],
  }));
}

const figure = (x: number): string => (x >= 100 ? x.toFixed(0) : `${Number(x.toPrecision(3))}`);

/** Every case with its time, what it ran on, and the ratio to each peer. */
export function speedTable(report: Report): string {
  const { machine, cases } = report;
  const rows = fastest(cases);
  const names = [...new Set(rows.flatMap(({ peers }) => peers.map(({ name }) => name)))];
  const cells = rows.map(({ name, precision, backend, ms, peers }) => {
    const of = (who: string) => peers.find(peer => peer.name === who);
    const ratio = (who: string) => `<td>${of(who) ? `${figure(of(who)?.ratio ?? 0)}×` : ''}</td>`;
    return `<tr><td>${escaped(name)} ${precision}</td><td>${escaped(backend)}</td><td>${figure(ms)} ms</td>${names.map(ratio).join('')}</tr>`;
  });
  const pinned = Object.entries(machine.pinned).map(([name, value]) => `${name}=${value}`);
  const where = [`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`, machine.blas, ...pinned].filter(
    Boolean,
  );
  const ended = report.stopped ? ' The run was ended before its last case.' : '';
  return `<p>Measured by <code>npm run bench</code> on ${escaped(where.join('; '))}. A case says its inputs d, units m, sequences B and steps T; the time is that of a
pass forward and one back, or, of <code>char-step</code>, of a whole step of training.${ended}</p>
<div class="scrolls" tabindex="0"><table class="figures"><thead><tr><th>Case</th><th>Ours on</th><th>takes</th>${names.map(name => `<th>${escaped(name)}</th>`).join('')}</tr></thead><tbody>${cells.join('')}</tbody></table></div>`;
}
