/** What kind of mistake a wrong gradient looks like, when its numbers say so. */
import type { AbstractMatrix } from 'ml-matrix';

/** Numbers are the same when they differ by less than this part of the largest: well above the noise of differences. */
const SAME = 1e-6;

/**
 * A guess at the mistake: the whole tensor has the wrong sign, is transposed, is some multiple of what it should be, or
 * is nothing at all.
 *
 * @param analytic the gradient claimed.
 * @param numeric what it should be, of the same shape, up to the noise of finite differences.
 * @returns `sign`, `transpose`, `factor 2`, `nothing arrives`, or undefined where the numbers say none of these.
 */
export function diagnose(analytic: AbstractMatrix, numeric: AbstractMatrix): string | undefined {
  const largest = Math.max(numeric.max(), -numeric.min());
  if (largest === 0) return undefined;
  const alike = (other: (i: number, j: number) => number) =>
    analytic.to2DArray().every((row, i) => row.every((a, j) => Math.abs(a - other(i, j)) <= SAME * largest));
  if (alike((i, j) => numeric.get(i, j))) return undefined;
  if (alike(() => 0)) return 'nothing arrives';
  if (alike((i, j) => -numeric.get(i, j))) return 'sign';
  if (numeric.rows > 1 && numeric.isSquare() && alike((i, j) => numeric.get(j, i))) return 'transpose';
  const [row, column] = numeric.max() === largest ? numeric.maxIndex() : numeric.minIndex();
  const factor = analytic.get(row, column) / numeric.get(row, column);
  if (numeric.size > 1 && alike((i, j) => factor * numeric.get(i, j))) {
    return `factor ${Number(factor.toPrecision(4))}`;
  }
  return undefined;
}
