/** The pictures of `bptt flow`: black on white, every axis with its unit, and below each the command that made it. */
import { greatest, least } from '../extremes.ts';
import { draw, type Library } from '../plot.ts';
import type { Chart } from './claims/claim.ts';
import type { Compared } from './compare.ts';
import { type Complex, modulus } from './spectrum.ts';
import type { Study } from './study.ts';

/** A picture: its file's name without `.svg`, what it shows, and the picture. */
export interface Figure {
  readonly name: string;
  readonly title: string;
  readonly svg: string;
}

type Point = readonly [x: number, y: number];
type Options = Parameters<Library['plot']>[0];
type Mark = NonNullable<NonNullable<Options>['marks']>[number];

/** What is smaller is not drawn on a logarithmic axis. */
const FLOOR = 1e-30;
const DASHES = ['none', '8 4', '2 3', '8 3 2 3', '1 5', '12 3'];

const SIZE = {
  width: 800,
  height: 450,
  marginLeft: 65,
  marginRight: 190,
  marginTop: 30,
  marginBottom: 90,
  style: { background: 'white', color: 'black', fontSize: '12px' },
};

/** Named lines, told apart by dashes and by the names at their ends; on a logarithmic axis without what is below 1e-30. */
export function plotChart({ x, y, log, series }: Chart, caption: string, bands: readonly Mark[] = []): Promise<string> {
  const drawn = series.map(({ name, points }) => ({
    name,
    points: points.filter(([, v]) => (log ? v >= FLOOR : true) && v < Number.POSITIVE_INFINITY),
  }));
  const shown = drawn.flatMap(({ points }) => points.map(([, v]) => v));
  const ends = endsOf(drawn, log);
  return draw(Plot => ({
    ...SIZE,
    x: { label: x, labelAnchor: 'center', labelArrow: 'none', labelOffset: 36 },
    y: {
      label: log ? `${y} (logarithmic)` : y,
      labelArrow: 'up',
      grid: true,
      ...(log && { type: 'log' as const, domain: decades(shown), tickFormat: '.0e', ticks: powersOf10(shown) }),
    },
    marks: [
      ...bands,
      ...drawn.map(({ points }, n) =>
        Plot.line(points as Point[], {
          stroke: 'black',
          strokeWidth: 1.5,
          strokeDasharray: DASHES[n % DASHES.length] ?? 'none',
        }),
      ),
      Plot.dot(
        drawn.flatMap(({ points }) => (points.length === 1 ? (points as Point[]) : [])),
        { fill: 'black', r: 3.5 },
      ),
      Plot.text(ends, { x: 'x', y: 'y', text: 'name', textAnchor: 'start', dx: 8 }),
      captionOf(Plot, caption),
    ],
  }));
}

/** What reaches back in each network, the median over the seeds, the quartiles in grey. */
export async function plotCompared(networks: readonly Compared[], caption: string): Promise<string> {
  const Plot = await import('@observablehq/plot');
  const bands = networks.map(({ fading }) => {
    const area = fading.map(({ q1, q3 }, n) => ({ n, q1: Math.max(q1, FLOOR), q3: Math.max(q3, FLOOR) }));
    return Plot.areaY(
      area.filter(({ q3 }) => q3 > FLOOR),
      { x: 'n', y1: 'q1', y2: 'q3', fill: '#ddd' },
    );
  });
  const series = networks.map(({ name, fading }) => ({
    name,
    points: fading.map(({ median }, n) => [n, median] as const),
  }));
  const [x, y] = ['distance back from the last step (steps)', 'norm of what arrives, root mean square'];
  return plotChart({ x, y, log: true, series }, `${caption}. Median of the seeds; grey: quartiles.`, bands);
}

/** Greys of a heat map, and the decades below the largest that they stand for. */
const DECADES = 8;
/** Steps of a heat map a side; of longer sequences every so manieth is shown. */
const CELLS = 40;

/** R[t][j] as a map in greys, black where the most arrives. */
export function plotReach({ reach, steps }: Study, caption: string): Promise<string> {
  const every = Math.ceil(steps / CELLS);
  const most = greatest(reach.flat());
  const cells = reach.flatMap((row, t) =>
    row.flatMap((norm, n) => {
      const j = n + 1;
      const below = Math.log10(most / norm);
      if (t > j || t % every || j % every || !(below < DECADES)) return [];
      return [{ x1: j, x2: j + every, y1: t, y2: t + every, fill: grey(below) }];
    }),
  );
  const [end, side] = [steps + every, (steps + every) / (DECADES + 1)];
  const legend = Array.from({ length: DECADES + 1 }, (_, below) => ({
    x1: end * 1.06,
    x2: end * 1.1,
    y1: below * side,
    y2: (below + 1) * side,
    fill: below < DECADES ? grey(below) : 'white',
    label: `${below < DECADES ? '' : '≤ '}${(most * 10 ** -below).toExponential(0)}`,
  }));
  const text = legend.map(({ x2, y1, label }) => ({ x: x2, y: y1 + side / 2, label }));
  const which = every === 1 ? '' : `, every ${every} steps`;
  return draw(Plot => ({
    ...SIZE,
    width: 620,
    height: 520,
    marginRight: 30,
    x: {
      label: `step j of the loss${which}`,
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: 36,
      domain: [0, end * 1.25],
      ticks: ticksTo(steps),
    },
    y: {
      label: 'step t of the state it reaches',
      labelArrow: 'down',
      reverse: true,
      domain: [0, end],
      ticks: ticksTo(steps),
    },
    marks: [
      Plot.rect([...cells, ...legend], { x1: 'x1', x2: 'x2', y1: 'y1', y2: 'y2', fill: 'fill' }),
      Plot.rect(legend, { x1: 'x1', x2: 'x2', y1: 'y1', y2: 'y2', stroke: 'black', strokeWidth: 0.5 }),
      Plot.text(text, { x: 'x', y: 'y', text: 'label', textAnchor: 'start', dx: 6 }),
      captionOf(Plot, `${caption}. Grey: ‖∂l_j/∂h_t‖.`),
    ],
  }));
}

