/** What an operation of the language is, and the kinds of them that there are. */
import type { Shape } from '../shape.ts';
import type { Grid, Numbers } from './numbers.ts';

/** What an operation is given: one, two or three, the first again in place of those that it has not. */
export type Args<T> = readonly [a: T, b: T, c: T];

interface Named {
  /** What `matrix.ts` calls it. */
  readonly name: string;
  /** The result's shape; undefined where the arguments do not fit together. */
  shape(...shapes: Args<Shape>): Shape | undefined;
  /** One element of the result. */
  readonly evaluate: <N>(numbers: Numbers<N>, args: Args<Grid<N>>, row: number, column: number) => N;
  /** The right-hand side of an assignment, of its arguments' names. */
  print(...args: Args<string>): string;
}

/** A formula of one or two elements at the same place. A row 1×p stands for all rows, a column B×1 for all columns. */
export interface Elementwise extends Named {
  readonly kind: 'elementwise';
  readonly element: <N>(numbers: Numbers<N>, a: N, b: N) => N;
  /** Whether it takes much longer than to read its result from memory: a function beyond a few sums and products. */
  readonly costly: boolean;
  /** Of a function whose formula hides its slope behind an identity, as the half-angle formula of tanh: the slope's own. */
  readonly slope?: Slope;
}

/** The operation that gives a function's slope, and of what. */
export interface Slope {
  readonly of: 'output' | 'input';
  by(): Elementwise;
}

/** A matrix product: a·B, a·Bᵀ, or D + aᵀ·b. */
export interface Product extends Named {
  readonly kind: 'product';
  readonly name: 'times' | 'timesT' | 'addTTimes';
}

/** All elements of a row in one: their sum, or the largest. */
export interface OverUnits extends Named {
  readonly kind: 'over units';
  readonly join: <N>(numbers: Numbers<N>, a: N, b: N) => N;
}

/** d + 1ᵀ·a: the sum over all rows. */
export interface OverRows extends Named {
  readonly kind: 'over rows';
}

/** Some columns or rows of a matrix, from one on: as many as the result has. */
export interface Part extends Named {
  readonly kind: 'part';
  readonly of: 'columns' | 'rows';
  readonly from: number;
}

/** Two matrices side by side, or one on top of the other. */
export interface Joined extends Named {
  readonly kind: 'joined';
}

/** A product of every sample by itself, where a row of m·k numbers is a matrix m×k, row after row. */
export interface PerSample extends Named {
  readonly kind: 'per sample';
  readonly name: 'outer' | 'applyEach' | 'applyEachT';
}

/** A function of JavaScript: it can be called, and not looked into. */
export interface Opaque extends Named {
  readonly kind: 'opaque';
}

export type Operation = Elementwise | Product | OverUnits | OverRows | Part | Joined | PerSample | Opaque;
