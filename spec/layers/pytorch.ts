/**
 * How a recurrent layer is compared with PyTorch in float64, an oracle that shares no line with this library. The
 * scripts of `spec/fixtures/pytorch/` make the cases and say what is in them.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { addTo } from '../../lib/matrix.ts';
import { type ParamSet, pick } from '../../lib/params.ts';
import { Sequence } from '../../lib/sequence.ts';
import type { Matrices } from '../../lib/shape.ts';
import { FlatMatrix } from '../../lib/views.ts';

export type Numbers = readonly number[];

/** Flat tensors by name. */
export type Tensors = Readonly<Record<string, Numbers>>;

/** What every case has: an input through time, and what PyTorch computed of it. */
export interface Case {
  readonly name: string;
  readonly T: number;
  readonly B: number;
  readonly d: number;
  readonly m: number;
  /** Null where every sequence has T steps. */
  readonly lengths: Numbers | null;
  /** Random at padding too. */
  readonly x: Numbers;
  /** Outputs, the loss (one number) and every gradient. */
  readonly expected: Tensors;
}

/** A cell to be run through time, with L = Σ_t ⟨dy_t, h_t⟩ + ⟨dsT, s_T⟩ over every part of the state. */
export interface CellProblem extends Omit<Case, 'name' | 'expected'> {
  /** The cell's parameters, in its order. */
  readonly params: Tensors;
  /** Every part of the initial state; null where the layer starts from zeros by itself. */
  readonly s0: Tensors | null;
  /** The cotangent of every h_t, random at padding too. */
  readonly dy: Numbers;
  /** The cotangent of every part of the final state. */
  readonly dsT: Tensors;
}

/** A case of a recurrent layer by itself. */
export interface CellCase extends Case, CellProblem {}

/** Both sum in float64 but in different orders: some 1e-15 apart is rounding, and 1e-12 leaves room for 30 steps of it. */
const TOLERANCE = 1e-12;

/** The cases of `spec/fixtures/pytorch/NAME.json`. */
export function casesOf<C extends Case>(name: string): readonly C[] {
  const url = new URL(`../fixtures/pytorch/${name}.json`, import.meta.url);
  const { cases }: { readonly cases: readonly C[] } = JSON.parse(readFileSync(url, 'utf8'));
  return cases;
}

/**
 * Describes every case: `run` gives what PyTorch gives, padding is exactly zero, and the comparison can fail.
 *
 * @param zeros the tensors of a case that are all zero, and compare nothing.
 */
export function describeAgreement<C extends Case>(
  cases: readonly C[],
  run: (given: C) => Tensors,
  zeros: (given: C) => readonly string[],
): void {
  describe.each(cases)('$name', given => {
    it('gives the outputs, the loss and every gradient of PyTorch', () => {
      expect(disagreements(run(given), given.expected)).toEqual([]);
    });

    it('compares no tensor that is all zero, but where one must be', () => {
      expect(Object.keys(given.expected).filter(name => !given.expected[name]?.some(v => v !== 0))).toEqual(
        zeros(given),
      );
    });
  });

  describe.each(cases.filter(({ lengths }) => lengths !== null))('the padding of $name', given => {
    it.each(['h', 'o', 'dx'].filter(name => name in given.expected))('is exactly zero in %s', name => {
      const actual = run(given)[name] ?? [];
      const x = input(given);
      const width = actual.length / (x.T * x.B);
      const padding = actual.filter((_, i) => !x.counts(Math.floor(i / width)));
      expect(padding.length).toBeGreaterThan(0);
      expect(padding.every(v => v === 0)).toBe(true);
    });
  });

  describe.each(cases)('the comparison with $name', ({ expected }) => {
    it('sees a relative error of 1e-10 in the largest number of any tensor', () => {
      for (const [name, values] of Object.entries(expected)) {
        const largest = Math.max(...values.map(Math.abs));
        if (largest === 0) continue;
        const planted = values.map(v => (Math.abs(v) === largest ? v * (1 + 1e-10) : v));
        expect(disagreements({ ...expected, [name]: planted }, expected)).toEqual([name]);
      }
    });

    it('sees a tensor or a number that is missing and one that is NaN', () => {
      const { h = [], dx = [], ...others } = expected;
      expect(disagreements({ h, ...others }, expected)).toEqual(['dx']);
      expect(disagreements(expected, { h, ...others })).toEqual(['dx']);
      expect(disagreements({ ...expected, h: h.slice(1) }, expected)).toEqual(['h']);
      expect(disagreements({ ...expected, dx: dx.map(() => Number.NaN) }, expected)).toEqual(['dx']);
    });
  });
}

