/**
 * Analytic gradients against finite differences, element by element. Needs no test runner and no knowledge of layers:
 * a function of some matrices, and what is claimed to be its gradient in each.
 */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { ValueError } from '../errors.ts';
import {
  describe,
  isPlain,
  requireAnyMatrix,
  requireBoolean,
  requireFinite,
  requireFunction,
  requireKnown,
  requireList,
  requireMatrix,
} from '../require.ts';
import type { Matrices } from '../shape.ts';
import { diagnose } from './diagnosis.ts';

/** The bound: |analytic − numeric| ≤ ABSOLUTE + RELATIVE·|numeric|, for every element. */
const ABSOLUTE = 1e-8;
const RELATIVE = 1e-7;

/**
 * Steps of the stencil, tried in turn until one agrees. The first is the most accurate where the function is smooth
 * (truncation h⁴, rounding 1e-16/h); the later ones keep the stencil from straddling a kink of ReLU or max nearby.
 * A wrong gradient agrees with none of them.
 */
const STEPS = [1e-3, 1e-4, 1e-5, 1e-6] as const;

/**
 * Steps at which the slopes to the left and to the right are compared where no stencil agrees. Of a smooth function their
 * gap shrinks with the step, a hundred times here; at a kink it stays.
 */
const [WIDE, NARROW, GAP] = [1e-4, 1e-6, 1e-4];

/** How many failing elements a report lists, of each tensor. */
const LISTED = 5;

/** A matrix that the function depends on, and the gradient to be checked. */
export interface CheckedTensor {
  readonly name: string;
  /** The values the function reads: changed during the check and put back to the last bit. */
  readonly values: AbstractMatrix;
  /** The claimed dL/dvalues, of the same shape. */
  readonly gradient: AbstractMatrix;
  /** The tag of the equation that the gradient comes from, and of those of the same step that it goes through. */
  readonly tag?: string;
  readonly via?: readonly string[];
  /** What to call element (i, j) in the report; [i, j] unless given. */
  readonly index?: (i: number, j: number) => readonly number[];
}

/** One element of a gradient beside its numeric value. */
export interface CheckedElement {
  /** Row and column. */
  readonly at: readonly [i: number, j: number];
  /** What to call it. */
  readonly index: readonly number[];
  readonly analytic: number;
  readonly numeric: number;
}

/** The verdict on one tensor. */
export interface TensorReport {
  readonly name: string;
  readonly ok: boolean;
  readonly tag?: string;
  readonly via?: readonly string[];
  /** How many elements were compared: all there are. */
  readonly elements: number;
  /** Largest |analytic − numeric|. */
  readonly maxAbs: number;
  /** Largest |analytic − numeric| over the largest |numeric| of the tensor; 0 where all of it is 0. */
  readonly maxRel: number;
  /** Largest |numeric|: 0 where the function does not depend on the tensor at all. */
  readonly largest: number;
  /**
   * Elements at a kink, where the function has a slope to the left and another to the right. The analytic value is right
   * when it is one of them or between. They are left out of the figures above.
   */
  readonly kinks: number;
  /** Elements outside the bound: how many, and the first few. */
  readonly failed: number;
  readonly failures: readonly CheckedElement[];
  /** What kind of mistake it looks like, where the numbers of a wrong tensor say so: see {@link diagnose}. */
  readonly guess?: string;
}

/** The verdict on all tensors. */
export interface GradientReport {
  readonly ok: boolean;
  readonly tensors: readonly TensorReport[];
}

/** What helps to guess at a mistake. */
export interface CheckGradientsOptions {
  /** What the function computed last, by name: what may have been taken for what was there before. */
  readonly after?: Matrices;
  /** Stop at the first tensor that is wrong: only those before it, and it, are in the report. */
  readonly first?: boolean;
}

/**
 * Compares every element of every gradient with a four-point finite difference of `loss`.
 *
 * @param loss L at the present values of the tensors. It must be a function of nothing else that changes.
 * @param tensors what L depends on, with the gradients claimed.
 * @returns a report that names tensor, element, tag, analytic and numeric value. The bound is
 * |a − n| ≤ 1e-8 + 1e-7·|n|, for every element by itself.
 * @throws ValueError when there are no tensors or a number is not finite, ShapeError when a gradient has not its
 * tensor's shape.
 *
 * @example
 * ```ts
 * import { Matrix } from 'ml-matrix';
 * import { checkGradients, format } from 'bptt/check';
 *
 * const w = new Matrix([[1, 2]]);
 * const loss = () => w.get(0, 0) ** 2 * w.get(0, 1);
 * const wrong = new Matrix([[4, -1]]); // dL/dw is [2·w₀·w₁, w₀²] = [4, 1]
 * const report = checkGradients(loss, [{ name: 'w', values: w, gradient: wrong, tag: 'EX-B1' }]);
 * console.log(format(report));
 * // → w   EX-B1       2 elements  max |a−n| 2.0e+0  relative 5.0e-1  WRONG
 * // →     dw[0,1] (EX-B1): analytic -1, numeric 1
 * ```
 */
