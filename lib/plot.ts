/** Plots as SVG. The plotting library is loaded when the first plot is drawn. */
import type { Curves } from './demos/demo.ts';
import { greatest, least } from './extremes.ts';
import { shownLines } from './foreign.ts';

/** Named lines over a common axis: told apart by dashes as well as by the names at their ends. */
export function plotCurves({ x, y, series }: Curves, caption: string): Promise<string> {
  const dashes = ['none', '8 4', '2 3', '8 3 2 3', '1 5', '12 3'];
  const ends = apart(
    series.flatMap(({ name, points }) => points.slice(-1).map(([px, py]) => ({ x: px, y: py, name }))),
    series,
  );
  return draw(Plot => ({
    width: 800,
    height: 450,
    marginLeft: 55,
    marginRight: 150,
    marginTop: 30,
    marginBottom: 72,
    style: { background: 'white', color: 'black', fontSize: '12px' },
    x: { label: x, labelAnchor: 'center', labelArrow: 'none', labelOffset: 36 },
    y: { label: y, labelArrow: 'up', grid: true },
    marks: [
      ...series.map(({ points }, n) =>
        Plot.line(points, { stroke: 'black', strokeWidth: 1.5, strokeDasharray: dashes[n % dashes.length] ?? 'none' }),
      ),
      Plot.text(ends, { x: 'x', y: 'y', text: 'name', textAnchor: 'start', dx: 8 }),
      Plot.text([caption], { frameAnchor: 'bottom-left', dy: 62, fill: '#333' }),
    ],
  }));
}

/** Names at the ends of lines, moved up until none covers another. */
function apart(ends: { x: number; y: number; name: string }[], series: Curves['series']): typeof ends {
  const ys = series.flatMap(({ points }) => points.map(([, py]) => py));
  const height = (greatest(ys) - least(ys)) / 20;
  let below = Number.NEGATIVE_INFINITY;
  return ends
    .toSorted((a, b) => a.y - b.y)
    .map(end => {
      below = Math.max(end.y, below + height);
      return { ...end, y: below };
    });
}

/** The plotting library. */
export type Library = typeof import('@observablehq/plot');

/** What is described, as the text of an SVG: XML, whatever foreign text is in it. */
export async function draw(options: (Plot: Library) => Parameters<Library['plot']>[0]): Promise<string> {
  const Plot = await import('@observablehq/plot');
  const { parseHTML } = await import('linkedom');
  const { document } = parseHTML('<html></html>');
  const svg = Plot.plot({ document, ...options(Plot) });
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  return `${shownLines(svg.outerHTML)}\n`;
}
