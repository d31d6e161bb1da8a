/** Every cell of the library proven, and with a mistake planted caught: what the guide's table shows. */
import { add, type Cell, cells, scale } from 'bptt';
import { type Proof, proveCell } from 'bptt/check';

/** What was found of a cell. */
export interface Found {
  readonly name: string;
  readonly right: Proof;
  /** Of the same cell with a mistake. */
  readonly planted: Proof;
}

/** What the gradient of the state before is off by, as a part of it. */
const PART = 1e-6;

/** All cells that can be proven. */
export function proofs(): readonly Found[] {
  return Object.entries(cells).flatMap(([name, cell]): Found[] => {
    const right = proveCell(cell as Cell);
    return right.verdict === 'not provable' ? [] : [{ name, right, planted: proveCell(spoilt(cell as Cell)) }];
  });
}

function spoilt(cell: Cell): Cell {
  return {
    ...cell,
    backward: (p, tape, dnext, dp) => {
      const { dx, dprev } = cell.backward(p, tape, dnext, dp);
      const { h } = dprev;
      return { dx, dprev: h ? { ...dprev, h: add(h, scale(h, PART)) } : dprev };
    },
  };
}
