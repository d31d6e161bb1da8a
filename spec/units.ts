/** How many units a cell must have for two orders of summation to agree. */
import type { Cell } from '../lib/cells/cell.ts';

/**
 * 4 where units are normalised, else 1. A single unit is its own mean, so that nothing depends on its gain; and where two or
 * three hold nearly the same, their differences are rounding, blown up by as much as 1/√ε.
 */
export function leastUnits({ name }: Cell): number {
  return name === 'lstm-layer-norm' ? 4 : 1;
}

/**
 * How many inputs. What a normalised layer gets from a single one is the same direction whatever it is: its gradient cancels,
 * and what is left of it is the rounding of what cancelled.
 */
export function leastInputs(cell: Cell): number {
  return leastUnits(cell) > 1 ? 2 : 1;
}
