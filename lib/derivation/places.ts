/** The places of columns and matrices: which element is meant, and how many there are. */
import type { Dual } from '../check/dual.ts';
import { keyIn } from './definitions.ts';
import type { Evaluator } from './evaluator.ts';
import { type Expression, type Name, walk } from './expression.ts';
import { Unread } from './latex.ts';
import { type Block, Misfit } from './matrices.ts';
import { NoStep, type Scope, type Setting } from './scope.ts';

/** Places that a name may stand for. */
const MOST_PLACES = 64;

/** How many places a letter counts: as many as what it is a place of has on that side. Nothing where it is a place of nothing. */
export function countOf(letter: string, within: readonly Expression[], setting: Setting<unknown>): number | undefined {
  for (const part of within.flatMap(of => walk(of))) {
    if (part.kind === 'holds') {
      const other = isPlace(part.left, letter) ? part.right : isPlace(part.right, letter) ? part.left : undefined;
      const whole =
        other?.kind === 'name' ? setting.sizes.wholeOf(keyIn(other.name, setting.system.vocabulary)) : undefined;
      if (whole !== undefined) return whole;
    }
    if (part.kind !== 'element') continue;
    const side = part.places.findIndex(place => place && isPlace(place, letter));
    const sides = side < 0 ? [] : sidesOf(part.of, setting);
    const count = sides[side];
    if (count !== undefined) return count;
  }
  return undefined;
}

/** Whether a letter counts places in an expression. */
export function countsIn(letter: string, of: Expression): boolean {
  return walk(of).some(part => isPlace(part, letter));
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

/** The number that a place is. */
export function placeOf<N>(world: Evaluator<N>, of: Expression, scope: Scope): number {
  const known = of.kind === 'place' ? scope.places?.get(of.letter) : of.kind === 'number' ? of.value : undefined;
  if (known !== undefined) return known;
  return wholeAt(world, world.evaluate(of, scope), of.at);
}

export function wholeAt<N>(world: Evaluator<N>, { data: [x] }: Block<Dual<N>>, at: number): number {
  const { ground } = world.setting;
  for (let place = 1; x && place <= MOST_PLACES; place++)
    if (ground.same(x.value, ground.numbers.constant(place))) return place;
  throw new Unread('a place that is no whole number', at);
}

/** A number for every place of a letter, or for all pairs of two; or a row or a column for every place of one. */
export function arrayOf<N>(
  world: Evaluator<N>,
  { letters, of, like, at }: Expression & { kind: 'array' },
  scope: Scope,
): Block<Dual<N>> {
  const [rows, columns = 1] = letters.map(letter => {
    const count = countOf(letter, [of, like], world.setting);
    if (count === undefined) throw new Unread(`what ${letter} runs over is not said`, at);
    return count;
  });
  if (rows === undefined) throw new Unread('places of nothing', at);
  const parts = Array.from({ length: rows * columns }, (_, n) => {
    const [i, j] = [Math.floor(n / columns) + 1, (n % columns) + 1];
    return world.evaluate(
      of,
      placedAt(
        scope,
        letters.map((letter, k) => [letter, k === 0 ? i : j] as const),
      ),
    );
  });
  const data = parts.flatMap(part => part.data);
  if (data.length === parts.length) return { rows, columns, data };
  if (letters.length > 1) throw new Misfit('an element that is no number');
  const isOfRows = parts.every(part => part.rows === 1);
  return isOfRows
    ? world.algebra.stack(parts, true)
    : world.algebra.transpose(
        world.algebra.stack(
          parts.map(part => world.algebra.transpose(part)),
          true,
        ),
      );
}

/** The element at places that are counted from 1; all of a row or a column, where one is not said. */
export function elementOf<N>(world: Evaluator<N>, of: Expression & { kind: 'element' }, scope: Scope): Block<Dual<N>> {
  const block = world.evaluate(of.of, scope);
  const { rows, columns, data, fits } = block;
  const { places, at } = of;
  if (places.length > 2) throw new Unread('an element with more than two places', at);
  const isRow = places.length === 1 && rows === 1;
  if (places.length === 1 && !fits && !isRow && columns !== 1) throw new Misfit(`one place in ${rows}×${columns}`);
  const [i, j] = (isRow ? [undefined, ...places] : places).map(place => place && placeOf(world, place, scope));
  if (fits) {
    if (places.includes(undefined)) throw new Unread('a row or a column of what has no size', at);
    return fits === 'I' && i !== j ? world.algebra.number(0) : { rows: 1, columns: 1, data: data.slice(0, 1) };
  }
  if ((i ?? 1) > rows || (j ?? 1) > columns) {
    if (places.some(place => place && place.kind !== 'place')) throw new NoStep(); // sizes are any that fit
    throw new Misfit(`no place ${[i, j].filter(place => place !== undefined)} in ${rows}×${columns}`);
  }
  const isMeant = (n: number) =>
    (i === undefined || Math.floor(n / columns) === i - 1) && (j === undefined || n % columns === j - 1);
  return {
    rows: i === undefined ? rows : 1,
    columns: j === undefined ? columns : 1,
    data: data.filter((_, n) => isMeant(n)),
  };
}
