/**
 * Operations done to floats in plain loops over arrays: to the last bit what {@link Operation.evaluate} says of every
 * element, in the same order of sums, without a call for each number that it reads.
 */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { FlatMatrix, type FloatArray } from '../views.ts';
import { float64 } from './numbers.ts';
import type { Elementwise, Operation, OverUnits, Product } from './operation.ts';

/** A matrix's numbers, row after row, from one on. */
interface Floats {
  readonly data: FloatArray;
  readonly from: number;
  readonly rows: number;
  readonly columns: number;
}

/** As many numbers as there is always room for. */
const KEPT = 4096;

/** Where the numbers of each argument are gathered, and those of the result: of matrices that do nothing else meanwhile. */
const gathered = Array.from({ length: 4 }, () => new Float64Array(KEPT));

/**
 * The elements of an operation's result, row after row, in an array that the next call writes to; undefined of an operation
 * that is not done in this way.
 */
export function floatsOf(
  operation: Operation,
  args: readonly AbstractMatrix[],
  rows: number,
  columns: number,
): Float64Array | undefined {
  const { kind } = operation;
  if (kind !== 'elementwise' && kind !== 'product' && kind !== 'over units' && kind !== 'over rows') return undefined;
  const room = areKnown(args) ? keptRoom : newRoom;
  const a = read(args[0] as AbstractMatrix, 0, room);
  const b = args[1] ? read(args[1], 1, room) : a;
  const out = room(3, rows * columns);
  if (kind === 'elementwise') doElementwise(operation, a, b, rows, columns, out);
  else if (kind === 'product') doProduct(operation, a, b, args[2] ? read(args[2], 2, room) : b, out);
  else if (kind === 'over units') doOverUnits(operation, a, out);
  else doOverRows(a, b, out);
  return out;
}

/** Numbers for which the runtime makes no memory of its own: an array of more takes ten times as long to make. */
const WITHIN = 8;

/** A matrix of zeros: where its rows are long, they are parts of one array. */
export function zeros(rows: number, columns: number): Matrix {
  if (rows < 2 || columns <= WITHIN) return new Matrix(rows, columns);
  const matrix = new Matrix(0, columns);
  const { data } = matrix as Matrix & { readonly data?: unknown };
  if (!Array.isArray(data)) return new Matrix(rows, columns);
  const { buffer, BYTES_PER_ELEMENT: bytes } = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) data.push(new Float64Array(buffer, i * columns * bytes, columns));
  return Object.assign(matrix, { rows });
}

/** Writes elements, row after row, into a matrix. */
export function store(numbers: Float64Array, into: AbstractMatrix): void {
  const { rows, columns } = into;
  const lines = linesOf(into);
  if (lines) {
    let n = 0;
    for (const line of lines) for (let j = 0; j < columns; j++) line[j] = numbers[n++] as number;
  } else if (into.constructor === FlatMatrix) {
    const { data, offset } = into as FlatMatrix;
    for (let n = 0; n < rows * columns; n++) data[offset + n] = numbers[n] as number;
  } else {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) into.set(i, j, numbers[i * columns + j] as number);
    }
  }
}

/** An element for each place; a single row stands for all rows, a single column for all columns. */
function doElementwise(
  { name, element }: Elementwise,
  { data: a, from: fromA, rows: rowsA, columns: columnsA }: Floats,
  { data: b, from: fromB, rows: rowsB, columns: columnsB }: Floats,
  rows: number,
  columns: number,
  out: Float64Array,
): void {
  const [stepA, stepB] = [columnsA === 1 ? 0 : 1, columnsB === 1 ? 0 : 1];
  for (let i = 0; i < rows; i++) {
    const [to, end] = [i * columns, (i + 1) * columns];
    let [n, k] = [fromA + (rowsA === 1 ? 0 : i * columnsA), fromB + (rowsB === 1 ? 0 : i * columnsB)];
    if (name === 'add' || name === 'addTo') {
      for (let at = to; at < end; at++, n += stepA, k += stepB) out[at] = (a[n] as number) + (b[k] as number);
    } else if (name === 'mul') {
      for (let at = to; at < end; at++, n += stepA, k += stepB) out[at] = (a[n] as number) * (b[k] as number);
    } else {
      for (let at = to; at < end; at++, n += stepA, k += stepB)
        out[at] = element(float64, a[n] as number, b[k] as number);
    }
  }
}

