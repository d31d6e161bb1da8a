/** The order in which one goes through a scene: forward through the equations of each step, and back. Nothing here is the page's. */
import type { Row } from './listing.ts';

/** A step, and an equation of it. */
export interface Moment {
  readonly t: number;
  readonly row: number;
}

/** The moment after this one; undefined after the last equation of the first step. */
export function after({ t, row }: Moment, rows: readonly Row[], T: number): Moment | undefined {
  const back = firstBack(rows);
  if (row + 1 < back) return { t, row: row + 1 };
  if (row < back) return t < T ? { t: t + 1, row: 0 } : { t: T, row: back };
  if (row + 1 < rows.length) return { t, row: row + 1 };
  return t > 1 ? { t: t - 1, row: back } : undefined;
}

/** The moment before this one; undefined before the first equation of the first step. */
export function before({ t, row }: Moment, rows: readonly Row[], T: number): Moment | undefined {
  const back = firstBack(rows);
  if (row > back) return { t, row: row - 1 };
  if (row === back) return t < T ? { t: t + 1, row: rows.length - 1 } : { t: T, row: back - 1 };
  if (row > 0) return { t, row: row - 1 };
  return t > 1 ? { t: t - 1, row: back - 1 } : undefined;
}

/** The first equation of the backward pass. */
export function firstBack(rows: readonly Row[]): number {
  const found = rows.findIndex(({ pass }) => pass === 'backward');
  return found < 0 ? rows.length : found;
}
