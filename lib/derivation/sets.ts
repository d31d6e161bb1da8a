/** Letters that run over a set of letters: the gates k = f, i, o, g. */
import { type Instance, isBackward, namesIn } from './definitions.ts';
import { type Expression, type Name, walk } from './expression.ts';
import type { Statement } from './grammar.ts';
import { Unread } from './latex.ts';
import type { Line, NamedSet } from './lines.ts';
import { allNames, keyWithout, lettersOf, type Vocabulary, withLetter } from './names.ts';
import { unrolled, withNumber } from './ranges.ts';

/** The keys of all names in equations that are not about gradients, as they are written but for the time. */
export function knownKeys(lines: readonly Line[]): ReadonlySet<string> {
  const forward = lines.filter(({ letter }) => letter === 'F');
  return new Set(
    (forward.length > 0 ? lines.filter(({ letter }) => letter !== 'D') : lines)
      .flatMap(({ statements }) => statements)
      .flatMap(({ members }) => members.filter(member => !isBackward(member)))
      .flatMap(member => allNames(member).map(timeless)),
  );
}

/** A name's key without what stands where the time does. */
function timeless(name: Name): string {
  return keyWithout(name, ({ letter }) => letter === 't');
}

/** Equations that one may stand for. */
const MOST = 1000;

/** Letters that stand for every letter of a set. */
export class Sets {
  readonly #named: readonly NamedSet[];
  readonly #known: Set<string>;

  constructor(named: readonly NamedSet[], known: ReadonlySet<string>) {
    this.#named = named;
    this.#known = new Set(known);
  }

  /** From here on also names are known that forward equations have for some letter of a set: W_f, of W_k. */
  learn(instances: readonly Instance[]): void {
    for (const { line, statement } of instances) {
      if (line.letter !== 'F' || statement.members.some(isBackward)) continue;
      for (const name of statement.members.flatMap(allNames)) this.#known.add(timeless(name));
    }
  }

  /** The statement for every letter of the sets of its free letters. */
  instances(line: Line, written: Statement, vocabulary: Vocabulary): readonly Instance[] {
    const saidOf = (letter: string) => this.#rangeOf(letter, line.offset);
    const statement = { ...written, members: written.members.map(side => unrolled(side, vocabulary, saidOf)) };
    const names = namesIn(statement);
    const bound = new Set(statement.members.flatMap(member => walk(member).flatMap(boundLetters)));
    const times = new Set(names.flatMap(name => vocabulary.freeTimes(name)));
    const [first] = statement.members;
    const leading = first ? allNames(first).flatMap(lettersOf) : [];
    const free = new Set(leading.filter(letter => !bound.has(letter) && !times.has(letter)));
    let instances: readonly Instance[] = [{ line, statement, of: '' }];
    for (const letter of free) {
      const members = this.members(letter, names, line.offset);
      if (!members) continue;
      instances = instances.flatMap(instance =>
        members.map(member => ({
          ...instance,
          statement: swappedIn(instance.statement, letter, member),
          of: [instance.of, `${letter} = ${member}`].filter(Boolean).join(', '),
        })),
      );
    }
    if (instances.length > MOST) throw new Unread(`its letters stand for ${instances.length} equations`, statement.at);
    return instances.map(instance => {
      const { under } = instance.statement;
      if (!under) return instance;
      const each = under.flatMap(one => this.instances(line, one, vocabulary).map(({ statement: of }) => of));
      return { ...instance, statement: { ...instance.statement, under: each } };
    });
  }

  /** The numbers that a letter is said to run over. */
  #rangeOf(letter: string, offset: number): readonly string[] | undefined {
    const said = this.#saidOf(letter, offset);
    return said && isNumbers(said) ? said : undefined;
  }

  #saidOf(letter: string, offset: number): readonly string[] | undefined {
    const named = this.#named.filter(set => set.letter === letter);
    return (named.filter(set => set.offset < offset).at(-1) ?? named[0])?.members;
  }

  /** What a letter runs over: said in the text, or all letters with which every name that has it is known. None where it is a name's own. */
  members(letter: string, names: readonly Name[], offset: number): readonly string[] | undefined {
    if (!/^[a-z]$/.test(letter) || letter === 't') return undefined;
    const having = names.filter(name => lettersOf(name).includes(letter));
    const said = this.#saidOf(letter, offset);
    if (said && isNumbers(said)) return said;
    const knownWith = (other: string) =>
      having.every(name => {
        const [only] = allNames(withLetter({ kind: 'name', name, at: name.at }, letter, other));
        return only !== undefined && this.#known.has(timeless(only));
      });
    if (said?.some(member => having.some(name => this.#known.has(timeless(swapped(name, letter, member))))))
      return said;
    if (having.some(name => this.#known.has(timeless(name)))) return undefined;
    const found = 'abcdefghijklmnopqrsuvwxyz'.split('').filter(other => other !== letter && knownWith(other));
    return found.length > 0 ? found : undefined;
  }
}

/** A statement with a member for a letter, and with it what it follows from. */
function swappedIn(statement: Statement, from: string, to: string): Statement {
  const { members, under } = statement;
  return {
    ...statement,
    members: members.map(side => withMember(side, from, to)),
    ...(under && { under: under.map(one => swappedIn(one, from, to)) }),
  };
}

function isNumbers(members: readonly string[]): boolean {
  return members.every(member => /^\d$/.test(member));
}

/** A member in place of the letter that runs over a set: a letter, or a number, with which one can count. */
function withMember(of: Expression, letter: string, member: string): Expression {
  return isNumbers([member]) ? withNumber(of, letter, Number(member)) : withLetter(of, letter, member);
}

function swapped(name: Name, from: string, to: string): Name {
  const [only] = allNames(withLetter({ kind: 'name', name, at: name.at }, from, to));
  return only ?? name;
}

function boundLetters(part: Expression): readonly string[] {
  return part.kind === 'over' ? [part.range.index] : [];
}
