/**
 * What the specs of gated cells share: steps and problems of any cell, the slides' column form, a backward pass in
 * lines that can be replaced by mistakes, and what holds for every cell.
 */
import fc from 'fast-check';
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import type { GateName } from '../../lib/cells/gates.ts';
import { checkCell } from '../../lib/check/check-cell.ts';
import { proveCell } from '../../lib/check/prove-cell.ts';
import { add, addTo, times } from '../../lib/matrix.ts';
import type { Matrices } from '../../lib/shape.ts';
import { entries, lengths, matrix, size } from '../arbitraries.ts';
import type { CellProblem, Tensors } from '../layers/pytorch.ts';
import { deviation, flat } from '../numbers.ts';

type Fresh<Name extends string> = Readonly<Record<Name, Matrix>>;

/** A step of B sequences with everything it depends on, and a cotangent on every part of the next state. */
export interface Step<P extends string, S extends string> {
  readonly p: Fresh<P>;
  readonly x: Matrix;
  readonly prev: Fresh<S | 'h'>;
  readonly dnext: Fresh<S | 'h'>;
}

/** A step of any cell. */
export function stepOf<P extends string, S extends string, Tape>(cell: Cell<P, S, Tape>): fc.Arbitrary<Step<P, S>> {
  return fc.tuple(size(4), size(6), size(6)).chain(([B, d, m]) => {
    const p = each(cell.params({ d, m }), ([rows, columns]) => matrix(rows, columns));
    const state = each(cell.state({ d, m }), columns => matrix(B, columns));
    return fc.record({ p: record(p), x: matrix(B, d), prev: record(state), dnext: record(state) });
  });
}

/** Some steps of any cell, with non-zero initial states and cotangents on everything. */
export function problemOf(cell: Cell): fc.Arbitrary<CellProblem> {
  return fc
    .tuple(size(6), size(3), size(4), size(4))
    .chain(([T, B, d, m]) => fc.tuple(fc.constant({ T, B, d, m }), lengths(T, B)))
    .chain(([{ T, B, d, m }, own]) => {
      const state = each(cell.state({ d, m }), columns => entries(B * columns));
      return fc.record({
        T: fc.constant(T),
        B: fc.constant(B),
        d: fc.constant(d),
        m: fc.constant(m),
        lengths: fc.constant(own ?? null),
        params: record(each(cell.params({ d, m }), ([rows, columns]) => entries(rows * columns))),
        x: entries(T * B * d),
        s0: record(state),
        dy: entries(T * B * m),
        dsT: record(state),
      });
    });
}

/** The largest deviation of a tensor from the one of the same name; infinite where the names are not the same. */
export function apart(ours: Tensors, theirs: Tensors): number {
  const names = Object.keys(theirs);
  if (Object.keys(ours).sort().join() !== [...names].sort().join()) return Number.POSITIVE_INFINITY;
  return Math.max(...names.map(name => deviation(row(ours[name]), row(theirs[name]))));
}

/** Zeros in the shapes of these. */
export function zerosLike<Name extends string>(matrices: Matrices<Name>): Fresh<Name> {
  return each(matrices, ({ rows, columns }) => Matrix.zeros(rows, columns));
}

/** Row n of a matrix as the lecture's column vector. */
export function column(a: Matrix, n: number): Matrix {
  return a.getRowVector(n).transpose();
}

/** A function of every element of a column. */
export function applied(a: Matrix, f: (value: number) => number): Matrix {
  return Matrix.columnVector(flat(a).map(f));
}

/** The diagonal matrix of a function of every element of a column. */
export function diagonal(a: Matrix, f: (value: number) => number = value => value): Matrix {
  return Matrix.diag(flat(a).map(f));
}

/** The logistic function as the slides write it. */
export const logistic = (a: number): number => 1 / (1 + Math.exp(-a));

/** s(1 − s), the logistic function's slope in terms of its output. */
export const logisticSlope = (s: number): number => s * (1 - s);

/** 1 − y², tanh's slope in terms of its output. */
export const squashSlope = (y: number): number => 1 - y * y;

/** a_k = W_k h + U_k x + b_k, in columns. */
export function preActivation<K extends string>(p: Fresh<GateName<K>>, k: K, h: Matrix, x: Matrix): Matrix {
  return p[`W_${k}`].mmul(h).add(p[`U_${k}`].mmul(x)).add(p[`b_${k}`].transpose());
}

