/** Which of a name's indices are the time, which are of a set, and which belong to it. */
import { type Event, type Expression, type Index, type Name, namesOf, walk } from './expression.ts';
import { Unread } from './latex.ts';

/** What a name stands for: its key, and the time where it has one. */
export interface Resolved {
  readonly key: string;
  readonly time?: number;
}

/** Letters that are the last step. */
const LAST: ReadonlySet<string> = new Set(['τ', 'τ′', 'T']);

export function isLast(letter: string): boolean {
  return LAST.has(letter);
}

/** The names of a text: which of them go with the time. */
export class Vocabulary {
  readonly #timed = new Set<string>();

  constructor(names: Iterable<Name>) {
    this.learn(names);
  }

  /** More names, of which those that have an index t go with the time. */
  learn(names: Iterable<Name>): void {
    for (const name of names)
      if (indicesOf(name).some(({ letter }) => letter === 't')) this.#timed.add(keyWithout(name, isT));
  }

  /** A name that goes with the time although it is written without: that of the step at hand is meant. */
  addTimed(key: string): void {
    this.#timed.add(key);
  }

  /** Whether a name goes with the time, whatever its index is. */
  isTimed(key: string): boolean {
    return this.#timed.has(key);
  }

  /**
   * @param times the letters that are bound to a step.
   * @param last the number of steps, which τ and T stand for.
   */
  resolve(name: Name, times: ReadonlyMap<string, number>, last: number): Resolved {
    const at = timeIndex(name, index => this.#isTime(name, index, times));
    if (!at) return { key: wholeKey(name) };
    const key = keyBut(name, at);
    if (at.letter === undefined) return { key, time: at.number };
    const stepOf = (letter: string) => {
      const step = times.get(letter) ?? (LAST.has(letter) ? last : undefined);
      if (step === undefined) throw new Unread(`${letter} is no step that is known here`, name.at);
      return step;
    };
    const more = (at.plus ?? []).reduce((sum, { letter, sign }) => sum + sign * stepOf(letter), 0);
    return { key, time: stepOf(at.letter) + at.offset + more };
  }

  /** Letters that stand where the time does, and are not bound to a step. */
  freeTimes(name: Name): readonly string[] {
    return indicesOf(name).flatMap(index => {
      if (index.letter === undefined || index.letter === 't' || LAST.has(index.letter)) return [];
      if (this.#isOwn(name)) return [];
      return this.#timed.has(keyBut(name, index)) ? [index.letter] : [];
    });
  }

  /** Whether a name goes with the time together with its indices: the o of 𝐚^o is no step where there is an 𝐚^o of step t. */
  #isOwn(name: Name): boolean {
    return (
      indicesOf(name).length > 0 &&
      this.#timed.has(keyWithout(name, isT)) &&
      keyWithout(name, isT) !== keyWithout(name, () => true)
    );
  }

  #isTime(name: Name, index: Index, times: ReadonlyMap<string, number>): boolean {
    if (index.letter === 't') return true;
    const rest = keyBut(name, index);
    if (!this.#timed.has(rest) || (index.letter !== undefined && this.#isOwn(name))) return false;
    return index.letter === undefined || times.has(index.letter) || LAST.has(index.letter);
  }
}

function timeIndex(name: Name, isTime: (index: Index) => boolean): Index | undefined {
  return indicesOf(name).find(isTime);
}

function indicesOf({ sup, sub }: Name): readonly Index[] {
  return [...sup, ...sub];
}

function isT({ letter }: Index): boolean {
  return letter === 't';
}

/** A name in one word, without some of its indices: `𝐚^f`. */
export function keyWithout(name: Name, leave: (index: Index) => boolean): string {
  const text = (indices: readonly Index[]) =>
    indices
      .filter(index => !leave(index))
      .map(index =>
        index.letter === undefined
          ? `${index.number}`
          : index.name
            ? keyWithout(index.name, () => false)
            : `${index.letter}${offsetText(index.offset)}${(index.plus ?? []).map(({ letter, sign }) => `${sign < 0 ? '−' : '+'}${letter}`).join('')}`,
      )
      .join(',');
  const [above, below] = [text(name.sup), text(name.sub)];
  return `${name.bold ? '𝐛' : ''}${name.letter}${above && `^${above}`}${below && `_${below}`}`;
}

/** The keys of a name, each made once: with all indices, and without one of them. */
interface Keys {
  readonly whole: string;
  readonly without: Map<Index, string>;
}

const known = new WeakMap<Name, Keys>();

function keysOf(name: Name): Keys {
  const keys = known.get(name) ?? { whole: keyWithout(name, () => false), without: new Map<Index, string>() };
  known.set(name, keys);
  return keys;
}

function wholeKey(name: Name): string {
  return keysOf(name).whole;
}

function keyBut(name: Name, index: Index): string {
  const { without } = keysOf(name);
  const key = without.get(index) ?? keyWithout(name, other => other === index);
  without.set(index, key);
  return key;
}

function offsetText(offset: number): string {
  return offset === 0 ? '' : offset > 0 ? `+${offset}` : `−${-offset}`;
}

/** A key as a person writes it. */
export function shownKey(key: string): string {
  return key.replace('𝐛', '').replaceAll(',', '');
}

/** An expression with one letter of its indices in place of another. */
export function withLetter(expression: Expression, from: string, to: string): Expression {
  return renamed(expression, name => {
    const swap = (indices: readonly Index[]) =>
      indices.map(index => (index.letter === from ? { ...index, letter: to } : index));
    return { ...name, sup: swap(name.sup), sub: swap(name.sub) };
  });
}

/** An expression with every name that it mentions replaced. */
export function renamed(expression: Expression, f: (name: Name) => Name): Expression {
  return rebuilt(expression, part => {
    switch (part.kind) {
      case 'name':
      case 'share':
        return { ...part, name: f(part.name) };
      case 'gradient':
        return { ...part, by: f(part.by) };
      case 'given':
        return { ...part, of: f(part.of) };
      case 'jacobian':
        return { ...part, of: f(part.of), by: f(part.by) };
      default:
        return part;
    }
  });
}

/** An expression whose parts, from the innermost on, were replaced. */
export function rebuilt(expression: Expression, f: (part: Expression) => Expression): Expression {
  const again = (part: Expression) => rebuilt(part, f);
  switch (expression.kind) {
    case 'sum':
      return f({ ...expression, terms: expression.terms.map(({ sign, of }) => ({ sign, of: again(of) })) });
    case 'product':
      return f({ ...expression, factors: expression.factors.map(again) });
    case 'each':
    case 'holds':
      return f({ ...expression, left: again(expression.left), right: again(expression.right) });
    case 'transpose':
    case 'part':
    case 'along':
    case 'array':
    case 'share':
      return f({ ...expression, of: again(expression.of) });
    case 'element':
      return f({
        ...expression,
        of: again(expression.of),
        places: expression.places.map(place => place && again(place)),
      });
    case 'probability': {
      const all = (events: readonly Event[]) =>
        events.map(event => (event.value ? { ...event, value: again(event.value) } : event));
      return f({ ...expression, events: all(expression.events), given: all(expression.given) });
    }
    case 'where': {
      const condition = again(expression.condition);
      return condition.kind === 'holds' ? f({ ...expression, of: again(expression.of), condition }) : expression;
    }
    case 'power':
      return f({ ...expression, of: again(expression.of), exponent: again(expression.exponent) });
    case 'call':
      return f({ ...expression, args: expression.args.map(again) });
    case 'over': {
      const { from, to, where, ...rest } = expression.range;
      const bounds = {
        ...(from && { from: again(from) }),
        ...(to && { to: again(to) }),
        ...(where && { where: again(where) }),
      };
      return f({ ...expression, range: { ...rest, ...bounds }, of: again(expression.of) });
    }
    case 'stack':
      return f({ ...expression, parts: expression.parts.map(again) });
    default:
      return f(expression);
  }
}

/** All names of an expression, also those of gradients: looked for once. */
export function allNames(expression: Expression): readonly Name[] {
  const known = namesIn.get(expression);
  if (known) return known;
  const found = walk(expression).flatMap(namesOf);
  namesIn.set(expression, found);
  return found;
}

const namesIn = new WeakMap<Expression, readonly Name[]>();

/** The letters among a name's indices. */
export function lettersOf(name: Name): readonly string[] {
  return indicesOf(name).flatMap(index =>
    index.letter === undefined ? [] : [index.letter, ...(index.plus ?? []).map(({ letter }) => letter)],
  );
}

/** An expression with others in place of names, wherever a name that has one stands by itself. */
export function substituted(of: Expression, by: (name: Name) => Expression | undefined): Expression {
  return rebuilt(of, part => (part.kind === 'name' ? (by(part.name) ?? part) : part));
}
