/**
 * Two zero-copy matrices over flat memory. Both are ml-matrix matrices: every ml-matrix function takes them.
 */
import { AbstractMatrix } from 'ml-matrix';
import { asInstance } from './copies.ts';
import { ShapeError, ValueError } from './errors.ts';
import { allFinite, countOf, describe, requireInstance, requireInteger } from './require.ts';

/** Rows, or columns, that a matrix may have: more than memory holds, but few enough to walk over none of the other. */
const LARGEST = 2 ** 31;

/** Memory that numbers lie in, one after the other. */
export type FloatArray = Float64Array | Float32Array;

/**
 * A rows × columns matrix, row after row, over `data` from `offset` on. It shares the memory: writing to one writes
 * to the other.
 *
 * @throws ShapeError when `data` is too short for it.
 */
export class FlatMatrix extends AbstractMatrix {
  /** Said here, since a bundle calls classes otherwise. */
  static override readonly name: string = 'FlatMatrix';
  static readonly brand: string = 'bptt.FlatMatrix';
  override readonly rows: number;
  override readonly columns: number;
  readonly data: FloatArray;
  readonly offset: number;

  /** Whether a value is one, of whichever copy of the library. */
  static override readonly [Symbol.hasInstance]: (value: unknown) => boolean = asInstance;

  constructor(data: FloatArray, rows: number, columns: number, offset: number = 0) {
    super();
    requireFloats('data', data);
    requireInteger('rows', rows, 0, LARGEST);
    requireInteger('columns', columns, 0, LARGEST);
    requireInteger('offset', offset, 0);
    if (offset + rows * columns > countOf(data)) {
      throw new ShapeError('data', `${offset + rows * columns} numbers`, `${countOf(data)}`);
    }
    this.rows = rows;
    this.columns = columns;
    this.data = data;
    this.offset = offset;
  }

  override get(row: number, column: number): number {
    return this.data[this.offset + row * this.columns + column] ?? Number.NaN;
  }

  override set(row: number, column: number, value: number): this {
    this.data[this.offset + row * this.columns + column] = value;
    return this;
  }
}

/**
 * A batch of one-hot rows kept as class indices: row i is 1 in column `indices[i]` and 0 elsewhere. The products of
 * `matrix.ts` never visit the zeros: x·Uᵀ gathers columns of U, and dU += daᵀ·x adds to the columns that were used.
 */
export class OneHotMatrix extends AbstractMatrix {
  /** Said here, since a bundle calls classes otherwise. */
  static override readonly name: string = 'OneHotMatrix';
  static readonly brand: string = 'bptt.OneHotMatrix';
  override readonly rows: number;
  override readonly columns: number;
  readonly indices: Int32Array;

  /** Whether a value is one, of whichever copy of the library. */
  static override readonly [Symbol.hasInstance]: (value: unknown) => boolean = asInstance;

  constructor(indices: Int32Array, classes: number) {
    super();
    this.rows = countOf(requireInstance('indices', indices, Int32Array));
    this.columns = requireInteger('classes', classes, 0, LARGEST);
    this.indices = indices;
  }

  override get(row: number, column: number): number {
    return this.indices[row] === column ? 1 : 0;
  }

  /** @throws ValueError always: a one-hot matrix is read only. */
  override set(row: number, column: number, value: number): this {
    throw new ValueError(`one-hot[${row},${column}]`, 'no assignment: a one-hot matrix is read only', String(value));
  }
}

/** Whether a matrix is a flat one of finite numbers, all of them there: asked of the array, not of one number after the other. */
export function isFiniteFlat(matrix: AbstractMatrix): boolean {
  if (!(matrix instanceof FlatMatrix)) return false;
  const to = matrix.offset + matrix.rows * matrix.columns;
  return to <= countOf(matrix.data) && allFinite(matrix.data, matrix.offset, to);
}

/** `data` is an array of floats, or throws {@link ValueError}. Returns it. */
export function requireFloats(argument: string, data: FloatArray): FloatArray {
  if (data instanceof Float64Array || data instanceof Float32Array) return data;
  throw new ValueError(argument, 'a Float64Array or a Float32Array', describe(data));
}

/** A part of an array, or itself where that is all of it. */
export function part<Numbers extends Float64Array | Float32Array | Int32Array>(
  numbers: Numbers,
  from: number,
  to: number,
): Numbers {
  return from === 0 && to === numbers.length ? numbers : (numbers.subarray(from, to) as Numbers);
}
