/** A matrix as a table of coloured squares: its numbers on hover, and where they may be changed, by dragging up or down. */
import type { AbstractMatrix } from 'bptt';

export interface HeatMapOptions {
  /** Says that number n, row after row, has become another. */
  readonly change?: (n: number, value: number) => void;
}

export function heatMap(title: string, matrix: AbstractMatrix, { change }: HeatMapOptions = {}): HTMLElement {
  const figure = document.createElement('figure');
  figure.className = 'heat';
  figure.dataset.name = title;
  const caption = document.createElement('figcaption');
  caption.textContent = title;
  const grid = document.createElement('div');
  grid.className = change ? 'grid open' : 'grid';
  grid.style.gridTemplateColumns = `repeat(${matrix.columns}, 1fr)`;
  const values = matrix.to1DArray();
  const most = values.reduce((greatest, value) => Math.max(greatest, Math.abs(value)), 0) || 1;
  for (const [n, value] of values.entries()) {
    const square = document.createElement('span');
    square.style.background = colour(value / most);
    square.title = `${title}[${Math.floor(n / matrix.columns)},${n % matrix.columns}] = ${value.toPrecision(6)}`;
    square.dataset.value = String(value);
    if (change) draggable(square, value, next => change(n, next));
    grid.append(square);
  }
  grid.setAttribute('role', 'img');
  grid.setAttribute('aria-label', `${title}, ${matrix.rows} by ${matrix.columns}, ${most.toPrecision(3)} at most`);
  figure.append(caption, grid);
  return figure;
}

/** From blue through the paper's colour to red. */
function colour(share: number): string {
  const percent = (Math.abs(share) * 85).toFixed(0);
  return `color-mix(in srgb, ${share < 0 ? '#2b6cb0' : '#c2410c'} ${percent}%, var(--panel))`;
}

/** Pixels that a number changes by 1 in. */
const PIXELS = 60;

function draggable(square: HTMLElement, value: number, change: (value: number) => void): void {
  square.addEventListener('pointerdown', down => {
    down.preventDefault();
    const move = (event: PointerEvent) => change(value + (down.clientY - event.clientY) / PIXELS);
    const up = () => {
      window.removeEventListener('pointermove', move);
      window.removeEventListener('pointerup', up);
    };
    window.addEventListener('pointermove', move);
    window.addEventListener('pointerup', up);
  });
}
