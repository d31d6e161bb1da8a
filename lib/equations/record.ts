/** A cell's own equations: its `forward` and `backward` run once, on symbols for matrices. */
import { AbstractMatrix } from 'ml-matrix';
import type { Cell, CellSize, State } from '../cells/cell.ts';
import { requireCell, requireCellSize } from '../cells/cell.ts';
import { declaredBy } from '../cells/declared.ts';
import { timed } from '../cells/timed.ts';
import type { Matrices, Shape } from '../shape.ts';
import { placeOf } from './source.ts';
import { type MatrixSymbol, Recorder, Unrecordable, type Value } from './symbol.ts';

/** One step of a cell, as assignments. */
export interface Equations {
  readonly name: string;
  readonly size: CellSize;
  /** As many rows as here stand for the samples of a batch, of any number. */
  readonly samples: number;
  /** Inputs, constants and assignments, each after those that it is made of; backward's from `backward` on. */
  readonly values: readonly Value[];
  readonly backward: number;
  readonly next: Readonly<Record<string, Value>>;
  readonly dx: Value;
  readonly dprev: Readonly<Record<string, Value>>;
  /** What the gradient of every parameter has become. */
  readonly dp: Readonly<Record<string, Value>>;
}

/** The equations of a cell, or why it has none that can be written down. */
export type Recorded =
  | { readonly equations: Equations; readonly reason?: undefined }
  | { readonly equations?: undefined; readonly reason: string };

/**
 * The equations of a cell of so many inputs and units.
 *
 * A cell that looks at single elements, or asks which value one has, cannot be recorded: the reason says so in half a
 * sentence, with the line.
 *
 * @param given the cell; of one that asks for the time, what counts it is recorded too.
 * @throws ShapeError, ValueError when the cell or `size` is none, the cell cannot have it, or has no parameters or state there.
 */
export function record(given: Cell, size: CellSize): Recorded {
  const cell = timed(requireCell('cell', given));
  requireCellSize(size, cell);
  const { shapes, state } = declaredBy(cell, size);
  const recorder = new Recorder(samplesBeside(size, shapes, state));
  const B = recorder.samples;
  const inputs = (
    role: 'p' | 'prev' | 'dnext' | 'dp',
    all: Readonly<Record<string, Shape>>,
  ): Record<string, MatrixSymbol> =>
    Object.fromEntries(Object.entries(all).map(([name, shape]) => [name, recorder.input({ role, name }, shape)]));
  const rows = Object.fromEntries(
    Object.entries(state).map(([name, columns]): [string, Shape] => [name, [B, columns]]),
  );
  const part = (given: Matrices, name: string): Value => recorder.wholeOf(requirePart(given, name, rows[name]));
  try {
    const p = Object.freeze(inputs('p', shapes));
    const x = recorder.input({ role: 'x', name: 'x' }, [B, size.d]);
    const { next, tape } = cell.forward(p, x, inputs('prev', rows) as Matrices as State<string>);
    const after = mapKeys(requireOnly('next', next, state), name => part(next, name));
    const backward = recorder.values.length;
    const dp = Object.freeze(inputs('dp', shapes));
    const { dx, dprev } = cell.backward(p, tape, inputs('dnext', rows) as Matrices as State<string>, dp);
    return {
      equations: {
        name: cell.name,
        size,
        samples: B,
        next: after,
        dx: recorder.wholeOf(requirePart({ dx }, 'dx', [B, size.d])),
        dprev: mapKeys(requireOnly('dprev', dprev, state), name => part(dprev, name)),
        dp: Object.fromEntries(Object.entries(dp).map(([name, symbol]) => [name, symbol.value])),
        values: recorder.values,
        backward,
      },
    };
  } catch (error) {
    if (!(error instanceof Unrecordable))
      return { reason: `it fails: ${error instanceof Error ? error.message : error}` };
    const place = error.within ? placeOf(error) : undefined;
    return { reason: `${error.message}${place ? ` (${place.file}:${place.line})` : ''}` };
  }
}

/** The state that was declared, of which there is no part more. */
function requireOnly<S extends object>(what: string, given: Matrices, state: S): S {
  const other = Object.keys(given ?? {}).find(name => !Object.hasOwn(state, name));
  if (other !== undefined) throw new Unrecordable(`${what} has a part ${other} that is not declared`, false);
  return state;
}

function mapKeys<V>(record: object, f: (name: string) => V): Record<string, V> {
  return Object.fromEntries(Object.keys(record).map(name => [name, f(name)]));
}

/** A number of rows that is no size of anything else. */
function samplesBeside(
  size: CellSize,
  shapes: Readonly<Record<string, Shape>>,
  state: Readonly<Record<string, number>>,
) {
  const taken = new Set([size.d, size.m, ...Object.values(shapes).flat(), ...Object.values(state)]);
  let samples = 1009;
  while (taken.has(samples)) samples++;
  return samples;
}

function requirePart(
  given: Readonly<Record<string, AbstractMatrix | undefined>>,
  name: string,
  shape: Shape | undefined,
) {
  const matrix = given?.[name];
  if (!AbstractMatrix.isMatrix(matrix)) throw new Unrecordable(`${name} is no matrix`, false);
  const [rows, columns] = shape ?? [0, 0];
  if (matrix.rows !== rows) throw new Unrecordable(`${name} has not a row for every sample`, false);
  if (matrix.columns !== columns) {
    throw new Unrecordable(`${name} has ${matrix.columns} columns, of ${columns} declared`, false);
  }
  return matrix;
}
