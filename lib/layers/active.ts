/**
 * The rows of a batch whose sequences have a step: they are taken out before it and put back behind it. A step behind a
 * sequence's end is not computed, since there may be no number that it could be computed of.
 */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { copy } from '../matrix.ts';
import type { Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';
import { OneHotMatrix } from '../views.ts';

/** Rows by number, in order; all of them where it is undefined. */
export type Rows = readonly number[] | undefined;

/** The sequences that have a step t. */
export function activeRows(x: Sequence, t: number): Rows {
  const { lengths } = x;
  if (!lengths) return undefined;
  const rows: number[] = [];
  for (let b = 0; b < lengths.length; b++) if (t < (lengths[b] ?? 0)) rows.push(b);
  return rows.length === lengths.length ? undefined : rows;
}

/** How many steps the longest sequence has. */
export function stepsIn({ T, lengths }: Sequence): number {
  return lengths ? lengths.reduce((most, length) => Math.max(most, length), 0) : T;
}

/** Some rows of a matrix: a copy, or where it is all of them the matrix itself. */
export function rowsOf(a: AbstractMatrix, rows: Rows): AbstractMatrix {
  if (!rows) return a;
  if (a instanceof OneHotMatrix)
    return new OneHotMatrix(
      Int32Array.from(rows, b => a.indices[b] ?? -1),
      a.columns,
    );
  const taken = Matrix.zeros(rows.length, a.columns);
  for (const [n, b] of rows.entries()) taken.setRow(n, a.getRow(b));
  return taken;
}

/** The same of every matrix of a record. */
export function rowsOfEach<K extends string>(s: Matrices<K>, rows: Rows): Matrices<K> {
  return rows ? mapped(s, part => rowsOf(part, rows)) : s;
}

/** `whole`, and in some of its rows those of `part`, one after the other: a copy, or where it is all of them `part`. */
export function withRows(whole: AbstractMatrix, rows: Rows, part: AbstractMatrix): AbstractMatrix {
  if (!rows) return part;
  const both = copy(whole);
  for (const [n, b] of rows.entries()) both.setRow(b, part.getRow(n));
  return both;
}

/** The same of every matrix of a record. */
export function withRowsOfEach<K extends string>(whole: Matrices<K>, rows: Rows, part: Matrices<K>): Matrices<K> {
  return rows ? mapped(part, (own, name) => withRows(whole[name], rows, own)) : part;
}

/** Adds matrices to some rows, one after the other; the rows are changed. */
export function addToRows(into: AbstractMatrix, rows: Rows, a: AbstractMatrix): void {
  for (let n = 0; n < a.rows; n++) {
    const b = rows ? (rows[n] ?? n) : n;
    for (let j = 0; j < a.columns; j++) into.set(b, j, into.get(b, j) + a.get(n, j));
  }
}

function mapped<K extends string>(s: Matrices<K>, f: (part: AbstractMatrix, name: K) => AbstractMatrix): Matrices<K> {
  const names = Object.keys(s) as K[];
  return Object.fromEntries<AbstractMatrix>(names.map(name => [name, f(s[name], name)])) as Record<K, AbstractMatrix>;
}
