/** The algebra of a derivation over numbers of any kind: columns, rows, matrices, and what fits whatever it meets. */
import type { ProofNumbers } from '../check/field.ts';
import { Unread } from './latex.ts';

/** A matrix; 1×1 is a number, which meets everything element by element. */
export interface Block<N> {
  readonly rows: number;
  readonly columns: number;
  /** Row after row. */
  readonly data: readonly N[];
  /** A multiple, `data[0]`, of I, or of a column or row of ones, as large as what it meets wants; or one row, as many times as that wants. */
  readonly fits?: 'I' | 'ones' | 'onesᵀ' | 'rows';
}

/** Shapes that do not go together, in a few words. */
export class Misfit extends Error {}

/** A name whose value is asked for on the way to its value. */
export class Circle extends Misfit {}

/** The operations on blocks. */
export class Algebra<N> {
  readonly n: ProofNumbers<N>;

  constructor(numbers: ProofNumbers<N>) {
    this.n = numbers;
  }

  number(x: number): Block<N> {
    return { rows: 1, columns: 1, data: [this.n.constant(x)] };
  }

  fitting(fits: 'I' | 'ones'): Block<N> {
    return { rows: 0, columns: 0, data: [this.n.constant(1)], fits };
  }

  each(f: (a: N) => N, a: Block<N>): Block<N> {
    if (a.fits === 'I') throw new Misfit('a function of I');
    return { ...a, data: a.data.map(f) };
  }

