/**
 * Elements by their places: o_{tk} of 𝐨_t, A_{ij} of A.
 *
 * A plain letter is an element of the bold one, or of what a table of the text says to be a column or a matrix. An equation between
 * elements is one between the columns or matrices that have them, at all places at once.
 */
import { COUNTERS } from './counts.ts';
import { keyIn, namesIn } from './definitions.ts';
import { type Expression, type Index, type Name, partsOf, walk } from './expression.ts';
import type { Statement } from './grammar.ts';
import { Unread } from './latex.ts';
import { type Line, type Reading, reasonOf } from './lines.ts';
import { allNames, lettersOf, rebuilt, type Vocabulary } from './names.ts';
import { type SaidShape, shapesSaid } from './table.ts';

/** The same readings with elements in place of the names that are some, by the shapes that the tables of all of them say. */
export function withElements(
  readings: readonly Reading[],
  vocabulary: Vocabulary,
): { readonly readings: readonly Reading[]; readonly said: ReadonlyMap<string, SaidShape> } {
  const said = new Map([...readings].reverse().flatMap(({ text, clock }) => [...shapesSaid(text, vocabulary, clock)]));
  const lines = readings.flatMap(({ lines: own, abbreviations }) => [...own, ...abbreviations]);
  const names = lines.flatMap(({ statements }) => statements.flatMap(namesIn));
  const bold = new Set(names.filter(({ bold }) => bold).map(name => keyIn(name, vocabulary)));
  const isPlain = bold.size === 0;
  const known = new Set(names.map(name => keyIn(name, vocabulary)));
  const statements = lines.flatMap(line => line.statements);
  for (const key of besides(statements, name => bold.has(keyIn(name, vocabulary)), said, vocabulary)) bold.add(key);
  const placesOf = (key: string) => {
    const shape = said.get(key);
    if (shape) return shape.filter(side => side !== '1').length;
    if (isPlain && known.has(key)) return /^\p{Lu}/u.test(key) ? 2 : 1; // y_{tj} of y_t, where no letter is bold
    return bold.has(key) ? 1 : 0;
  };
  const elementOf = (name: Name) => elementIn(name, name_ => placesOf(keyIn(name_, vocabulary)), said, vocabulary);
  const again = (line: Line): Line => {
    try {
      return { ...line, statements: line.statements.map(statement => withArrays(statement, elementOf)) };
    } catch (error) {
      return { ...line, statements: [], unread: reasonOf(error) };
    }
  };
  return {
    readings: readings.map(reading => ({
      ...reading,
      lines: reading.lines.map(again),
      abbreviations: reading.abbreviations.map(again).filter(({ unread }) => !unread),
    })),
    said,
  };
}

/** Keys of columns of which only elements are mentioned: y, where y_i stands beside an element of a bold letter at the same place. */
function besides(
  statements: readonly Statement[],
  isColumn: (name: Name) => boolean,
  said: ReadonlyMap<string, SaidShape>,
  vocabulary: Vocabulary,
): readonly string[] {
  const elementOf = (name: Name) => elementIn(name, whole => (isColumn(whole) ? 1 : 0), said, vocabulary);
  return statements.flatMap(({ members }) => {
    const names = members.flatMap(allNames);
    const counted = new Set(names.flatMap(name => elementOf(name)?.places ?? []).flatMap(countedIn));
    return names.flatMap(name => {
      const others = name.sub.filter(({ letter }) => letter !== 't');
      const [place] = others;
      const isBeside =
        others.length === 1 && place?.letter !== undefined && counted.has(place.letter) && place.offset === 0;
      if (name.bold || name.sup.length > 0 || !isBeside || !/^\p{Ll}/u.test(name.letter) || elementOf(name)) return [];
      return [keyIn({ ...name, bold: true, sub: name.sub.filter(index => index !== place) }, vocabulary)];
    });
  });
}

/** What a name is an element of, and its places. */
interface Element {
  readonly of: Name;
  readonly places: readonly Expression[];
}

function elementIn(
  name: Name,
  placesOf: (name: Name) => number,
  said: ReadonlyMap<string, SaidShape>,
  vocabulary: Vocabulary,
): Element | undefined {
  if (name.bold || said.has(keyIn(name, vocabulary))) return undefined;
  const isPlace = (index: Index) =>
    index.letter !== undefined &&
    (index.name !== undefined || (COUNTERS.test(index.letter) && index.offset === 0 && !index.plus));
  const found = [...name.sup, ...name.sub].filter(isPlace);
  if (found.length === 0) return undefined;
  const rest = (bold: boolean): Name => ({
    ...name,
    bold,
    sup: name.sup.filter(index => !isPlace(index)),
    sub: name.sub.filter(index => !isPlace(index)),
  });
  const of = [rest(true), rest(false)].find(whole => placesOf(whole) === found.length);
  return of && { of, places: found.map(index => placeOf(index, name.at)) };
}

