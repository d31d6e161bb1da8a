/** Plots as SVG, in a figure whose place is reserved. */
import type { Markish, PlotOptions } from '@observablehq/plot';

/** What plots are made of. */
export type Library = typeof import('./plot.ts');

let loading: Promise<Library> | undefined;
const latest = new WeakMap<HTMLElement, number>();

/**
 * Draws what is described into a figure, instead of what was there. Where it is asked for again before it is drawn, the last one counts.
 *
 * @param says what it shows, for those who do not see it.
 */
export async function picture(
  figure: HTMLElement,
  says: string,
  described: (Plot: Library, width: number) => PlotOptions,
): Promise<void> {
  const turn = (latest.get(figure) ?? 0) + 1;
  latest.set(figure, turn);
  loading ??= import(new URL('plot.js', import.meta.url).href) as Promise<Library>;
  const Plot = await loading;
  if (latest.get(figure) !== turn) return;
  const svg = Plot.plot({
    style: {
      background: 'transparent',
      color: 'inherit',
      fontFamily: 'inherit',
      fontSize: '12px',
      overflow: 'visible',
    },
    height: 240,
    ...described(Plot, Math.max(280, figure.clientWidth)),
  });
  for (const part of svg.querySelectorAll('g[aria-label]')) part.removeAttribute('aria-label'); // it is said as a whole
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', says);
  figure.replaceChildren(svg);
}

/** What lines are, one below the other at the right, where no line is. */
export function legend(
  Plot: Library,
  named: readonly { readonly words: string; readonly fill: string }[],
): readonly Markish[] {
  return named.map(({ words, fill }, n) =>
    Plot.text([words], {
      ...{ frameAnchor: 'right', text: () => words, textAnchor: 'start', fill },
      ...{ dx: 8, dy: 18 * (n - (named.length - 1) / 2) },
    }),
  );
}
