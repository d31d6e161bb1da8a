/** One step of a derivation's equations on a batch. */
import type { AbstractMatrix } from 'ml-matrix';
import { called, elementwise, holding, multiplied, plus, type Term, times, transpose } from './batch.ts';
import type { Expression, Name } from './expression.ts';
import { Unread } from './latex.ts';
import { shownKey, withLetter } from './names.ts';
import type { System } from './system.ts';

/** Where the values of a step come from. */
export interface Source {
  /** A name's value at the step itself (0), the one before (−1), or of no step at all. */
  value(key: string, back: 0 | -1 | undefined, name: Name): Term;
  /** A gradient. */
  gradient(key: string, back: 0 | -1 | undefined, kind: 'gradient' | 'given', name: Name): Term;
}

/** An expression of the equations of step t. */
export function stepped(of: Expression, system: System, source: Source): Term {
  const part = (inner: Expression) => stepped(inner, system, source);
  const { at } = of;
  switch (of.kind) {
    case 'number':
      return { kind: 'number', value: of.value };
    case 'name':
      return source.value(...momentIn(of.name, system), of.name);
    case 'gradient':
      return source.gradient(...momentIn(of.by, system), 'gradient', of.by);
    case 'given':
      return source.gradient(...momentIn(of.of, system), 'given', of.of);
    case 'sum': {
      const [first, ...others] = of.terms;
      if (!first) break;
      const begun = first.sign === 1 ? part(first.of) : multiplied(part(first.of), -1, at);
      return others.reduce((sum, term) => plus(sum, part(term.of), term.sign, at), begun);
    }
    case 'product': {
      const [first, ...others] = of.factors.map(part);
      if (!first) break;
      return others.reduce((a, b) => times(a, b, at), first);
    }
    case 'each':
      return elementwise(part(of.left), part(of.right), of.operation, at);
    case 'transpose':
      return transpose(part(of.of));
    case 'power': {
      const base = part(of.of);
      if (
        of.exponent.kind !== 'number' ||
        !Number.isInteger(of.exponent.value) ||
        of.exponent.value < 1 ||
        of.exponent.value > 8
      )
        break;
      return Array.from({ length: of.exponent.value - 1 }).reduce<Term>(
        product => elementwise(product, base, '⊙', at),
        base,
      );
    }
    case 'call':
      return called(of, of.args.map(part));
    case 'holds':
      return holding(of.relation, part(of.left), part(of.right), at);
    case 'over':
      return overSteps(of, system, source);
    case 'constant':
      if (of.name === '1') return { kind: 'number', value: 1 };
      break;
    default:
  }
  throw new Unread('what no cell can have', at);
}

/** A sum over letters; one over the steps is what a step adds to it. */
function overSteps(of: Expression & { kind: 'over' }, system: System, source: Source): Term {
  const { index } = of.range;
  if (of.operation !== 'Σ') throw new Unread('a product over steps or letters', of.at);
  if (index === 't' || index === '') return stepped(of.of, system, source);
  const [first, ...others] = system
    .membersOf(index, of.of)
    .map(member => stepped(withLetter(of.of, index, member), system, source));
  if (!first) throw new Unread('a sum of nothing', of.at);
  return others.reduce((sum, term) => plus(sum, term, 1, of.at), first);
}

/** The key of a name, and how far back it is. */
export function momentIn(name: Name, system: System): readonly [key: string, back: 0 | -1 | undefined] {
  const { key, time } = system.vocabulary.resolve(name, new Map([['t', 0]]), Number.NaN);
  if (time === undefined) return [key, system.vocabulary.isTimed(key) ? 0 : undefined];
  if (time !== 0 && time !== -1) throw new Unread(`${shownKey(key)} of another step than t and t − 1`, name.at);
  return [key, time];
}

/** Values by what they are called, each made once. */
export function remembered(make: (name: string) => Term): (name: string) => Term {
  const known = new Map<string, Term | undefined>();
  return name => {
    if (known.has(name)) {
      const term = known.get(name);
      if (!term) throw new Unread(`${shownKey(name)} is defined by itself`, 0);
      return term;
    }
    known.set(name, undefined);
    const made = make(name);
    known.set(name, made);
    return made;
  };
}

/** Samples of columns. */
export const columnsOf = (of: AbstractMatrix): Term => ({ kind: 'samples', of, row: false });
