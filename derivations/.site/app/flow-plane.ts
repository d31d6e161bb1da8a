/** Eigenvalues in the complex plane, with the unit circle, as SVG. */
import * as Plot from '@observablehq/plot';
import type { Complex } from 'bptt/flow';

export interface Spectra {
  /** Of ∂s_T/∂s_{T−1}, and of the recurrent matrix where there is but one. */
  readonly lastStep: readonly Complex[];
  readonly recurrent: readonly Complex[];
}

/** Draws them into a place: axes of one scale, around all that is drawn. */
export function drawPlane(place: HTMLElement, { lastStep, recurrent }: Spectra): void {
  const all = [...lastStep, ...recurrent].flatMap(({ re, im }) => [Math.abs(re), Math.abs(im)]);
  const reach = 1.1 * all.reduce((most, value) => Math.max(most, value), 1);
  const side = Math.min(place.clientWidth, 380);
  const circle = Array.from({ length: 181 }, (_, n) => [Math.cos((n * Math.PI) / 90), Math.sin((n * Math.PI) / 90)]);
  const axis = { domain: [-reach, reach], ticks: 5, labelArrow: 'none', labelAnchor: 'center' } as const;
  const svg = Plot.plot({
    ...{ width: side, height: side, marginLeft: 48, marginRight: 12, marginTop: 12, marginBottom: 48 },
    style: { background: 'transparent', color: 'var(--ink)', fontSize: '12px', fontFamily: 'inherit' },
    x: { ...axis, label: 'real part', labelOffset: 38 },
    y: { ...axis, label: 'imaginary part', labelOffset: 42 },
    marks: [
      Plot.ruleX([0], { stroke: 'var(--line)' }),
      Plot.ruleY([0], { stroke: 'var(--line)' }),
      Plot.line(circle as [number, number][], { stroke: 'var(--faint)', strokeDasharray: '3 3' }),
      Plot.dot(recurrent, { x: 're', y: 'im', r: 4, stroke: 'var(--ink)', strokeWidth: 1.5 }),
      Plot.dot(lastStep, { x: 're', y: 'im', r: 3, fill: 'var(--accent)' }),
    ],
  });
  for (const part of svg.querySelectorAll('g[aria-label]')) part.removeAttribute('aria-label'); // it is said as a whole
  svg.setAttribute('role', 'img');
  const outside = lastStep.filter(({ re, im }) => Math.hypot(re, im) > 1).length;
  svg.setAttribute('aria-label', `${lastStep.length} eigenvalues of the last step, ${outside} outside the unit circle`);
  place.replaceChildren(svg);
}
