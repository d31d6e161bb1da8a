/** The parts of the cell that a derivation says: its state, input and parameters, and the lines that give their gradients. */

import { type Instance, isBackward } from './definitions.ts';
import { type Expression, isLossKey, type Name } from './expression.ts';
import { Unread } from './latex.ts';
import { type Line, readingOf } from './lines.ts';
import { allNames, shownKey } from './names.ts';
import type { Layout } from './scope.ts';
import { GREEK } from './signs.ts';
import { sizesOf } from './sizes.ts';
import { momentIn } from './step.ts';
import type { System } from './system.ts';
import { systemsOf } from './systems.ts';

/** A name, and what it is called in the cell. */
export interface Part {
  readonly key: string;
  readonly code: string;
}

/** A line's right-hand side that gives a gradient. */
export interface Gradient {
  readonly of: Expression;
  readonly line: Line;
}

export interface Anatomy {
  readonly system: System;
  readonly layout: Layout;
  readonly input: Part;
  readonly states: readonly Part[];
  readonly parameters: readonly (Part & { readonly isMatrix: boolean })[];
  /** What is computed of a step, forward. */
  readonly computed: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  /** Whether the input is as wide as the state. */
  readonly isSquare: boolean;
  dimensions(key: string): readonly ['d' | 'm' | 1, 'd' | 'm' | 1];
  /** The lines for a name at t (0), at t − 1, or of no step. */
  gradientsIn(key: string, back: 0 | -1 | undefined): readonly Gradient[];
  /** With which offset from its step a name is defined. */
  offsetOf(key: string): number;
  /** Whether a name stands for a gradient, or is used in the backward pass alone. */
  isShorthand(key: string): boolean;
  /** What a name is another name for. */
  aliased(key: string): string;
}

/** @throws Unread when there is no h, no single input, or a gradient is missing. */
export function anatomyOf(text: string, wanted: string | undefined, layout: Layout = 'rows'): Anatomy {
  const systems = systemsOf(readingOf(text), []);
  const prefixes = [...new Set(systems.lines.map(({ prefix }) => prefix))];
  const prefix = wanted ?? prefixes[0];
  if (prefix === undefined) throw new Unread('no display equation', 0);
  if (!prefixes.includes(prefix)) throw new Unread(`no tag begins with ${prefix}`, 0);
  const system = systems.for(prefix);
  const own = systems.instances.filter(({ line }) => line.prefix === prefix && line.letter !== 'D');
  const offsetOf = (key: string) =>
    system.definitions.get(key)?.find(({ offset }) => offset !== undefined)?.offset ?? 0;
  const h = [...system.definitions.keys()].find(key => key === '𝐛h' || key === 'h');
  if (h === undefined) throw new Unread('no equation makes h', 0);
  const { computed, carried, leaves } = reachedFrom(h, system, offsetOf);
  const inputs = leaves.filter(key => system.vocabulary.isTimed(key));
  const [input, another] = inputs;
  if (input === undefined || another !== undefined) {
    throw new Unread(`the inputs are ${inputs.map(shownKey).join(', ') || 'none'}, and have to be one`, 0);
  }
  const size = sizesOf(system).of;
  const [m, d] = [size(h)[0], size(input)[0]];
  const dimensions = (key: string) =>
    size(key).map(n => {
      if (n === 1 || n === m || n === d) return n === 1 ? 1 : n === m ? 'm' : 'd';
      throw new Unread(`${shownKey(key)} is neither as large as the state nor as the input`, 0);
    }) as ['d' | 'm' | 1, 'd' | 'm' | 1];
  const part = (key: string): Part => ({ key, code: codeOf(key) });
  const parameters = leaves
    .filter(key => !system.vocabulary.isTimed(key))
    .map(key => ({ ...part(key), isMatrix: size(key)[1] !== 1 }));
  const states = [h, ...carried.filter(key => key !== h)].map(part);
  const gradientsIn = (key: string, back: 0 | -1 | undefined) => linesFor(own, key, back, system, offsetOf);
  const tags: Record<string, string> = {};
  for (const [{ key, code }, back] of [
    ...parameters.map(one => [one, undefined] as const),
    ...states.map(one => [one, -1] as const),
    [{ ...part(input), code: 'x' }, 0] as const,
  ]) {
    const [first] = gradientsIn(key, back);
    if (!first)
      throw new Unread(
        `no line gives the gradient in ${shownKey(key)}${back === undefined ? '' : back === 0 ? ' at t' : ' at t − 1'}`,
        0,
      );
    if (first.line.tag !== undefined) tags[code] = first.line.tag;
  }
  return {
    system,
    layout,
    input: part(input),
    states,
    parameters,
    computed,
    tags,
    isSquare: m === d,
    dimensions,
    gradientsIn,
    offsetOf,
    isShorthand: key => !computed.includes(key) && system.definitions.has(key) && !leaves.includes(key),
    aliased: key => aliasOf(key, system, computed),
  };
}

