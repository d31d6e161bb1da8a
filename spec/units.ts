/** How many units a cell must have for two orders of summation to agree. */
import type { Cell } from '../lib/cells/cell.ts';

/**
 * 8 where units are normalised, else 1. A single unit is its own mean, so that nothing depends on its gain; and where all of a
 * few hold nearly the same, their differences are rounding, blown up by as much as 1/√ε: of four units, one draw in some
 * hundreds is off by 10⁻¹² of its numbers, of eight none in a thousand by a quarter of that.
 */
export function leastUnits({ name }: Cell): number {
  return name === 'lstm-layer-norm' ? 8 : 1;
}

/**
 * How many inputs. What a normalised layer gets from a single one is the same direction whatever it is: its gradient cancels,
 * and what is left of it is the rounding of what cancelled.
 */
export function leastInputs(cell: Cell): number {
  return leastUnits(cell) > 1 ? 2 : 1;
}
