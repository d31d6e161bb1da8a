import type { AbstractMatrix } from 'ml-matrix';
import { ValueError } from '../errors.ts';
import { requireFirst, requireKeeps } from '../params.ts';
import { describe, requireBoolean, requireFunction, requireKnown, requireObject, requireSize } from '../require.ts';
import type { Matrices, Shapes } from '../shape.ts';

/** The sizes a cell is made for. */
export interface CellSize {
  /** Inputs: the columns of x_t. */
  readonly d: number;
  /** Hidden units: the columns of h_t. */
  readonly m: number;
}

/** The tag of an equation in `derivations/`, such as `RNN-B3`. */
export type Tag = string;

/** What is asked of the sizes that do not fit, by name: `{ m: 'an even number' }`; nothing where both do. */
export type Misfit = Readonly<Partial<Record<keyof CellSize, string>>>;

/** The parts of a state. Every cell has `h`, the part that the network puts out; an LSTM has `c` beside it. */
export type State<S extends string> = Matrices<S | 'h'>;

/**
 * One time step of a recurrent network, forward and backward, each equation one tagged line.
 *
 * Rows are samples: x is B×d, a state B×m. A cell is a pair of pure functions. `backward` adds into `dp` and mutates
 * nothing else, so that running it twice adds the same gradient twice, bit for bit.
 *
 * @typeParam P the names of the parameters.
 * @typeParam S the names of the state's parts.
 * @typeParam Tape what backward needs of forward: a record of named values, and nothing else.
 */
export interface Cell<P extends string = string, S extends string = string, Tape = unknown> {
  readonly name: string;
  /**
   * The tag of the equation that gives each gradient: of every parameter, of `x`, and of every part of the state. What is
   * not said here is read off the comments of the cell's own lines; where those cannot be read, as in a browser, there is
   * what is said here.
   */
  readonly equations?: Readonly<Partial<Record<P | S | 'h' | 'x', Tag>>> | undefined;
  /** The shape of every parameter. A bias is a 1×m row. */
  params(size: CellSize): Shapes<P>;
  /** The columns of every part of the state. */
  state(size: CellSize): Readonly<Record<S | 'h', number>>;
  /**
   * The rows of parameters that say how much of the state is kept: the bias of a forget gate. 1 where the state is kept
   * where the bias is large, as by b_f of an LSTM; −1 where it is kept where the bias is small.
   */
  readonly keeps?: Readonly<Partial<Record<P, 1 | -1>>>;
  /** What every number of a parameter begins with where that is not 0: 1 for a gain. Initialisers of all leave it. */
  readonly first?: Readonly<Partial<Record<P, number>>>;
  /** What is asked of sizes that do not fit; any fit unless given. */
  sizes?(size: CellSize): Misfit;
  /**
   * Whether `forward` is given the time. What runs the cell then counts in a part `t` of the state, one column, that is
   * carried and cut as all parts are: a sequence whose state is handed on goes on being counted. Nothing has a gradient in it.
   */
  readonly time?: boolean;
  /**
   * s_t from x_t and s_{t−1}. Mutates nothing.
   *
   * @param time of a cell that asks for it, B×1: how many steps of its sequence were before this one, 0 at its first.
   */
  forward(
    p: Matrices<P>,
    x: AbstractMatrix,
    prev: State<S>,
    time?: AbstractMatrix,
  ): { readonly next: State<S>; readonly tape: Tape };
  /** dL/dx_t and dL/ds_{t−1} from dL/ds_t, the total over everything that s_t feeds. ADDS the parameters' into `dp`. */
  backward(
    p: Matrices<P>,
    tape: Tape,
    dnext: State<S>,
    dp: Matrices<P>,
  ): { readonly dx: AbstractMatrix; readonly dprev: State<S> };
}

/** The functions that every cell has. */
const FUNCTIONS = ['params', 'state', 'forward', 'backward'] as const;

/** Whether a value has what every cell has. */
export function isCell(value: unknown): value is Cell {
  if (typeof value !== 'object' || value === null) return false;
  return FUNCTIONS.every(name => typeof (value as Partial<Cell>)[name] === 'function');
}

/** `cell` has the parts of one, or throws ValueError naming what is missing. Returns it. */
export function requireCell<C extends Pick<Cell, 'name'>>(argument: string, cell: C): C {
  requireObject(argument, cell, 'a Cell');
  for (const part of FUNCTIONS) {
    requireFunction(`${argument}.${part}`, (cell as Partial<Cell>)[part]);
  }
  if (typeof cell.name !== 'string') throw new ValueError(`${argument}.name`, 'a string', describe(cell.name));
  const { equations = {}, keeps, first, sizes, time } = cell as Partial<Cell>;
  for (const [name, tag] of Object.entries(requireObject(`${argument}.equations`, equations))) {
    if (typeof tag !== 'string') throw new ValueError(`${argument}.equations.${name}`, 'a tag', describe(tag));
  }
  requireKeeps(`${argument}.keeps`, keeps);
  requireFirst(`${argument}.first`, first);
  if (sizes !== undefined) requireFunction(`${argument}.sizes`, sizes);
  if (time !== undefined) requireBoolean(`${argument}.time`, time);
  return cell;
}

/** The tags that a cell declares, by the name of what they give the gradient of. */
export function tagsOf({ equations }: Pick<Cell, 'equations'>): Readonly<Record<string, Tag>> {
  return { ...equations } as Record<string, Tag>;
}

/** `size` is two positive integers that the cell can have, if there is one, or throws ValueError. Returns it. */
export function requireCellSize(size: CellSize, cell?: Pick<Cell, 'name' | 'sizes'>): CellSize {
  const { d, m } = requireKnown('size', size, ['d', 'm']);
  const known = { d: requireSize('d', d), m: requireSize('m', m) };
  if (cell) requireFit(cell, known);
  return known;
}

function requireFit(cell: Pick<Cell, 'name' | 'sizes'>, size: CellSize): void {
  const [misfit] = Object.entries(misfitOf(cell, size));
  if (!misfit) return;
  const [name, expected] = misfit as [keyof CellSize, string];
  throw new ValueError(name, `${expected}, for ${cell.name}`, `${size[name]}`);
}

/** What a cell asks of sizes that do not fit. */
export function misfitOf(cell: Pick<Cell, 'name' | 'sizes'>, size: CellSize): Misfit {
  return cell.sizes ? requireKnown(`${cell.name}.sizes`, cell.sizes(size), ['d', 'm']) : {};
}
