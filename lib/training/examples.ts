/** Examples to learn from, of which some are made a batch. */
import { ShapeError } from '../errors.ts';
import type { Weighting } from '../losses/loss.ts';
import { describe, requireCount, requireKnown, requireList, requireSize } from '../require.ts';
import { Sequence } from '../sequence.ts';

/** Some examples as one problem. */
export interface Batch<Target> {
  readonly x: Sequence;
  readonly y: Target;
  /** Which steps count, and how much, where that is not all alike. */
  readonly weighting?: Pick<Weighting, 'mask' | 'weights'>;
}

/** What is learnt from, or judged by. */
export interface Examples<Target> {
  readonly count: number;
  /** Steps of one: where it is given, batches are of examples about as long. */
  length?(n: number): number;
  /** Some of them, by their numbers 0…count−1. */
  batch(which: readonly number[]): Batch<Target>;
}

/** A sequence as it is at hand: vectors or, where there are so many classes, class indices. */
export type Row = readonly ArrayLike<number>[] | ArrayLike<number>;

/**
 * Examples at hand: `x[n]` is the n-th sequence, vectors of F numbers or, where `classes` is given, class indices. `y[n]` is
 * what its outputs should be: a class, for the one step that a pooling layer leaves; a class for every step; or a vector
 * for every step, of as many steps as the outputs have. Sequences may differ in length. They are packed when they are asked for,
 * and not copied before.
 *
 * @throws ShapeError, ValueError when x and y are not of one length, or there are none. `batch` throws where a number is not finite, an
 * index no class, or a list of another width: the place it names is that in the batch.
 *
 * @example
 * ```ts
 * import { examples } from 'bptt';
 *
 * const words = examples({ x: [[0, 2, 1], [2]], classes: 3, y: [1, 0] });
 * const { x, y } = words.batch([1, 0]);
 * console.log(x.T, x.B, x.lengths, y); // → 3 2 Int32Array(2) [ 1, 3 ] Int32Array(2) [ 0, 1 ]
 * ```
 */
export function examples(given: {
  readonly x: readonly Row[];
  readonly y: readonly (number | ArrayLike<number>)[];
  readonly classes?: number;
}): Examples<Int32Array>;
export function examples(given: {
  readonly x: readonly Row[];
  readonly y: readonly (readonly ArrayLike<number>[])[];
  readonly classes?: number;
}): Examples<Sequence>;
export function examples(given: {
  readonly x: readonly Row[];
  readonly y: readonly (number | Row)[];
  readonly classes?: number;
}): Examples<Int32Array | Sequence> {
  const { x, y, classes } = requireKnown('given', given, ['x', 'y', 'classes']);
  requireList('x', x);
  requireCount('y', y, x.length, 'targets, one a sequence');
  if (x.length === 0) throw new ShapeError('x', 'at least one sequence', 'none');
  if (classes !== undefined) requireSize('classes', classes);
  const inputs = (which: readonly number[]): Sequence => {
    const rows = which.map(n => x[n]);
    return classes === undefined
      ? Sequence.pack(rows as readonly (readonly ArrayLike<number>[])[])
      : Sequence.pack(rows as readonly ArrayLike<number>[], { classes });
  };
  return {
    count: x.length,
    length: n => x[n]?.length ?? 0,
    batch: which => ({ x: inputs(which), y: targetsOf(which.map(n => y[n])) }),
  };
}

/** One class a sequence; classes, or vectors, step by step. */
function targetsOf(y: readonly (number | Row | undefined)[]): Int32Array | Sequence {
  const [first] = y;
  if (typeof first === 'number') return classesOf(y.map(k => [k as number]));
  const [step] = Array.from((first ?? []) as ArrayLike<unknown>);
  return typeof step === 'number'
    ? classesOf(y as readonly ArrayLike<number>[])
    : Sequence.pack(y as readonly (readonly ArrayLike<number>[])[]);
}

/** Classes of every step of every sequence, step after step; 0 behind a sequence's end. */
function classesOf(y: readonly ArrayLike<number>[]): Int32Array {
  const T = Math.max(...y.map((row, n) => requireList(`y[${n}]`, row).length));
  const B = y.length;
  const all = new Int32Array(T * B);
  for (const [b, row] of y.entries()) {
    for (let t = 0; t < row.length; t++) {
      const k = row[t];
      if (!Number.isInteger(k)) throw new ShapeError(`y[${b}][${t}]`, 'a class', describe(k));
      all[t * B + b] = k as number;
    }
  }
  return all;
}
