/** Cells side by side over the same inputs: how the gradient comes back through each. */
import { type AbstractMatrix, type Cell, cells } from 'bptt';
import { Network } from './network.ts';
import { gradientsAt, normOf, type Passes, passesOf } from './passes.ts';
import type { View } from './scene.ts';
import { Squares } from './squares.ts';

/** Which, and what they are called. */
const BESIDE = { rnn: 'Vanilla', lstm: 'LSTM', gru: 'GRU' } as const;

interface Column {
  readonly cell: Cell;
  readonly network: Network;
  readonly says: HTMLParagraphElement;
  readonly maps: HTMLElement;
  readonly squares: Map<string, Squares>;
  /** Of the scene that was shown last. */
  passes?: Passes;
}

export class Columns {
  readonly #columns: readonly Column[];
  #scene = '';
  #seen = '';

  /** @param choose is told which step is pointed at. */
  constructor(place: HTMLElement, choose: (t: number) => void) {
    this.#columns = Object.entries(BESIDE).map(([name, title]) => {
      const section = document.createElement('section');
      section.dataset.cell = name;
      const head = document.createElement('h3');
      head.textContent = title;
      const network = new Network(choose);
      const says = document.createElement('p');
      says.className = 'beside';
      const maps = document.createElement('div');
      maps.className = 'maps';
      section.append(head, network.element, says, maps);
      place.append(section);
      return { cell: cells[name] as Cell, network, says, maps, squares: new Map() };
    });
  }

  update(view: View, pass: 'forward' | 'backward'): void {
    const { t, T, m, seed, changed } = view;
    const scene = JSON.stringify([T, m, seed, changed]);
    const seen = `${scene} ${t} ${pass}`;
    if (seen === this.#seen) return;
    this.#seen = seen;
    for (const column of this.#columns) {
      const { cell, network, says, maps, squares } = column;
      if (scene !== this.#scene || !column.passes) column.passes = passesOf(cell, view, t);
      const { passes } = column;
      const norms = passes.steps.map(({ arrives }) => normOf(arrives.h));
      network.update({ norms, t, pass, loss: passes.loss });
      const left = (norms[0] ?? Number.NaN) / (norms.at(-1) || 1);
      says.textContent = `Of dL/dh, ${left.toExponential(1)} is left ${T - 1} steps back.`;
      const step = passes.steps[t - 1];
      const sums = Object.entries(gradientsAt(passes, t).sums).filter(([name]) => name.startsWith('W'));
      const shown: [key: string, title: string, matrix: AbstractMatrix | undefined][] = [
        ['h', `h_${t}`, step?.next.h],
        ['dh', `dL/dh_${t}`, step?.arrives.h],
        ...sums.map(([name, sum]): [string, string, AbstractMatrix] => [name, `d${name} so far`, sum]),
      ];
      for (const [key, title, matrix] of shown) {
        const own = squares.get(key) ?? new Squares();
        if (!squares.has(key)) maps.append(own.element);
        squares.set(key, own);
        if (matrix) own.update(title, matrix);
      }
    }
    this.#scene = scene;
  }
}
