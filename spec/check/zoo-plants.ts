/** How mistakes are planted in a cell whose lines nobody looks into: in what its passes are given, and in what they give. */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import type { Cell, State } from '../../lib/cells/cell.ts';
import { rnn, rnnRelu } from '../../lib/cells/rnn.ts';
import { addTo } from '../../lib/matrix.ts';
import type { Matrices } from '../../lib/shape.ts';

export type Change = (a: AbstractMatrix, B: number) => AbstractMatrix;

/** The cell with something done to one gradient. */
export function changed(cell: Cell, tensor: string, change: Change): Cell {
  return {
    ...cell,
    backward(p, tape, dnext, dp) {
      const own = zerosLike(p);
      const { dx, dprev } = cell.backward(p, tape, dnext, own);
      const B = dx.rows;
      const made = (name: string, a: AbstractMatrix) => (name === tensor ? change(a, B) : a);
      for (const [name, gradient] of Object.entries(own)) addTo(dp[name] as AbstractMatrix, made(name, gradient));
      const states = Object.entries<AbstractMatrix>(dprev).map(([name, a]) => [name, made(`${name}0`, a)]);
      return { dx: made('x', dx), dprev: Object.fromEntries(states) };
    },
  };
}

export function assigned(cell: Cell, name: string): Cell {
  return {
    ...cell,
    backward(p, tape, dnext, dp) {
      dp[name]?.mul(0);
      return cell.backward(p, tape, dnext, dp);
    },
  };
}

/** The cell whose backward pass is handed another tape. */
export function taped<P extends string, S extends string, Tape>(
  cell: Cell<P, S, Tape>,
  change: (tape: Tape) => Partial<Tape>,
): Cell {
  const wrong: Cell<P, S, Tape> = {
    ...cell,
    backward: (p, tape, dnext, dp) => cell.backward(p, { ...tape, ...change(tape) }, dnext, dp),
  };
  return wrong as unknown as Cell;
}

/** The cell whose backward pass is handed another gradient. */
export function fed<P extends string, S extends string, Tape>(
  cell: Cell<P, S, Tape>,
  change: (dnext: State<S>) => State<S>,
): Cell {
  const wrong: Cell<P, S, Tape> = {
    ...cell,
    backward: (p, tape, dnext, dp) => cell.backward(p, tape, change(dnext), dp),
  };
  return wrong as unknown as Cell;
}

type Rnn = typeof rnn;
type Given = {
  readonly [K in 'p' | 'tape' | 'dnext' | 'dp']: Parameters<Rnn['backward']>[{ p: 0; tape: 1; dnext: 2; dp: 3 }[K]];
};

/** The simple cell with something done after its backward pass, or to what that gives. */
export function after(
  change: (given: Given, result: ReturnType<Rnn['backward']>) => ReturnType<Rnn['backward']>,
): Cell {
  const wrong: Rnn = {
    ...rnn,
    backward: (p, tape, dnext, dp) => change({ p, tape, dnext, dp }, rnn.backward(p, tape, dnext, dp)),
  };
  return wrong as unknown as Cell;
}

export const inBackward = (change: (given: Given) => unknown): Cell =>
  after((given, result) => {
    change(given);
    return result;
  });

export const wrongWhere = (isSo: (given: Given) => boolean): Cell =>
  after((given, { dx, dprev }) => ({ dx: isSo(given) ? Matrix.mul(dx, 1.01) : dx, dprev }));

/** The simple cell with something done to what its forward pass is given. */
export function inForward(change: (x: AbstractMatrix, h: AbstractMatrix) => unknown): Cell {
  const wrong: Rnn = {
    ...rnn,
    forward(p, x, prev) {
      change(x, prev.h);
      return rnn.forward(p, x, prev);
    },
  };
  return wrong as unknown as Cell;
}

export function blind(ofX: (x: AbstractMatrix) => AbstractMatrix, ofH: (h: AbstractMatrix) => AbstractMatrix): Cell {
  const wrong: Rnn = {
    ...rnn,
    forward: (p, x, prev) => rnn.forward(p, ofX(x), { h: ofH(prev.h) }),
    backward(p, tape, dnext, dp) {
      const { dx, dprev } = rnn.backward(p, tape, dnext, dp);
      return { dx: ofX(dx), dprev: { h: ofH(dprev.h) } };
    },
  };
  return wrong as unknown as Cell;
}

export function counting(size: number): Cell {
  let calls = 0;
  return after((_, { dx, dprev }) => {
    calls += 1;
    return { dx: Matrix.add(dx, size * calls), dprev };
  });
}

export function remembersForward(): Cell {
  let calls = 0;
  const wrong: Rnn = {
    ...rnn,
    forward(p, x, prev) {
      calls += 1;
      const { next, tape } = rnn.forward(p, x, prev);
      return { next: { h: Matrix.add(next.h, 1e-4 * calls) }, tape };
    },
  };
  return wrong as unknown as Cell;
}

/** The simple cell whose gradients are wrong after so many steps: it asks for the time. */
export function afterSteps(steps: number): Cell {
  const cell = rnn as unknown as Cell;
  const late: Cell = {
    ...cell,
    time: true,
    forward(p, x, prev, time) {
      const { next, tape } = cell.forward(p, x, prev);
      return { next, tape: { own: tape, late: (time?.get(0, 0) ?? 0) >= steps } };
    },
    backward(p, tape, dnext, dp) {
      const { own, late } = tape as { readonly own: unknown; readonly late: boolean };
      const { dx, dprev } = cell.backward(p, own, dnext, dp);
      return { dx: late ? Matrix.mul(dx, 1.5) : dx, dprev };
    },
  };
  return late;
}

/** A cell of ReLUs that end at a number, which its slopes do not know. */
export function clamped(most: number): Cell {
  const cell = rnnRelu as unknown as Cell;
  return {
    ...cell,
    forward(p, x, prev) {
      const { next, tape } = cell.forward(p, x, prev);
      return { next: { ...next, h: mapped(next.h as AbstractMatrix, h => Math.min(h, most)) }, tape };
    },
  };
}

export const isParameter = (cell: Cell, tensor: string): boolean => tensor in cell.params({ d: 1, m: 1 });
const mapped = (a: AbstractMatrix, f: (x: number) => number) => new Matrix(a.to2DArray().map(row => row.map(f)));
export const ones = (a: AbstractMatrix): Matrix => Matrix.ones(a.rows, a.columns);
export const nothing = (a: AbstractMatrix): AbstractMatrix => Matrix.mul(a, 0);
export const itself = (a: AbstractMatrix): AbstractMatrix => a;
const zerosLike = (all: Matrices): Matrices =>
  Object.fromEntries(Object.entries(all).map(([name, a]) => [name, Matrix.zeros(a.rows, a.columns)]));

/** Every number within ±1, where it stands. */
export function clip(a: AbstractMatrix): AbstractMatrix {
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < a.columns; j++) a.set(i, j, Math.max(-1, Math.min(1, a.get(i, j))));
  return a;
}

/** Column j where column j + 1 was: of a single column, a number more. */
export function rolled(a: AbstractMatrix): Matrix {
  return new Matrix(a.to2DArray().map(row => [...row.slice(1), (row[0] ?? 0) + (row.length === 1 ? 1 : 0)]));
}
