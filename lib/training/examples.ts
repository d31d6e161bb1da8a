/** Examples to learn from, of which some are made a batch. */
import { ShapeError, ValueError } from '../errors.ts';
import { greatest } from '../extremes.ts';
import type { Weighting } from '../losses/loss.ts';
import {
  requireCount,
  requireFunction,
  requireInteger,
  requireKnown,
  requireList,
  requireObject,
  requireSize,
} from '../require.ts';
import { Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';

/** Some examples as one problem. */
export interface Batch<Target, Beside = Matrices> {
  readonly x: Sequence;
  readonly y: Target;
  /** What the model takes beside x, where it takes something: a layer its first state, an encoder–decoder what its decoder reads. */
  readonly beside?: Beside;
  /** Which steps count, and how much, where that is not all alike. */
  readonly weighting?: Pick<Weighting, 'mask' | 'weights'>;
}

/** What is learnt from, or judged by. */
export interface Examples<Target, Beside = Matrices> {
  readonly count: number;
  /** Steps of one: where it is given, batches are of examples about as long. */
  length?(n: number): number;
  /** Some of them, by their numbers 0…count−1; all unless given. They may be drawn when they are asked for. */
  batch(which?: readonly number[]): Batch<Target, Beside>;
}

/** `examples` has the parts of some, or throws ValueError naming what is missing. Returns it. */
export function requireExamples<Target, Beside>(
  argument: string,
  examples: Examples<Target, Beside>,
): Examples<Target, Beside> {
  requireFunction(`${argument}.batch`, requireObject(argument, examples).batch);
  requireInteger(`${argument}.count`, examples.count, 1);
  return examples;
}

/** A sequence as it is at hand: vectors or, where there are so many classes, class indices. */
export type Row = readonly ArrayLike<number>[] | ArrayLike<number>;

/**
 * Examples at hand: `x[n]` is the n-th sequence, vectors of F numbers or, where `classes` is given, class indices. `y[n]` is
 * what its outputs should be: a class, for the one step that a pooling layer leaves; a class for every step; or a vector
 * for every step, of as many steps as the outputs have. Sequences may differ in length. All are looked at now, and packed when
 * they are asked for: what is changed between is not seen.
 *
 * @throws ShapeError, ValueError when x and y are not of one length, there are none, a number is not finite, an index no class, or a
 * vector of another width than the first: each names its place, as `x[3][7]`.
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
  const inputs = (rows: readonly (Row | undefined)[]): Sequence =>
    classes === undefined
      ? Sequence.pack(rows as readonly (readonly ArrayLike<number>[])[])
      : Sequence.pack(rows as readonly ArrayLike<number>[], { classes });
  const first = named('x', 0, () => inputs([x[0]]));
  for (let n = 0; n < x.length; n++) {
    const { F } = named('x', n, () => inputs([x[n]]));
    if (F !== first.F) throw new ShapeError(`x[${n}]`, `vectors of ${first.F} numbers`, `${F}`);
    named('y', n, () => targetsOf([y[n]]));
    if (kindOf(y[n]) !== kindOf(y[0])) throw new ShapeError(`y[${n}]`, kindOf(y[0]), kindOf(y[n]));
  }
  return {
    count: x.length,
    length: n => x[requireInteger('n', n, 0, x.length - 1)]?.length ?? 0,
    batch(which = everyOne(x.length)) {
      requireList('which', which);
      for (let n = 0; n < which.length; n++) requireIndex(() => `which[${n}]`, which[n], x.length - 1);
      return { x: inputs(which.map(n => x[n])), y: targetsOf(which.map(n => y[n])) };
    },
  };
}

/** The numbers of so many examples. */
export function everyOne(count: number): readonly number[] {
  return Array.from({ length: count }, (_, n) => n);
}

/** What is done to one example: an error names its place among all. */
function named<T>(argument: string, n: number, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ShapeError || error instanceof ValueError)) throw error;
    const place = error.argument.replace(/^(?:rows|y)(?:\[0\])?/, `${argument}[${n}]`);
    throw new (error instanceof ShapeError ? ShapeError : ValueError)(place, error.expected, error.got);
  }
}

/** What a target is, in words. */
function kindOf(y: number | Row | undefined): string {
  if (typeof y === 'number') return 'a class';
  return typeof requireList('y', y as ArrayLike<unknown>)[0] === 'number'
    ? 'a class for every step'
    : 'a vector for every step';
}

/** One class a sequence; classes, or vectors, step by step. */
function targetsOf(y: readonly (number | Row | undefined)[]): Int32Array | Sequence {
  const kind = kindOf(y[0]);
  if (kind === 'a class') return classesOf(y.map(k => [k as number]));
  return kind === 'a class for every step'
    ? classesOf(y as readonly ArrayLike<number>[])
    : Sequence.pack(y as readonly (readonly ArrayLike<number>[])[]);
}

/** Classes of every step of every sequence, step after step; 0 behind a sequence's end. */
function classesOf(y: readonly ArrayLike<number>[]): Int32Array {
  const T = greatest(y.map((row, n) => requireList(`y[${n}]`, row).length));
  if (T === 0) throw new ShapeError('y[0]', 'at least one step', 'none');
  const B = y.length;
  const all = new Int32Array(T * B);
  for (const [b, row] of y.entries()) {
    for (let t = 0; t < row.length; t++) {
      all[t * B + b] = requireIndex(() => `y[${b}][${t}]`, row[t], 2 ** 31 - 1);
    }
  }
  return all;
}

/** `k` is an integer in 0…last, or throws ValueError: a name is made of its place only then, since there are many. */
function requireIndex(argument: () => string, k: number | undefined, last: number): number {
  if (k !== undefined && Number.isInteger(k) && k >= 0 && k <= last) return k;
  return requireInteger(argument(), k ?? Number.NaN, 0, last);
}
