/** Lists that are evaluated: what stands in them, and what of a gradient in one belongs to which. */
import type { Dual } from '../check/dual.ts';
import type { Evaluator } from './evaluator.ts';
import type { Expression } from './expression.ts';
import { Unread } from './latex.ts';
import { gradientsOf } from './lists.ts';
import { stepsOf } from './many.ts';
import type { Block } from './matrices.ts';
import { momentOf, stepOf } from './moments.ts';
import { lettersOf, shownKey } from './names.ts';
import { type Moment, NoStep, type Scope } from './scope.ts';

/** What stands in a list, what is written with dots too, and where each is to be evaluated. */
export function itemsOf<N>(
  world: Evaluator<N>,
  { parts }: Expression & { kind: 'stack' },
  scope: Scope,
): readonly { of: Expression; scope: Scope }[] {
  return parts.flatMap(of => {
    if (of.kind !== 'over' || of.operation !== '…') return [{ of, scope }];
    return stepsOf(world, of, scope).map(time => ({
      of: of.of,
      scope: { ...scope, times: new Map([...scope.times, [of.range.index, time]]) },
    }));
  });
}

/** The gradient in a list that nobody uses as a whole: the list of those in what stands in it. */
export function listedGradient<N>(
  world: Evaluator<N>,
  moment: Moment,
  of: Expression & { kind: 'gradient' | 'given' },
  scope: Scope,
): Block<Dual<N>> | undefined {
  const { system } = world.setting;
  const [definition, ...others] = system.definitions.get(moment.key) ?? [];
  if (!definition || others.length > 0 || system.seen.has(moment.key)) return undefined;
  const { layout } = world.trueAt(of.at);
  const list = gradientsOf(definition.of, of, layout === 'rows');
  if (!list) return undefined;
  const block = world.evaluate(list, { ...scope, times: new Map([...scope.times, ...stepOf(definition, moment)]) });
  return layout === 'rows' && block.columns === 1 ? world.algebra.transpose(block) : block;
}

/** The elements of a gradient in a list that belong to one name in the list. */
export function shareOf<N>(
  world: Evaluator<N>,
  { of, name, at }: Expression & { kind: 'share' },
  block: Block<Dual<N>>,
  scope: Scope,
): Block<Dual<N>> {
  const { system, last } = world.setting;
  const by = of.kind === 'gradient' ? of.by : of.kind === 'given' ? of.of : undefined;
  if (!by) throw new Unread('an index of what is no gradient', at);
  const whole = momentOf(by, scope, world.setting);
  const definition = system.definitions.get(whole.key)?.find(({ fixed }) => fixed === undefined);
  if (definition?.of.kind !== 'stack') throw new Unread(`${shownKey(whole.key)} is no list`, at);
  const wanted = momentOf(name, scope, world.setting);
  const isWanted = ({ key, time }: Moment) =>
    key === wanted.key && (time === wanted.time || wanted.time === undefined || lettersOf(name).length === 0);
  let begun = 0;
  for (const item of itemsOf(world, definition.of, {
    ...scope,
    times: new Map([...scope.times, ...stepOf(definition, whole)]),
  })) {
    const moment = item.of.kind === 'name' ? momentOf(item.of.name, item.scope, world.setting) : undefined;
    const { length } = world.evaluate(item.of, item.scope).data;
    if (!moment || !isWanted(moment)) {
      begun += length;
      continue;
    }
    const data = block.data.slice(begun, begun + length);
    return block.rows === 1 ? { rows: 1, columns: length, data } : { rows: length, columns: 1, data };
  }
  if (wanted.time !== undefined && wanted.time > last) throw new NoStep();
  throw new Unread(`${shownKey(wanted.key)} is not in ${shownKey(whole.key)}`, at);
}

/** Rows of a column; of a matrix rows or columns, as they are said. */
export function partOf<N>(
  world: Evaluator<N>,
  of: Expression & { kind: 'part' },
  whole: Block<Dual<N>>,
): Block<Dual<N>> {
  const { algebra } = world;
  const { part, parts, below, at } = of;
  if (whole.columns > 1 && !below)
    return algebra.transpose(partOf(world, { ...of, below: true }, algebra.transpose(whole)));
  const rows = whole.rows / parts;
  if (!Number.isInteger(rows)) throw new Unread(`a part of ${parts} of ${whole.rows} rows`, at);
  const data = whole.data.slice(part * rows * whole.columns, (part + 1) * rows * whole.columns);
  return { rows, columns: whole.columns, data };
}
