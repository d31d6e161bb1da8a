import { madeElsewhere, noteOf } from './copies.ts';
import { residence } from './engine/resident.ts';
import { type Entries, requireEntries } from './entries.ts';
import { ShapeError, ValueError } from './errors.ts';
import {
  allocate,
  describe,
  isPlain,
  requireFiniteNumber,
  requireInstance,
  requireKnown,
  requireName,
  requireNamed,
  requirePartName,
  requireSize,
} from './require.ts';
import type { Shape, Shapes } from './shape.ts';
import { FlatMatrix } from './views.ts';

/** What a set that others join does to them, be they of another copy of the library, whose private fields it does not see. */
interface Part {
  isJoined(): boolean;
  /** Puts `name` before its place, and those of all its parts. */
  move(name: string): void;
  /** Puts its numbers, and its parts', into other memory. */
  rebase(values: Float64Array, grads: Float64Array): void;
}

const asPart = noteOf<Part>('part');

/** What is known of parameters, by name; nothing of those that are not in it. */
export interface KnownParams<Name extends string = string> {
  /** Rows that say how much of a state is kept: 1 where that is more as they grow, −1 where it is less. */
  readonly keeps?: Readonly<Partial<Record<Name, 1 | -1>>>;
  /** What every number of a parameter begins with; 0 unless given. */
  readonly first?: Readonly<Partial<Record<Name, number>>>;
}

/** The names of all parameters of parts whose own are `Names`, `part.name`: written out, so that an editor shows them. */
export type JoinedNames<Names extends Readonly<Record<string, string>>> = keyof Names extends infer Part
  ? Part extends keyof Names & string
    ? `${Part}.${Names[Part]}`
    : never
  : never;

/**
 * Named parameters in one contiguous buffer, and their gradients in another of the same layout: an optimiser, a clip
 * or a checkpoint sees one array; a cell sees matrices.
 *
 * {@link ParamSet.join} makes one set of several. The parts go on working: they become windows of the joined buffers.
 *
 * @example
 * ```ts
 * import { ParamSet } from 'bptt';
 *
 * const params = ParamSet.of({ W: [2, 2], b: [1, 2] });
 * params.named().W.set(0, 1, 7);
 * console.log(params.values); // → Float64Array(6) [ 0, 7, 0, 0, 0, 0 ]
 * params.set('b', [[8, 9]]);
 * console.log(params.get('b').data); // → Float64Array(2) [ 8, 9 ]
 * ```
 */
export class ParamSet<Name extends string = string> {
  /** Said here, since a bundle calls classes otherwise. */
  static readonly name: string = 'ParamSet';
  static readonly brand: string = 'bptt.ParamSet';
  /** The shape of every parameter, in the order they lie in memory. */
  readonly shapes: Shapes<Name>;
  /** Which of them say how much of a state is kept, and with which sign: see {@link KnownParams}. */
  readonly keeps: Readonly<Partial<Record<string, 1 | -1>>>;
  /** Which of them begin with another number than 0. */
  readonly first: Readonly<Partial<Record<string, number>>>;
  #values: Float64Array;
  #grads: Float64Array;
  #parts: readonly ParamSet[] = [];
  #isPart = false;
  #place = '';

  private constructor(shapes: Shapes<Name>, { keeps = {}, first = {} }: KnownParams) {
    this.shapes = shapes;
    this.keeps = keeps;
    this.first = first;
    let size = 0;
    for (const [rows, columns] of Object.values<Shape>(shapes)) size += rows * columns;
    const { values, grads } = residence(size) ?? { values: allocate('params', size), grads: allocate('params', size) };
    this.#values = values;
    this.#grads = grads;
    asPart.set(this, {
      isJoined: () => this.#isPart,
      move: name => this.#move(name),
      rebase: (values, grads) => this.#rebase(values, grads),
    });
  }

  /** Whether a value is a set: not what wraps one, such as a Proxy, whose parameters could not be reached. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && (#values in value || madeElsewhere(ParamSet, value));
  }

  /**
   * Parameters of the given shapes in the order of the keys, all zero but those that have a first value.
   *
   * @throws ValueError when a size is no positive integer, a name is empty, an integer (JavaScript would put it before
   * the others) or `__proto__`, or something is known of a parameter that is none of them.
   */
  static of<Name extends string, Known extends Name = Name>(
    shapes: Shapes<Name>,
    known: KnownParams<Known> = {},
  ): ParamSet<Name> {
    const own = requireShapes('shapes', shapes);
    const { keeps: signs, first: begins } = requireKnown('known', known, ['keeps', 'first']);
    const keeps = requireOf(own, 'keeps', requireKeeps('keeps', signs));
    const first = requireOf(own, 'first', requireFirst('first', begins));
    const made = new ParamSet(own, { keeps, first });
    const values: Readonly<Record<string, FlatMatrix>> = made.named();
    for (const [name, value = 0] of Object.entries(first)) values[name]?.fill(value);
    return made;
  }

