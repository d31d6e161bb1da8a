/** Dimensions that are not known yet, and are found to be the same. */

/** A dimension that is 1, or not known yet: those that are the same have the same root. */
export interface Dimension {
  same?: Dimension;
  readonly one: boolean;
  /** Whose sum it is, of parts one below the other. */
  parts?: readonly Dimension[];
}

/** A shape in dimensions; a number has none, and meets every shape. */
export type Form = readonly [rows: Dimension, columns: Dimension] | 'number';

export const ONE: Dimension = { one: true };

/** So many. */
export function exactly(n: number): Dimension {
  return n === 1 ? ONE : { one: false, parts: Array.from({ length: n }, () => ONE) };
}

export function isPartOf(part: Dimension, whole: Dimension): boolean {
  return whole.parts?.some(inner => rootOf(inner) === part || isPartOf(part, rootOf(inner))) ?? false;
}

export function rootOf(dimension: Dimension): Dimension {
  let root = dimension;
  while (root.same) root = root.same;
  return root;
}
