/**
 * Equations as plain data, and the cell that they are: it computes by the same operations in the same order, and so the same
 * bits. That is how a cell of a user's own goes where its module does not: into a file, to another thread.
 */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { type Cell, type CellSize, type State, tagsOf } from '../cells/cell.ts';
import { requireRows } from '../entries.ts';
import { ShapeError, ValueError } from '../errors.ts';
import { addColumnSums, addTo, addTTimes, timesT } from '../matrix.ts';
import { describe, requireInteger, requireList, requireObject } from '../require.ts';
import type { Matrices, Shape } from '../shape.ts';
import { apply } from './matrices.ts';
import type { Operation } from './operation.ts';
import * as operations from './operations.ts';
import type { Equations } from './record.ts';
import type { Input, Value } from './symbol.ts';

/** A left-hand side: an input, given numbers, or an operation on those before it, by their numbers. */
export interface WrittenValue {
  readonly input?: Input;
  readonly rows?: readonly (readonly number[])[];
  readonly operation?: string;
  readonly args?: readonly number[];
  /** Columns or rows `from` to `to`, of an operation that takes a part. */
  readonly part?: readonly [from: number, to: number];
}

/** One step of a cell of one size. */
export interface WrittenEquations {
  readonly size: CellSize;
  readonly params: Readonly<Record<string, Shape>>;
  readonly state: Readonly<Record<string, number>>;
  readonly keeps?: Readonly<Record<string, 1 | -1>>;
  readonly first?: Readonly<Record<string, number>>;
  /** The tags of its equations, by what they give the gradient of. */
  readonly tags: Readonly<Record<string, string>>;
  readonly values: readonly WrittenValue[];
  /** The first of backward's. */
  readonly backward: number;
  readonly next: Readonly<Record<string, number>>;
  readonly dx: number;
  readonly dprev: Readonly<Record<string, number>>;
}

/** The equations of a cell, written down; undefined where one of them is a function of JavaScript, or asks for the time. */
export function writtenOf(cell: Cell, equations: Equations): WrittenEquations | undefined {
  const { size, values, backward, next, dx, dprev } = equations;
  if (cell.time || values.some(({ operation }) => operation?.kind === 'opaque')) return undefined;
  const numbers = (parts: Readonly<Record<string, Value>>) =>
    Object.fromEntries(Object.entries(parts).map(([name, { id }]) => [name, id]));
  const shapes = values.flatMap(({ input, shape }) => (input?.role === 'p' ? [[input.name, shape] as const] : []));
  return {
    size,
    params: Object.fromEntries(shapes),
    state: Object.fromEntries(Object.entries(next).map(([name, { shape }]) => [name, shape[1]])),
    ...(cell.keeps && { keeps: cell.keeps as Record<string, 1 | -1> }),
    ...(cell.first && { first: cell.first as Record<string, number> }),
    tags: tagsOf(cell),
    values: values.map(written),
    ...{ backward, next: numbers(next), dx: dx.id, dprev: numbers(dprev) },
  };
}

function written({ input, constant, operation, args, shape }: Value): WrittenValue {
  if (input) return { input };
  if (constant) {
    const { rows, columns, get } = constant;
    return { rows: Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => get(i, j))) };
  }
  const from = operation?.kind === 'part' ? operation.from : undefined;
  const length = operation?.kind === 'part' && operation.of === 'rows' ? shape[0] : shape[1];
  return {
    operation: operation?.name ?? '',
    args: args.map(({ id }) => id),
    ...(from !== undefined && { part: [from, from + length] as const }),
  };
}

/**
 * The cell of that name whose equations these are. It has the one size that they have.
 *
 * @param equations what {@link writtenOf} gave, or anything.
 * @throws ValueError when they are none.
 */
