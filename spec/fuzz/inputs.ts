/** What right calls are made with: sequences, matrices, states and parameters of small sizes. */
import { Matrix } from 'ml-matrix';
import * as lib from '../../lib/index.ts';
import type { MakeCall } from './api.ts';

/** Right calls by name. */
export type Calls = Readonly<Record<string, MakeCall>>;

const { Sequence, ParamSet, Random } = lib;

/** Two sequences of three steps, of F features; the second ends after two. */
export const dense = (F: number): lib.Sequence =>
  Sequence.dense(
    Array.from({ length: 6 * F }, (_, n) => Math.sin(n + 1)),
    { T: 3, B: 2, F, lengths: [3, 2] },
  );

/** One sequence of three steps, of F features. */
export const one = (F: number): lib.Sequence =>
  Sequence.dense(
    Array.from({ length: 3 * F }, (_, n) => Math.cos(n + 1)),
    { T: 3, F },
  );

/** A matrix. */
export const some = (rows: number, columns: number): Matrix =>
  Matrix.from1DArray(
    rows,
    columns,
    Array.from({ length: rows * columns }, (_, n) => Math.sin(n + 2)),
  );

/** A layer or a model with parameters and gradients that are not zero. */
export const filled = <T extends { readonly params: lib.ParamSet }>(layer: T): T => {
  lib.normal(0.5)(layer.params, new Random(1));
  layer.params.grads.fill(0.25);
  return layer;
};

/** Parameters, and gradients. */
export const set = (): lib.ParamSet => {
  const params = ParamSet.of({ W_f: [2, 2], b_f: [1, 2] }, { keeps: { b_f: 1 } });
  params.values.set([1, 2, 3, 4, 5, 6]);
  params.grads.set([6, 5, 4, 3, 2, 1]);
  return params;
};

/** A state for B sequences. */
export const stateOf = (state: Readonly<Record<string, number>>, B: number): Record<string, Matrix> =>
  Object.fromEntries(Object.entries(state).map(([name, columns]) => [name, some(B, columns)]));

/** Sequences of numbers in [0, 1], such as targets and cotangents, of three features. */
export const inUnit = (): lib.Sequence =>
  Sequence.dense(new Float64Array(18).fill(0.25), { T: 3, B: 2, F: 3, lengths: [3, 2] });
