/** Whole numbers: steps, the bounds of a sum, exponents, and what is asked of them. */

import { counted, lengthOf, someOf } from './counts.ts';
import { keyIn } from './definitions.ts';
import type { Condition, Expression, Name, Relation } from './expression.ts';
import { Unread } from './latex.ts';
import { allNames } from './names.ts';
import { NoStep, type Scope, type Setting } from './scope.ts';
import type { System } from './system.ts';

/** Whether a name is a letter that steps are counted with: the t of [t = τ]. */
export function isStepName({ letter, bold, sup, sub }: Name, { definitions }: System): boolean {
  return !bold && sup.length + sub.length === 0 && !definitions.has(letter);
}

/** An exponent that is a whole number, and nothing of another; one that counts steps is of none before the first. */
export function exponentOf(of: Expression, scope: Scope, setting: Setting<unknown>): number | undefined {
  const exponent = wholeOf(of, scope, setting);
  if (exponent !== undefined && exponent < 0 && allNames(of).length > 0) throw new NoStep();
  return exponent;
}

/** The bound of a sum. */
export function boundOf(of: Expression, scope: Scope, setting: Setting<unknown>): number {
  const bound = counted(of, name => knownCount(name, scope, setting) ?? someOf(name, setting.system.definitions));
  if (bound === undefined) throw new Unread('a bound that is no whole number of steps', of.at);
  return bound;
}

/** A whole number of numbers and steps; nothing of what is none. */
function wholeOf(of: Expression, scope: Scope, setting: Setting<unknown>): number | undefined {
  return counted(of, name => knownCount(name, scope, setting));
}

function knownCount(name: Name, { times }: Scope, { system, last }: Setting<unknown>): number | undefined {
  const key = keyIn(name, system.vocabulary);
  return times.get(key) ?? lengthOf(key, last);
}

const HOLDS: Readonly<Record<Relation, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '≤': (a, b) => a <= b,
  '≥': (a, b) => a >= b,
  '=': (a, b) => a === b,
  '≠': (a, b) => a !== b,
};

/** Whether what is asked of whole numbers is so; nothing where it is asked of others. */
export function holdsAt(condition: Condition, scope: Scope, setting: Setting<unknown>): boolean | undefined {
  const [a, b] = [condition.left, condition.right].map(side => wholeOf(side, scope, setting));
  const left = a ?? (b !== undefined ? stepAt(condition.left, setting) : undefined);
  const right = b ?? (a !== undefined ? stepAt(condition.right, setting) : undefined);
  return left === undefined || right === undefined ? undefined : HOLDS[condition.relation](left, right);
}

/** The step that a capital letter is, which steps are compared with and nothing defines: the E of [t = E]. */
function stepAt(of: Expression, { system }: Setting<unknown>): number | undefined {
  return of.kind === 'name' ? someOf(of.name, system.definitions) : undefined;
}

/** Whether an expression under a condition is there. */
export function isThere(
  { condition }: Expression & { kind: 'where' },
  scope: Scope,
  setting: Setting<unknown>,
): boolean {
  const found = holdsAt(condition, scope, setting);
  if (found === undefined) throw new Unread('a condition that is not of steps', condition.at);
  return found;
}
