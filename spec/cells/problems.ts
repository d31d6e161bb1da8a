/** What the specs of cells share: steps and problems of any cell, and what a mistake is and may spoil. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import type { Cell } from '../../lib/cells/cell.ts';
import { addTo, scale } from '../../lib/matrix.ts';
import type { Matrices } from '../../lib/shape.ts';
import { entries, lengths, matrix, size } from '../arbitraries.ts';
import type { CellProblem, Tensors } from '../layers/pytorch.ts';
import { deviation } from '../numbers.ts';

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

/** What a mistake spoils that the recursion carries everywhere: all but the readout. */
export function everything(cell: Cell): string[] {
  const size = { d: 1, m: 1 };
  return [...Object.keys(cell.params(size)), 'x', ...Object.keys(cell.state(size)).map(part => `${part}0`)];
}

/** The cell that assigns a parameter's gradient where it must add. */
export function assigned<P extends string, S extends string, Tape>(cell: Cell<P, S, Tape>, name: P): Cell<P, S, Tape> {
  return {
    ...cell,
    backward(p, tape, dnext, dp) {
      addTo(dp[name], scale(dp[name], -1));
      return cell.backward(p, tape, dnext, dp);
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
