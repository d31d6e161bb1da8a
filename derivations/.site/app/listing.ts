/**
 * The equations of one step of a cell, as the build has written them down, and their values: each line's number by number.
 * What is computed here is the cell's own arithmetic, operation by operation, in its order. Nothing here is the page's.
 */
import {
  type AbstractMatrix,
  above,
  abs,
  add,
  addColumnSums,
  addTTimes,
  copy,
  div,
  exp,
  Matrix,
  max,
  mul,
  oneMinus,
  reciprocal,
  relu,
  reluSlope,
  sigmoid,
  sigmoidSlope,
  sign,
  softplus,
  softplusSlope,
  sqrt,
  sub,
  sumUnits,
  tanh,
  tanhSlope,
  times,
  timesT,
} from 'bptt';
import type { Named } from './passes.ts';

/** A left-hand side: an input, a number, or an operation on those before it. */
export interface ListedValue {
  readonly input?: { readonly role: 'p' | 'x' | 'prev' | 'dnext' | 'dp'; readonly name: string };
  /** A number: so much times m to that power. */
  readonly constant?: readonly [factor: number, power: number];
  readonly operation?: string;
  readonly args?: readonly number[];
}

/** What an equation makes, or takes: a value by its number. */
export interface Made {
  readonly id: number;
  readonly name: string;
  /** The value of the forward pass that it is the gradient in. */
  readonly of?: number;
}

/** One equation of a step, which may make several values: one of every gate. */
export interface Row {
  readonly tag?: string;
  /** Its page, and it as MathML, where it is derived. */
  readonly page?: string;
  readonly math?: string;
  readonly code?: { readonly file: string; readonly line: number; readonly text: string };
  readonly pass: 'forward' | 'backward';
  readonly makes: readonly Made[];
  /** Values of other equations and inputs that it is made of. */
  readonly takes: readonly number[];
}

export interface Listing {
  readonly values: readonly ListedValue[];
  /** The first of backward's. */
  readonly backward: number;
  readonly rows: readonly Row[];
  readonly next: Readonly<Record<string, number>>;
}

/** What goes into a step. */
export interface Inputs {
  readonly m: number;
  readonly p: Named;
  readonly x: AbstractMatrix;
  readonly prev: Named;
  /** Left out where only the forward pass is wanted. */
  readonly dnext?: Named;
}

type Operation = (a: AbstractMatrix, b: AbstractMatrix) => AbstractMatrix;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  ...{ above, abs, add, copy, div, exp, max, mul, oneMinus, reciprocal, relu, reluSlope, sigmoid, sigmoidSlope, sign },
  ...{ softplus, softplusSlope, sqrt, sub, sumUnits, tanh, tanhSlope, times, timesT },
};

const PRODUCTS = new Set(['times', 'timesT']);

/**
 * The value of every line, by its number; of what adds to a gradient, what this step adds.
 *
 * @param change puts another matrix in the place of a value.
 */
export function valuesOf(
  { values, backward }: Listing,
  inputs: Inputs,
  change?: { readonly id: number; readonly by: AbstractMatrix },
): readonly AbstractMatrix[] {
  const made: AbstractMatrix[] = [];
  const end = inputs.dnext ? values.length : backward;
  for (let id = 0; id < end; id++) {
    const value = values[id] as ListedValue;
    made.push(change?.id === id ? change.by : computed(value, made, inputs));
  }
  return made;
}

function computed(value: ListedValue, made: readonly AbstractMatrix[], inputs: Inputs): AbstractMatrix {
  const { input, constant, operation = '', args = [] } = value;
  if (input) return inputOf(input, inputs);
  if (constant) return new Matrix([[constant[0] * inputs.m ** constant[1]]]);
  const [first = Matrix.zeros(0, 0), second = first, third = second] = args.map(id => made[id] as AbstractMatrix);
  if (operation === 'addTTimes' || operation === 'addColumnSums') {
    const added = Matrix.zeros(first.rows, first.columns);
    if (operation === 'addTTimes') addTTimes(added, second, third);
    else addColumnSums(added, second);
    return added;
  }
  const apply = OPERATIONS[operation];
  if (!apply) throw new Error(`there is no operation ${operation}`);
  if (PRODUCTS.has(operation) || args.length < 2) return apply(first, second);
  return apply(asWide(first, second), asWide(second, first));
}

/** A single number as many times as another matrix has columns. */
function asWide(a: AbstractMatrix, b: AbstractMatrix): AbstractMatrix {
  return a.columns === 1 && b.columns > 1 ? Matrix.ones(1, b.columns).mul(a.get(0, 0)) : a;
}

function inputOf({ role, name }: NonNullable<ListedValue['input']>, inputs: Inputs): AbstractMatrix {
  const { p, x, prev, dnext = {} } = inputs;
  if (role === 'x') return x;
  const matrix = { p, prev, dnext, dp: p }[role][name];
  if (!matrix) throw new Error(`there is no ${role} ${name}`);
  return matrix;
}
