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
  requireFinite,
  requireFunction,
  requireKnown,
  requireList,
  requireMatrix,
} from '../require.ts';
import type { Matrices } from '../shape.ts';
import { diagnose } from './diagnosis.ts';
import { judged } from './differences.ts';
import { type Exactness, exactnessOf, type Noise, noiseIn } from './noise.ts';

export { agrees } from './differences.ts';

/** What is found of a gradient: that it is right, that it is wrong, or that rounding hides which of the two. */
export type Verdict = 'ok' | 'wrong' | 'too noisy';

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
  /** Whether every element is right, and could be seen to be. */
  readonly ok: boolean;
  /** `wrong` where one element is, whatever else there is; `too noisy` where none is and some could not be judged. */
  readonly verdict: Verdict;
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
  /** Elements that could not be judged: rounding of the loss may be all that parts them from their differences. */
  readonly unjudged: number;
  /** Why not, where there are any. */
  readonly noise?: Noise;
  /** Elements outside the bound, by more than noise explains: how many, and the first few. */
  readonly failed: number;
  readonly failures: readonly CheckedElement[];
  /** What kind of mistake it looks like, where the numbers of a wrong tensor say so: see {@link diagnose}. */
  readonly guess?: string;
}

/** The verdict on all tensors. */
export interface GradientReport {
  /** Whether every gradient is right: false, too, where one could not be judged. */
  readonly ok: boolean;
  readonly verdict: Verdict;
  readonly tensors: readonly TensorReport[];
}

/** What helps to guess at a mistake. */
export interface CheckGradientsOptions {
  /** What the function computed last, by name: what may have been taken for what was there before. */
  readonly after?: Matrices;
}

/**
 * Compares every element of every gradient with a four-point finite difference of `loss`.
 *
 * @param loss L at the present values of the tensors. It must be a function of nothing else that changes.
 * @param tensors what L depends on, with the gradients claimed.
 * @returns a report that names tensor, element, tag, analytic and numeric value. The bound is
 * |a − n| ≤ 1e-8 + 1e-7·|n|, for every element by itself. Where rounding of the loss hides that, the verdict is
 * neither right nor wrong, but `too noisy`: its error is measured.
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
  const { after = {} } = requireKnown('options', options, ['after']);
  requireFunction('loss', loss);
  if (!isPlain(after)) throw new ValueError('after', 'an object of matrices by name', describe(after));
  for (const [name, matrix] of Object.entries(after)) requireAnyMatrix(`after.${name}`, matrix);
  for (const tensor of requireList('tensors', tensors, 'a list of tensors')) requireTensor(tensor);
  if (tensors.length === 0) throw new ValueError('tensors', 'at least one tensor', 'none');
  let measured: Exactness | undefined;
  const exactness = () => {
    measured ??= exactnessOf(
      loss,
      tensors.map(({ values }) => values),
    );
    return measured;
  };
  const compared = tensors.map(tensor => ({ tensor, ...compare(loss, tensor, exactness) }));
  const neighbours = compared.map(({ tensor: { name, values }, numeric }) => ({ name, values, numeric }));
  const reports = compared.map(({ tensor, report, numeric }) => {
    const wrong = report.verdict === 'wrong';
    const guess = wrong ? diagnose(tensor.gradient, numeric, { tensors: neighbours, after }) : undefined;
    return { ...report, ...(guess && { guess }) };
  });
  const verdict = worstOf(reports.map(report => report.verdict));
  return { ok: verdict === 'ok', verdict, tensors: reports };
}

/** One verdict on many things: wrong where one is, else too noisy where one is, else ok. */
export function worstOf(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('wrong')) return 'wrong';
  return verdicts.includes('too noisy') ? 'too noisy' : 'ok';
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

function compare(loss: () => number, tensor: CheckedTensor, exactness: () => Exactness): Comparison {
  const { name, values, gradient, tag, via, index } = tensor;
  requireFinite(name, values);
  requireMatrix(`d${name}`, gradient, [values.rows, values.columns]);
  const failures: CheckedElement[] = [];
  const numbers = Matrix.zeros(values.rows, values.columns);
  let [failed, kinks, unjudged, error, maxAbs, largest] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < values.rows; i++) {
    for (let j = 0; j < values.columns; j++) {
      const analytic = gradient.get(i, j);
      const { verdict, numeric, error: own } = judged(loss, values, i, j, analytic, exactness);
      numbers.set(i, j, numeric);
      largest = Math.max(largest, Math.abs(numeric));
      maxAbs = Math.max(maxAbs, Math.abs(analytic - numeric));
      if (verdict === 'kink') kinks += 1;
      if (verdict === 'too noisy') {
        unjudged += 1;
        error = Math.max(error, own);
      }
      if (verdict !== 'wrong') continue;
      failed += 1;
      if (failures.length < LISTED) failures.push({ at: [i, j], index: index?.(i, j) ?? [i, j], analytic, numeric });
    }
  }
  const verdict = worstOf([failed > 0 ? 'wrong' : 'ok', unjudged > 0 ? 'too noisy' : 'ok']);
  const report = {
    name,
    ok: verdict === 'ok',
    verdict,
    ...(tag && { tag }),
    ...(via && { via }),
    elements: values.rows * values.columns,
    maxAbs,
    maxRel: maxAbs === 0 ? 0 : maxAbs / largest,
    largest,
    kinks,
    unjudged,
    ...(unjudged > 0 && { noise: noiseIn(loss, [values], exactness(), error) }),
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