  /** f of two blocks of one shape; a number meets all elements, and a row meets a column. */
  both(what: string, f: (a: N, b: N) => N, a: Block<N>, b: Block<N>): Block<N> {
    if (isNumber(a) && !b.fits) return { ...b, data: b.data.map(x => f(this.#first(a), x)) };
    if (isNumber(b) && !a.fits) return { ...a, data: a.data.map(x => f(x, this.#first(b))) };
    if (a.fits && b.fits) {
      if (a.fits !== b.fits) throw new Misfit(`${a.fits} ${what} ${b.fits}`);
      return { ...a, data: [f(this.#first(a), this.#first(b))] };
    }
    if (a.fits || b.fits) {
      const shape = a.fits ? b : a;
      return this.both(what, f, this.sized(a, shape.rows, shape.columns), this.sized(b, shape.rows, shape.columns));
    }
    const same = a.rows === b.rows && a.columns === b.columns;
    if (!same) throw new Misfit(`${shapeText(a)} ${what} ${shapeText(b)}`);
    return { ...a, data: a.data.map((x, n) => f(x, this.#at(b, n))) };
  }

  add(a: Block<N>, b: Block<N>, sign: 1 | -1 = 1): Block<N> {
    return this.both(sign === 1 ? '+' : '−', sign === 1 ? this.n.add : this.n.sub, a, b);
  }

  /** a ⊙ b or a ⊘ b: of a row and a column, a row. */
  elementwise(operation: '⊙' | '⊘', a: Block<N>, b: Block<N>): Block<N> {
    const f = operation === '⊙' ? this.n.mul : this.n.div;
    const crossed = a.rows === b.columns && a.columns === b.rows && (a.rows === 1) !== (a.columns === 1);
    if (!crossed) return this.both(operation, f, a, b);
    return a.rows === 1 ? this.both(operation, f, a, this.transpose(b)) : this.both(operation, f, this.transpose(a), b);
  }

  /** The matrix product; a number multiplies. */
  times(a: Block<N>, b: Block<N>): Block<N> {
    const { n } = this;
    if (isNumber(a) && !a.fits) return { ...b, data: b.data.map(x => n.mul(this.#first(a), x)) };
    if (isNumber(b) && !b.fits) return { ...a, data: a.data.map(x => n.mul(x, this.#first(b))) };
    if (a.fits === 'I') return { ...b, data: b.data.map(x => n.mul(this.#first(a), x)) };
    if (b.fits === 'I') return { ...a, data: a.data.map(x => n.mul(x, this.#first(b))) };
    if (a.fits === 'ones' && b.fits === 'onesᵀ') throw new Unread('a matrix of ones of no size', 0);
    if (a.fits === 'ones' && b.rows === 1 && !b.fits)
      return { rows: 0, columns: b.columns, data: b.data.map(x => n.mul(this.#first(a), x)), fits: 'rows' };
    if (a.fits === 'ones') throw new Misfit('a column of ones of no size');
    if (a.fits === 'rows' || b.fits === 'rows') throw new Misfit('as many rows as fit');
    if (b.fits === 'onesᵀ') {
      if (a.columns !== 1) throw new Misfit(`${shapeText(a)} · 𝟏ᵀ`);
      return this.times(a, this.sized(b, 1, a.rows));
    }
    const left = a.fits ? this.sized(a, 1, b.rows) : a;
    const right = b.fits ? this.sized(b, a.columns, 1) : b;
    if (left.columns !== right.rows) throw new Misfit(`${shapeText(left)} times ${shapeText(right)}`);
    const data: N[] = [];
    for (let i = 0; i < left.rows; i++) {
      for (let j = 0; j < right.columns; j++) {
        let sum = n.constant(0);
        for (let k = 0; k < left.columns; k++) {
          sum = n.add(sum, n.mul(this.#at(left, i * left.columns + k), this.#at(right, k * right.columns + j)));
        }
        data.push(sum);
      }
    }
    return { rows: left.rows, columns: right.columns, data };
  }

  /** a ⊗ b: a block a_ij b for every element of a. */
  kronecker(a: Block<N>, b: Block<N>): Block<N> {
    if (a.fits || b.fits) throw new Unread(`⊗ of ${a.fits ?? b.fits} of no size`, 0);
    const [rows, columns] = [a.rows * b.rows, a.columns * b.columns];
    const data = Array.from({ length: rows * columns }, (_, n) => {
      const [i, j] = [Math.floor(n / columns), n % columns];
      const [above, below] = [
        Math.floor(i / b.rows) * a.columns + Math.floor(j / b.columns),
        (i % b.rows) * b.columns + (j % b.columns),
      ];
      return this.n.mul(this.#at(a, above), this.#at(b, below));
    });
    return { rows, columns, data };
  }

  transpose(a: Block<N>): Block<N> {
    if (a.fits === 'I') return a;
    if (a.fits === 'rows') throw new Unread('as many columns as fit', 0);
    if (a.fits) return { ...a, fits: a.fits === 'ones' ? 'onesᵀ' : 'ones' };
    const data: N[] = [];
    for (let j = 0; j < a.columns; j++) for (let i = 0; i < a.rows; i++) data.push(this.#at(a, i * a.columns + j));
    return { rows: a.columns, columns: a.rows, data };
  }

  diag(a: Block<N>): Block<N> {
    if (a.fits === 'ones' || a.fits === 'onesᵀ') return { ...a, fits: 'I' };
    if (isNumber(a)) return { ...a, rows: 0, columns: 0, fits: 'I' };
    if (a.rows !== 1 && a.columns !== 1) throw new Misfit(`diag of ${shapeText(a)}`);
    const m = a.data.length;
    const zero = this.n.constant(0);
    const data = Array.from({ length: m * m }, (_, n) => (n % (m + 1) === 0 ? this.#at(a, n / (m + 1)) : zero));
    return { rows: m, columns: m, data };
  }

  /** Columns below each other, rows side by side, and matrices as is said. */
  stack(parts: readonly Block<N>[], below: boolean = false): Block<N> {
    const data = parts.flatMap(part => part.data);
    if (parts.some(({ fits }) => fits)) throw new Unread('parts of no size', 0);
    if (parts.every(({ columns }) => columns === 1)) return { rows: data.length, columns: 1, data };
    if (!below && parts.every(({ rows }) => rows === 1)) return { rows: 1, columns: data.length, data };
    const [first] = parts;
    if (first && below && parts.every(({ columns }) => columns === first.columns)) {
      return { rows: data.length / first.columns, columns: first.columns, data };
    }
    if (!first || parts.some(({ rows }) => rows !== first.rows))
      throw new Misfit(parts.map(shapeText).join(' beside '));
    const beside = Array.from({ length: first.rows }, (_, i) =>
      parts.flatMap(part => part.data.slice(i * part.columns, (i + 1) * part.columns)),
    ).flat();
    return { rows: first.rows, columns: beside.length / first.rows, data: beside };
  }

  /** Numbers in rows. */
  table(parts: readonly Block<N>[], columns: number): Block<N> {
    if (!parts.every(isNumber)) throw new Unread('a matrix of what is no number', 0);
    return { rows: parts.length / columns, columns, data: parts.flatMap(({ data }) => data) };
  }

  /** All elements in one. */
  fold(f: (a: N, b: N) => N, a: Block<N>): Block<N> {
    const [first, ...others] = a.data;
    if (!first) throw new Misfit('nothing');
    return { rows: 1, columns: 1, data: [others.reduce(f, first)] };
  }

  /** What fits everything, as large as is wanted. */
  sized(a: Block<N>, rows: number, columns: number): Block<N> {
    if (!a.fits)
      return isNumber(a) && rows * columns > 1
        ? { rows, columns, data: Array(rows * columns).fill(this.#first(a)) }
        : a;
    const zero = this.n.constant(0);
    const one = this.#first(a);
    if (a.fits === 'I') {
      if (rows !== columns) throw new Misfit(`I where ${rows}×${columns} is wanted`);
      return {
        rows,
        columns,
        data: Array.from({ length: rows * columns }, (_, n) => (n % (columns + 1) === 0 ? one : zero)),
      };
    }
    if (a.fits === 'rows') {
      if (columns !== a.columns) throw new Misfit(`rows of ${a.columns} where ${rows}×${columns} is wanted`);
      return { rows, columns, data: Array.from({ length: rows }, () => a.data).flat() };
    }
    if ((a.fits === 'ones' ? columns : rows) !== 1) throw new Misfit(`𝟏 where ${rows}×${columns} is wanted`);
    return { rows, columns, data: Array(rows * columns).fill(one) };
  }

  #at(a: Block<N>, n: number): N {
    return a.data[n] ?? this.n.constant(Number.NaN);
  }

  #first(a: Block<N>): N {
    return this.#at(a, 0);
  }
}

export function isNumber<N>(a: Block<N>): boolean {
  return a.rows === 1 && a.columns === 1 && !a.fits;
}

export function shapeText<N>({ rows, columns, fits }: Block<N>): string {
  return fits ?? `${rows}×${columns}`;
}