function placeOf(index: Index, at: number): Expression {
  if (index.letter === undefined) return { kind: 'number', value: index.number, at };
  return index.name ? { kind: 'name', name: index.name, at } : { kind: 'place', letter: index.letter, at };
}

/** A statement, and what it follows from, between arrays. */
function withArrays(statement: Statement, found: (name: Name) => Element | undefined): Statement {
  const { under } = statement;
  return { ...ofArrays(statement, found), ...(under && { under: under.map(one => withArrays(one, found)) }) };
}

/** A statement between elements as one between all of them. A letter that is an index of a bold one, too, counts something else than places. */
function ofArrays(statement: Statement, found: (name: Name) => Element | undefined): Statement {
  const others = new Set(statement.members.flatMap(allNames).flatMap(name => (name.bold ? lettersOf(name) : [])));
  const elementOf = (name: Name) => {
    const element = found(name);
    return element?.places.flatMap(countedIn).some(letter => others.has(letter)) ? undefined : element;
  };
  const members = statement.members.map(member => rebuilt(member, part => elementIfAny(part, elementOf)));
  const letters = new Set(members.flatMap(member => walk(member)).flatMap(countedIn));
  if (letters.size === 0) return { ...statement, members };
  const counted = members.map(member => rebuilt(member, part => placeIfAny(part, letters)));
  const free = [...new Set(counted.flatMap(freeIn))];
  if (free.length > 2) throw new Unread('elements with more than two places', statement.at);
  if (free.length === 0) return { ...statement, members: counted };
  return {
    ...statement,
    members: counted.map((member, n) => arrayOf(free, member, counted[n === 0 ? 1 : 0] ?? member)),
  };
}

function countedIn(part: Expression): readonly string[] {
  return part.kind === 'place' ? [part.letter] : [];
}

/** A name, gradient or Jacobian of elements as an element of that of the whole. */
function elementIfAny(part: Expression, elementOf: (name: Name) => Element | undefined): Expression {
  const { at } = part;
  switch (part.kind) {
    case 'name': {
      const kronecker = kroneckerOf(part.name, at);
      if (kronecker) return kronecker;
      const found = elementOf(part.name);
      return found ? { kind: 'element', of: { ...part, name: found.of }, places: found.places, at } : part;
    }
    case 'gradient': {
      const found = elementOf(part.by);
      return found ? { kind: 'element', of: { ...part, by: found.of }, places: found.places, at } : part;
    }
    case 'given': {
      const found = elementOf(part.of);
      return found ? { kind: 'element', of: { ...part, of: found.of }, places: found.places, at } : part;
    }
    case 'jacobian': {
      const [of, by] = [elementOf(part.of), elementOf(part.by)];
      if (!of && !by) return part;
      const whole: Expression = { ...part, of: of?.of ?? part.of, by: by?.of ?? part.by };
      return { kind: 'element', of: whole, places: [...(of?.places ?? []), ...(by?.places ?? [])], at };
    }
    default:
      return part;
  }
}

/** [i = j], which δ_ij is. */
function kroneckerOf({ letter, bold, sub, sup }: Name, at: number): Expression | undefined {
  if (letter !== 'δ' || bold || sup.length > 0 || sub.length !== 2) return undefined;
  const [left, right] = sub
    .filter(({ letter }) => letter !== undefined && COUNTERS.test(letter))
    .map(index => placeOf(index, at));
  return left && right ? { kind: 'holds', relation: '=', left, right, at } : undefined;
}

/** A letter that stands by itself as the place that it counts. */
function placeIfAny(part: Expression, letters: ReadonlySet<string>): Expression {
  if (part.kind !== 'name') return part;
  const { letter, bold, sup, sub } = part.name;
  return !bold && sup.length + sub.length === 0 && letters.has(letter) ? { kind: 'place', letter, at: part.at } : part;
}

/** The letters of places that nothing in it binds, in their order. */
function freeIn(of: Expression): readonly string[] {
  const bound = of.kind === 'over' ? [of.range.index] : of.kind === 'array' ? of.letters : [];
  return [...countedIn(of), ...partsOf(of).flatMap(freeIn)].filter(letter => !bound.includes(letter));
}

/** The column or matrix with such elements: the name itself, where they are just its own, or their logarithms. */
function arrayOf(letters: readonly string[], of: Expression, like: Expression): Expression {
  const used = freeIn(of);
  if (used.length === 0) return of;
  if (of.kind === 'call' && of.name === 'log' && of.order === 0)
    return { ...of, args: of.args.map(arg => arrayOf(letters, arg, like)) };
  const placed = of.kind === 'element' ? of.places.filter(place => place !== undefined) : [];
  const isWhole =
    of.kind === 'element' &&
    placed.length === letters.length &&
    placed.every((place, n) => place.kind === 'place' && place.letter === letters[n]);
  return isWhole ? of.of : { kind: 'array', letters, of, like, at: of.at };
}
