/**
 * A derivation's algebra in that of the library, for a batch: a column or row of the derivation is a row for each sample here,
 * a parameter's matrix is itself, and a parameter's column is a 1×n row.
 */
import type { AbstractMatrix } from 'ml-matrix';
import * as matrix from '../matrix.ts';
import type { Expression, Relation } from './expression.ts';
import { Unread } from './latex.ts';

/** What an expression is for a batch. */
export type Term =
  | { readonly kind: 'number'; readonly value: number }
  /** B×n: a column of every sample, or a row. */
  | { readonly kind: 'samples'; readonly of: AbstractMatrix; readonly row: boolean }
  /** 1×n: a parameter's column. */
  | { readonly kind: 'vector'; readonly of: AbstractMatrix; readonly row: boolean }
  | { readonly kind: 'matrix'; readonly of: AbstractMatrix; readonly transposed: boolean }
  | { readonly kind: 'diagonal'; readonly of: Term & { readonly kind: 'samples' | 'vector' } }
  /** leftᵀ right, summed over the samples: a column times a row. */
  | { readonly kind: 'outer'; readonly left: AbstractMatrix; readonly right: AbstractMatrix };

const refuse = (what: string, at: number): never => {
  throw new Unread(`${what} has no place in a cell`, at);
};

/** a + b, or a − b. */
export function plus(a: Term, b: Term, sign: 1 | -1, at: number): Term {
  if (a.kind === 'number' && b.kind === 'number') return { kind: 'number', value: a.value + sign * b.value };
  if (a.kind === 'number') {
    if (sign === -1 && a.value === 1) return each(b, matrix.oneMinus, at);
    return each(sign === 1 ? b : multiplied(b, -1, at), x => matrix.shift(x, a.value), at);
  }
  if (b.kind === 'number') return each(a, x => matrix.shift(x, sign * b.value), at);
  const second = sign === 1 ? b : undefined;
  if (a.kind === b.kind && (a.kind === 'samples' || a.kind === 'vector')) {
    return { ...a, of: second ? matrix.add(a.of, of(b, at)) : matrix.sub(a.of, of(b, at)) };
  }
  const right = second ?? multiplied(b, -1, at);
  if (a.kind === 'samples' && right.kind === 'vector') return { ...a, of: matrix.addRow(a.of, right.of) };
  if (a.kind === 'vector' && right.kind === 'samples') return { ...right, of: matrix.addRow(right.of, a.of) };
  return refuse(`a sum of ${a.kind} and ${b.kind}`, at);
}

export function multiplied(a: Term, by: number, at: number): Term {
  if (a.kind === 'number') return { kind: 'number', value: a.value * by };
  if (a.kind === 'outer') return { ...a, left: matrix.scale(a.left, by) };
  return each(a, x => matrix.scale(x, by), at);
}

/** A function of every element. */
export function each(a: Term, f: (x: AbstractMatrix) => AbstractMatrix, at: number): Term {
  if (a.kind === 'samples' || a.kind === 'vector') return { ...a, of: f(a.of) };
  return refuse(`a function of ${a.kind === 'number' ? 'a number' : `a ${a.kind}`}`, at);
}

/** a ⊙ b, a ⊘ b: of a row and a column, a row. */
export function elementwise(a: Term, b: Term, operation: '⊙' | '⊘', at: number): Term {
  if (operation === '⊘') {
    if (b.kind === 'number') return multiplied(a, 1 / b.value, at);
    if (a.kind === 'number') return multiplied(each(b, matrix.reciprocal, at), a.value, at);
    if (a.kind === b.kind && (a.kind === 'samples' || a.kind === 'vector'))
      return { ...a, of: matrix.div(a.of, of(b, at)), row: isRow(a, b) };
    return elementwise(a, each(b, matrix.reciprocal, at), '⊙', at);
  }
  if (a.kind === 'number') return multiplied(b, a.value, at);
  if (b.kind === 'number') return multiplied(a, b.value, at);
  if (a.kind === b.kind && (a.kind === 'samples' || a.kind === 'vector'))
    return { ...a, of: matrix.mul(a.of, of(b, at)), row: isRow(a, b) };
  if (a.kind === 'samples' && b.kind === 'vector') return { ...a, of: matrix.mulRow(a.of, b.of), row: isRow(a, b) };
  if (a.kind === 'vector' && b.kind === 'samples') return { ...b, of: matrix.mulRow(b.of, a.of), row: isRow(a, b) };
  return refuse(`${operation} of ${a.kind} and ${b.kind}`, at);
}

function isRow(a: Term, b: Term): boolean {
  return ('row' in a && a.row) || ('row' in b && b.row);
}