/** All that the next state is made of: what is computed, what is carried from the step before, and what is given. */
function reachedFrom(h: string, system: System, offsetOf: (key: string) => number) {
  const computed = new Set<string>();
  const carried = new Set<string>();
  const leaves = new Set<string>();
  const begun = new Set<string>();
  const visit = (key: string) => {
    if (begun.has(key)) return;
    begun.add(key);
    const definition = system.definitions.get(key)?.find(({ of, fixed }) => fixed === undefined && !isBackward(of));
    if (!definition) {
      leaves.add(key);
      return;
    }
    for (const name of namesOf(definition.of)) {
      const [other, time] = momentIn(name, system);
      if (isLossKey(other)) continue;
      if (time === undefined || time === offsetOf(other)) visit(other);
      else if (time === offsetOf(other) - 1 && system.definitions.has(other)) {
        carried.add(other);
        visit(other);
      } else throw new Unread(`${shownKey(other)} of another step than t and t − 1`, name.at);
    }
    computed.add(key);
  };
  visit(h);
  for (const key of carried) visit(key);
  return { computed: [...computed], carried: [...carried], leaves: [...leaves] };
}

function namesOf(of: Expression) {
  if (of.kind === 'over') throw new Unread('a sum in an equation of the forward pass', of.at);
  return allNames(of);
}

/** The lines whose left side is a gradient of that name. Where one says the whole, those of other steps are left. */
function linesFor(
  own: readonly Instance[],
  key: string,
  back: 0 | -1 | undefined,
  system: System,
  offsetOf: (key: string) => number,
): readonly Gradient[] {
  const momentOf = (name: Name) => system.vocabulary.resolve(name, new Map([['t', 0]]), Number.NaN);
  const isIt = (side: Expression) => {
    if (side.kind !== 'gradient' && side.kind !== 'given') return false;
    const { key: of, time } = momentOf(side.kind === 'gradient' ? side.by : side.of);
    const step = time ?? (system.vocabulary.isTimed(of) ? 0 : undefined);
    return of === key && (step === undefined ? undefined : step - offsetOf(of)) === back;
  };
  const found = own.flatMap(({ line, statement }): (Gradient & { readonly adds: boolean })[] => {
    const right = statement.members.at(-1);
    if (!right || !statement.members.slice(0, -1).some(isIt)) return [];
    if (allNames(right).some(other => (momentOf(other).time ?? 0) > 0)) return [];
    return [{ of: right, line, adds: statement.adds }];
  });
  const whole = found.find(({ adds }) => !adds);
  return whole ? [whole] : found;
}

/** What a name is another name for, if nothing is computed of it. */
function aliasOf(key: string, system: System, computed: readonly string[]): string {
  const [definition] = system.definitions.get(key) ?? [];
  if (computed.includes(key) || definition?.of.kind !== 'name') return key;
  return momentIn(definition.of.name, system)[0];
}

const WORDS: ReadonlyMap<string, string> = new Map(
  Object.entries(GREEK).map(([command, letter]) => [letter, command.slice(1)]),
);

/** A key as a name in the cell: `W_f`, `hTilde`, `nu`. */
function codeOf(key: string): string {
  return shownKey(key)
    .normalize('NFD')
    .replace(/\p{L}/gu, letter => WORDS.get(letter) ?? letter)
    .replace('\u0303', 'Tilde')
    .replace('\u0302', 'Hat')
    .replace('\u0304', 'Bar')
    .replace(/′/g, 'Prime')
    .replace(/[^\w]+/g, '_');
}
