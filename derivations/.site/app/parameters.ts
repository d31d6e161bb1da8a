/** The parameters of a cell, which can be dragged, beside what a step adds to their gradients and what has come together. */
import type { AbstractMatrix } from 'bptt';
import { furthest } from './differences.ts';
import { besideIt } from './equations.ts';
import type { Named } from './passes.ts';
import { Squares } from './squares.ts';
import type { Differences } from './time-messages.ts';

interface Shown {
  readonly own: Squares;
  readonly adds: Squares;
  readonly sum: Squares;
  readonly beside: HTMLParagraphElement;
}

export class Parameters {
  readonly #place: HTMLElement;
  #shown: Readonly<Record<string, Shown>> = {};
  #differences: Differences = {};
  #gradients: { readonly adds: Named; readonly sums: Named } = { adds: {}, sums: {} };

  constructor(place: HTMLElement) {
    this.#place = place;
  }

  /** Other parameters. @param change is told which number is dragged to what. */
  begin(names: readonly string[], change: (name: string, n: number, value: number) => void): void {
    const entries = names.map((name): [string, Shown] => {
      const numeric = (which: string) => ({
        also: (n: number) => besideIt(this.#differences[`${name} ${which}`], n),
      });
      const own = new Squares({ change: (n, value) => change(name, n, value) });
      const beside = document.createElement('p');
      beside.className = 'beside';
      return [name, { own, adds: new Squares(numeric('adds')), sum: new Squares(numeric('sum')), beside }];
    });
    this.#shown = Object.fromEntries(entries);
    this.#place.replaceChildren(
      ...entries.map(([name, { own, adds, sum, beside }]) => {
        const row = document.createElement('div');
        row.className = 'parameter';
        row.dataset.name = name;
        row.append(own.element, adds.element, sum.element, beside);
        return row;
      }),
    );
  }

  update(params: Named, gradients: { readonly adds: Named; readonly sums: Named }, t: number, T: number): void {
    this.#gradients = gradients;
    for (const [name, { own, adds, sum }] of Object.entries(this.#shown)) {
      own.update(name, params[name] as AbstractMatrix);
      adds.update(`d${name}, of step ${t}`, gradients.adds[name] as AbstractMatrix);
      sum.update(t === T ? `d${name} so far` : `d${name}, steps ${T} to ${t}`, gradients.sums[name] as AbstractMatrix);
    }
  }

  beside(differences: Differences): void {
    this.#differences = differences;
    for (const [name, { beside }] of Object.entries(this.#shown)) {
      const off = [
        furthest(this.#gradients.adds[name], differences[`${name} adds`]),
        furthest(this.#gradients.sums[name], differences[`${name} sum`]),
      ].filter(far => far !== undefined);
      beside.textContent =
        off.length === 2 ? `finite differences: ${Math.max(...off).toExponential(0)} off at most` : '';
    }
  }

  /** Marks those that the equation that is looked at is made of. */
  take(names: ReadonlySet<string>): void {
    for (const [name, { own }] of Object.entries(this.#shown)) own.taken = names.has(name);
  }
}
