/** How a loss went down, of what is learnt from and of what is held back. */
import { legend, picture } from './picture.ts';

/** A line: what it is, and its points. */
export interface Course {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** Lines that are drawn: the last is what counts. */
const PENS = [
  { stroke: 'var(--faint)', strokeWidth: 1.25 },
  { stroke: 'var(--accent)', strokeWidth: 2 },
] as const;

/** Draws one or two courses over a common axis; the last is what counts. */
export function lossPicture(
  figure: HTMLElement,
  labels: { readonly x: string; readonly y: string },
  courses: readonly Course[],
): Promise<void> {
  const drawn = courses.filter(({ points }) => points.length > 0);
  const pens = drawn.length === 1 ? PENS.slice(-1) : PENS;
  const now = drawn.map(({ name, points }) => `${name} ${points.at(-1)?.[1].toPrecision(3)}`).join(', ');
  return picture(figure, `${labels.y} over the ${labels.x}: ${now}`, (Plot, width) => ({
    width,
    ...{ marginLeft: 52, marginRight: 84, marginBottom: 38 },
    x: { label: labels.x, labelAnchor: 'center', labelArrow: 'none', ticks: 6, tickFormat: '~s' },
    y: { label: labels.y, labelArrow: 'none', grid: true, ticks: 5 },
    marks: [
      ...drawn.map(({ points }, n) =>
        Plot.line(points as [number, number][], { ...pens[n], marker: points.length < 3 ? 'dot' : 'none' }),
      ),
      ...legend(
        Plot,
        drawn.map(({ name }, n) => ({ words: name, fill: pens[n]?.stroke ?? 'currentColor' })),
      ),
    ],
  }));
}