export function checkGradients(
  loss: () => number,
  tensors: readonly CheckedTensor[],
  options: CheckGradientsOptions = {},
): GradientReport {
  const { after = {}, first = false } = requireKnown('options', options, ['after', 'first']);
  requireFunction('loss', loss);
  requireBoolean('first', first);
  if (!isPlain(after)) throw new ValueError('after', 'an object of matrices by name', describe(after));
  for (const [name, matrix] of Object.entries(after)) requireAnyMatrix(`after.${name}`, matrix);
  for (const tensor of requireList('tensors', tensors, 'a list of tensors')) requireTensor(tensor);
  if (tensors.length === 0) throw new ValueError('tensors', 'at least one tensor', 'none');
  const compared: (Comparison & { readonly tensor: CheckedTensor })[] = [];
  for (const tensor of tensors) {
    compared.push({ tensor, ...compare(loss, tensor) });
    if (first && !compared.at(-1)?.report.ok) break;
  }
  const neighbours = compared.map(({ tensor: { name, values }, numeric }) => ({ name, values, numeric }));
  const reports = compared.map(({ tensor, report, numeric }) => {
    const guess = report.ok ? undefined : diagnose(tensor.gradient, numeric, { tensors: neighbours, after });
    return { ...report, ...(guess && { guess }) };
  });
  return { ok: reports.every(({ ok }) => ok), tensors: reports };
}

/** The bound itself: whether an analytic value is as near to a numeric one as rounding allows. */
export function agrees(analytic: number, numeric: number): boolean {
  return Math.abs(analytic - numeric) <= ABSOLUTE + RELATIVE * Math.abs(numeric);
}

/** @throws ValueError, ShapeError when it has not the parts of one. */
function requireTensor(tensor: CheckedTensor): void {
  if (!isPlain(tensor)) throw new ValueError('tensor', 'an object', describe(tensor));
  const { name, values, index, via } = tensor;
  if (typeof name !== 'string') throw new ValueError('tensor.name', 'a string', describe(name));
  requireAnyMatrix(name, values);
  if (index !== undefined) requireFunction('tensor.index', index);
  if (via !== undefined) requireList('tensor.via', via, 'a list of tags');
}

function compare(loss: () => number, { name, values, gradient, tag, via, index }: CheckedTensor): Comparison {
  requireFinite(name, values);
  requireMatrix(`d${name}`, gradient, [values.rows, values.columns]);
  const failures: CheckedElement[] = [];
  const numbers = Matrix.zeros(values.rows, values.columns);
  let [failed, kinks, maxAbs, largest] = [0, 0, 0, 0];
  for (let i = 0; i < values.rows; i++) {
    for (let j = 0; j < values.columns; j++) {
      const analytic = gradient.get(i, j);
      const { numeric, kink } = nearestDifference(loss, values, i, j, analytic);
      numbers.set(i, j, numeric);
      largest = Math.max(largest, Math.abs(numeric));
      if (kink) {
        kinks += 1;
        continue;
      }
      maxAbs = Math.max(maxAbs, Math.abs(analytic - numeric));
      if (agrees(analytic, numeric)) continue;
      failed += 1;
      if (failures.length < LISTED) failures.push({ at: [i, j], index: index?.(i, j) ?? [i, j], analytic, numeric });
    }
  }
  const maxRel = maxAbs === 0 ? 0 : maxAbs / largest;
  const elements = values.rows * values.columns;
  const report = {
    name,
    ok: failed === 0,
    ...(tag && { tag }),
    ...(via && { via }),
    elements,
    maxAbs,
    maxRel,
    largest,
    kinks,
    failed,
    failures,
  };
  return { report, numeric: numbers };
}

/** A tensor's verdict, and the numbers that it rests on. */
interface Comparison {
  readonly report: TensorReport;
  readonly numeric: Matrix;
}

/** A numeric derivative, and whether it is one of a kink. */
interface Difference {
  readonly numeric: number;
  readonly kink?: boolean;
}

/**
 * The difference at the first step that agrees with the analytic value. Where none does: at a kink whose slopes enclose
 * the analytic value, that value; else the difference at the first step of all.
 */
function nearestDifference(
  loss: () => number,
  values: AbstractMatrix,
  i: number,
  j: number,
  analytic: number,
): Difference {
  let first: number | undefined;
  for (const step of STEPS) {
    const numeric = fourPoint(loss, values, i, j, step);
    if (agrees(analytic, numeric)) return { numeric };
    if (first !== undefined && agrees(first, numeric)) break; // no kink within the larger step, or in its very middle
    first ??= numeric;
  }
  const narrow = oneSided(loss, values, i, j, NARROW);
  const gap = narrow.right - narrow.left;
  const part = (analytic - narrow.left) / gap;
  if (Math.abs(gap) > GAP && part > -GAP && part < 1 + GAP) {
    const wide = oneSided(loss, values, i, j, WIDE);
    if (Math.abs(gap) > Math.abs(wide.right - wide.left) / 2) return { numeric: analytic, kink: true };
  }
  return { numeric: first ?? Number.NaN };
}

/** dL/dvalues[i,j] ≈ (L(−2h) − 8 L(−h) + 8 L(+h) − L(+2h)) / 12h. */
function fourPoint(loss: () => number, values: AbstractMatrix, i: number, j: number, h: number): number {
  return shifted(loss, values, i, j, at => (at(-2 * h) - 8 * at(-h) + 8 * at(h) - at(2 * h)) / (12 * h));
}

/** The slopes (L(0) − L(−h))/h and (L(h) − L(0))/h. */
function oneSided(loss: () => number, values: AbstractMatrix, i: number, j: number, h: number) {
  const left = shifted(loss, values, i, j, at => (at(0) - at(-h)) / h);
  const right = shifted(loss, values, i, j, at => (at(h) - at(0)) / h);
  return { left, right };
}

/** A difference of the loss at shifts of element (i, j), which is put back. */
function shifted(
  loss: () => number,
  values: AbstractMatrix,
  i: number,
  j: number,
  difference: (at: (shift: number) => number) => number,
): number {
  const before = values.get(i, j);
  try {
    const found = difference(shift => {
      values.set(i, j, before + shift);
      return loss();
    });
    if (!Number.isFinite(found)) throw new ValueError('loss', 'a finite loss beside the values', `${found}`);
    return found;
  } finally {
    values.set(i, j, before);
  }
}
