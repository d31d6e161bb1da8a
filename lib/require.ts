/**
 * The checks that public functions make of their arguments, once, at the boundary. Each throws a typed error that
 * names the argument; none is called inside a time loop.
 */
import { AbstractMatrix } from 'ml-matrix';
import { MemoryError, ShapeError, ValueError } from './errors.ts';
import type { Shape } from './shape.ts';

/** `value` is an object and no list, or throws {@link ValueError}. Returns it. */
export function requireObject<T extends object>(argument: string, value: T, what: string = 'an object'): T {
  if (typeof value !== 'object' || value === null || isList(value)) {
    throw new ValueError(argument, what, describe(value));
  }
  return value;
}

/**
 * `options` is a plain object with none but the known names, or throws {@link ValueError}: a name that nobody reads is a
 * misspelt one, or stands for something that does not happen. Returns a copy, of what each option was when it was read.
 */
export function requireKnown<T extends object>(
  argument: string,
  options: T,
  known: readonly (keyof T & string)[],
): Readonly<T> {
  if (!isPlain(options)) throw new ValueError(argument, 'an object of options', describe(options));
  const names: readonly string[] = known;
  const unknown = Object.keys(options).find(name => !names.includes(name));
  if (unknown !== undefined) throw new ValueError(argument, `no names but ${known.join(', ')}`, describe(unknown));
  return { ...options };
}

/** Whether a value is an object of no class: made by braces, in this realm or another, or without a prototype. */
export function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** `strings` is a plain object of strings by name, or throws {@link ValueError}. Returns a copy, of what each was when it was read. */
export function requireStrings(
  argument: string,
  strings: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (!isPlain(strings)) throw new ValueError(argument, 'an object of strings by name', describe(strings));
  const copy = { ...strings };
  for (const [name, text] of Object.entries<unknown>(copy)) {
    if (typeof text !== 'string') throw new ValueError(`${argument}[${describe(name)}]`, 'a string', describe(text));
  }
  return copy;
}

/**
 * The parts of a whole by name, in the order they were written, or throws {@link ValueError}: JavaScript puts names that
 * are integers before all others, `__proto__` is no name at all, and a full name, such as `lstm.h`, is cut at its dot.
 */
export function requireNamed<V>(
  argument: string,
  parts: Readonly<Record<string, V>>,
): readonly (readonly [string, V])[] {
  if (!isPlain(parts)) throw new ValueError(argument, 'an object of parts by name', describe(parts));
  const entries = Object.entries<V>(parts);
  for (const [name] of entries) {
    requirePartName(argument, name);
    if (name.includes('.')) throw new ValueError(argument, 'names without a dot', describe(name));
  }
  return entries;
}

/** `name` can name a part of a record whose order counts, or throws {@link ValueError}. Returns it. */
export function requirePartName(argument: string, name: string): string {
  if (name === '') throw new ValueError(argument, 'names that are not empty', describe(name));
  if (name === '__proto__') throw new ValueError(argument, 'names that are no property of all objects', describe(name));
  if (/^\d+$/.test(name)) {
    throw new ValueError(argument, 'names that are no integers, which JavaScript would put first', describe(name));
  }
  return name;
}

/** `value` is true or false, or throws {@link ValueError}. Returns it. */
export function requireBoolean(argument: string, value: boolean): boolean {
  if (typeof value !== 'boolean') throw new ValueError(argument, 'true or false', describe(value));
  return value;
}

/** `value` is a function, or throws {@link ValueError}. Returns it. */
export function requireFunction<F>(argument: string, value: F): F {
  if (typeof value !== 'function') throw new ValueError(argument, 'a function', describe(value));
  return value;
}

/** `value` was made by the class, which says its name itself, or throws {@link ValueError}. Returns it. */
export function requireInstance<T>(
  argument: string,
  value: T,
  Class: { readonly name: string; [Symbol.hasInstance](value: unknown): boolean },
): T {
  if (!Class[Symbol.hasInstance](value)) throw new ValueError(argument, `a ${Class.name}`, describe(value));
  return value;
}

/** `name` is a string, or throws {@link ValueError}. Returns it. */
export function requireName(argument: string, name: string): string {
  if (typeof name !== 'string') throw new ValueError(argument, 'a string', describe(name));
  return name;
}

