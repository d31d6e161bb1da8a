/** Where and when an expression is evaluated, and how much of a gradient it means. */
import { keyIn } from './definitions.ts';
import type { Expression } from './expression.ts';
import { Unread } from './latex.ts';
import type { Block } from './matrices.ts';
import { allNames } from './names.ts';
import type { Ground } from './numbers.ts';
import type { Size } from './sizes.ts';
import type { System } from './system.ts';

/** Who reads a value: the equation of a name at a step, or the loss. */
export interface Reader {
  readonly key: string;
  readonly step: number;
}

/** One element of one value that is moved, as some of its readers see it. */
export interface Nudge {
  readonly key: string;
  readonly time: number | undefined;
  readonly element: number;
  seenBy(reader: Reader): boolean;
}

/** How much of a gradient is meant. */
export type Extent =
  /** All ways from the value to the loss. */
  | 'total'
  /** Those by later steps, and what the loss itself sees of it: what a step is handed. */
  | 'given'
  /** Those by later steps: what a step hands back. */
  | 'handed'
  /** Those by equations whose gradients the line mentions. */
  | 'through'
  /** That by the equation of the name alone, all else that is in it held constant: ∂⁺. */
  | 'immediate'
  /** That by the equations of the same step, the state before it held constant: ∂⁺ too. */
  | 'step';

/** Which extents the gradients of a line are read with. */
export interface Extents {
  readonly gradient: Extent;
  readonly given: Extent;
  readonly immediate: Extent;
  readonly jacobian: Extent;
}

/** Where an expression is evaluated. */
export interface Scope {
  /** The letters that are bound to a step. */
  readonly times: ReadonlyMap<string, number>;
  readonly reader: Reader;
  readonly extents: Extents;
}

/** True gradients, for lines that mention them. */
export interface Truth<N> {
  gradient(key: string, time: number | undefined, extent: Extent, through: readonly string[]): Block<N>;
  jacobian(of: Moment, by: Moment, extent: Extent, vec: boolean): Block<N>;
}

export interface Moment {
  readonly key: string;
  readonly time: number | undefined;
}

/** A step that there is none of: before the first, or behind the last. */
export class NoStep extends Error {}

/** What everything of one judgement shares. */
export interface Setting<N> {
  readonly system: System;
  readonly sizeOf: (key: string) => Size;
  readonly ground: Ground<N>;
  /** Steps that the loss sees; one more is run. */
  readonly last: number;
}

export const DEFAULT: Extents = { gradient: 'total', given: 'given', immediate: 'step', jacobian: 'total' };

/** An exponent; one that counts steps is of none before the first. */
export function exponentOf(of: Expression, scope: Scope, setting: Setting<unknown>): number {
  const exponent = integerOf(of, scope, setting);
  if (exponent < 0 && allNames(of).length > 0) throw new NoStep();
  return exponent;
}

/** A whole number of numbers and steps: the bound of a sum, an exponent. */
export function integerOf(of: Expression, scope: Scope, setting: Setting<unknown>): number {
  switch (of.kind) {
    case 'number':
      if (Number.isInteger(of.value) && of.value <= 64) return of.value;
      break;
    case 'name': {
      const key = keyIn(of.name, setting.system.vocabulary);
      const time = scope.times.get(key) ?? (/^[τT]$/.test(key) ? setting.last : undefined);
      if (time !== undefined) return time;
      break;
    }
    case 'sum':
      return of.terms.reduce((sum, term) => sum + term.sign * integerOf(term.of, scope, setting), 0);
    default:
  }
  throw new Unread('a bound or exponent that is no whole number of steps', of.at);
}