/** Eigenvalues in the complex plane, with the unit circle: of J_T, and of W where there is one. */
export function plotSpectra({ lastStep, recurrent }: Study, caption: string): Promise<string> {
  const W = recurrent?.eigenvalues ?? [];
  const extent = Math.max(1.1, greatest([...lastStep, ...W].map(modulus))) * 1.08;
  const circle = Array.from({ length: 121 }, (_, n): Point => {
    const angle = (2 * Math.PI * n) / 120;
    return [Math.cos(angle), Math.sin(angle)];
  });
  const at = { x: (lambda: Complex) => lambda.re, y: (lambda: Complex) => lambda.im };
  const crosses = W.length > 0 ? '; crosses: of W' : '';
  return draw(Plot => ({
    ...SIZE,
    width: 560,
    height: 585,
    marginRight: 30,
    x: {
      label: 'real part',
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: 36,
      domain: [-extent, extent],
      grid: true,
    },
    y: { label: 'imaginary part', labelArrow: 'up', domain: [-extent, extent], grid: true },
    marks: [
      Plot.line(circle, { stroke: 'black', strokeDasharray: '4 4' }),
      Plot.dot(lastStep, { ...at, fill: 'black', r: 2.5 }),
      Plot.dot(W, { ...at, symbol: 'times', stroke: 'black', r: 4 }),
      captionOf(Plot, `${caption}. Dots: eigenvalues of the last step’s Jacobian${crosses}.`),
    ],
  }));
}

/** Lyapunov exponents in falling order; those that are −∞ are left out, and said to be. */
export function plotExponents({ exponents: { exponents } }: Study, caption: string): Promise<string> {
  const finite = exponents.filter(Number.isFinite).map((rate, i) => ({ i: i + 1, rate }));
  const missing = exponents.length - finite.length;
  return draw(Plot => ({
    ...SIZE,
    marginRight: 30,
    x: { label: 'i, the exponents in falling order', labelAnchor: 'center', labelArrow: 'none', labelOffset: 36 },
    y: { label: 'Lyapunov exponent λ_i (nats a step)', labelArrow: 'up', grid: true },
    marks: [
      Plot.ruleY([0], { strokeDasharray: '4 4' }),
      Plot.dot(finite, { x: 'i', y: 'rate', fill: 'black', r: 2.5 }),
      captionOf(Plot, `${caption}.${missing > 0 ? ` ${missing} of ${exponents.length} are −∞.` : ''}`),
    ],
  }));
}

function captionOf(Plot: Library, caption: string): Mark {
  return Plot.text([caption], { frameAnchor: 'bottom-left', lineAnchor: 'top', lineWidth: 58, dy: 50, fill: '#333' });
}

function grey(decadesBelow: number): string {
  const level = Math.round((Math.max(0, decadesBelow) / DECADES) * 255);
  return `rgb(${level},${level},${level})`;
}

/** Round numbers from 0 to `end`, about six. */
function ticksTo(end: number): number[] {
  const every = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000].find(step => end / step <= 6) ?? end;
  return Array.from({ length: Math.floor(end / every) + 1 }, (_, n) => n * every);
}

/** What a power of ten may be off by and still be meant. */
const ROUNDING = 1e-6;

/** The highest power of ten that is a number. */
const HIGHEST = 308;

/** Whole decades around some numbers. */
function decades(values: readonly number[]): [number, number] {
  const logs = values.map(Math.log10);
  const [low, high] = [
    Math.floor(Math.min(0, least(logs)) + ROUNDING),
    Math.ceil(Math.max(0, greatest(logs)) - ROUNDING),
  ];
  return [10 ** low, 10 ** Math.min(HIGHEST, Math.max(high, low + 1))];
}

/** The powers of ten between them, about eight. */
function powersOf10(values: readonly number[]): number[] {
  const [low, high] = decades(values).map(value => Math.round(Math.log10(value)));
  const [from, to] = [low ?? 0, high ?? 0];
  const every = Math.ceil((to - from) / 8);
  return Array.from({ length: Math.floor((to - from) / every) + 1 }, (_, n) => 10 ** (to - n * every));
}

/** The names at the ends of the lines, moved up until none covers another. */
function endsOf(
  series: Chart['series'],
  log: boolean,
): { readonly x: number; readonly y: number; readonly name: string }[] {
  const to = (y: number) => (log ? Math.log10(y) : y);
  const ys = series.flatMap(({ points }) => points.map(([, y]) => to(y)));
  const height = (Math.max(greatest(ys), log ? 0 : Number.NEGATIVE_INFINITY) - least(ys)) / 22;
  let below = Number.NEGATIVE_INFINITY;
  return series
    .flatMap(({ name, points }) => points.slice(-1).map(([x, y]) => ({ x, y: to(y), name })))
    .sort((a, b) => a.y - b.y)
    .map(({ x, y, name }) => {
      below = Math.max(y, below + height);
      return { x, y: log ? 10 ** Math.min(HIGHEST, below) : below, name };
    });
}
