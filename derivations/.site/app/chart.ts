/** Lines over a common axis, as SVG in the colours of the page. What tells them apart is a dash as well as a colour. */
import * as Plot from '@observablehq/plot';
import type { Chart } from 'bptt/flow';

/** How lines are drawn, the first first. */
const PENS = [
  { stroke: 'var(--accent)', strokeDasharray: 'none' },
  { stroke: 'var(--ink)', strokeDasharray: '7 4' },
  { stroke: 'var(--bad)', strokeDasharray: '2 3' },
  { stroke: 'var(--faint)', strokeDasharray: '9 3 2 3' },
  { stroke: 'var(--good)', strokeDasharray: '1 4' },
  { stroke: 'var(--ink)', strokeDasharray: '12 3' },
] as const;

export interface ChartOptions {
  /** What a screen reader says of it. */
  readonly label: string;
  /** An upright line, with what stands beside it. */
  readonly rule?: { readonly x: number; readonly name: string };
  /** Below this nothing is drawn on a logarithmic axis. */
  readonly least?: number;
}

/** Draws into a place what belongs there, in place of what was. */
export function drawChart(place: HTMLElement, { x, y, log, series }: Chart, options: ChartOptions): void {
  const { label, rule, least = 1e-60 } = options;
  const shown = series.map(({ name, points }) => ({
    name,
    points: points.filter(([, value]) => Number.isFinite(value) && (!log || value > least)),
  }));
  const svg = Plot.plot({
    ...{ width: place.clientWidth, height: 300, marginLeft: 52, marginRight: 14, marginTop: 26, marginBottom: 44 },
    style: {
      background: 'transparent',
      color: 'var(--ink)',
      fontSize: '12px',
      fontFamily: 'inherit',
      overflow: 'visible',
    },
    x: { label: x, labelAnchor: 'center', labelArrow: 'none', labelOffset: 38, ticks: 6 },
    y: { label: y, labelArrow: 'none', grid: true, ticks: 5, ...(log && { type: 'log', tickFormat: power }) },
    marks: [
      ...shown.map(({ points }, n) =>
        Plot.line(points as [number, number][], { ...PENS[n % PENS.length], strokeWidth: 1.8 }),
      ),
      ...(rule ? [Plot.ruleX([rule.x], { stroke: 'var(--faint)' })] : []),
      ...(rule
        ? [
            Plot.text([rule], {
              x: 'x',
              text: 'name',
              frameAnchor: 'top',
              dx: 5,
              dy: 4,
              textAnchor: 'start',
              fill: 'var(--faint)',
            }),
          ]
        : []),
    ],
  });
  for (const part of svg.querySelectorAll('g[aria-label]')) part.removeAttribute('aria-label'); // it is said as a whole
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', label);
  place.replaceChildren(legend(shown.map(({ name }) => name)), svg);
}

function legend(names: readonly string[]): HTMLElement {
  const list = document.createElement('ul');
  list.className = 'legend';
  list.innerHTML = names
    .map((_, n) => {
      const { stroke, strokeDasharray } = PENS[n % PENS.length] ?? PENS[0];
      const line = `<line x1="0" y1="5" x2="30" y2="5" style="stroke:${stroke};stroke-width:2;stroke-dasharray:${strokeDasharray}"/>`;
      return `<li><svg width="30" height="10" aria-hidden="true">${line}</svg><span></span></li>`;
    })
    .join('');
  for (const [n, span] of Array.from(list.querySelectorAll('span')).entries()) span.textContent = names[n] ?? '';
  return list;
}

/** 10⁻³; of a number between, as it is. */
export function power(value: number): string {
  const exponent = Math.log10(value);
  if (!Number.isInteger(Math.round(exponent * 1e9) / 1e9)) return '';
  const whole = Math.round(exponent);
  if (Math.abs(whole) < 3) return `${value}`;
  return `10${Array.from(`${whole}`, digit => ('-' === digit ? '⁻' : ('⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)] ?? ''))).join('')}`;
}