export function cellFrom(name: string, equations: WrittenEquations): Cell {
  const { size, params, state, keeps, first, tags, values, backward, next, dx, dprev } = requireObject(
    'equations',
    equations,
  );
  const steps = requireList('values', values).map(stepOf);
  const made = (n: number, run: Run): AbstractMatrix => {
    const matrix = run[n];
    if (!matrix) throw new ValueError('equations', `${steps.length} values, each of those before it`, `number ${n}`);
    return matrix;
  };
  const parts = (of: Readonly<Record<string, number>>, run: Run, B: number) =>
    Object.fromEntries(Object.entries(of).map(([part, n]) => [part, whole(made(n, run), B)])) as State<string>;
  const sized = <T>(given: CellSize, what: T): T => {
    if (given.d !== size.d || given.m !== size.m)
      throw new ShapeError(
        name,
        `d = ${size.d} and m = ${size.m}, of which its equations are`,
        `${given.d} and ${given.m}`,
      );
    return what;
  };
  return {
    name,
    equations: tags,
    ...(keeps && { keeps }),
    ...(first && { first }),
    params: given => sized(given, params),
    state: given => sized(given, state) as Cell extends { state(size: CellSize): infer S } ? S : never,

    forward(p, x, prev) {
      const run: AbstractMatrix[] = [];
      const inputs = { p, x: { x }, prev };
      for (let n = 0; n < backward; n++) run.push(steps[n]?.(run, inputs) ?? Matrix.zeros(0, 0));
      return { next: parts(next, run, x.rows), tape: run };
    },

    backward(p, tape, dnext, dp) {
      const run = [...(tape as Run)];
      const inputs = { p, dnext, dp };
      for (let n = backward; n < steps.length; n++) run.push(steps[n]?.(run, inputs) ?? Matrix.zeros(0, 0));
      const B = dnext.h?.rows ?? 0;
      return { dx: whole(made(dx, run), B), dprev: parts(dprev, run, B) };
    },
  };
}

type Run = readonly AbstractMatrix[];
type Inputs = Readonly<Partial<Record<Input['role'], Matrices>>>;
type Step = (run: Run, inputs: Inputs) => AbstractMatrix;

/** Every operation by its name, but for those of which there are many. */
const KNOWN: ReadonlyMap<string, Operation> = new Map(
  Object.values(operations).flatMap(value => (typeof value === 'object' ? [[value.name, value] as const] : [])),
);

/** Three that change what they add to. */
const ADDING: Readonly<Record<string, (D: AbstractMatrix, a: AbstractMatrix, b: AbstractMatrix) => void>> = {
  addTTimes,
  addColumnSums,
  addTo,
};

function stepOf(value: WrittenValue, n: number): Step {
  const place = `values[${n}]`;
  const { input, rows, operation = '', args = [], part } = requireObject(place, value);
  if (input) {
    const { role, name } = requireObject(`${place}.input`, input);
    return (_, inputs) => {
      const matrix = inputs[role]?.[name];
      if (!matrix) throw new ValueError(`${place}.input`, 'an input of this pass', describe(name));
      return matrix;
    };
  }
  if (rows) {
    const { data, ...shape } = requireRows(`${place}.rows`, rows);
    const constant = Matrix.from1DArray(shape.rows, shape.columns, data);
    return () => constant;
  }
  const before = requireList(`${place}.args`, args).map((arg, k) =>
    requireInteger(`${place}.args[${k}]`, arg, 0, n - 1),
  );
  const given = (run: Run) => before.map(arg => run[arg]) as AbstractMatrix[];
  const adding = Object.hasOwn(ADDING, operation) ? ADDING[operation] : undefined;
  if (adding) {
    return run => {
      const [D, a, b] = given(run) as [AbstractMatrix, AbstractMatrix, AbstractMatrix];
      adding(D, a, b);
      return D;
    };
  }
  const known = operationOf(operation, part, place);
  if (known === operations.timesT) {
    return run => {
      const [a, B] = given(run) as [AbstractMatrix, AbstractMatrix];
      return timesT(a, B); // which gathers, where a is one-hot
    };
  }
  return run => apply(known, ...given(run));
}

function operationOf(name: string, part: WrittenValue['part'], place: string): Operation {
  if (part) {
    const [from, to] = requireList(`${place}.part`, part);
    if (name === 'columns') return operations.columns(from, to);
    if (name === 'rows') return operations.rows(from, to);
  }
  const known = KNOWN.get(name);
  if (!known) throw new ValueError(`${place}.operation`, 'an operation', describe(name));
  return known;
}

/** A row that stands for all samples, as many times as there are; every other matrix as it is. */
function whole(matrix: AbstractMatrix, B: number): AbstractMatrix {
  return matrix.rows === B ? matrix : new Matrix(Array.from({ length: B }, () => matrix.getRow(0)));
}
