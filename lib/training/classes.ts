/**
 * Which classes logits speak for, and how often they are right. Derived in `derivations/metrics.md`.
 *
 * | symbol | shape | meaning |
 * |--------|-------|---------|
 * | o      | [T][B][C] | logits, or any scores: the largest of a step is its class |
 * | ŷ, y   | T·B or B  | the classes foretold, and those that are right |
 * | N      | C×C       | how often class i (row) was taken for class j (column) |
 */
import type { AbstractMatrix } from 'ml-matrix';
import { ShapeError, ValueError } from '../errors.ts';
import {
  allocate,
  describe,
  requireAnyMatrix,
  requireCount,
  requireFiniteNumber,
  requireInteger,
  requireKnown,
  requireList,
  requireSize,
} from '../require.ts';
import { dense, read, type Sequence } from '../sequence.ts';
import { FlatMatrix } from '../views.ts';

/** What stands for a class where there is none to foretell. */
const NONE = -1;

/**
 * The class of every step: the one of the largest logit, the first of several.
 *
 * @returns T·B classes, time-major; −1 at padding.
 * @throws ShapeError, ValueError when the logits are no sequence of finite numbers.
 * @example
 * ```ts
 * import { accuracy, argmax, argmaxLast, confusion, perClass, Sequence } from 'bptt';
 *
 * const logits = Sequence.pack([[[2, 1], [0, 3]], [[1, 4]]]);
 * console.log(argmax(logits), argmaxLast(logits)); // → Int32Array(4) [ 0, 1, 1, -1 ] Int32Array(2) [ 1, 1 ]
 *
 * const y = [0, 1, 0, -1]; // time-major, as the logits
 * console.log(accuracy(argmax(logits), y).toFixed(3)); // → 0.667
 * const table = confusion(argmax(logits), y, { classes: 2 });
 * console.log(table.to2DArray()); // → [ [ 1, 1 ], [ 0, 1 ] ]
 * for (const { precision, recall, support } of perClass(table)) console.log(precision, recall, support);
 * // → 1 0.5 2
 * // → 0.5 1 1
 * ```
 */
export function argmax(logits: Sequence): Int32Array {
  const o = dense(read('logits', logits));
  return Int32Array.from({ length: o.T * o.B }, (_, n) => (o.counts(n) ? largestOf(o, n) : NONE));
}

/**
 * The class of every sequence: that of its last step that counts.
 *
 * @returns B classes.
 * @throws as {@link argmax}.
 */
export function argmaxLast(logits: Sequence): Int32Array {
  const o = dense(read('logits', logits));
  return Int32Array.from({ length: o.B }, (_, b) => largestOf(o, ((o.lengths?.[b] ?? o.T) - 1) * o.B + b));
}

/**
 * The part of the classes that is right, from 0 to 1.
 *
 * @param predicted classes as {@link argmax} gives them; where one is −1 nothing is compared.
 * @param y the right ones, as many; what stands where nothing is compared is not looked at.
 * @throws ShapeError when there are more or fewer; ValueError when one is no class, or nothing is to be compared.
 */
export function accuracy(predicted: ArrayLike<number>, y: ArrayLike<number>): number {
  let [right, all] = [0, 0];
  eachCompared(predicted, y, undefined, (k, label) => {
    if (k === label) right += 1;
    all += 1;
  });
  return right / all; // MT-F3  accuracy = Σ_k N_kk / Σ_ij N_ij
}

/**
 * How often each class (row) was taken for each (column).
 *
 * @param predicted see {@link accuracy}.
 * @returns C×C counts.
 * @throws as {@link accuracy}; MemoryError when there are too many classes for a table.
 */
export function confusion(
  predicted: ArrayLike<number>,
  y: ArrayLike<number>,
  options: { readonly classes: number },
): FlatMatrix {
  const { classes: C } = requireKnown('options', options, ['classes']);
  requireSize('classes', C);
  requireList('predicted', predicted, 'a list of classes');
  const N = new FlatMatrix(allocate('classes²', C * C), C, C);
  eachCompared(predicted, y, C, (k, label) => {
    N.set(label, k, N.get(label, k) + 1); // MT-F2  N_ij = |{t : y_t = i, ŷ_t = j}|
  });
  return N;
}

/** How well one class is told from the others. NaN is of a question that nothing was asked of. */
export interface ClassFigures {
  /** The part of what was taken for it that it was; NaN where nothing was. */
  readonly precision: number;
  /** The part of it that was taken for it; NaN where there was none. */
  readonly recall: number;
  /** The harmonic mean of both; NaN where there was none and nothing was taken for it. */
  readonly f1: number;
  /** How often it was there. A figure of few says little. */
  readonly support: number;
  /** How often something was taken for it. */
  readonly predicted: number;
}

/**
 * Precision, recall and F1 of every class.
 *
 * @param table C×C counts, the right classes in rows, as {@link confusion} gives them.
 * @throws ShapeError when the table is not square; ValueError when a count is no number ≥ 0.
 */
export function perClass(table: AbstractMatrix): readonly ClassFigures[] {
  const { rows: C, columns } = requireAnyMatrix('table', table);
  if (C !== columns) throw new ShapeError('table', 'as many rows as columns', describe(table));
  const N = (i: number, j: number) => {
    const count = requireFiniteNumber(`table[${i},${j}]`, table.get(i, j));
    if (count < 0) throw new ValueError(`table[${i},${j}]`, 'a number ≥ 0', `${count}`);
    return count;
  };
  return Array.from({ length: C }, (_, k) => {
    let [support, predicted] = [0, 0];
    for (let j = 0; j < C; j++) {
      support += N(k, j);
      predicted += N(j, k);
    }
    const right = N(k, k);
    return {
      precision: right / predicted, // MT-F4  precision_k = N_kk / Σ_i N_ik
      recall: right / support, // MT-F5  recall_k = N_kk / Σ_j N_kj
      f1: (2 * right) / (predicted + support), // MT-F6  F1_k = 2 N_kk / (Σ_i N_ik + Σ_j N_kj)
      support,
      predicted,
    };
  });
}

/** The column of the largest number in row n, the first of several. */
function largestOf({ data, F }: Sequence, n: number): number {
  let k = 0;
  for (let j = 1; j < F; j++) {
    if ((data[n * F + j] ?? Number.NaN) > (data[n * F + k] ?? Number.NaN)) k = j; // MT-F1  ŷ_t = argmax_k o_tk
  }
  return k;
}

/** Calls a function with every class that was foretold and the right one, or throws: see {@link accuracy}. */
function eachCompared(
  predicted: ArrayLike<number>,
  y: ArrayLike<number>,
  C: number | undefined,
  visit: (k: number, label: number) => void,
): void {
  const { length } = requireList('predicted', predicted, 'a list of classes');
  requireCount('y', y, length, 'classes, as many as were foretold');
  const last = (C ?? Number.MAX_SAFE_INTEGER + 1) - 1;
  let compared = 0;
  for (let n = 0; n < length; n++) {
    const k = requireInteger(`predicted[${n}]`, predicted[n] ?? Number.NaN, NONE, last);
    if (k === NONE) continue;
    visit(k, requireInteger(`y[${n}]`, y[n] ?? Number.NaN, 0, last));
    compared += 1;
  }
  if (compared === 0) throw new ValueError('predicted', 'at least one class', 'none');
}
