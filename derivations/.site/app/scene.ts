/** What “Back through time” looks at: it fixes every number that is seen, and is what the address holds. */
import { type Cell, cells } from 'bptt';
import { D } from './passes.ts';

export interface Scene {
  /** A cell of the library, or `own`. */
  readonly cell: string;
  readonly T: number;
  readonly m: number;
  readonly seed: number;
  /** Numbers that were set by hand, by their places: `W_f.3`, `x_4.0`. */
  readonly changed: Readonly<Record<string, number>>;
}

/** A scene, and where in it one is: at a step, and at an equation of it, forward ones first. */
export interface View extends Scene {
  readonly t: number;
  readonly row: number;
  /** The derivation of one's own cell, where it is short enough for an address. */
  readonly text?: string;
}

/** What one's own cell is called. */
export const OWN = 'own';

/** What is seen first. */
export const FIRST: View = { cell: 'lstm', T: 12, m: 4, seed: 1, changed: {}, t: 12, row: 0 };

export const LIMITS = { T: [2, 32], m: [1, 16], seed: [1, 9999] } as const;

/** The view of an address: what is missing or is no value there is as it is first, and `refused` names it. */
export function viewOf(hash: string): { readonly view: View; readonly refused: readonly string[] } {
  if (hash.length < 2) return { view: FIRST, refused: [] };
  let given: Record<string, unknown>;
  try {
    given = Object(JSON.parse(decodeURIComponent(hash.replace(/^#/, ''))));
  } catch {
    return { view: FIRST, refused: ['all of it'] };
  }
  const refused: string[] = [];
  const whole = (name: string, first: number, least: number, most: number): number => {
    const value = given[name];
    if (value === undefined) return first;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    refused.push(name);
    return Math.min(first, most);
  };
  const { cell = FIRST.cell, changed = {}, text } = given;
  const isCell = typeof cell === 'string' && (cell === OWN || Object.hasOwn(cells, cell));
  if (!isCell) refused.push('cell');
  const T = whole('T', FIRST.T, ...LIMITS.T);
  const numbers = Object.entries(Object(changed)).filter((entry): entry is [string, number] => {
    const isNumber = /^\w+\.\d+$/.test(entry[0]) && typeof entry[1] === 'number' && Number.isFinite(entry[1]);
    if (!isNumber) refused.push(`changed.${entry[0]}`.slice(0, 40));
    return isNumber;
  });
  const view = {
    ...{ cell: isCell ? cell : FIRST.cell, T, m: whole('m', FIRST.m, ...LIMITS.m) },
    ...{ seed: whole('seed', FIRST.seed, ...LIMITS.seed), changed: Object.fromEntries(numbers) },
    ...{ t: whole('t', T, 1, T), row: whole('row', 0, 0, 1000) },
    ...(typeof text === 'string' && { text }),
  };
  return { view, refused };
}

/** The address of a view. */
export const hashOf = (view: View): string => `#${encodeURIComponent(JSON.stringify(view))}`;

/** As many units as a cell can have, near what is wished: some ask for an even number. */
export function unitsFor(cell: Cell, wished: number): number {
  const fits = (m: number) => Object.keys(cell.sizes?.({ d: D, m }) ?? {}).length === 0;
  for (let m = wished; m <= LIMITS.m[1]; m++) if (fits(m)) return m;
  return wished;
}
