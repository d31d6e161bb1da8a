/** The places of columns and matrices: which element is meant, and how many there are. */
import { keyIn } from './definitions.ts';
import { type Expression, type Name, walk } from './expression.ts';
import { Unread } from './latex.ts';
import { type Block, Misfit } from './matrices.ts';
import type { Scope, Setting } from './scope.ts';

/** The element at places that are counted from 1. */
export function elementAt<N>(block: Block<N>, places: readonly number[], zero: N, at: number): Block<N> {
  const { rows, columns, data, fits } = block;
  const [i = 1, j = 1, ...others] = places;
  if (others.length > 0) throw new Unread('an element with more than two places', at);
  const isColumn = places.length === 1 && (rows === 1 || columns === 1);
  if (!fits && !isColumn && places.length === 1) throw new Misfit(`one place in ${rows}×${columns}`);
  const found = fits ? (fits === 'I' && i !== j ? zero : data[0]) : data[isColumn ? i - 1 : (i - 1) * columns + j - 1];
  if (found === undefined || (!fits && !isColumn && j > columns))
    throw new Misfit(`no place ${places} in ${rows}×${columns}`);
  return { rows: 1, columns: 1, data: [found] };
}

/** How many places a letter counts: as many as what it is a place of has on that side. Nothing where it is a place of nothing. */
export function countOf(letter: string, within: readonly Expression[], setting: Setting<unknown>): number | undefined {
  for (const part of within.flatMap(of => [...walk(of)])) {
    if (part.kind === 'holds') {
      const other = isPlace(part.left, letter) ? part.right : isPlace(part.right, letter) ? part.left : undefined;
      const whole =
        other?.kind === 'name' ? setting.sizes.wholeOf(keyIn(other.name, setting.system.vocabulary)) : undefined;
      if (whole !== undefined) return whole;
    }
    if (part.kind !== 'element') continue;
    const side = part.places.findIndex(place => isPlace(place, letter));
    const sides = side < 0 ? [] : sidesOf(part.of, setting);
    const count = sides[side];
    if (count !== undefined) return count;
  }
  return undefined;
}

/** Whether a letter counts places in an expression. */
export function countsIn(letter: string, of: Expression): boolean {
  return [...walk(of)].some(part => isPlace(part, letter));
}

export function isPlace(of: Expression, letter: string): boolean {
  return of.kind === 'place' && of.letter === letter;
}

/** How long the sides are that places of a value are on. */
function sidesOf(of: Expression, setting: Setting<unknown>): readonly number[] {
  const sides = (name: Name) => {
    const [rows, columns] = setting.sizes.of(keyIn(name, setting.system.vocabulary));
    return rows * columns === 1 ? [] : rows === 1 ? [columns] : columns === 1 ? [rows] : [rows, columns];
  };
  switch (of.kind) {
    case 'name':
      return sides(of.name);
    case 'gradient':
      return sides(of.by);
    case 'given':
      return sides(of.of);
    case 'jacobian':
      return [...sides(of.of), ...sides(of.by)];
    case 'along':
    case 'transpose':
      return of.kind === 'along' ? sidesOf(of.of, setting) : [...sidesOf(of.of, setting)].reverse();
    default:
      return [];
  }
}

/** A scope in which letters stand at places. */
export function placedAt(scope: Scope, placed: readonly (readonly [letter: string, place: number])[]): Scope {
  return { ...scope, places: new Map([...(scope.places ?? []), ...placed]) };
}
