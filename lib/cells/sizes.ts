/** Sizes that a cell can have, where it cannot have all. */
import { type Cell, type CellSize, misfitOf, requireCellSize } from './cell.ts';

/** How far from what is asked for each of the two is tried. */
const MOST = 256;

/**
 * A size that the cell can have, as near as can be to the one that is asked for, rather larger than smaller.
 *
 * @param kept the size that is to be as it is, where one is.
 * @throws ValueError saying what is asked of the size that is asked for, where no other fits.
 */
export function fitting(cell: Pick<Cell, 'name' | 'sizes'>, wanted: CellSize, kept?: keyof CellSize): CellSize {
  const fits = (size: CellSize) => Object.keys(misfitOf(cell, size)).length === 0;
  if (!cell.sizes || fits(wanted)) return wanted;
  const { d, m } = wanted;
  const reach = { d: kept === 'd' ? 0 : MOST, m: kept === 'm' ? 0 : MOST };
  for (let distance = 1; distance <= reach.d + reach.m; distance++) {
    for (let ofD = Math.min(distance, reach.d); ofD >= 0 && distance - ofD <= reach.m; ofD--) {
      const ofM = distance - ofD;
      for (const [a, b] of [
        [d + ofD, m + ofM],
        [d - ofD, m + ofM],
        [d + ofD, m - ofM],
        [d - ofD, m - ofM],
      ] as const) {
        if (a >= 1 && b >= 1 && fits({ d: a, m: b })) return { d: a, m: b };
      }
    }
  }
  return requireCellSize(wanted, cell);
}
