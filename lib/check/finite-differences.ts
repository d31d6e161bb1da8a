/**
 * Analytic gradients against finite differences, element by element. Needs no test runner and no knowledge of layers:
 * a function of some matrices, and what is claimed to be its gradient in each.
 */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { ValueError } from '../errors.ts';
import { requireFinite, requireMatrix } from '../require.ts';
import { diagnose } from './diagnosis.ts';

/** The bound: |analytic − numeric| ≤ ABSOLUTE + RELATIVE·|numeric|, for every element. */
const ABSOLUTE = 1e-8;
const RELATIVE = 1e-7;

/**
 * Steps of the stencil, tried in turn until one agrees. The first is the most accurate where the function is smooth
 * (truncation h⁴, rounding 1e-16/h); the later ones keep the stencil from straddling a kink of ReLU or max nearby.
 * A wrong gradient agrees with none of them.
 */
const STEPS = [1e-3, 1e-4, 1e-5] as const;

/** How many failing elements a report lists, of each tensor. */
const LISTED = 5;

/** A matrix that the function depends on, and the gradient to be checked. */
export interface CheckedTensor {
  readonly name: string;
  /** The values the function reads: changed during the check and put back to the last bit. */
  readonly values: AbstractMatrix;
  /** The claimed dL/dvalues, of the same shape. */
  readonly gradient: AbstractMatrix;
  /** The tag of the equation that the gradient comes from. */
  readonly tag?: string;
  /** What to call element (i, j) in the report; [i, j] unless given. */
  readonly index?: (i: number, j: number) => readonly number[];
}

/** One element of a gradient beside its numeric value. */
export interface CheckedElement {
  readonly index: readonly number[];
  readonly analytic: number;
  readonly numeric: number;
}

/** The verdict on one tensor. */
export interface TensorReport {
  readonly name: string;
  readonly ok: boolean;
  readonly tag?: string;
  /** How many elements were compared: all there are. */
  readonly elements: number;
  /** Largest |analytic − numeric|. */
  readonly maxAbs: number;
  /** Largest |analytic − numeric| over the largest |numeric| of the tensor; 0 where all of it is 0. */
  readonly maxRel: number;
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
export function checkGradients(loss: () => number, tensors: readonly CheckedTensor[]): GradientReport {
  if (tensors.length === 0) throw new ValueError('tensors', 'at least one tensor', 'none');
  const reports = tensors.map(tensor => checkTensor(loss, tensor));
  return { ok: reports.every(({ ok }) => ok), tensors: reports };
}

/** The bound itself: whether an analytic value is as near to a numeric one as rounding allows. */
export function agrees(analytic: number, numeric: number): boolean {
  return Math.abs(analytic - numeric) <= ABSOLUTE + RELATIVE * Math.abs(numeric);
}

function checkTensor(loss: () => number, { name, values, gradient, tag, index }: CheckedTensor): TensorReport {
  requireFinite(name, values);
  requireMatrix(`d${name}`, gradient, [values.rows, values.columns]);
  const failures: CheckedElement[] = [];
  const numbers = Matrix.zeros(values.rows, values.columns);
  let failed = 0;
  let maxAbs = 0;
  let largest = 0;
  for (let i = 0; i < values.rows; i++) {
    for (let j = 0; j < values.columns; j++) {
      const analytic = gradient.get(i, j);
      const numeric = nearestDifference(loss, values, i, j, analytic);
      numbers.set(i, j, numeric);
      maxAbs = Math.max(maxAbs, Math.abs(analytic - numeric));
      largest = Math.max(largest, Math.abs(numeric));
      if (agrees(analytic, numeric)) continue;
      failed += 1;
      if (failures.length < LISTED) failures.push({ index: index?.(i, j) ?? [i, j], analytic, numeric });
    }
  }
  const maxRel = maxAbs === 0 ? 0 : maxAbs / largest;
  const elements = values.rows * values.columns;
  const guess = failed === 0 ? undefined : diagnose(gradient, numbers);
  return {
    name,
    ok: failed === 0,
    ...(tag && { tag }),
    elements,
    maxAbs,
    maxRel,
    failed,
    failures,
    ...(guess && { guess }),
  };
}

/** The difference at the first step that agrees with the analytic value; at the first of all where none does. */
function nearestDifference(loss: () => number, values: AbstractMatrix, i: number, j: number, analytic: number): number {
  let first: number | undefined;
  for (const step of STEPS) {
    const numeric = fourPoint(loss, values, i, j, step);
    if (agrees(analytic, numeric)) return numeric;
    first ??= numeric;
  }
  return first ?? Number.NaN;
}

/** dL/dvalues[i,j] ≈ (L(−2h) − 8 L(−h) + 8 L(+h) − L(+2h)) / 12h. */
function fourPoint(loss: () => number, values: AbstractMatrix, i: number, j: number, h: number): number {
  const before = values.get(i, j);
  const at = (shift: number): number => {
    values.set(i, j, before + shift);
    return loss();
  };
  try {
    const difference = (at(-2 * h) - 8 * at(-h) + 8 * at(h) - at(2 * h)) / (12 * h);
    if (!Number.isFinite(difference)) throw new ValueError('loss', 'a finite loss beside the values', `${difference}`);
    return difference;
  } finally {
    values.set(i, j, before);
  }
}
