/** What goes into a step, or arrives at it: a picture for every part. */
import type { AbstractMatrix } from 'bptt';
import { besideIt } from './equations.ts';
import { Squares } from './squares.ts';

type Change = (name: string, n: number, value: number) => void;

export class StateMaps {
  readonly #place: HTMLElement;
  #squares: Squares[] = [];
  #names: readonly string[] = [];
  #change: Change | undefined;
  #numeric: (name: string) => Float64Array | undefined = () => undefined;

  constructor(place: HTMLElement) {
    this.#place = place;
  }

  /** @param change is told what the first is dragged to, where it can be. @param taken names of those that are marked. */
  update(
    matrices: Readonly<Record<string, AbstractMatrix>>,
    change: Change | undefined,
    taken: ReadonlySet<string>,
  ): void {
    this.#names = Object.keys(matrices);
    this.#change = change;
    if (this.#squares.length !== this.#names.length) {
      this.#squares = this.#names.map((_, n) => {
        const isOpen = n === 0 && change !== undefined;
        const also = (index: number) => besideIt(this.#numeric(this.#names[n] ?? ''), index);
        const moved = (index: number, value: number) => this.#change?.(this.#names[n] ?? '', index, value);
        return new Squares(isOpen ? { also, change: moved } : { also });
      });
      this.#place.replaceChildren(...this.#squares.map(({ element }) => element));
    }
    for (const [n, [name, matrix]] of Object.entries(matrices).entries()) {
      const squares = this.#squares[n] as Squares;
      squares.update(name, matrix);
      squares.taken = taken.has(name);
    }
  }

  /** Where finite differences of a part are found, by its name. */
  beside(numeric: (name: string) => Float64Array | undefined): void {
    this.#numeric = numeric;
  }
}
