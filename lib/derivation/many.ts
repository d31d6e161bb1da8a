/** Sums, products, maxima and lists with dots: what is made of many. */
import type { Dual } from '../check/dual.ts';
import { keyIn } from './definitions.ts';
import type { Evaluator } from './evaluator.ts';
import type { Expression } from './expression.ts';
import { Unread } from './latex.ts';
import type { Block } from './matrices.ts';
import { allNames, lettersOf, withLetter } from './names.ts';
import { countOf, countsIn, placedAt } from './places.ts';
import { NoStep, type Scope } from './scope.ts';
import { boundOf, isStepName } from './steps.ts';

type Over = Expression & { readonly kind: 'over' };

export function ofMany<N>(world: Evaluator<N>, of: Over, scope: Scope): Block<Dual<N>> {
  const { algebra } = world;
  if (of.operation === 'argmax' || of.operation === 'argmin') return bestOf(world, of, scope);
  const terms = placedTerms(world, of, scope).map(([, term]) => term);
  const [first, ...others] = terms;
  if (of.operation === 'max' || of.operation === 'min') {
    if (!first) throw new NoStep();
    const f = of.operation === 'max' ? world.numbers.max : world.numbers.min;
    return others.reduce((a, b) => algebra.both(of.operation, f, a, b), first);
  }
  if (!first) return of.operation === 'Σ' ? algebra.number(0) : nothing(world, of, scope);
  if (of.operation === 'Σ') return others.reduce((a, b) => algebra.add(a, b), first);
  return others.reduce(
    (a, b) => (a.columns > 1 && a.rows > 1 ? algebra.times(a, b) : algebra.elementwise('⊙', a, b)),
    first,
  );
}

/** A product of nothing: I, if its factors are matrices. */
function nothing<N>(world: Evaluator<N>, { range, of }: Over, scope: Scope): Block<Dual<N>> {
  const factor = world.evaluate(of, { ...scope, times: new Map([...scope.times, [range.index, 1]]) });
  return factor.rows > 1 && factor.columns > 1 ? world.algebra.fitting('I') : world.algebra.number(1);
}

/** The first place or step at which a number is the largest, or the smallest, of those that the range does not leave out. */
function bestOf<N>(world: Evaluator<N>, of: Over, scope: Scope): Block<Dual<N>> {
  const { same } = world.setting.ground;
  const n = world.numbers;
  let best: { readonly place: number; readonly x: Dual<N> } | undefined;
  for (const [place, term] of placedTerms(world, of, scope)) {
    const [x, another] = term.data;
    if (!x || another) throw new Unread(`${of.operation} of what is no number`, of.at);
    const isBetter = best && (of.operation === 'argmax' ? n.above(x, best.x) : n.above(best.x, x));
    if (!isBetter || same(isBetter.value, n.constant(1).value)) best = { place, x };
  }
  if (!best) throw new NoStep();
  return world.algebra.number(best.place);
}

/** What a sum, a product or a maximum is made of, each with the place or the step that it is at. */
function placedTerms<N>(world: Evaluator<N>, of: Over, scope: Scope): readonly (readonly [number, Block<Dual<N>>])[] {
  const { index, from, to, where } = of.range;
  const { system } = world.setting;
  const names = allNames(of.of).filter(name => lettersOf(name).includes(index));
  const counts = allNames(of.of).some(name => name.letter === index && isStepName(name, system)); // k of min_k (k + τ/k)
  const isStep = index === 't' || from !== undefined || counts;
  const isTime = isStep || names.some(name => system.vocabulary.freeTimes(name).includes(index));
  if (index === '') return [[1, world.evaluate(of.of, scope)]];
  const evaluated = (numbers: readonly number[], scopeAt: (n: number) => Scope) =>
    numbers.flatMap((n): (readonly [number, Block<Dual<N>>])[] => {
      const at = scopeAt(n);
      return where && !isSo(world, where, at) ? [] : [[n, world.evaluate(of.of, at)]];
    });
  const places = countsIn(index, of.of) ? countOf(index, [of.of], world.setting) : undefined;
  if (places !== undefined) {
    const first = from ? boundOf(from, scope, world.setting) : 1;
    const isAll = to?.kind === 'name' && system.dimensions.has(keyIn(to.name, system.vocabulary)); // as many as a table says
    const end = to && !isAll ? Math.min(places, boundOf(to, scope, world.setting)) : places;
    const all = Array.from({ length: Math.max(0, end - first + 1) }, (_, n) => n + first);
    return evaluated(all, n => placedAt(scope, [[index, n]]));
  }
  if (!isTime)
    return system
      .membersOf(index, of.of)
      .map((member, n) => [n + 1, world.evaluate(withLetter(of.of, index, member), scope)] as const);
  return evaluated(stepsOf(world, of, scope), n => ({ ...scope, times: new Map([...scope.times, [index, n]]) }));
}

function isSo<N>(world: Evaluator<N>, condition: Expression, scope: Scope): boolean {
  const { same, numbers } = world.setting.ground;
  return world.evaluate(condition, scope).data.every(({ value }) => same(value, numbers.constant(1)));
}

/** The steps that a sum, a product or a list runs over, in their order. */
export function stepsOf<N>(
  world: Evaluator<N>,
  { range: { from, to, down = false } }: Over,
  scope: Scope,
): readonly number[] {
  const first = from ? boundOf(from, scope, world.setting) : 1;
  const end = to ? boundOf(to, scope, world.setting) : world.setting.last;
  const count = down ? first - end + 1 : end - first + 1;
  if (count < 0) throw new NoStep();
  return Array.from({ length: count }, (_, n) => (down ? first - n : first + n));
}