  /**
   * One set over the parameters of all parts, values and gradients kept, named `part.name`. The parts share the new
   * set's memory from now on: matrices taken from them before are stale.
   *
   * @throws ValueError when a set is given twice, is part of another already, or a part's name is empty, an integer,
   * `__proto__`, or has a dot.
   */
  static join<Names extends Readonly<Record<string, string>>>(
    parts: {
      readonly [Part in keyof Names]: ParamSet<Names[Part]>;
    },
  ): ParamSet<JoinedNames<Names>> {
    const shapes: Record<string, Shape> = {};
    const keeps: Record<string, 1 | -1> = {};
    const first: Record<string, number> = {};
    const entries = requireNamed<ParamSet>('parts', parts as Readonly<Record<string, ParamSet>>);
    const sets = entries.map(([, params]) => params);
    if (new Set(sets).size < sets.length) {
      throw new ValueError('parts', 'each set of parameters once', entries.map(([part]) => part).join(', '));
    }
    for (const [part, params] of entries) {
      requireInstance(`parts.${part}`, params, ParamSet);
      if (asPart.get(params)?.isJoined())
        throw new ValueError(`parts.${part}`, 'parameters that are part of no other set', 'joined ones');
      for (const [name, shape] of Object.entries(params.shapes)) {
        shapes[`${part}.${name}`] = shape; // once: no part has a dot in its name
        const [sign, value] = [params.keeps[name], params.first[name]];
        if (sign !== undefined) keeps[`${part}.${name}`] = sign;
        if (value !== undefined) first[`${part}.${name}`] = value;
      }
    }
    const joined = new ParamSet<JoinedNames<Names>>(shapes as Shapes<JoinedNames<Names>>, { keeps, first });
    let offset = 0;
    for (const params of sets) {
      joined.#values.set(params.values, offset);
      joined.#grads.set(params.grads, offset);
      offset += params.size;
    }
    joined.#parts = sets;
    for (const [name, part] of entries) asPart.get(part)?.move(name);
    joined.#rebase(joined.#values, joined.#grads);
    return joined;
  }

  /**
   * Where this set lies in the one that it is part of, and that in its own: names with dots between them, such as
   * `encoder.lstm`. Empty where it is part of none. Nothing else has this place there.
   */
  get place(): string {
    return this.#place;
  }

  /** How many numbers there are in all. */
  get size(): number {
    return this.#values.length;
  }

  /**
   * All values; writing to it changes the parameters. It is an array as any other: what is shorter, `values.set` puts at its
   * beginning without a word. {@link ParamSet.load} takes as many numbers as there are, and {@link ParamSet.set} those of
   * one parameter.
   */
  get values(): Float64Array {
    return this.#values;
  }

  /** All gradients, in the same layout as `values`. Layers add into it; whoever trains zeroes it. */
  get grads(): Float64Array {
    return this.#grads;
  }

  /**
   * A copy of one parameter: its `data` are its numbers and no others, and nobody else writes to it.
   *
   * @param name one of `shapes`.
   * @throws ValueError listing the names there are, when it is none of them.
   */
  get(name: Name): FlatMatrix {
    const { rows, columns, offset, data } = pick(this.named(), name);
    return new FlatMatrix(data.slice(offset, offset + rows * columns), rows, columns);
  }

  /**
   * Puts numbers into one parameter: all of them, or none when they are refused.
   *
   * @param name one of `shapes`.
   * @param numbers a matrix of its shape, its rows, or its numbers row after row; copied.
   * @throws ShapeError when there are more or fewer of them than it has; ValueError when one is not finite, or the name is
   * none.
   */
  set(name: Name, numbers: Entries): void {
    const { rows, columns, offset } = pick(this.named(), name);
    this.#values.set(requireEntries(name, numbers, [rows, columns]), offset);
  }

  /**
   * Puts numbers into all parameters, as {@link ParamSet.values} of a set of these shapes has them.
   *
   * @param numbers as many as there are; copied.
   * @throws ShapeError when there are more or fewer; ValueError when one is not finite. Nothing is written then.
   */
  load(numbers: ArrayLike<number>): void {
    this.#values.set(requireEntries('numbers', numbers, [this.size, 1]));
  }

