/**
 * Exponential trace memory: units that decay by themselves, with no recurrent matrix. Jordan (1987) gave the decay,
 * Mozer (1989) learned it; on the slides "Sequence Modeling", "Vanishing gradients", the first architecture against
 * these. Derived in `derivations/trace.md`.
 *
 * | symbol | shape | meaning |
 * |--------|-------|---------|
 * | x, dx  | B×d   | the input at time t |
 * | u      | B×m   | what the input contributes at time t; au is its pre-activation |
 * | h, dh  | B×m   | the trace at time t; hPrev is h_{t−1} |
 * | mu     | 1×m   | the decay of every unit, between 0 and 1 |
 * | nu     | 1×m   | the decay's pre-activation, a parameter where the decay is learned |
 * | U, b   | m×d, 1×m | the input matrix and the bias |
 */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { ShapeError, ValueError } from '../errors.ts';
import {
  add,
  addColumnSums,
  addRow,
  addTTimes,
  mul,
  mulRow,
  oneMinus,
  sigmoid,
  sigmoidSlope,
  sub,
  tanh,
  tanhSlope,
  times,
  timesT,
} from '../matrix.ts';
import { describe, requireList } from '../require.ts';
import type { Matrices } from '../shape.ts';
import type { Cell } from './cell.ts';

/** What the backward pass of one step needs where the decay is given. */
export interface TraceFixedTape {
  readonly x: AbstractMatrix;
  readonly u: AbstractMatrix;
}

/** What it needs where the decay is learned. */
export interface TraceTape extends TraceFixedTape {
  readonly hPrev: AbstractMatrix;
  readonly mu: AbstractMatrix;
}

/** h_t = μ⊙h_{t−1} + (1−μ)⊙tanh(U x_t + b) with a learned decay μ = σ(ν). */
export const trace: Cell<'nu' | 'U' | 'b', 'h', TraceTape> = {
  name: 'trace',
  equations: { nu: 'ETM-B4', U: 'ETM-B2', b: 'ETM-B3', x: 'ETM-B5', h: 'ETM-B6' },
  params: ({ d, m }) => ({ nu: [1, m], U: [m, d], b: [1, m] }),
  state: ({ m }) => ({ h: m }),

  forward(p, x, { h: hPrev }) {
    const mu = sigmoid(p.nu); // ETM-F1  μ = σ(ν)
    const { h, u } = decay(mu, p, x, hPrev);
    return { next: { h }, tape: { x, hPrev, mu, u } };
  },

  backward(p, { x, hPrev, mu, u }, { h: dh }, dp) {
    addColumnSums(dp.nu, mulRow(mul(dh, sub(hPrev, u)), sigmoidSlope(mu))); // ETM-B4  dL/dν += dh⊙(h_{t−1}−u_t)⊙μ(1−μ), through F3, F1
    return decayBackward(mu, p, { x, u }, dh, dp);
  },
};

/**
 * h_t = μ⊙h_{t−1} + (1−μ)⊙tanh(U x_t + b) with the decay given.
 *
 * @param mu the decay of all units, or a list with the decay of each, every one between 0 and 1, exclusive.
 * @returns a cell; with a list it throws ShapeError when asked for another number of units.
 * @throws ValueError when a decay is not between 0 and 1, or when there are none.
 *
 * @example
 * ```ts
 * import { Matrix } from 'ml-matrix';
 * import { traceFixed } from 'bptt';
 *
 * const cell = traceFixed([0.5, 0.9]);
 * const p = { U: Matrix.zeros(2, 1), b: Matrix.zeros(1, 2) }; // puts nothing in
 * const { next } = cell.forward(p, new Matrix([[1]]), { h: new Matrix([[1, 1]]) });
 * console.log(next.h.to1DArray()); // → [ 0.5, 0.9 ]
 * ```
 */
export function traceFixed(mu: number | ArrayLike<number>): Cell<'U' | 'b', 'h', TraceFixedTape> {
  const list = typeof mu === 'number' ? undefined : decaysIn(requireList('mu', mu, NEEDED));
  if (list === undefined) requireDecay('mu', mu);
  const row = (m: number): Matrix => {
    if (list && list.length !== m) throw new ShapeError('mu', `${m} decays, one for each unit`, `${list.length}`);
    return Matrix.rowVector(list ?? Array.from({ length: m }, () => mu as number));
  };

  const cell: Cell<'U' | 'b', 'h', TraceFixedTape> = {
    name: 'trace-fixed',
    equations: { U: 'ETM-B2', b: 'ETM-B3', x: 'ETM-B5', h: 'ETM-B6' },
    params: ({ d, m }) => ({ U: [row(m).columns, d], b: [1, m] }),
    state: ({ m }) => ({ h: row(m).columns }),

    forward(p, x, { h: hPrev }) {
      const { h, u } = decay(row(hPrev.columns), p, x, hPrev);
      return { next: { h }, tape: { x, u } };
    },

    backward: (p, tape, { h: dh }, dp) => decayBackward(row(dh.columns), p, tape, dh, dp),
  };
  return cell;
}

const NEEDED = 'a decay, or a list of decays';

/** A copy of the list, each number of it read once and checked as it comes. */
function decaysIn(list: ArrayLike<number>): readonly number[] {
  if (list.length === 0) throw new ValueError('mu', NEEDED, describe(list));
  const decays: number[] = [];
  for (let j = 0; j < list.length; j++) decays.push(requireDecay(`mu[${j}]`, list[j]));
  return decays;
}

function requireDecay(argument: string, value: unknown): number {
  if (typeof value === 'number' && value > 0 && value < 1) return value;
  throw new ValueError(argument, 'a number between 0 and 1, exclusive', describe(value));
}

/** What both have in common. */
function decay(mu: Matrix, { U, b }: Matrices<'U' | 'b'>, x: AbstractMatrix, hPrev: AbstractMatrix) {
  const u = tanh(addRow(timesT(x, U), b)); // ETM-F2  u_t = tanh(U x_t + b)
  const h = add(mulRow(hPrev, mu), mulRow(u, oneMinus(mu))); // ETM-F3  h_t = μ⊙h_{t−1} + (1−μ)⊙u_t
  return { h, u };
}

/** And what of it flows back. */
function decayBackward(
  mu: AbstractMatrix,
  { U }: Matrices<'U' | 'b'>,
  { x, u }: TraceFixedTape,
  dh: AbstractMatrix,
  dp: Matrices<'U' | 'b'>,
) {
  const dau = mul(mulRow(dh, oneMinus(mu)), tanhSlope(u)); // ETM-B1  dL/dau_t = dh⊙(1−μ)⊙(1−u²), through F3, F2
  addTTimes(dp.U, dau, x); // ETM-B2  dL/dU += (dL/dau_t)ᵀ x_tᵀ, through F2
  addColumnSums(dp.b, dau); // ETM-B3  dL/db += dL/dau_t, through F2
  const dx = times(dau, U); // ETM-B5  dL/dx_t = dL/dau_t U, through F2
  const dhPrev = mulRow(dh, mu); // ETM-B6  dL/dh_{t−1} = dh⊙μ, through F3
  return { dx, dprev: { h: dhPrev } };
}
