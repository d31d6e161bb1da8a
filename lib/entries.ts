/** Numbers that a caller hands over as lists, checked one and all and copied into one array. */
import type { AbstractMatrix } from 'ml-matrix';
import { ShapeError } from './errors.ts';
import { allocate, isMatrix, requireFinite, requireList, requireMatrix } from './require.ts';
import type { Shape } from './shape.ts';

/** What the numbers of a matrix may be given as. */
export type Entries = AbstractMatrix | readonly ArrayLike<number>[] | ArrayLike<number>;

/** Rows of as many numbers each, one after the other. */
export interface Rows {
  readonly data: Float64Array;
  readonly rows: number;
  readonly columns: number;
}

/**
 * The numbers of a matrix of the given shape, of its rows, or of a list of them row after row: a copy.
 *
 * @throws ShapeError when there are more or fewer; ValueError when one is not finite.
 */
export function requireEntries(argument: string, entries: Entries, shape: Shape): Float64Array {
  if (isMatrix(entries)) return Float64Array.from(requireMatrix(argument, entries, shape).to1DArray());
  const [rows, columns] = shape;
  requireList(argument, entries, `a ${rows}×${columns} matrix, its rows or its numbers`);
  if (isListOfLists(entries)) {
    if (entries.length !== rows) throw new ShapeError(argument, `${rows} rows`, `${entries.length}`);
    return requireRows(argument, entries, columns).data;
  }
  if (entries.length !== rows * columns) {
    throw new ShapeError(argument, `${rows * columns} numbers`, `${entries.length}`);
  }
  requireFinite(argument, entries);
  return Float64Array.from(entries);
}

/**
 * Vectors of one width, one a row: a copy.
 *
 * @param width how many numbers each has; as many as the first unless given.
 * @throws ShapeError when there is none, or one has another width; ValueError when a number is not finite; MemoryError.
 */
export function requireRows(argument: string, vectors: readonly ArrayLike<number>[], width?: number): Rows {
  const rows = requireSome(argument, vectors, 'a list of vectors');
  const columns = requireWidth(argument, vectors, width);
  const data = allocate(argument, rows * columns);
  for (let n = 0; n < rows; n++) data.set(vectors[n] ?? [], n * columns);
  return { data, rows, columns };
}

/**
 * How wide all vectors of a list are.
 *
 * @throws as {@link requireRows}.
 */
export function requireWidth(argument: string, vectors: readonly ArrayLike<number>[], width?: number): number {
  requireList(argument, vectors, 'a list of vectors');
  const columns = width ?? requireSome(`${argument}[0]`, vectors[0], 'a vector of numbers');
  for (let n = 0; n < vectors.length; n++) {
    const vector = vectors[n];
    if (isVector(vector, columns)) continue; // as nearly all are: a name is made of its place only where one is not
    const place = `${argument}[${n}]`;
    const length = requireSome(place, vector, 'a vector of numbers');
    if (length !== columns) throw new ShapeError(place, `${columns} numbers`, `${length}`);
    requireFinite(place, vector ?? []);
  }
  return columns;
}

/** Whether a list is plainly one of so many finite numbers. */
function isVector(list: ArrayLike<number> | undefined, columns: number): boolean {
  if (!Array.isArray(list) || list.length !== columns || columns === 0) return false;
  for (let j = 0; j < columns; j++) if (!Number.isFinite(list[j])) return false;
  return true;
}

/** A list that is not empty, or throws ValueError or ShapeError. Returns how long it is. */
export function requireSome(argument: string, list: ArrayLike<unknown> | undefined, what: string): number {
  const { length } = requireList<ArrayLike<unknown>>(argument, list as ArrayLike<unknown>, what);
  if (length === 0) throw new ShapeError(argument, `${what}, not empty`, 'an empty one');
  return length;
}

function isListOfLists(entries: ArrayLike<unknown>): entries is readonly ArrayLike<number>[] {
  return typeof entries[0] === 'object' && entries[0] !== null;
}
