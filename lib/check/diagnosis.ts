/** What kind of mistake a wrong gradient looks like, when its numbers say so. */
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import type { Matrices } from '../shape.ts';

/** Numbers are the same when they differ by less than this part of the largest: well above the noise of differences. */
const SAME = 1e-6;

/** Something beside the wrong gradient that may stand in its equation: its value, and its own numeric gradient. */
export interface Neighbour {
  readonly name: string;
  readonly values: AbstractMatrix;
  readonly numeric: AbstractMatrix;
}

/** What else there is: the tensors of the problem, and the state that it ends in. */
export interface Surroundings {
  readonly tensors: readonly Neighbour[];
  readonly after: Matrices;
}

/**
 * A guess at the mistake. The whole tensor has the wrong sign, is transposed, is some multiple of what it should be, or is
 * nothing at all. In one step of one sequence the numbers tell more: a row that lacks da·M, or has it with the wrong sign
 * or twice, where da is the gradient of a bias and M a parameter; a matrix daᵀh formed with the state of the wrong time.
 *
 * @param analytic the gradient claimed.
 * @param numeric what it should be, of the same shape, up to the noise of finite differences.
 * @returns `sign`, `transpose`, `factor 2`, `nothing arrives`, `missing term b·W`, `wrong time index: h_t for h0`, …; or
 * undefined where the numbers say none of these.
 */
export function diagnose(
  analytic: AbstractMatrix,
  numeric: AbstractMatrix,
  surroundings: Surroundings = { tensors: [], after: {} },
): string | undefined {
  if (largest(numeric) === 0 || alike(analytic, numeric)) return undefined;
  if (largest(analytic) <= SAME * largest(numeric)) return 'nothing arrives';
  if (alike(analytic, Matrix.mul(numeric, -1))) return 'sign';
  if (numeric.rows > 1 && numeric.isSquare() && alike(analytic, numeric.transpose())) return 'transpose';
  if (numeric.rows * numeric.columns === 1) return undefined;
  const factor = ratio(analytic, numeric);
  if (factor !== undefined) return `factor ${Number(factor.toPrecision(Math.abs(factor - 1) < 1e-3 ? 8 : 4))}`;
  return wrongTerm(analytic, numeric, surroundings) ?? wrongIndex(analytic, numeric, surroundings);
}

/** Coefficients of a term in what is missing, and what they mean. */
const TERMS: readonly (readonly [number, string])[] = [
  [1, 'missing term'],
  [2, 'sign of the term'],
  [-1, 'too often the term'],
];

/** A row that differs from what it should be by a multiple of db·M, or of db⊙p. */
function wrongTerm(analytic: AbstractMatrix, numeric: AbstractMatrix, { tensors }: Surroundings): string | undefined {
  if (numeric.rows !== 1) return undefined;
  const missing = Matrix.sub(numeric, analytic);
  for (const { name: bias, numeric: da } of tensors.filter(isRow)) {
    for (const { name, values } of tensors) {
      const isMatrix = values.rows > 1;
      if (isMatrix ? values.rows !== da.columns : values.columns !== da.columns) continue;
      if (values.columns !== missing.columns) continue;
      const coefficient = ratio(missing, isMatrix ? da.mmul(values) : Matrix.mul(da, values));
      const found = TERMS.find(([c]) => coefficient !== undefined && Math.abs(c - coefficient) < SAME);
      if (found) return `${found[1]} d${bias}${isMatrix ? '·' : '⊙'}${name}`;
    }
  }
  return undefined;
}

/** A matrix dbᵀs with another state or input in the place of s. */
function wrongIndex(analytic: AbstractMatrix, numeric: AbstractMatrix, { tensors, after }: Surroundings) {
  const now = tensors.filter(isRow).map(({ name, values }) => ({ name, values }));
  const later = Object.entries(after).map(([name, values]) => ({ name: `${name}_t`, values }));
  for (const { numeric: da } of tensors.filter(isRow)) {
    const formed = (of: AbstractMatrix, from: AbstractMatrix) =>
      from.rows === 1 && da.columns === of.rows && from.columns === of.columns && alike(of, da.transpose().mmul(from));
    const right = now.find(({ values }) => formed(numeric, values));
    const wrong = [...later, ...now].find(({ values }) => formed(analytic, values));
    if (right && wrong) return `wrong time index: ${wrong.name} for ${right.name}`;
  }
  return undefined;
}

const isRow = ({ values }: Neighbour): boolean => values.rows === 1;

/** c where a = c·b; undefined where there is none. */
function ratio(a: AbstractMatrix, b: AbstractMatrix): number | undefined {
  if (largest(b) === 0 || largest(a) === 0) return undefined;
  const [row, column] = b.max() === largest(b) ? b.maxIndex() : b.minIndex();
  const c = a.get(row, column) / b.get(row, column);
  return alike(Matrix.mul(b, c), a) ? c : undefined;
}

function alike(a: AbstractMatrix, b: AbstractMatrix): boolean {
  return largest(Matrix.sub(a, b)) <= SAME * largest(b);
}

function largest(a: AbstractMatrix): number {
  return Math.max(a.max(), -a.min());
}
