/** A cell over a short sequence, forward and backward, with everything that each step gives: nothing here is the page's. */
import { type AbstractMatrix, type Cell, Matrix, normal, ParamSet, Random } from 'bptt';

export type Named = Readonly<Record<string, AbstractMatrix>>;

/** What is looked at: it fixes all numbers. */
export interface Scene {
  readonly cell: string;
  readonly T: number;
  readonly m: number;
  readonly seed: number;
  /** Numbers that were drawn by hand, by their places: `W_f.3`, `x4.0`. */
  readonly changed: Readonly<Record<string, number>>;
}

/** One step: what went in and came out, forward and back. */
export interface Step {
  readonly x: AbstractMatrix;
  /** The values of the forward pass by their names in the cell, and the next state. */
  readonly values: Named;
  /** dL/ds_t as it arrives, and dL/ds_{t−1} as it leaves. */
  readonly arrives: Named;
  readonly leaves: Named;
  readonly dx: AbstractMatrix;
  /** What this step adds to the gradient of every parameter, and what has come together from the last step to this one. */
  readonly adds: Named;
  readonly sums: Named;
}

export interface Passes {
  readonly params: Named;
  readonly steps: readonly Step[];
  readonly loss: number;
}

/** Inputs of every step. */
export const D = 3;

/** L = w·h_T for a row w of numbers drawn: so all of a gradient comes from the end. */
export function passesOf(cell: Cell, scene: Scene): Passes {
  const { T, m, seed, changed } = scene;
  const rng = new Random(seed);
  const set = ParamSet.of(cell.params({ d: D, m }), cell.first ? { first: cell.first } : {});
  normal(1 / Math.sqrt(m))(set, rng);
  const params = set.named() as Record<string, AbstractMatrix>;
  const xs = Array.from({ length: T }, () => drawn(D, rng));
  const w = drawn(m, rng);
  for (const [place, value] of Object.entries(changed)) {
    const [name = '', index = ''] = place.split('.');
    const matrix = name.startsWith('x_') ? xs[Number(name.slice(2)) - 1] : params[name];
    if (matrix) matrix.set(Math.floor(Number(index) / matrix.columns), Number(index) % matrix.columns, value);
  }
  return run(cell, params, xs, w, m);
}

/** dL/dθ by the difference of two losses, of one number of a parameter. */
export function difference(cell: Cell, scene: Scene, place: string, at: number): number {
  const step = 1e-5;
  const lossAt = (value: number) => passesOf(cell, { ...scene, changed: { ...scene.changed, [place]: value } }).loss;
  return (lossAt(at + step) - lossAt(at - step)) / (2 * step);
}

function run(cell: Cell, p: Named, xs: readonly Matrix[], w: Matrix, m: number): Passes {
  const state = cell.state({ d: D, m });
  const zeros = () => mapped(state, columns => Matrix.zeros(1, columns));
  const forward: { readonly tape: unknown; readonly values: Named; readonly next: Named }[] = [];
  let s: Named = zeros();
  for (const [n, x] of xs.entries()) {
    const time = Matrix.rowVector([n + 1]);
    const { next, tape } = cell.forward(p as never, x, s as never, cell.time ? time : undefined);
    forward.push({ tape, next, values: { ...matricesIn(tape, p), ...next } });
    s = next;
  }
  const h = forward.at(-1)?.next.h;
  const loss = h ? Matrix.mul(new Matrix(h.to2DArray()), w).sum() : 0;
  const sums: Record<string, Matrix> = mapped(p, ({ rows, columns }) => Matrix.zeros(rows, columns));
  const steps: Step[] = [];
  let ds: Named = { ...zeros(), h: w };
  for (let n = xs.length - 1; n >= 0; n--) {
    const { tape, values } = forward[n] ?? { tape: undefined, values: {} };
    const adds = mapped(p, ({ rows, columns }) => Matrix.zeros(rows, columns));
    const { dx, dprev } = cell.backward(p as never, tape, ds as never, adds as never);
    for (const [name, added] of Object.entries(adds)) sums[name]?.add(added);
    steps[n] = {
      ...{ x: xs[n] ?? Matrix.zeros(1, D), values, arrives: ds, leaves: dprev, dx, adds },
      sums: mapped(sums, sum => sum.clone()),
    };
    ds = dprev;
  }
  return { params: p, steps, loss };
}

/** The rows of numbers that a tape holds, but for parameters. */
function matricesIn(tape: unknown, p: Named): Named {
  const own = Object.entries((tape ?? {}) as Readonly<Record<string, unknown>>);
  const matrices = own.filter((entry): entry is [string, AbstractMatrix] => {
    const [name, value] = entry;
    return name !== 'x' && !(name in p) && typeof value === 'object' && value !== null && 'columns' in value;
  });
  return Object.fromEntries(matrices);
}

function drawn(columns: number, rng: Random): Matrix {
  return Matrix.rowVector(Array.from({ length: columns }, () => rng.normal()));
}

function mapped<T, U>(record: Readonly<Record<string, T>>, f: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]));
}