/** Adds what one sample's rows da_k give, by the Kronecker products of ADJ-3, and returns its rows dx and dh_{t−1}. */
export function backThroughGates<K extends string>(
  p: Fresh<GateName<K>>,
  da: Fresh<K>,
  h: Matrix,
  x: Matrix,
  sums: Fresh<GateName<K>>,
): { readonly dx: Matrix; readonly dhPrev: Matrix } {
  const dx = Matrix.zeros(1, x.rows);
  const dhPrev = Matrix.zeros(1, h.rows);
  for (const k of Object.keys(da) as K[]) {
    const I = Matrix.eye(h.rows);
    const unstacked = (vec: Matrix) => Matrix.from1DArray(h.rows, vec.columns / h.rows, flat(vec));
    sums[`W_${k}`].add(unstacked(da[k].mmul(I.kroneckerProduct(h.transpose()))));
    sums[`U_${k}`].add(unstacked(da[k].mmul(I.kroneckerProduct(x.transpose()))));
    sums[`b_${k}`].add(da[k]);
    dx.add(da[k].mmul(p[`U_${k}`]));
    dhPrev.add(da[k].mmul(p[`W_${k}`]));
  }
  return { dx, dhPrev };
}

/** Backward adds, gives the same to the last bit when it runs twice, and changes nothing else. */
export function describePurity<P extends string, S extends string, Tape>(cell: Cell<P, S, Tape>): void {
  it('adds into the gradients, twice the same to the last bit, and changes nothing else', () => {
    fc.assert(
      fc.property(stepOf(cell), ({ p, x, prev, dnext }) => {
        const before = JSON.stringify([p, x, prev, dnext]);
        const { tape } = cell.forward(p, x, prev);
        const kept = JSON.stringify(tape);
        const once = zerosLike(p);
        const first = cell.backward(p, tape, dnext, once);
        const twice = each(once, a => a.clone());
        const fresh = zerosLike(p);
        expect(cell.backward(p, tape, dnext, fresh)).toEqual(first);
        expect(fresh).toEqual(once);
        cell.backward(p, tape, dnext, twice);
        for (const name of Object.keys(p) as P[]) {
          expect(deviation(twice[name], Matrix.mul(once[name], 2))).toBeLessThan(1e-14);
        }
        expect(JSON.stringify(tape)).toBe(kept);
        expect(JSON.stringify([p, x, prev, dnext])).toBe(before);
      }),
    );
  });
}

/** The gradient check passes, and no gradient is all zero. */
export function describeCheck<P extends string, S extends string, Tape>(
  cell: Cell<P, S, Tape>,
  tags: readonly string[],
): void {
  it('passes the gradient check, each tensor under the tag of its equation', () => {
    const { ok, restsOn, tensors } = checkCell(cell);
    expect({ ok, restsOn }).toEqual({ ok: true, restsOn: 'proof' });
    expect(tensors.map(({ name, tag }) => `${name} ${tag}`)).toEqual(tags);
    for (const { maxRel } of tensors) expect(maxRel).toBeGreaterThan(0);
  });
}

/** Every mistake is refuted, and spoils the tensors named and no others; without one all is well. */
export function describeMistakes(right: Cell, mistakes: readonly (readonly [string, readonly string[], Cell])[]): void {
  const spoiltIn = (cell: Cell): string[] => {
    const { verdict, tensors } = proveCell(cell);
    const judged = verdict === 'not provable' ? checkCell(cell, { T: 3, B: 2, d: 3, m: 2, C: 2 }).tensors : tensors;
    return judged.flatMap(({ name, ok }) => (ok ? [] : [name]));
  };

  describe('a planted mistake is caught, and named by the tensor it spoils', () => {
    it('none, where none is planted', () => {
      expect(spoiltIn(right)).toEqual([]);
    });

    it.each(mistakes)('%s', (_, spoilt, cell) => {
      const found = spoiltIn(cell);
      expect(found).not.toEqual([]);
      expect(found.filter(name => !spoilt.includes(name))).toEqual([]); // in one step, before the recursion has carried it on
    });
  });
}

/** What a mistake spoils that the recursion carries everywhere: all but the readout. */
export function everything(cell: Cell): string[] {
  const size = { d: 1, m: 1 };
  return [...Object.keys(cell.params(size)), 'x', ...Object.keys(cell.state(size)).map(part => `${part}0`)];
}

/** The values of a backward pass: parameters, tape, dh and dcNext, and what its lines have given so far. */
export type Scope<Name extends string> = Readonly<Record<Name, AbstractMatrix>>;

