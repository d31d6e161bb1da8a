/**
 * What public functions are handed in place of what they ask for: values of every kind, and relatives of a right one that
 * are wrong in one thing. And the digest of any value, by which is seen that nothing has changed.
 */
import { AbstractMatrix, Matrix } from 'ml-matrix';
import { CharTrainer } from '../../lib/models/char-trainer.ts';
import { Vocabulary } from '../../lib/models/vocabulary.ts';
import { ParamSet } from '../../lib/params.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { FlatMatrix } from '../../lib/views.ts';

/** What a getter throws that nobody expects: it passes through whatever reads it. */
export class Thrown extends Error {}

/** An object none of whose fields can be read. */
function unreadable(keys: readonly string[]): object {
  const object = {};
  for (const key of keys) {
    Object.defineProperty(object, key, {
      enumerable: true,
      get: () => {
        throw new Thrown(`${key} was read`);
      },
    });
  }
  return object;
}

/** Values of every kind, by what to call them. Sizes are either none or beyond any memory: nothing is allocated. */
export const hostile: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  NaN: () => Number.NaN,
  Infinity: () => Number.POSITIVE_INFINITY,
  '-Infinity': () => Number.NEGATIVE_INFINITY,
  '-0': () => -0,
  '-1': () => -1,
  '0': () => 0,
  '0.5': () => 0.5,
  '2^40': () => 2 ** 40,
  '2^53': () => 2 ** 53,
  '1e300': () => 1e300,
  "''": () => '',
  "'x'": () => 'x',
  "'2'": () => '2',
  "'__proto__'": () => '__proto__',
  'a symbol': () => Symbol('s'),
  'a bigint': () => 10n,
  true: () => true,
  'a number in a box': () => Object(2) as unknown,
  'an object that says it is 2': () => ({ valueOf: () => 2, toString: () => '2' }),
  '[]': () => [],
  '[[1]]': () => [[1]],
  '[undefined]': () => [undefined],
  'a sparse array': () => new Array<unknown>(2),
  'an array of 2^32−1 holes': () => new Array<unknown>(2 ** 32 - 1),
  'an array that begins well and has 2^32−1 places': () => Object.assign([0.5], { length: 2 ** 32 - 1 }),
  'an array without a prototype': () => Object.setPrototypeOf([1], null) as unknown,
  '{ length: 2^32−1 }': () => ({ length: 2 ** 32 - 1 }),
  '{}': () => ({}),
  'a frozen object': () => Object.freeze({ h: 1, length: 2 }),
  'an object without a prototype': () => Object.assign(Object.create(null), { length: 2 ** 40 }),
  'a function': () => () => 1,
  'a Map': () => new Map([['x', 1]]),
  'a Promise': () => Promise.resolve({}),
  'a matrix': () => new Matrix([[1, 2, 3]]),
  'a matrix with NaN': () => new Matrix([[1, Number.NaN]]),
  'a Sequence': () => Sequence.dense([1, 2, 3], { T: 3, F: 1 }),
  'a one-hot Sequence': () => Sequence.oneHot([0, 4], { T: 2, classes: 5 }),
  'a Sequence with lengths': () => Sequence.dense([1, 2, 3, 4], { T: 2, B: 2, F: 1, lengths: [1, 2] }),
  'a Float32Array': () => Float32Array.of(1, Number.NaN),
  'a Float64Array': () => Float64Array.of(1, 2, 3),
  'what only looks like a ParamSet': () => Object.create(ParamSet.prototype) as unknown,
  'what only looks like a Sequence': () => Object.create(Sequence.prototype) as unknown,
  'what only looks like a Random': () => Object.create(Random.prototype) as unknown,
  'a ParamSet': () => {
    const params = ParamSet.of({ W: [1, 1] });
    params.values[0] = 1;
    params.grads[0] = 1;
    return params;
  },
};

/**
 * Whether a value is of another type than the right one, so that it can only be refused: a string for a number, a Map for a
 * record, NaN for a number. `undefined` is not, which options may be.
 */
export function isOfAnotherType(right: unknown, value: unknown): boolean {
  if (value === undefined || right === undefined || right === null) return false;
  if (typeof right === 'object') {
    if (isList(right)) return !isList(value);
    if (isRecord(right)) return !isRecord(value);
    const Class: unknown = right.constructor;
    if (right instanceof AbstractMatrix) return !(value instanceof AbstractMatrix);
    return typeof Class === 'function' && Object(value).constructor !== Class;
  }
  return typeof right !== typeof value || Number.isNaN(value);
}

function isList(value: unknown): boolean {
  return Array.isArray(value) || ArrayBuffer.isView(value);
}

/** A record whose fields are right when they are read first, and NaN ever after. */
function changing<T extends object>(value: T): T {
  const read = new Set<string | symbol>();
  const proxy = new Proxy(value, {
    get(target, key, receiver) {
      const there: unknown = Reflect.get(target, key, receiver);
      if (!Object.hasOwn(target, key)) return there;
      if (read.has(key)) return Number.NaN;
      read.add(key);
      return there;
    },
  });
  restless.add(proxy);
  return proxy;
}

/** What must not be looked at before it is handed over. */
const restless = new WeakSet<object>();

/** Sets the memory of an array free, as handing it to a worker does. Returns what is left of it. */
function detached<T extends Float64Array | Int32Array | Float32Array | Uint8Array>(array: T): T {
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
  return array;
}

