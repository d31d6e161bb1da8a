/** Plots as SVG. The plotting library is loaded when the first plot is drawn. */
import type { Curves } from '../demos/demo.ts';
import { greatest, least } from '../extremes.ts';
import { shownLines } from '../foreign.ts';
import type { Baselines } from '../models/baselines.ts';
import type { TrainingStep } from '../models/char-trainer.ts';

/** What is drawn. */
export interface LossPlot {
  readonly rows: readonly TrainingStep[];
  /** Symbols a step. */
  readonly chunk: number;
  /** Absent where nothing is held out. */
  readonly baselines?: Baselines;
  /** The held-out loss after the last row. */
  readonly heldOut?: number;
  /** What made the picture: the command, for the caption. */
  readonly caption: string;
}

/** The loss over the characters read: of each chunk, smoothed, and beside the baselines. */
export function plotLoss({ rows, chunk, baselines, heldOut, caption }: LossPlot): Promise<string> {
  const points = rows.map(({ step, loss, smoothed }) => ({ characters: step * chunk, loss, smoothed }));
  const last = Math.max(greatest(points.map(({ characters }) => characters)), 1);
  const levels = baselines
    ? [
        { loss: baselines.uniform, name: 'uniform (every symbol equally likely)' },
        { loss: baselines.unigram, name: 'unigram, held-out text' },
      ]
    : [];
  const end =
    heldOut === undefined ? [] : [{ characters: last, loss: heldOut, name: `held-out ${heldOut.toFixed(2)}` }];
  return draw(Plot => ({
    width: 800,
    height: 450,
    marginLeft: 50,
    marginRight: 110,
    marginTop: 30,
    marginBottom: 72,
    style: { background: 'white', color: 'black', fontSize: '12px' },
    x: {
      label: 'characters read',
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: 36,
      domain: [0, last],
      tickFormat: '~s',
      ticks: 8,
    },
    y: { label: 'loss (nats per character)', labelArrow: 'up', grid: true, zero: true },
    marks: [
      Plot.lineY(points, { x: 'characters', y: 'loss', stroke: '#bbb', strokeWidth: 0.75 }),
      Plot.lineY(points, { x: 'characters', y: 'smoothed', stroke: 'black', strokeWidth: 2 }),
      Plot.ruleY(levels, { y: 'loss', stroke: 'black', strokeDasharray: '6 4' }),
      Plot.text(levels, {
        x: last,
        y: 'loss',
        text: 'name',
        textAnchor: 'end',
        dy: -8,
        stroke: 'white',
        fill: 'black',
      }),
      Plot.dot(end, { x: 'characters', y: 'loss', fill: 'black', r: 5 }),
      Plot.text(end, { x: 'characters', y: 'loss', text: 'name', textAnchor: 'start', dx: 10 }),
      Plot.text([`${caption}. Grey: each chunk; black: smoothed.`], {
        frameAnchor: 'bottom-left',
        dy: 62,
        fill: '#333',
      }),
      Plot.ruleY([0]),
    ],
  }));
}

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