/** The tensors that do not agree, where to agree is max|ours − PyTorch's| ≤ 1e-12·max|PyTorch's|, tensor by tensor. */
export function disagreements(actual: Tensors, expected: Tensors): string[] {
  return [...new Set([...Object.keys(expected), ...Object.keys(actual)])].filter(name => {
    const [ours, theirs] = [actual[name], expected[name]];
    if (ours?.length !== theirs?.length) return true;
    const error = Math.max(...(theirs ?? []).map((v, i) => Math.abs((ours?.[i] ?? Number.NaN) - v)));
    const scale = Math.max(...(theirs ?? []).map(Math.abs));
    return !(error <= TOLERANCE * scale);
  });
}

/** The unrolled cell: h, hT (and cT, …), loss, dW, … of every parameter, dx, dh0 (and dc0, …). */
export function runCell(cell: Cell, given: CellProblem): Tensors {
  const { d, m, params, s0, dsT } = given;
  const layer = unroll(cell, { d, m });
  setParameters(layer.params, params);
  const x = input(given);
  const dy = Sequence.dense(given.dy, { ...x.extent(), F: m });
  const { y, sT, tape } = s0 ? layer.forward(x, states(given, s0)) : layer.forward(x);
  const { dx, ds0 } = layer.backward(tape, dy, states(given, dsT));

  const h = y.rows().to1DArray();
  const finals = tensorsOf(sT);
  const ends = Object.entries(dsT).map(([part, values]) => inner(values, finals[part] ?? []));
  return {
    h,
    ...named('', finals, 'T'),
    loss: [inner(given.dy, h) + ends.reduce((sum, v) => sum + v, 0)],
    ...gradients(layer.params),
    dx: dx.rows().to1DArray(),
    ...named('d', tensorsOf(ds0), '0'),
  };
}

/** The input of a case. */
export function input({ x, T, B, d, lengths }: Omit<Case, 'name' | 'expected'>): Sequence {
  return Sequence.dense(x, { T, B, F: d, ...(lengths && { lengths }) });
}

/** A state of B×m matrices from flat parts. */
export function states({ B }: { readonly B: number }, parts: Tensors): Matrices {
  return Object.fromEntries(
    Object.entries(parts).map(([part, values]) => [
      part,
      new FlatMatrix(Float64Array.from(values), B, values.length / B),
    ]),
  );
}

/** The parts of a state, flat. */
export function tensorsOf(s: Matrices): Tensors {
  return Object.fromEntries(Object.entries(s).map(([part, matrix]) => [part, matrix.to1DArray()]));
}

/** Sets all parameters of a fresh layer, which must have exactly these, in this order. */
export function setParameters(params: ParamSet, values: Tensors): void {
  const matrices = params.named();
  expect(Object.keys(values)).toEqual(Object.keys(matrices));
  for (const [name, given] of Object.entries(values)) {
    const matrix = pick(matrices, name);
    addTo(matrix, new FlatMatrix(Float64Array.from(given), matrix.rows, matrix.columns)); // fresh ones are zero
  }
}

/** dW, … of every parameter. */
export function gradients(params: ParamSet): Tensors {
  return named('d', tensorsOf(params.namedGrads()), '');
}

/** ⟨a, b⟩, NaN where b is shorter. */
export function inner(a: Numbers, b: Numbers): number {
  return a.reduce((sum, v, i) => sum + v * (b[i] ?? Number.NaN), 0);
}

/** The tensors under longer names: `named('d', { h }, '0')` is `{ dh0 }`. */
export function named(before: string, tensors: Tensors, after: string): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, values]) => [`${before}${name}${after}`, values]));
}
