/** The letter that steps are counted with, where it is not t: the n of hₙ = f(hₙ₋₁, xₙ). */
import type { Expression, Index, Name } from './expression.ts';
import type { Statement } from './grammar.ts';
import type { Line, Reading } from './lines.ts';
import { allNames, keyWithout, rebuilt, renamed } from './names.ts';

/** Letters that steps may be counted with, the usual ones first. */
const LETTERS = 'nkijs';

/** A reading in which steps are counted with t, up to τ: the same, where they are already, or none is seen. */
export function withClock(reading: Reading): Reading {
  const all = [...reading.lines, ...reading.abbreviations].flatMap(({ statements }) => statements.flatMap(sidesOf));
  const names = all.flatMap(allNames);
  if (names.some(name => indicesOf(name).some(({ letter }) => letter === 't'))) return reading;
  const defined = [...reading.lines, ...reading.abbreviations].flatMap(({ statements }) =>
    statements.flatMap(({ members: [first] }) => (first?.kind === 'name' ? [first.name] : [])),
  );
  const letter = [...LETTERS].find(one => names.some(name => stepsBy(name, one, defined)));
  if (letter === undefined) return reading;
  const ends = new Set(all.flatMap(side => endsOf(side, letter)));
  const ofIndex = (index: Index): Index => {
    if (index.letter === letter) return { ...index, letter: 't' };
    return index.letter !== undefined && ends.has(index.letter) ? { ...index, letter: 'τ' } : index;
  };
  const ofName = (name: Name): Name => {
    const isEnd = ends.has(name.letter) && indicesOf(name).length === 0 && !name.bold;
    const own = isEnd ? 'τ' : name.letter === letter && indicesOf(name).length === 0 && !name.bold ? 't' : name.letter;
    return { ...name, letter: own, sup: name.sup.map(ofIndex), sub: name.sub.map(ofIndex) };
  };
  const again = (of: Expression) =>
    rebuilt(renamed(of, ofName), part =>
      part.kind === 'over' && part.range.index === letter ? { ...part, range: { ...part.range, index: 't' } } : part,
    );
  const ofStatement = (statement: Statement): Statement => ({
    ...statement,
    members: statement.members.map(again),
    ...(statement.under && { under: statement.under.map(ofStatement) }),
  });
  const ofLine = (line: Line): Line => ({ ...line, statements: line.statements.map(ofStatement) });
  const [lines, abbreviations] = [reading.lines.map(ofLine), reading.abbreviations.map(ofLine)];
  return { ...reading, lines, abbreviations, clock: letter };
}

function sidesOf({ members, under = [] }: Statement): readonly Expression[] {
  return [...members, ...under.flatMap(sidesOf)];
}

/** Whether a name is of the step before or after one at which it is defined: h_{n−1}, of h_n. */
function stepsBy(name: Name, letter: string, defined: readonly Name[]): boolean {
  const isStep = (index: Index) => index.letter === letter;
  if (!indicesOf(name).some(index => index.letter === letter && index.offset !== 0 && !index.plus)) return false;
  const key = keyWithout(name, isStep);
  return defined.some(
    other =>
      keyWithout(other, isStep) === key &&
      indicesOf(other).some(index => index.letter === letter && index.offset === 0 && !index.plus),
  );
}

/** The capital letter that a sum over the steps ends at. */
function endsOf(of: Expression, letter: string): readonly string[] {
  const found: string[] = [];
  rebuilt(of, part => {
    const to = part.kind === 'over' && part.range.index === letter ? part.range.to : undefined;
    if (to?.kind === 'name' && /^[A-Z]$/.test(to.name.letter) && indicesOf(to.name).length === 0)
      found.push(to.name.letter);
    return part;
  });
  return found;
}

function indicesOf({ sup, sub }: Name): readonly Index[] {
  return [...sup, ...sub];
}