/** The matrix product. */
export function times(a: Term, b: Term, at: number): Term {
  if (a.kind === 'number' || b.kind === 'number') return elementwise(a, b, '⊙', at);
  if (a.kind === 'matrix' && b.kind === 'samples' && !b.row) {
    return { ...b, of: a.transposed ? matrix.times(b.of, a.of) : matrix.timesT(b.of, a.of) };
  }
  if (a.kind === 'samples' && a.row && b.kind === 'matrix') {
    return { ...a, of: b.transposed ? matrix.timesT(a.of, b.of) : matrix.times(a.of, b.of) };
  }
  if (a.kind === 'diagonal') return elementwise(b, a.of, '⊙', at);
  if (b.kind === 'diagonal') return elementwise(a, b.of, '⊙', at);
  if (a.kind === 'samples' && !a.row && b.kind === 'samples' && b.row)
    return { kind: 'outer', left: a.of, right: b.of };
  return refuse(`${a.kind} times ${b.kind}`, at);
}

export function transpose(a: Term): Term {
  switch (a.kind) {
    case 'matrix':
      return { ...a, transposed: !a.transposed };
    case 'samples':
    case 'vector':
      return { ...a, row: !a.row };
    case 'outer':
      return { ...a, left: a.right, right: a.left };
    default:
      return a;
  }
}

type Function = (x: AbstractMatrix) => AbstractMatrix;

const FUNCTIONS: Readonly<Record<string, readonly [Function, slope?: Function]>> = {
  σ: [matrix.sigmoid, x => matrix.sigmoidSlope(matrix.sigmoid(x))],
  tanh: [matrix.tanh, x => matrix.tanhSlope(matrix.tanh(x))],
  relu: [matrix.relu, x => matrix.reluSlope(matrix.relu(x))],
  exp: [matrix.exp, matrix.exp],
  log: [matrix.log, matrix.reciprocal],
  sqrt: [matrix.sqrt],
  softplus: [matrix.softplus, matrix.sigmoid],
  abs: [matrix.abs, matrix.sign],
  sign: [matrix.sign],
};

/** A function that the library has, or the slope of one. */
export function called({ name, order, at }: Expression & { kind: 'call' }, args: readonly Term[]): Term {
  const [a, b, ...others] = args;
  if (!a) return refuse(`${name} of nothing`, at);
  if ((name === 'max' || name === 'min') && b && order === 0) {
    const f = name === 'max' ? matrix.max : matrix.min;
    const [first, second] = [a, b].sort(
      (one, other) => Number(one.kind === 'number') - Number(other.kind === 'number'),
    );
    if (others.length === 0 && name === 'max' && first && second?.kind === 'number' && second.value === 0)
      return each(first, matrix.relu, at);
    if (others.length > 0 || a.kind !== 'samples') return refuse(`${name} of this`, at);
    return { ...a, of: f(a.of, of(b, at)) };
  }
  if (b) return refuse(`${name} of ${args.length} arguments`, at);
  if (name === 'diag')
    return a.kind === 'samples' || a.kind === 'vector' ? { kind: 'diagonal', of: a } : refuse(`diag of ${a.kind}`, at);
  const f = FUNCTIONS[name]?.[order];
  return f ? each(a, f, at) : refuse(`${name}${'′'.repeat(order)}`, at);
}

/** 1 where a relation holds, of samples; of a number, 0 alone. */
export function holding(relation: Relation, a: Term, b: Term, at: number): Term {
  const zeros = (of: AbstractMatrix) => matrix.scale(of, 0);
  const [left, right] = [a, b].map((term, n) => {
    const other = n === 0 ? b : a;
    if (term.kind === 'samples') return term.of;
    if (term.kind === 'number' && other.kind === 'samples') return matrix.shift(zeros(other.of), term.value);
    return refuse(`${relation} of ${term.kind}`, at);
  });
  const of = a.kind === 'samples' ? a : b;
  if (!left || !right || of.kind !== 'samples') return refuse(relation, at);
  const [up, down] = [matrix.above(left, right), matrix.above(right, left)];
  const is: Readonly<Record<Relation, () => AbstractMatrix>> = {
    '>': () => up,
    '<': () => down,
    '≤': () => matrix.oneMinus(up),
    '≥': () => matrix.oneMinus(down),
    '≠': () => matrix.add(up, down),
    '=': () => matrix.oneMinus(matrix.add(up, down)),
  };
  return { ...of, of: is[relation]() };
}

function of(term: Term, at: number): AbstractMatrix {
  return term.kind === 'samples' || term.kind === 'vector' ? term.of : refuse(term.kind, at);
}
