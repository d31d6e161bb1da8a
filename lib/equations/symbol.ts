/** Symbols for matrices: a cell that is run on them leaves its equations behind. */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { asInstance } from '../copies.ts';
import type { Shape } from '../shape.ts';
import type { Grid } from './numbers.ts';
import type { Operation } from './operation.ts';
import { copy } from './operations.ts';

/** What a value that is no result stands for. `dp` is the gradient that is added to, as it was before. */
export interface Input {
  readonly role: 'p' | 'x' | 'prev' | 'dnext' | 'dp';
  readonly name: string;
}

/** The left-hand side of an assignment: an input, a constant, or what an operation makes of others. */
export interface Value {
  /** Its place among all values of its equations. */
  readonly id: number;
  readonly shape: Shape;
  /** Whether its rows are the samples of the batch; a parameter, and what is made of parameters alone, has none. */
  readonly samples: boolean;
  readonly operation?: Operation;
  readonly args: readonly Value[];
  readonly input?: Input;
  readonly constant?: Grid<number>;
  /** Made where the operation was called: its stack says from where. */
  readonly trace?: Error;
}

/** Why a cell cannot be recorded, in half a sentence that names the operation. */
export class Unrecordable extends Error {
  /** Whether it was thrown from within the cell, by what it did there. */
  readonly within: boolean;

  constructor(reason: string, within: boolean = true) {
    super(reason);
    this.within = within;
  }
}

/** A matrix that has a shape, a place in the equations, and no numbers. */
export class MatrixSymbol extends Matrix {
  static readonly brand: string = 'bptt.MatrixSymbol';
  override readonly rows: number;
  override readonly columns: number;
  readonly recorder: Recorder;
  #value: Value;

  /** Whether a value is one: a cell may be written in the algebra of another copy of the library. */
  static override readonly [Symbol.hasInstance]: (value: unknown) => boolean = asInstance;

  constructor(recorder: Recorder, value: Value) {
    super(0, 0);
    [this.rows, this.columns] = value.shape;
    this.recorder = recorder;
    this.#value = value;
  }

  get value(): Value {
    return this.#value;
  }

  /** From now on it stands for what was added to it. */
  become(value: Value): void {
    this.#value = value;
  }

  override get(row: number, column: number): number {
    throw new Unrecordable(`it looks at the single element [${row},${column}] of a matrix`);
  }

  override set(row: number, column: number, _: number): this {
    throw new Unrecordable(`it writes the single element [${row},${column}] of a matrix`);
  }
}

/** Takes down what is done to symbols. */
export class Recorder {
  /** Rows that stand for the samples of a batch, of any number: no parameter has as many. */
  readonly samples: number;
  readonly #values: Value[] = [];

  constructor(samples: number) {
    this.samples = samples;
  }

  /** All values so far, each after those that it is made of. */
  get values(): readonly Value[] {
    return this.#values;
  }

  input(input: Input, shape: Shape): MatrixSymbol {
    return new MatrixSymbol(this, this.#add({ shape, samples: shape[0] === this.samples, args: [], input }));
  }

  /** The result of an operation on symbols, and on constants. */
  apply(operation: Operation, args: readonly AbstractMatrix[], shape: Shape): MatrixSymbol {
    return new MatrixSymbol(this, this.#assign(operation, args, shape));
  }

  /** An operation whose first argument is the gradient that it adds to. */
  addTo(operation: Operation, args: readonly AbstractMatrix[], shape: Shape): void {
    const [gradient] = args;
    if (!(gradient instanceof MatrixSymbol) || originOf(gradient.value).input?.role !== 'dp') {
      throw new Unrecordable(`${operation.name} changes a matrix that is no gradient of a parameter`);
    }
    gradient.become(this.#assign(operation, args, shape));
  }

  valueOf(matrix: AbstractMatrix): Value {
    if (!(matrix instanceof MatrixSymbol)) return this.#constant(matrix);
    if (matrix.recorder !== this) throw new Unrecordable('it keeps matrices from one call to the next');
    return matrix.value;
  }

  /** A matrix's value, with as many rows as the matrix: given numbers are a row that all samples share, and a copy has them all. */
  wholeOf(matrix: AbstractMatrix): Value {
    const value = this.valueOf(matrix);
    if (!value.constant || matrix.rows !== this.samples) return value;
    const shape: Shape = [matrix.rows, matrix.columns];
    return this.#add({ shape, samples: true, operation: copy, args: [value], trace: new Error() });
  }

  #assign(operation: Operation, matrices: readonly AbstractMatrix[], shape: Shape): Value {
    const args = matrices.map(matrix =>
      operation.kind === 'elementwise' ? this.valueOf(matrix) : this.wholeOf(matrix),
    );
    if (operation.kind !== 'elementwise' && args.some(({ constant }) => constant)) {
      throw new Unrecordable(`${operation.name} of a matrix of given numbers`);
    }
    const samples = shape[0] === this.samples;
    if (!samples && args.some(arg => arg.samples) && operation.kind === 'part') {
      throw new Unrecordable(`${operation.name} takes samples of the batch apart`);
    }
    return this.#add({ shape, samples, operation, args, trace: new Error() });
  }

  /** Given numbers: one row that stands for all where every sample has the same. */
  #constant(matrix: AbstractMatrix): Value {
    const all = matrix.to2DArray();
    const [first = []] = all;
    const same = matrix.rows === this.samples;
    if (same && all.some(row => row.some((x, j) => !Object.is(x, first[j])))) {
      throw new Unrecordable('it gives samples of the batch different numbers');
    }
    const rows = same ? [first] : all;
    const constant: Grid<number> = {
      rows: rows.length,
      columns: matrix.columns,
      get: (i, j) => (rows.length === 1 ? first : rows[i])?.[j] ?? Number.NaN,
    };
    return this.#add({ shape: [rows.length, matrix.columns], samples: false, args: [], constant });
  }

  #add(value: Omit<Value, 'id'>): Value {
    const added = { id: this.#values.length, ...value };
    this.#values.push(added);
    return added;
  }
}

/** What a gradient was before anything was added to it; any other value is its own origin. */
export function originOf(value: Value): Value {
  const [first] = value.args;
  const adds =
    value.operation?.name === 'addTTimes' ||
    value.operation?.name === 'addColumnSums' ||
    value.operation?.name === 'addTo';
  return adds && first ? originOf(first) : value;
}