/** Values like a right one, but wrong in one thing, or right in another form. */
export function relatives(value: unknown): Readonly<Record<string, () => unknown>> {
  if (value instanceof Sequence) return sequences(value);
  if (value instanceof AbstractMatrix) {
    const { rows, columns } = value;
    return {
      'a row more': () => Matrix.zeros(rows + 1, columns),
      'a column more': () => Matrix.zeros(rows, columns + 1),
      'NaN at its end': () => new Matrix(value.to2DArray()).set(rows - 1, columns - 1, Number.NaN),
      'huge numbers': () => Matrix.zeros(rows, columns).fill(1e300),
    };
  }
  if (value instanceof Float64Array || value instanceof Int32Array) {
    return {
      'of 32 bits': () => Float32Array.from(value),
      shorter: () => value.slice(1),
      'NaN at its end': () => Float64Array.from(value, (x, i) => (i === value.length - 1 ? Number.NaN : x)),
      'of bigints': () => BigInt64Array.from(value, () => 1n),
      detached: () => detached(value.slice()),
    };
  }
  if (value instanceof Uint8Array) {
    return { shorter: () => value.slice(1), detached: () => detached(value.slice()) };
  }
  if (Array.isArray(value)) {
    return {
      sparse: () => new Array<unknown>(value.length),
      shorter: () => value.slice(1),
      longer: () => [...value, ...value],
      frozen: () => Object.freeze([...value]),
      'of strings': () => value.map(String),
    };
  }
  if (value instanceof ParamSet || value instanceof Random) return { 'a Proxy of it': () => new Proxy(value, {}) };
  if (!isRecord(value)) return {};
  return {
    unreadable: () => unreadable(Object.keys(value)),
    frozen: () => Object.freeze({ ...value }),
    'without a prototype': () => ({ ...value, __proto__: null }),
    'an unknown key': () => ({ ...value, noSuchOption: 1 }),
    ...(Object.values(value).every(field => Object(field) !== field) && {
      'changing when read again': () => changing(value),
    }),
  };
}

function sequences({ T, B, F, lengths, data }: Sequence): Readonly<Record<string, () => unknown>> {
  const extent = { T, B, F, ...(lengths && { lengths }) };
  const numbers = T * B * F;
  return {
    'a step more': () => Sequence.zeros({ T: T + 1, B, F }),
    'a sequence more': () => Sequence.zeros({ T, B: B + 1, F }),
    'a feature more': () => Sequence.zeros({ ...extent, F: F + 1 }),
    'lengths of its own': () => Sequence.zeros({ ...extent, lengths: new Array<number>(B).fill(1) }),
    'NaN at its end': () => Sequence.over(new Float64Array(numbers).fill(Number.NaN, numbers - 1), extent),
    'of 32 bits': () => Sequence.dense(new Float32Array(numbers).fill(0.5), extent),
    'one-hot': () => Sequence.oneHot(new Int32Array(T * B), { T, B, classes: F }),
    'a copy without methods': () => ({ T, B, F, lengths, data }),
    'whose memory is gone': () => {
      const x = Sequence.zeros(extent);
      detached(x.data);
      return x;
    },
  };
}

/** Whether a value is a record of named things, and none of the library's classes or of JavaScript's. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Elements of an array that are looked at. */
const MOST = 1e6;

/** All that can be seen of a value, as text: two of the same digest hold the same bits. */
export function digest(value: unknown): string {
  const seen = new Map<object, number>();
  const of = (value: unknown): string => {
    if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
    if (typeof value === 'function') return 'a function';
    if (typeof value !== 'object' || value === null) return `${typeof value} ${String(value)}`;
    if (restless.has(value)) return 'what must not be read';
    const before = seen.get(value);
    if (before !== undefined) return `#${before}`;
    seen.set(value, seen.size);
    if (value instanceof FlatMatrix) return `${value.rows}×${value.columns} ${value.to1DArray().map(of)}`;
    if (value instanceof AbstractMatrix) return `${value.rows}×${value.columns} ${value.to1DArray().map(of)}`;
    if (ArrayBuffer.isView(value)) return value.byteLength === 0 ? '' : Array.from(value as Float64Array, of).join();
    if (Array.isArray(value)) return value.length > MOST ? `of length ${value.length}` : `[${Array.from(value, of)}]`;
    if (value instanceof Map) return `map ${[...value].map(of)}`;
    return `{${fieldsOf(value).map(([key, field]) => `${key}: ${of(field)}`)}}`;
  };
  return of(value);
}

/** The fields of an object, or none where one cannot be read. */
function readable(value: object): readonly (readonly [string, unknown])[] {
  try {
    return Object.entries(value);
  } catch (error) {
    if (error instanceof Thrown) return [];
    throw error;
  }
}

/** The fields of an object; of what keeps them to itself, what it shows of them. */
function fieldsOf(value: object): readonly (readonly [string, unknown])[] {
  const own = readable(value);
  if (value instanceof ParamSet) return [...own, ['values', value.values], ['grads', value.grads]];
  if (value instanceof Random) return [['state', value.state()]];
  if (value instanceof Vocabulary) return own;
  if (value instanceof CharTrainer) return [...own, ['position', value.position], ['state', value.state]];
  return own.filter(([key]) => key !== 'runtime' && key !== 'products');
}
