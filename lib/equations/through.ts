/** Which equations a gradient comes from: read off the equations of a cell, and the tags on the lines of its source. */
import type { Equations } from './record.ts';
import { sourceLineOf } from './source.ts';
import type { Value } from './symbol.ts';

/** The tag of the equation that gives a gradient, and those of the same step that it goes through, from the last to the first. */
export interface Through {
  readonly tag?: string;
  readonly via: readonly string[];
}

/**
 * Of every parameter, of `x`, and of every part of the state. Where the source of the cell cannot be read, as in a browser,
 * there are no tags.
 */
export function throughOf(equations: Equations): Readonly<Record<string, Through>> {
  const { dx, dprev, dp, backward, values } = equations;
  // Of backward's lines alone: to find one takes as long as to record a cell.
  const tags = values.map(({ id, trace }) => (id >= backward && trace ? sourceLineOf(trace)?.tag : undefined));
  const of = (last: Value): Through => {
    const tag = tags[last.id];
    const passed = new Set<Value>();
    const visit = (value: Value): void => {
      if (passed.has(value) || value.id < backward) return;
      passed.add(value);
      value.args.forEach(visit);
    };
    visit(last);
    const behind = [...passed].sort((a, b) => b.id - a.id).map(({ id }) => tags[id]);
    const via = [...new Set(behind.filter(other => other !== undefined && other !== tag))] as string[];
    return { ...(tag && { tag }), via };
  };
  const named = [...Object.entries(dp), ['x', dx] as const, ...Object.entries(dprev)];
  return Object.fromEntries(named.map(([name, value]) => [name, of(value)]));
}