function doProduct({ name }: Product, a: Floats, b: Floats, c: Floats, out: Float64Array): void {
  if (name === 'timesT') rowsByRows(a, b, out);
  else if (name === 'times') {
    out.fill(0, 0, a.rows * b.columns);
    for (let i = 0; i < a.rows; i++) {
      for (let k = 0; k < a.columns; k++) addRow(a, a.from + i * a.columns + k, b, k, out, i);
    }
  } else {
    for (let n = 0; n < a.rows * a.columns; n++) out[n] = a.data[a.from + n] as number;
    for (let k = 0; k < b.rows; k++) {
      for (let i = 0; i < b.columns; i++) addRow(b, b.from + k * b.columns + i, c, k, out, i);
    }
  }
}

/** Row i of the result += one number times row k of b. */
function addRow({ data }: Floats, n: number, b: Floats, k: number, out: Float64Array, i: number): void {
  const factor = data[n] as number;
  const { data: numbers, columns } = b;
  const from = b.from + k * columns;
  for (let j = 0, at = i * columns; j < columns; j++, at++) {
    out[at] = (out[at] as number) + factor * (numbers[from + j] as number);
  }
}

/** a Bᵀ. */
function rowsByRows({ data: a, from: fromA, rows, columns }: Floats, B: Floats, out: Float64Array): void {
  const { data: b, rows: count } = B;
  let at = 0;
  for (let i = 0, first = fromA; i < rows; i++, first += columns) {
    for (let j = 0, second = B.from; j < count; j++, second += columns) {
      let total = 0;
      for (let k = 0; k < columns; k++) total += (a[first + k] as number) * (b[second + k] as number);
      out[at++] = total;
    }
  }
}

function doOverUnits({ join }: OverUnits, { data, from, rows, columns }: Floats, out: Float64Array): void {
  for (let i = 0; i < rows; i++) {
    const first = from + i * columns;
    let joined = data[first] as number;
    for (let j = 1; j < columns; j++) joined = join(float64, joined, data[first + j] as number);
    out[i] = joined;
  }
}

function doOverRows({ data: d, from }: Floats, a: Floats, out: Float64Array): void {
  for (let j = 0; j < a.columns; j++) out[j] = d[from + j] as number;
  for (let k = 0, n = a.from; k < a.rows; k++) {
    for (let j = 0; j < a.columns; j++, n++) out[j] = (out[j] as number) + (a.data[n] as number);
  }
}

/** The numbers of a matrix: where they lie, if that is one array, or gathered. */
function read(a: AbstractMatrix, argument: number, room: Room): Floats {
  const { rows, columns } = a;
  if (a.constructor === FlatMatrix) {
    const { data, offset } = a as FlatMatrix;
    return { data, from: offset, rows, columns };
  }
  const lines = linesOf(a);
  if (lines?.length === 1) return { data: lines[0] as Float64Array, from: 0, rows, columns };
  const data = room(argument, rows * columns);
  let n = 0;
  if (lines) for (const line of lines) for (let j = 0; j < columns; j++) data[n++] = line[j] as number;
  else for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) data[n++] = a.get(i, j);
  return { data, from: 0, rows, columns };
}

/** The rows of a matrix of ml-matrix's own, which keeps each in an array; undefined of any other. */
function linesOf(a: AbstractMatrix): readonly Float64Array[] | undefined {
  const { data, rows } = a as AbstractMatrix & { readonly data?: unknown };
  return a.constructor === Matrix && Array.isArray(data) && data.length === rows ? data : undefined;
}

/** Whether all are ml-matrix's own or ours: what a user's own does when it is read may be another operation. */
function areKnown(all: readonly AbstractMatrix[]): boolean {
  for (const a of all) if (a.constructor !== FlatMatrix && !linesOf(a)) return false;
  return true;
}

/** Where so many numbers of an argument are gathered. */
type Room = (argument: number, count: number) => Float64Array;

const newRoom: Room = (_, count) => new Float64Array(count);

const keptRoom: Room = (argument, count) =>
  count <= KEPT ? (gathered[argument] as Float64Array) : new Float64Array(count);