/** `list` is an array or a typed one, or throws {@link ValueError}. Returns it. What is in it is not looked at. */
export function requireList<L extends ArrayLike<unknown>>(
  argument: string,
  list: L,
  what: string = 'a list of numbers',
): L {
  if (!isList(list)) throw new ValueError(argument, what, describe(list));
  if (isGone(list)) throw new ValueError(argument, what, 'one whose memory is gone');
  return list;
}

/** `list` is a list of so many things, or throws {@link ShapeError}. Returns it. */
export function requireCount<L extends ArrayLike<unknown>>(argument: string, list: L, count: number, what: string): L {
  if (!isList(list) || countOf(list) !== count) throw new ShapeError(argument, `${count} ${what}`, describe(list));
  return list;
}

/** `indices` are at least so many of C classes, or throws {@link ValueError}. Returns them. */
export function requireClasses(argument: string, indices: Int32Array, C: number, least: number): Int32Array {
  if (!(indices instanceof Int32Array)) throw new ValueError(argument, 'an Int32Array', describe(indices));
  const count = countOf(indices);
  if (count < least) throw new ValueError(argument, `at least ${least} symbols`, `${count}`);
  if (isGone(indices)) throw new ValueError(argument, 'an Int32Array', 'one whose memory is gone');
  for (let n = 0; n < count; n++) {
    const k = indices[n] ?? Number.NaN;
    if (!(k >= 0 && k < C)) requireInteger(`${argument}[${n}]`, k, 0, C - 1);
  }
  return indices;
}

/** So many zeros, of 64 bits unless told otherwise, or throws {@link MemoryError} when memory does not hold them. */
export function allocate(argument: string, count: number): Float64Array;
export function allocate<A>(argument: string, count: number, Kind: new (count: number) => A): A;
export function allocate(
  argument: string,
  count: number,
  Kind: new (count: number) => unknown = Float64Array,
): unknown {
  try {
    return new Kind(count);
  } catch {
    throw new MemoryError(argument, 'as many numbers as memory holds', `${count}`);
  }
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return (Array.isArray(value) && Symbol.iterator in value) || (ArrayBuffer.isView(value) && 'length' in value);
}

/**
 * How many things a list holds now: of a typed array, by its bytes. Code that has seen an array over a resizable buffer, once
 * V8 has optimised it, reads in `length` what an array held before its buffer was transferred (Node 20 and 22).
 */
export function countOf(list: ArrayLike<unknown>): number {
  return ArrayBuffer.isView(list) ? list.byteLength / (list as unknown as Int32Array).BYTES_PER_ELEMENT : list.length;
}

/** Whether the buffer of a typed array was transferred, or is too short by now: to walk it is a TypeError. */
function isGone(list: ArrayLike<unknown>): boolean {
  if (!ArrayBuffer.isView(list) || list.byteLength > 0) return false;
  try {
    (list as unknown as Int32Array).keys();
    return false;
  } catch {
    return true;
  }
}

/** `n` is a positive integer, or throws {@link ValueError}. Returns it. */
export function requireSize(argument: string, n: number): number {
  if (!Number.isSafeInteger(n) || n < 1) throw new ValueError(argument, 'a positive integer', describe(n));
  return n;
}

/** `n` is an integer in [low, high], or throws {@link ValueError}. Returns it. */
export function requireInteger(
  argument: string,
  n: number,
  low: number,
  high: number = Number.MAX_SAFE_INTEGER,
): number {
  if (!Number.isSafeInteger(n) || n < low || n > high) {
    const range = high === Number.MAX_SAFE_INTEGER ? `≥ ${low}` : `in ${low}…${high}`;
    throw new ValueError(argument, `an integer ${range}`, describe(n));
  }
  return n;
}

/** `x` is finite and greater than zero, or throws {@link ValueError}. Returns it. */
export function requirePositive(argument: string, x: number): number {
  if (!Number.isFinite(x) || x <= 0) throw new ValueError(argument, 'a positive number', describe(x));
  return x;
}

