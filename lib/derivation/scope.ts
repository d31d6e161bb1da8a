/** Where and when an expression is evaluated, and how much of a gradient it means. */
import type { Block } from './matrices.ts';
import type { Ground } from './numbers.ts';
import type { Sizes } from './sizes.ts';
import type { System } from './system.ts';

/** Who reads a value: the equation of a name at a step, or the loss. */
export interface Reader {
  readonly key: string;
  readonly step: number;
}

/** A value that is moved, as some of its readers see it, and how much an element of it. */
export interface Nudge<N> {
  readonly key: string;
  readonly time: number | undefined;
  by(element: number): N;
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
  /** The letters that are bound to a place, counted from 1. */
  readonly places?: ReadonlyMap<string, number>;
  readonly reader: Reader;
  readonly extents: Extents;
  /** Values that names have instead of their own, by key and step. */
  readonly instead?: ReadonlyMap<string, number>;
  /** The names whose equations a gradient is by, where that is its extent. */
  readonly through?: readonly string[];
}

/** Whether the gradient of a column is written as a row, as the lecture does, or as a column. */
export type Layout = 'rows' | 'columns';

/** True gradients, for lines that mention them. */
export interface Truth<N> {
  readonly layout: Layout;
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
  readonly sizes: Pick<Sizes, 'of' | 'dimension' | 'wholeOf'>;
  readonly ground: Ground<N>;
  /** Steps that the loss sees; one more is run. */
  readonly last: number;
}

export const DEFAULT: Extents = { gradient: 'total', given: 'given', immediate: 'step', jacobian: 'total' };
