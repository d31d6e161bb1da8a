/** States as rows of n numbers, and a sequence repeated for many cotangents at once. */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { ShapeError } from '../errors.ts';
import { type Layer, requireLayer } from '../layers/layer.ts';
import { requireFinite } from '../require.ts';
import { requireSequence, Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';

/** The columns of every part of a state, by name. */
export type StateSize = Readonly<Record<string, number>>;

/** How many numbers the state of one sequence has: the n of an n×n Jacobian. */
export function stateColumns(state: StateSize): number {
  return Object.values(state).reduce((sum, columns) => sum + columns, 0);
}

/** The parts of a state side by side: B×n. */
export function joined(s: Matrices, state: StateSize): Matrix {
  const names = Object.keys(state);
  const B = s[names[0] ?? '']?.rows ?? 0;
  return new Matrix(Array.from({ length: B }, (_, b) => names.flatMap(name => s[name]?.getRow(b) ?? [])));
}

/** The parts of which {@link joined} makes these rows. */
export function parted(rows: AbstractMatrix, state: StateSize): Matrices {
  let from = 0;
  const entries = Object.entries(state).map(([name, columns]) => {
    from += columns;
    return [name, rows.subMatrix(0, rows.rows - 1, from - columns, from - 1)] as const;
  });
  return Object.fromEntries(entries);
}

/** The columns of one part within the rows that {@link joined} makes: the first, and the one behind the last. */
export function columnsOf(name: string, state: StateSize): readonly [from: number, to: number] {
  let from = 0;
  for (const [part, columns] of Object.entries(state)) {
    if (part === name) return [from, from + columns];
    from += columns;
  }
  throw new ShapeError('part', `one of ${Object.keys(state).join(', ')}`, JSON.stringify(name));
}

/** B copies of a row, or of a state of one row. */
export function copies(row: AbstractMatrix, B: number): Matrix {
  return new Matrix(Array.from({ length: B }, () => row.getRow(0)));
}

/** The same for every part. */
export function stateCopies(s: Matrices, B: number): Matrices {
  return Object.fromEntries(Object.entries(s).map(([name, part]) => [name, copies(part, B)]));
}

/** A batch of B sequences, every one of them x, which is one sequence. */
export function repeated(x: Sequence, B: number): Sequence {
  const { T, F, data } = x;
  if (data instanceof Int32Array) {
    return Sequence.oneHot(
      Int32Array.from({ length: T * B }, (_, n) => data[Math.floor(n / B)] ?? 0),
      {
        T,
        B,
        classes: F,
      },
    );
  }
  const all = new Float64Array(T * B * F);
  for (let n = 0; n < T * B; n++) all.set(data.subarray(Math.floor(n / B) * F, (Math.floor(n / B) + 1) * F), n * F);
  return Sequence.dense(all, { T, B, F });
}

/**
 * `x` is one sequence of the layer's inputs without lengths, and every parameter is finite, or throws ShapeError or
 * ValueError naming the argument, the parameter and its place.
 */
export function requireRun(layer: Layer, x: Sequence): void {
  requireSequence('x', x, requireLayer('layer', layer).inputs);
  if (x.B !== 1 || x.lengths) throw new ShapeError('x', 'one sequence, without lengths', `B=${x.B}`);
  requireFiniteParams(layer);
}

/** Every parameter is finite, or throws ValueError naming the first that is not, and its place. */
export function requireFiniteParams({ params }: Layer): void {
  for (const [name, matrix] of Object.entries<AbstractMatrix>(params.named())) requireFinite(name, matrix);
}