/** The lines of a backward pass, in order, by the name of what each computes. */
export type Lines<Name extends string> = Readonly<Partial<Record<Name, (s: Scope<Name>) => AbstractMatrix>>>;

/** The names in the backward pass of an LSTM with the gates K. */
export type LstmName<K extends string, Tape> =
  | GateName<K>
  | `d${GateName<K>}`
  | `da${K}`
  | Extract<keyof Tape, string>
  | 'dh'
  | 'dcNext'
  | 'dc'
  | 'dcPrev'
  | 'dx'
  | 'dhPrev';

/** The cell with its backward pass written as lines, the gradient of parameter W being called dW. */
export function rewritten<P extends string, Tape extends object, Name extends string>(
  cell: Cell<P, 'h' | 'c', Tape>,
  lines: Lines<Name>,
): Cell<P, 'h' | 'c', Tape> {
  return {
    ...cell,
    backward(p, tape, { h: dh, c: dcNext }, dp) {
      const s: Record<string, AbstractMatrix> = { ...p, ...tape, dh, dcNext };
      for (const [name, line] of Object.entries(lines) as [string, (s: Scope<Name>) => AbstractMatrix][]) {
        s[name] = line(s as Scope<Name>);
      }
      for (const name of Object.keys(p) as P[]) addTo(dp[name], part(s, `d${name}`));
      return { dx: part(s, 'dx'), dprev: { h: part(s, 'dhPrev'), c: part(s, 'dcPrev') } };
    },
  };
}

/** The lines behind the gradients of the pre-activations: those of every W_k, U_k and b_k, of x and of h_{t−1}. */
export function gateLines<K extends string>(
  gates: readonly K[],
): Readonly<Record<`d${GateName<K>}`, AnyLine> & Record<'dx' | 'dhPrev', AnyLine>> {
  const sum =
    (kind: 'W' | 'U'): AnyLine =>
    s =>
      gates.map(k => times(part(s, `da${k}`), part(s, `${kind}_${k}`))).reduce((a, b) => add(a, b));
  const own = gates.flatMap((k): [string, AnyLine][] => [
    [`dW_${k}`, s => times(part(s, `da${k}`).transpose(), part(s, 'hPrev'))],
    [`dU_${k}`, s => times(part(s, `da${k}`).transpose(), part(s, 'x'))],
    [`db_${k}`, s => columnSums(part(s, `da${k}`))],
  ]);
  return { ...(Object.fromEntries(own) as Record<`d${GateName<K>}`, AnyLine>), dx: sum('U'), dhPrev: sum('W') };
}

type AnyLine = (s: Scope<string>) => AbstractMatrix;

/** The sum of the rows, as a row. */
export function columnSums(a: AbstractMatrix): Matrix {
  return new Matrix([a.sum('column')]);
}

/** The cell that assigns a parameter's gradient where it must add. */
export function assigned<P extends string, S extends string, Tape>(cell: Cell<P, S, Tape>, name: P): Cell<P, S, Tape> {
  return {
    ...cell,
    backward(p, tape, dnext, dp) {
      dp[name].mul(0);
      return cell.backward(p, tape, dnext, dp);
    },
  };
}

/** The cell that forgets the parameters' gradients at t = 1: the backward step that undoes the first forward one. */
export function withoutFirst<P extends string, S extends string, Tape>(cell: Cell<P, S, Tape>): Cell<P, S, Tape> {
  let depth = 0;
  return {
    ...cell,
    forward(p, x, prev) {
      depth += 1;
      return cell.forward(p, x, prev);
    },
    backward(p, tape, dnext, dp) {
      depth -= 1;
      return cell.backward(p, tape, dnext, depth === 0 ? zerosLike(p) : dp);
    },
  };
}

function each<Name extends string, A, B>(
  record: Readonly<Record<Name, A>>,
  f: (value: A, name: Name) => B,
): Record<Name, B> {
  const names = Object.keys(record) as Name[];
  return Object.fromEntries(names.map(name => [name, f(record[name], name)])) as Record<Name, B>;
}

function record<Name extends string, A>(arbitraries: Record<Name, fc.Arbitrary<A>>): fc.Arbitrary<Record<Name, A>> {
  return fc.record(arbitraries) as fc.Arbitrary<Record<Name, A>>;
}

function row(values: readonly number[] = []): Matrix {
  return new Matrix([[...values]]);
}

function part(s: Readonly<Record<string, AbstractMatrix>>, name: string): AbstractMatrix {
  const matrix = s[name];
  if (!matrix) throw new Error(`there is no ${name}`);
  return matrix;
}