  /** The values as matrices that share the memory of `values`. */
  named(): Readonly<Record<Name, FlatMatrix>> {
    return views(this.#values, this.shapes);
  }

  /** Those of {@link named} that have no first value: what initialisers of a whole set fill. */
  open(): Readonly<Record<string, FlatMatrix>> {
    const open = Object.entries<FlatMatrix>(this.named()).filter(([name]) => !Object.hasOwn(this.first, name));
    return Object.fromEntries(open);
  }

  /** The gradients as matrices that share the memory of `grads`. */
  namedGrads(): Readonly<Record<Name, FlatMatrix>> {
    return views(this.#grads, this.shapes);
  }

  /** Sets every gradient to zero. */
  zeroGrads(): void {
    this.#grads.fill(0);
  }

  /** Puts `name` before this place, and those of all parts. */
  #move(name: string): void {
    this.#isPart = true;
    this.#place = this.#place === '' ? name : `${name}.${this.#place}`;
    for (const part of this.#parts) asPart.get(part)?.move(name);
  }

  #rebase(values: Float64Array, grads: Float64Array): void {
    this.#values = values;
    this.#grads = grads;
    let offset = 0;
    for (const part of this.#parts) {
      const end = offset + part.size;
      asPart.get(part)?.rebase(values.subarray(offset, end), grads.subarray(offset, end));
      offset = end;
    }
  }
}

/** The matrix called `name` of a set of views, or throws {@link ValueError} listing the names there are. */
export function pick(matrices: Readonly<Record<string, FlatMatrix>>, name: string): FlatMatrix {
  const matrix = Object.hasOwn(matrices, requireName('name', name)) ? matrices[name] : undefined;
  if (!matrix) throw new ValueError('name', `one of ${Object.keys(matrices).join(', ')}`, JSON.stringify(name));
  return matrix;
}

/**
 * A copy of the shapes of parameters by name, in their order.
 *
 * @throws ShapeError, ValueError when they are none: see {@link ParamSet.of}.
 */
export function requireShapes<Name extends string>(argument: string, shapes: Shapes<Name>): Shapes<Name> {
  if (!isPlain(shapes)) throw new ValueError(argument, 'an object of shapes by name', describe(shapes));
  const checked = Object.entries<Shape>(shapes).map(([name, shape]) => {
    return [requirePartName(argument, name), requireShape(argument, name, shape)] as const;
  });
  return Object.fromEntries(checked) as Shapes<Name>;
}

/** A copy of signs by name, or throws ValueError. */
export function requireKeeps(argument: string, keeps: KnownParams['keeps'] = {}): Record<string, 1 | -1> {
  return byName(argument, keeps, (place, sign) => {
    if (sign !== 1 && sign !== -1) throw new ValueError(place, '1 or -1', describe(sign));
    return sign;
  });
}

/** A copy of first values by name, or throws ValueError. */
export function requireFirst(argument: string, first: KnownParams['first'] = {}): Record<string, number> {
  return byName(argument, first, (place, value) => requireFiniteNumber(place, value as number));
}

function byName<V>(argument: string, values: object, check: (place: string, value: unknown) => V): Record<string, V> {
  if (!isPlain(values)) throw new ValueError(argument, 'an object by names of parameters', describe(values));
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, check(`${argument}.${name}`, value)]));
}

/** What is known is known of these parameters. */
function requireOf<V>(shapes: Shapes, argument: string, known: Record<string, V>): Record<string, V> {
  for (const name of Object.keys(known)) {
    if (Object.hasOwn(shapes, name)) continue;
    throw new ValueError(`${argument}.${name}`, `one of ${Object.keys(shapes).join(', ')}`, 'none of the parameters');
  }
  return known;
}

/** Rows and columns, each read once. */
function requireShape(argument: string, name: string, shape: Shape): Shape {
  if (!Array.isArray(shape) || shape.length !== 2) {
    throw new ShapeError(`${argument}.${name}`, '[rows, columns]', describe(shape));
  }
  const [rows, columns] = [shape[0], shape[1]];
  return [requireSize(`${name} rows`, rows), requireSize(`${name} columns`, columns)];
}

function views<Name extends string>(data: Float64Array, shapes: Shapes<Name>): Record<Name, FlatMatrix> {
  const result: Partial<Record<Name, FlatMatrix>> = {};
  let offset = 0;
  for (const name of Object.keys(shapes) as Name[]) {
    const [rows, columns] = shapes[name];
    result[name] = new FlatMatrix(data, rows, columns, offset);
    offset += rows * columns;
  }
  return result as Record<Name, FlatMatrix>;
}
