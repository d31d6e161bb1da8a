/**
 * A cell of a size, step by step, held to its contract: what it returns is what it declares, and what goes wrong within it
 * says which pass of which cell that was.
 */
import { type Cell, type CellSize, requireCell, requireCellSize } from '../cells/cell.ts';
import { declaredBy } from '../cells/declared.ts';
import { COUNT, timed } from '../cells/timed.ts';
import { BpttError, MemoryError, ShapeError, ValueError } from '../errors.ts';
import { ParamSet } from '../params.ts';
import { describe, requireObject, requireShape } from '../require.ts';
import type { Matrices, Shapes } from '../shape.ts';
import { requireParts } from './layer.ts';

/** The two passes of one step of any number of rows, and what they work on. */
export interface Steps<P extends string, S extends string, Tape> {
  /** Fresh parameters, as the cell has them at first. */
  readonly params: ParamSet<P>;
  /** The columns of every part of the state, the count of a cell that asks for the time among them. */
  readonly state: Readonly<Record<S | 'h', number>>;
  /** The parts of it that count. */
  readonly counts: readonly string[];
  readonly equations: Cell<P, S, Tape>['equations'];
  readonly forward: Cell<P, S, Tape>['forward'];
  readonly backward: Cell<P, S, Tape>['backward'];
}

/**
 * @throws ValueError when the cell is none, or cannot have that size. The passes throw ShapeError or ValueError naming the
 * cell, the pass and the part: `mine.backward: dprev.h: expected a 3×5 matrix, got a 3×4 matrix`.
 */
export function stepsOf<P extends string, S extends string, Tape>(
  given: Cell<P, S, Tape>,
  size: CellSize,
): Steps<P, S, Tape> {
  const cell = timed(requireCell('cell', given));
  requireCellSize(size, cell);
  const { name } = cell;
  const { shapes, state } = declaredBy(cell, size);
  const params = cellParams(cell, shapes);
  const [there, back] = [`${name}.forward`, `${name}.backward`];

  return {
    params,
    state,
    counts: countsOf(given),
    equations: cell.equations,

    forward(given, x, prev) {
      const p = Object.freeze(given);
      const step = ran(
        there,
        () => cell.forward(p, x, prev),
        { p },
        watched => cell.forward(watched('p', p), x, prev),
      );
      requireParts(`${there}: next`, requireObject(there, step).next, state, x.rows);
      return step;
    },

    backward(given, tape, dnext, into) {
      const [p, dp] = [Object.freeze(given), Object.freeze(into)];
      const step = ran(
        back,
        () => cell.backward(p, tape, dnext, dp),
        { p },
        watched => {
          const own = ParamSet.of(params.shapes).namedGrads();
          cell.backward(watched('p', p), tape, dnext, watched('dp', own));
        },
      );
      const { dx, dprev } = requireObject(back, step);
      requireShape(`${back}: dx`, dx, [dnext.h.rows, size.d]);
      requireParts(`${back}: dprev`, dprev, state, dnext.h.rows);
      return step;
    },
  };
}

/** Parameters of these shapes, with what the cell declares of them. */
export function cellParams<P extends string>(
  { name, keeps, first }: Pick<Cell<P>, 'name' | 'keeps' | 'first'>,
  shapes: Shapes<P>,
): ParamSet<P> {
  return named(`${name}.params`, () => ParamSet.of(shapes, { ...(keeps && { keeps }), ...(first && { first }) }));
}

/** The parts of a cell's state that count its steps. */
export function countsOf({ time }: Pick<Cell, 'time'>): readonly string[] {
  return time ? [COUNT] : [];
}

type Watching = <M extends Matrices>(record: string, matrices: M) => M;

/** What a pass returns; of an error from within it, whose pass it was, and which parameter is asked for that there is not. */
function ran<T>(pass: string, run: () => T, { p }: { readonly p: object }, again: (watched: Watching) => unknown): T {
  try {
    return named(pass, run);
  } catch (error) {
    const names = Object.keys(p);
    const missing = error instanceof MemoryError ? undefined : askedFor(names, again);
    if (missing === undefined) throw error;
    throw caused(new ValueError(`${pass}: ${missing}`, `one of ${names.join(', ')}`, 'no parameter'), error);
  }
}

/** The parameter that a pass asks for last, where the cell has none of that name: what it asked for before did no harm. */
function askedFor(names: readonly string[], again: (watched: Watching) => unknown): string | undefined {
  const last = new Map<string, string>();
  const watched: Watching = (record, matrices) =>
    new Proxy(matrices, {
      get(target, key, receiver) {
        if (typeof key === 'string') last.set(record, key);
        return Reflect.get(target, key, receiver);
      },
    });
  try {
    again(watched);
  } catch {
    const [missing] = [...last].filter(([, name]) => !names.includes(name));
    return missing?.join('.');
  }
  return undefined;
}

/** What `run` returns; an error from within it names the pass. */
function named<T>(pass: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof MemoryError) throw error;
    if (!(error instanceof BpttError)) {
      const said = error instanceof Error ? `${error.name}: ${error.message}` : describe(error);
      throw caused(new ValueError(pass, 'a pass that returns', said), error);
    }
    if (error.argument.startsWith(pass)) throw error;
    const Kind = error instanceof ShapeError ? ShapeError : ValueError;
    throw caused(new Kind(`${pass}: ${error.argument}`, error.expected, error.got), error);
  }
}

function caused<E extends Error>(error: E, cause: unknown): E {
  error.cause = cause;
  return error;
}
