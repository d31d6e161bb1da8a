/** Letters that run over numbers, j = 1…τ: what is said for such a letter is written out for every number. */

import { fixedCount } from './counts.ts';
import type { Expression, Index, Name } from './expression.ts';
import { allNames, rebuilt, type Vocabulary } from './names.ts';

/** An expression with a number for a letter: where it is an index, where one is counted from it, and by itself. */
export function withNumber(of: Expression, letter: string, to: number): Expression {
  return rebuilt(of, part => {
    switch (part.kind) {
      case 'name':
        return isLetter(part.name, letter)
          ? { kind: 'number', value: to, at: part.at }
          : { ...part, name: numbered(part.name, letter, to) };
      case 'share':
        return { ...part, name: numbered(part.name, letter, to) };
      case 'gradient':
        return { ...part, by: numbered(part.by, letter, to) };
      case 'given':
        return { ...part, of: numbered(part.of, letter, to) };
      case 'jacobian':
        return { ...part, of: numbered(part.of, letter, to), by: numbered(part.by, letter, to) };
      default:
        return part;
    }
  });
}

function isLetter({ letter, bold, sup, sub }: Name, other: string): boolean {
  return !bold && letter === other && sup.length + sub.length === 0;
}

function numbered(name: Name, letter: string, to: number): Name {
  const counted = (indices: Name['sub']): Name['sub'] =>
    indices.map(index => {
      if (index.letter === undefined) return index;
      if (index.letter === letter)
        return { letter: `${to + index.offset}`, offset: 0, ...(index.plus && { plus: index.plus }) };
      const more = (index.plus ?? []).filter(one => one.letter === letter);
      const plus = (index.plus ?? []).filter(one => one.letter !== letter);
      const offset = more.reduce((sum, { sign }) => sum + sign * to, index.offset);
      return { letter: index.letter, offset, ...(plus.length > 0 && { plus }) };
    });
  return { ...name, sup: counted(name.sup), sub: counted(name.sub) };
}

/** An expression in which every sum, product and list over numbers that are no steps is written out. */
export function unrolled(
  of: Expression,
  vocabulary: Vocabulary,
  saidOf: (letter: string) => readonly string[] | undefined,
): Expression {
  const termsOf = (part: Over): readonly Expression[] | undefined => {
    const { index, from, to, down = false } = part.range;
    const names = allNames(part.of).filter(name => indicesOf(name).some(({ letter }) => letter === index));
    if (names.length === 0 || index === 't') return undefined;
    if (names.some(name => vocabulary.freeTimes(name).includes(index))) return undefined;
    const [first, last] = [from && fixedCount(from), to && fixedCount(to)];
    const isBetween = first !== undefined && last !== undefined;
    const numbers = isBetween ? between(first, last, down) : from ? undefined : saidOf(index)?.map(Number);
    return numbers?.map(n => withNumber(part.of, index, n));
  };
  return rebuilt(of, part => {
    if (part.kind === 'stack') {
      const isDotted = (one: Expression): one is Over => one.kind === 'over' && one.operation === '…';
      return { ...part, parts: part.parts.flatMap(one => (isDotted(one) ? (termsOf(one) ?? [one]) : [one])) };
    }
    const terms = part.kind === 'over' && part.operation !== '…' ? termsOf(part) : undefined;
    if (part.kind !== 'over' || !terms) return part;
    const { at, operation } = part;
    const [first] = terms;
    if (!first) return { kind: 'number', value: operation === 'Σ' ? 0 : 1, at };
    if (operation === 'Π') return { kind: 'product', factors: terms, at };
    return { kind: 'sum', terms: terms.map(term => ({ sign: 1, of: term })), at };
  });
}

type Over = Expression & { readonly kind: 'over' };

function indicesOf({ sup, sub }: Name): readonly Index[] {
  return [...sup, ...sub];
}

function between(first: number, last: number, down: boolean): readonly number[] {
  const count = down ? first - last + 1 : last - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, n) => (down ? first - n : first + n));
}
