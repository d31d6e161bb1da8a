/** Names at their steps. */
import type { Definition } from './definitions.ts';
import type { Name } from './expression.ts';
import { DEFAULT, type Moment, type Scope, type Setting } from './scope.ts';

/** The key and the step of a name where it stands. */
export function momentOf(name: Name, { times }: Scope, { system, last }: Setting<unknown>): Moment {
  const { key, time } = system.vocabulary.resolve(name, times, last);
  return { key, time: time ?? (system.isTimed(key) ? times.get('t') : undefined) };
}

/** The step at which a definition says what a moment is. */
export function stepOf({ offset }: Definition, { time }: Moment): ReadonlyMap<string, number> {
  return new Map(time === undefined ? [] : [['t', time - (offset ?? 0)]]);
}

/** What a moment is another name for: a name that is defined as another and that nobody sees. */
export function aliased(moment: Moment, setting: Setting<unknown>): Moment {
  const { system } = setting;
  const [definition, ...others] = system.definitions.get(moment.key) ?? [];
  if (definition?.of.kind !== 'name' || others.length > 0 || system.seen.has(moment.key)) return moment;
  const scope = { times: stepOf(definition, moment), reader: { key: '', step: 0 }, extents: DEFAULT };
  return aliased(momentOf(definition.of.name, scope, setting), setting);
}
