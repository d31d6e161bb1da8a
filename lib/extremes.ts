/**
 * The greatest and the least of many numbers. `Math.max(...values)` passes every number as an argument, which ends in a
 * RangeError above some hundred thousand; these walk.
 */

/** The greatest of the numbers: −∞ of none, NaN when one is NaN, as `Math.max` has it. */
export function greatest(values: Iterable<number>): number {
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) most = Math.max(most, value);
  return most;
}

/** The least of the numbers: ∞ of none, NaN when one is NaN, as `Math.min` has it. */
export function least(values: Iterable<number>): number {
  let fewest = Number.POSITIVE_INFINITY;
  for (const value of values) fewest = Math.min(fewest, value);
  return fewest;
}

/** Where the first of the greatest numbers is; −1 of none, and where all are NaN. */
export function argmax(values: ArrayLike<number>): number {
  let best = -1;
  for (let n = 0; n < values.length; n++) {
    const value = values[n] ?? Number.NaN;
    if (best < 0 ? !Number.isNaN(value) : value > (values[best] ?? Number.NaN)) best = n;
  }
  return best;
}
