/** Probabilities, by the joint one that the text says. */
import type { Dual } from '../check/dual.ts';
import type { Evaluator } from './evaluator.ts';
import type { Event, Expression } from './expression.ts';
import { Unread } from './latex.ts';
import type { Block } from './matrices.ts';
import { momentOf } from './moments.ts';
import { placeOf, wholeAt } from './places.ts';
import { summed } from './probability.ts';
import { NoStep, type Scope } from './scope.ts';

export function probability<N>(
  world: Evaluator<N>,
  { events, given, at }: Expression & { kind: 'probability' },
  scope: Scope,
): Block<Dual<N>> {
  const condition = heldFast(world, given, new Map(), scope);
  const of = heldFast(world, events, condition, scope);
  const { algebra } = world;
  return algebra.elementwise('⊘', jointly(world, of, scope, at), jointly(world, condition, scope, at));
}

/** What events say of values, beside what is said already. */
function heldFast<N>(
  world: Evaluator<N>,
  events: readonly Event[],
  before: ReadonlyMap<string, number>,
  scope: Scope,
): ReadonlyMap<string, number> {
  const fixed = new Map(before);
  for (const { name, to, value } of events) {
    const [first, last] = [name, to ?? name].map(one => momentOf(one, scope, world.setting));
    const [from = 1, end = from] = [first?.time, last?.time];
    if (!first || (!to && (from < 1 || end > world.setting.last))) throw new NoStep();
    for (let time = from; time <= end; time++) {
      const own = () => wholeAt(world, world.value({ ...first, time }, scope.reader), name.at);
      fixed.set(`${first.key} ${time}`, value ? placeOf(world, value, scope) : own());
    }
  }
  return fixed;
}

/** The probability of some values, whatever the others are. */
function jointly<N>(world: Evaluator<N>, fixed: ReadonlyMap<string, number>, scope: Scope, at: number): Block<Dual<N>> {
  const { system, sizes, last } = world.setting;
  const { joint } = system;
  if (!joint) throw new Unread('no equation says the joint probability', at);
  const moments = joint.names.flatMap(name => {
    const { key } = momentOf(name, scope, world.setting);
    return Array.from({ length: last }, (_, n) => [`${key} ${n + 1}`, sizes.wholeOf(key) ?? 0] as const);
  });
  const free = moments.filter(([moment]) => !fixed.has(moment));
  const { algebra } = world;
  const of = (instead: ReadonlyMap<string, number>) => world.evaluate(joint.of, { ...scope, instead });
  return summed(free, fixed, of, (a, b) => algebra.add(a, b), algebra.number(0));
}
