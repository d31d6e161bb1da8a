/** Products and lists that are written with dots: J_t J_{t−1} ⋯ J_{k+1}, [h_1; …; h_τ]. */
import type { Expression, Index, Name, Term } from './expression.ts';
import { Unread } from './latex.ts';
import { allNames, renamed } from './names.ts';
import { latexOf } from './show.ts';

/** The letter that counts in them: no letter that can be written. */
const COUNTER = '•';

/** The one or two factors or parts before the dots, and the one behind, as one over steps; what of the two is not part of it stays before. */
export function dotted(
  before: readonly Expression[],
  last: Expression,
  at: number,
  operation: 'Π' | '…' = 'Π',
): readonly Expression[] {
  const previous = before.at(-1);
  const first = before.length > 1 ? before[0] : undefined;
  if (!previous) throw new Unread('dots behind nothing', at);
  const step = first && alike(first, previous);
  const isRun = step !== undefined && Math.abs(distance(step.from, step.to)) === 1;
  const start = isRun && first ? first : previous;
  const range = alike(start, last);
  if (!range) throw new Unread('dots between what is not alike', at);
  const down = isRun ? distance(step.from, step.to) < 0 : range.to.letter === undefined || range.to.offset > 0;
  const whole: Expression = {
    kind: 'over',
    operation,
    range: { index: COUNTER, from: stepOf(range.from, at), to: stepOf(range.to, at), down },
    of: range.of,
    at,
  };
  return isRun ? [whole] : [...before.slice(0, -1), whole];
}

/** Two expressions that differ in one index alone, with the counter in its place. */
function alike(
  a: Expression,
  b: Expression,
): { readonly of: Expression; readonly from: Index; readonly to: Index } | undefined {
  const pairs = allNames(a).flatMap((name, n) => {
    const other = allNames(b)[n];
    return other ? indexPairs(name, other) : [];
  });
  const [first, second] = pairs;
  if (!first) return undefined;
  if (second && a.kind === 'jacobian') return alikeTwice(a, b, first, second);
  const counted = (of: Expression, index: Index) => renamed(of, name => withCounter(name, index));
  const of = counted(a, first[0]);
  return latexOf(of) === latexOf(counted(b, first[1])) ? { of, from: first[0], to: first[1] } : undefined;
}

/** Jacobians from one step to another: ∂h_t/∂h_{t−1} and ∂h_{k+1}/∂h_k, whose indices are as far from each other in both. */
function alikeTwice(
  a: Expression,
  b: Expression,
  [from, to]: readonly [Index, Index],
  [under, below]: readonly [Index, Index],
): ReturnType<typeof alike> {
  const by = distance(from, under);
  if (Number.isNaN(by) || by !== distance(to, below)) return undefined;
  const counted = (of: Expression, index: Index, other: Index) =>
    renamed(of, name => withCounter(withCounter(name, index), other, by));
  const of = counted(a, from, under);
  return latexOf(of) === latexOf(counted(b, to, below)) ? { of, from, to } : undefined;
}

function indexPairs(a: Name, b: Name): readonly (readonly [Index, Index])[] {
  const [of, with_] = [
    [...a.sup, ...a.sub],
    [...b.sup, ...b.sub],
  ];
  return of.flatMap((index, n) => {
    const other = with_[n];
    return other && !same(index, other) ? [[index, other] as const] : [];
  });
}

function same(a: Index, b: Index): boolean {
  if (a.letter === undefined || b.letter === undefined)
    return a.letter === b.letter && 'number' in a && 'number' in b && a.number === b.number;
  const plusOf = ({ plus = [] }: typeof a) => plus.map(({ letter, sign }) => `${sign}${letter}`).join();
  return a.letter === b.letter && a.offset === b.offset && plusOf(a) === plusOf(b);
}

function withCounter(name: Name, index: Index, offset = 0): Name {
  const swap = (indices: readonly Index[]) =>
    indices.map(one => (same(one, index) ? { letter: COUNTER, offset } : one));
  return { ...name, sup: swap(name.sup), sub: swap(name.sub) };
}

/** How far two indices are apart; of different letters, not known. */
function distance(a: Index, b: Index): number {
  if (a.letter === undefined || b.letter === undefined)
    return 'number' in a && 'number' in b ? b.number - a.number : Number.NaN;
  return a.letter === b.letter ? b.offset - a.offset : Number.NaN;
}

function stepOf(index: Index, at: number): Expression {
  if (index.letter === undefined) return { kind: 'number', value: index.number, at };
  const { letter, offset, plus = [] } = index;
  const named = (one: string): Expression => ({
    kind: 'name',
    name: { letter: one, bold: false, sup: [], sub: [], at },
    at,
  });
  const by: readonly Term[] =
    offset === 0 ? [] : [{ sign: offset < 0 ? -1 : 1, of: { kind: 'number', value: Math.abs(offset), at } }];
  const others = plus.map(({ letter: one, sign }): Term => ({ sign, of: named(one) }));
  const terms: readonly Term[] = [{ sign: 1, of: named(letter) }, ...others, ...by];
  return terms.length === 1 ? named(letter) : { kind: 'sum', terms, at };
}
