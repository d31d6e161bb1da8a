/** A cell over a short sequence, forward and backward, with everything that each step gives: nothing here is the page's. */
import { type AbstractMatrix, type Cell, Matrix, normal, ParamSet, Random } from 'bptt';
import type { Scene } from './scene.ts';

export type Named = Readonly<Record<string, AbstractMatrix>>;

/** One step: what went in and came out, forward and back. */
export interface Step {
  readonly x: AbstractMatrix;
  readonly prev: Named;
  readonly next: Named;
  readonly tape: unknown;
  /** dL/ds_t as it arrives, and dL/ds_{t−1} as it leaves. */
  readonly arrives: Named;
  readonly leaves: Named;
  readonly dx: AbstractMatrix;
}

/** What a step adds to the gradient of every parameter, and what has come together from the last step to it. */
export interface Gradients {
  readonly adds: Named;
  readonly sums: Named;
}

export interface Passes {
  readonly cell: Cell;
  readonly params: Named;
  readonly steps: readonly Step[];
  /** L = w·h_T: so all of a gradient comes from the end. */
  readonly w: Matrix;
  readonly loss: number;
  /** By step, as far as they are known: {@link gradientsAt} adds to it. */
  readonly gradients: Map<number, Gradients>;
}

/** Inputs of every step. */
export const D = 3;

/**
 * The passes of a cell over the scene's inputs: which are the same for every cell.
 *
 * @param at a step whose gradients are wanted at once.
 */
export function passesOf(cell: Cell, { T, m, seed, changed }: Scene, at: number = 1): Passes {
  const [of, others] = [new Random(seed), new Random(seed + 10_000)];
  const xs = Array.from({ length: T }, () => drawn(D, of));
  const w = drawn(m, of);
  const set = ParamSet.of(cell.params({ d: D, m }), cell.first ? { first: cell.first } : {});
  normal(1 / Math.sqrt(m))(set, others);
  const params = set.named() as Record<string, AbstractMatrix>;
  for (const [place, value] of Object.entries(changed)) {
    const [name = '', index = ''] = place.split('.');
    const matrix = name.startsWith('x_') ? xs[Number(name.slice(2)) - 1] : params[name];
    const n = Number(index);
    if (matrix && n < matrix.rows * matrix.columns)
      matrix.set(Math.floor(n / matrix.columns), n % matrix.columns, value);
  }
  return run(cell, params, { xs, w, at });
}

function run(
  cell: Cell,
  params: Named,
  { xs, w, at }: { readonly xs: readonly Matrix[]; readonly w: Matrix; readonly at: number },
): Passes {
  const size = { d: D, m: w.columns };
  const zeros = () => mapped(cell.state(size), columns => Matrix.zeros(1, columns));
  const forward: Pick<Step, 'x' | 'prev' | 'next' | 'tape'>[] = [];
  let prev: Named = zeros();
  for (const x of xs) {
    const { next, tape } = cell.forward(params as never, x, prev as never);
    forward.push({ x, prev, next, tape });
    prev = next;
  }
  const steps: Step[] = [];
  const gradients = new Map<number, Gradients>();
  const sums = zerosLike(params);
  let arrives: Named = { ...zeros(), h: w };
  for (const [n, step] of Array.from(forward.entries()).reverse()) {
    const adds = n + 1 === at ? zerosLike(params) : sums;
    const { dx, dprev: leaves } = cell.backward(params as never, step.tape, arrives as never, adds as never);
    if (adds !== sums) gradients.set(at, { adds, sums: addedTo(sums, adds) });
    steps[n] = { x: step.x, prev: step.prev, next: step.next, tape: step.tape, arrives, leaves, dx };
    arrives = leaves;
  }
  return { cell, params, steps, w, loss: dot(w, forward.at(-1)?.next.h), gradients };
}

/** The gradients of a step; of all steps, where another than that is asked for which was wanted at once. */
export function gradientsAt({ cell, params, steps, gradients }: Passes, t: number): Gradients {
  const known = gradients.get(t);
  if (known) return known;
  const sums = zerosLike(params);
  for (const [n, { tape, arrives }] of Array.from(steps.entries()).reverse()) {
    const adds = zerosLike(params);
    cell.backward(params as never, tape, arrives as never, adds as never);
    gradients.set(n + 1, { adds, sums: addedTo(sums, adds) });
  }
  return gradients.get(t) ?? { adds: sums, sums };
}

/** Adds to sums, and gives a copy of what they are then. */
function addedTo(sums: Record<string, Matrix>, adds: Named): Named {
  for (const [name, added] of Object.entries(adds)) sums[name]?.add(added);
  return mapped(sums, sum => sum.clone());
}

/** The loss when state `s` is there after step t, with these parameters from then on. */
export function lossFrom({ cell, steps, w, params }: Passes, t: number, s: Named, p: Named = params): number {
  let state = s;
  for (let n = t + 1; n <= steps.length; n++)
    state = cell.forward(p as never, (steps[n - 1] as Step).x, state as never).next;
  return dot(w, state.h);
}

/** The Euclidean length of a matrix' numbers. */
export function normOf(matrix: AbstractMatrix | undefined): number {
  let sum = 0;
  for (let i = 0; i < (matrix?.rows ?? 0); i++)
    for (let j = 0; j < (matrix?.columns ?? 0); j++) sum += (matrix?.get(i, j) ?? 0) ** 2;
  return Math.sqrt(sum);
}

function dot(w: AbstractMatrix, h: AbstractMatrix | undefined): number {
  let sum = 0;
  for (let j = 0; j < w.columns; j++) sum += w.get(0, j) * (h?.get(0, j) ?? Number.NaN);
  return sum;
}

function zerosLike(params: Named): Record<string, Matrix> {
  return mapped(params, ({ rows, columns }) => Matrix.zeros(rows, columns));
}

function drawn(columns: number, rng: Random): Matrix {
  return Matrix.rowVector(Array.from({ length: columns }, () => rng.normal()));
}

function mapped<T, U>(record: Readonly<Record<string, T>>, f: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]));
}
