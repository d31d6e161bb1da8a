/** The equations of a step as a list: each as a formula with its tag, beside what it makes as pictures of its numbers. */
import type { AbstractMatrix } from 'bptt';
import { furthest } from './differences.ts';
import type { Made, Row } from './listing.ts';
import { Squares } from './squares.ts';
import type { Differences } from './time-messages.ts';

interface Shown {
  readonly element: HTMLLIElement;
  readonly beside: HTMLParagraphElement;
  readonly row: Row;
  readonly makes: readonly { readonly made: Made; readonly squares: Squares }[];
}

export class EquationList {
  readonly #list: HTMLOListElement;
  #rows: readonly Shown[] = [];
  #differences: Differences = {};

  constructor(list: HTMLOListElement) {
    this.#list = list;
  }

  /** Other equations. @param choose is told which of them is pointed at. */
  begin(rows: readonly Row[], choose: (row: Row) => void): void {
    this.#rows = rows.map(row => shownOf(row, choose, made => this.#numeric(made)));
    this.#list.replaceChildren(...this.#rows.map(({ element }) => element));
  }

  /** The numbers of a step, and which equation is looked at. */
  update(values: readonly AbstractMatrix[], current: Row | undefined): void {
    const taken = new Set(current?.takes);
    for (const { element, row, makes } of this.#rows) {
      element.classList.toggle('now', row === current);
      for (const { made, squares } of makes) {
        const matrix = values[made.id];
        if (matrix) squares.update(made.name, matrix);
        squares.taken = taken.has(made.id);
      }
    }
  }

  /** What finite differences say; nothing where it is not known yet. */
  beside(differences: Differences, values: readonly AbstractMatrix[]): void {
    this.#differences = differences;
    for (const { beside, makes } of this.#rows) {
      const off = makes
        .map(({ made }) => furthest(values[made.id], this.#numeric(made)))
        .filter(far => far !== undefined);
      beside.textContent = off.length > 0 ? `finite differences: ${Math.max(...off).toExponential(0)} off at most` : '';
    }
  }

  #numeric({ of, name }: Made): Float64Array | undefined {
    return this.#differences[`#${of}`] ?? this.#differences[`${name.slice(1)} adds`];
  }
}

/** What is said beside a gradient. */
export function besideIt(numeric: Float64Array | undefined, n: number): string {
  const other = numeric?.[n];
  return other === undefined ? '' : `finite difference ${other.toPrecision(6)}`;
}

function shownOf(row: Row, choose: (row: Row) => void, numericOf: (made: Made) => Float64Array | undefined): Shown {
  const { tag, page, math, code, pass } = row;
  const element = document.createElement('li');
  element.className = `line ${pass}`;
  if (tag) element.dataset.tag = tag;
  const formula = document.createElement('div');
  formula.className = 'math scrolls';
  formula.tabIndex = 0;
  formula.setAttribute('role', 'group');
  formula.setAttribute('aria-label', tag ?? 'an equation without a tag');
  if (math)
    formula.innerHTML = math; // the build's, or Temml's
  else formula.append(textOf('code', code?.text ?? row.makes.map(({ name }) => name).join(', ')));
  const head = document.createElement('div');
  head.className = 'says';
  if (tag) head.append(page ? linkOf(tag, `${page}.html#${tag}`) : textOf('strong', tag));
  if (code) head.append(textOf('code', `${code.file.split('/').at(-1)}:${code.line}`, code.text));
  const beside = document.createElement('p');
  beside.className = 'beside';
  const maps = document.createElement('div');
  maps.className = 'maps';
  const makes = row.makes.map(made => {
    const squares = new Squares(pass === 'backward' ? { also: n => besideIt(numericOf(made), n) } : {});
    maps.append(squares.element);
    return { made, squares };
  });
  element.append(head, formula, maps, beside);
  element.addEventListener('click', () => choose(row));
  return { element, beside, row, makes };
}

function linkOf(text: string, to: string): HTMLAnchorElement {
  const link = document.createElement('a');
  link.className = 'tag';
  link.href = to;
  link.textContent = text;
  return link;
}

function textOf(tag: string, text: string, title?: string): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = text;
  if (title) element.title = title;
  return element;
}