/** Every number of `values` is finite, or throws {@link ValueError} naming the first place that is not. */
export function requireFinite(argument: string, values: AbstractMatrix | ArrayLike<number>): void {
  if (isMatrix(values)) {
    for (let i = 0; i < values.rows; i++) {
      for (let j = 0; j < values.columns; j++) {
        const x = values.get(i, j);
        if (!Number.isFinite(x)) throw new ValueError(`${argument}[${i},${j}]`, 'a finite number', describe(x));
      }
    }
    return;
  }
  requireList(argument, values);
  if ((values instanceof Float64Array || values instanceof Float32Array) && allFinite(values)) return;
  for (let i = 0; i < values.length; i++) {
    const x = values[i];
    if (!Number.isFinite(x)) throw new ValueError(`${argument}[${i}]`, 'a finite number', describe(x));
  }
}

/**
 * Whether numbers of an array, from one (included) to another, are finite: the usual answer, from a loop that sees arrays of
 * numbers only and asks no question of a single number: x·0 is 0 where x is finite, else NaN. Four sums, since one would
 * wait for itself.
 */
export function allFinite(values: Float64Array | Float32Array, from: number = 0, to: number = values.length): boolean {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = to - ((to - from) % 4);
  for (let i = from; i < whole; i += 4) {
    a += (values[i] ?? 0) * 0;
    b += (values[i + 1] ?? 0) * 0;
    c += (values[i + 2] ?? 0) * 0;
    d += (values[i + 3] ?? 0) * 0;
  }
  for (let i = whole; i < to; i++) a += (values[i] ?? 0) * 0;
  return a + b + c + d === 0;
}

/** `x` is a finite number, or throws {@link ValueError}. Returns it. */
export function requireFiniteNumber(argument: string, x: number): number {
  if (!Number.isFinite(x)) throw new ValueError(argument, 'a finite number', describe(x));
  return x;
}

/** `matrix` is a finite matrix of the given shape, or throws {@link ShapeError} or {@link ValueError}. Returns it. */
export function requireMatrix(argument: string, matrix: AbstractMatrix | undefined, shape: Shape): AbstractMatrix {
  const found = requireShape(argument, matrix, shape);
  requireFinite(argument, found);
  return found;
}

/** `matrix` is a matrix of the given shape, of whatever numbers, or throws {@link ShapeError}. Returns it. */
export function requireShape(
  argument: string,
  matrix: AbstractMatrix | undefined,
  [rows, columns]: Shape,
): AbstractMatrix {
  if (!isMatrix(matrix) || matrix.rows !== rows || matrix.columns !== columns) {
    throw new ShapeError(argument, `a ${rows}×${columns} matrix`, describe(matrix));
  }
  return matrix;
}

/** Whether a value is a matrix of ml-matrix, of whichever copy: that says itself what it is, but so may anything else. */
export function isMatrix(value: unknown): value is AbstractMatrix {
  if (value instanceof AbstractMatrix) return true;
  if (!AbstractMatrix.isMatrix(value)) return false;
  const { rows, columns, get, set, to2DArray } = value as Partial<AbstractMatrix>;
  const counts = [rows, columns].every(count => Number.isInteger(count));
  return counts && [get, set, to2DArray].every(method => typeof method === 'function');
}

/** `matrix` is a matrix, of whatever shape and numbers, or throws {@link ShapeError}. Returns it. */
export function requireAnyMatrix(argument: string, matrix: AbstractMatrix): AbstractMatrix {
  if (!isMatrix(matrix)) throw new ShapeError(argument, 'a matrix', describe(matrix));
  return matrix;
}

/** Keys of an object that a message holds. */
const MOST_KEYS = 20;

/** A value in a few words, for the "got" part of an error. */
export function describe(value: unknown): string {
  if (isMatrix(value)) return `a ${value.rows}×${value.columns} matrix`;
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const kind = Object.prototype.toString.call(value).slice('[object '.length, -1); // a class's name is a bundle's to change
    return `${kind} of length ${'length' in value ? countOf(value) : value.byteLength}`;
  }
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint') return `the bigint ${value}`;
  if (typeof value !== 'object' || value === null) return String(value);
  const kind = Object.prototype.toString.call(value).slice('[object '.length, -1);
  if (kind !== 'Object') return `a ${kind}`;
  const keys = Object.keys(value);
  const more = keys.length > MOST_KEYS ? [`… ${keys.length} in all`] : [];
  return `an object with keys {${[...keys.slice(0, MOST_KEYS), ...more].join(', ')}}`;
}
