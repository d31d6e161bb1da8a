/** A run as a picture: the time of every case, ours and every peer's, on a logarithmic axis. */
import type { Report } from './report.ts';

interface Point {
  readonly row: string;
  readonly who: string;
  readonly ms: number;
  readonly low: number;
  readonly high: number;
}

const SYMBOLS = [
  'circle',
  'triangle',
  'square',
  'diamond',
  'star',
  'cross',
  'wye',
  'times',
  'plus',
  'asterisk',
] as const;
/** Pixels of a row, of a name in the legend, and around. */
const [ROW, ENTRY, LEFT, WIDTH] = [16, 190, 260, 1000] as const;

/** An SVG document. */
export async function chart({ cases, machine }: Report): Promise<string> {
  const points = cases.flatMap(({ name, backend, precision, ms, spread, peers }): Point[] => {
    const row = `${name} ${precision}`;
    const point = (who: string, time: number, [low, high]: readonly [number, number]) => ({
      row,
      who,
      ms: time,
      low,
      high,
    });
    return [point(`bptt ${backend}`, ms, spread), ...peers.map(peer => point(peer.name, peer.ms, peer.spread))];
  });
  const names = [...new Set(points.map(({ who }) => who))];
  const rows = [...new Set(points.map(({ row }) => row))];
  const perLine = Math.floor((WIDTH - LEFT) / ENTRY);
  const legend = names.map((who, n) => ({ who, dx: (n % perLine) * ENTRY, dy: Math.floor(n / perLine) * 16 }));
  const top = 40 + 16 * Math.ceil(names.length / perLine);
  const symbol = (who: string) => SYMBOLS[names.indexOf(who) % SYMBOLS.length] ?? 'circle';
  const fill = (who: string) => (who.startsWith('bptt') ? 'black' : 'white');

  const Plot = await import('@observablehq/plot');
  const { parseHTML } = await import('linkedom');
  const { document } = parseHTML('<html></html>');
  const svg = Plot.plot({
    document,
    width: WIDTH,
    height: top + 75 + ROW * rows.length,
    marginLeft: LEFT,
    marginRight: 20,
    marginTop: top,
    marginBottom: 72,
    style: { background: 'white', color: 'black', fontSize: '11px' },
    x: {
      type: 'log',
      label: 'milliseconds',
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: 36,
      grid: true,
    },
    y: { domain: rows, label: null },
    marks: [
      Plot.ruleY(points, { x1: 'low', x2: 'high', y: 'row', stroke: '#999' }),
      ...names.map(who =>
        Plot.dot(
          points.filter(point => point.who === who),
          { x: 'ms', y: 'row', symbol: symbol(who), fill: fill(who), stroke: 'black', r: 3.5 },
        ),
      ),
      ...legend.flatMap(({ who, dx, dy }) => {
        const at = { frameAnchor: 'top-left' as const, dy: dy - top + 16 };
        return [
          Plot.dot([who], { ...at, dx, symbol: symbol(who), fill: fill(who), stroke: 'black', r: 3.5 }),
          Plot.text([who], { ...at, dx: dx + 8, dy: at.dy - 6, textAnchor: 'start' }),
        ];
      }),
      Plot.text([`npm run bench on ${machine.cpu}, Node ${machine.node}. Lines: from quartile to quartile.`], {
        frameAnchor: 'bottom-left',
        dy: 62,
        fill: '#333',
      }),
    ],
  });
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  return `${svg.outerHTML}\n`;
}
