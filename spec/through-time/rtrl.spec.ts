/** Real-time recurrent learning against the backward pass, for every cell: two orders of one product. */
import fc from 'fast-check';
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { conditioned } from '../../lib/cells/conditioned.ts';
import { cells } from '../../lib/cells/index.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { rnn } from '../../lib/cells/rnn.ts';
import { traceFixed } from '../../lib/cells/trace.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { zeroState } from '../../lib/layers/layer.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { ParamSet } from '../../lib/params.ts';
import { Sequence } from '../../lib/sequence.ts';
import type { Matrices } from '../../lib/shape.ts';
import { type Rtrl, rtrl, type Sensitivity } from '../../lib/through-time/rtrl.ts';
import { entries, lengths, matrix, sequence, size } from '../arbitraries.ts';
import { deviation, flat, inner } from '../numbers.ts';

const everyCell: readonly (readonly [string, Cell])[] = [
  ...Object.entries(cells),
  ['conditioned', conditioned(rnn, { k: 2 })],
  ['conditioned, first', conditioned(lstm, { k: 1, when: 'first' })],
  ['trace-fixed', traceFixed(0.7)],
];

interface Problem {
  readonly cell: Cell;
  readonly values: readonly number[];
  readonly x: Sequence;
  readonly dy: Sequence;
  readonly s0: Matrices;
  readonly dsT: Matrices;
}

/** A cell with drawn parameters, an input, a non-zero initial state, and a cotangent on every y_t and on s_T. */
const problem = (cell: Cell): fc.Arbitrary<Problem> =>
  fc
    .tuple(size(8), size(3), size(4), size(4))
    .chain(([T, B, d, m]) => fc.tuple(fc.constant([T, B, d, m] as const), lengths(T, B)))
    .chain(([[T, B, d, m], own]) => {
      const state = cell.state({ d, m });
      const drawn = () => fc.record(Object.fromEntries(Object.entries(state).map(([k, n]) => [k, matrix(B, n)])));
      return fc.record({
        cell: fc.constant(cell),
        values: entries(ParamSet.of(cell.params({ d, m })).size),
        x: sequence(T, B, d, own),
        dy: sequence(T, B, m, own),
        s0: drawn(),
        dsT: drawn(),
      });
    });

/** One fixed problem, of three sequences of 5, 2 and 4 steps, for what is not drawn. */
const fixed = (cell: Cell): Problem => {
  const [own, size] = [[5, 2, 4], { d: 2, m: 3 }];
  const waves = (count: number, phase: number) => Array.from({ length: count }, (_, n) => Math.sin(2.3 * n + phase));
  const drawn = (phase: number) =>
    Object.fromEntries(
      Object.entries(cell.state(size)).map(([k, n]) => [k, Matrix.from1DArray(3, n, waves(3 * n, phase))]),
    );
  return {
    cell,
    values: waves(ParamSet.of(cell.params(size)).size, 1),
    x: Sequence.dense(waves(30, 2), { T: 5, B: 3, F: 2, lengths: own }),
    dy: Sequence.dense(waves(45, 3), { T: 5, B: 3, F: 3, lengths: own }),
    s0: drawn(4),
    dsT: drawn(5),
  };
};

type Tensors = Readonly<Record<string, AbstractMatrix>>;

/** Every gradient by name: those of the parameters, and `h0`, `c0`, … of the initial state. */
function named(params: ParamSet, ds0: Matrices): Tensors {
  return { ...params.namedGrads(), ...Object.fromEntries(Object.entries(ds0).map(([k, part]) => [`${k}0`, part])) };
}

function backThroughTime({ cell, values, x, dy, s0, dsT }: Problem): { tensors: Tensors; y: Sequence; sT: Matrices } {
  const layer = unroll(cell, sizeOf({ dy, x }));
  layer.params.values.set(values);
  const { y, sT, tape } = layer.forward(x, s0);
  return { tensors: named(layer.params, layer.backward(tape, dy, dsT).ds0), y, sT };
}

function realTime({ cell, values, x, dy }: Problem): Rtrl {
  const live = rtrl(cell, sizeOf({ dy, x }));
  live.params.values.set(values);
  return live;
}

function sizeOf({ dy, x }: Pick<Problem, 'dy' | 'x'>): { d: number; m: number } {
  return { d: x.F, m: dy.F };
}

/** The names of the tensors that are not the same to 1e-12 of the largest number, or of 1. */
function different(a: Tensors, b: Tensors): string[] {
  return Object.keys(b).filter(
    name => !(deviation(a[name] ?? Matrix.zeros(0, 0), b[name] ?? Matrix.zeros(0, 0)) <= 1e-12),
  );
}

const rowOf = (s: Matrices, b: number): Matrices =>
  Object.fromEntries(Object.entries(s).map(([name, part]) => [name, part.getRowVector(b)]));

describe.each(everyCell)('%s forward in time', (_, cell) => {
  it('has the gradient of the backward pass, in every parameter and part of s_0, and its outputs', () => {
    fc.assert(
      fc.property(problem(cell), drawn => {
        const back = backThroughTime(drawn);
        const live = realTime(drawn);
        const { y, sT, ds0 } = live.gradient(drawn.x, drawn.dy, { s0: drawn.s0, dsT: drawn.dsT });
        expect(different(named(live.params, ds0), back.tensors)).toEqual([]);
        expect(flat(y.rows())).toEqual(flat(back.y.rows()));
        for (const [part, end] of Object.entries(back.sT)) expect(flat(sT[part] ?? end)).toEqual(flat(end));
        expect(Object.keys(sT)).toEqual(Object.keys(back.sT));
      }),
      { numRuns: 6 },
    );
  });

  it('has at every step, at that step, the gradient of its loss alone', () => {
    const drawn = fixed(cell);
    const state = zeroState(cell.state(sizeOf(drawn)), 1);
    for (let b = 0; b < drawn.x.B; b++) {
      const live = realTime(drawn);
      let now = live.start(rowOf(drawn.s0, b));
      for (let t = 0; t < (drawn.x.lengths?.[b] ?? 0); t++) {
        now = live.step(now, drawn.x.at(t).getRowVector(b));
        live.params.zeroGrads();
        const ds0 = live.gradientAt(now, { ...state, h: drawn.dy.at(t).getRowVector(b) });
        const dy = Sequence.zeros({ T: t + 1, F: drawn.dy.F });
        dy.at(t).add(drawn.dy.at(t).getRowVector(b));
        const rows = Array.from({ length: t + 1 }, (_, k) => drawn.x.at(k).getRow(b));
        const x = Sequence.dense(rows.flat(), { T: t + 1, F: drawn.x.F });
        const alone = { ...drawn, x, dy, s0: rowOf(drawn.s0, b), dsT: state };
        expect(different(named(live.params, ds0), backThroughTime(alone).tensors)).toEqual([]);
      }
    }
  });
});

describe('the sensitivity', () => {
  it('is the sum of the immediate derivatives, each times the Jacobians behind it in the order of time', () => {
    fc.assert(
      fc.property(problem(rnn), drawn => {
        const { x, s0, values } = drawn;
        const live = realTime(drawn);
        const { W } = live.params.named() as Matrices<'W'>;
        const recurrent = new Matrix(W.to2DArray());
        const m = drawn.dy.F;
        let now = live.start(rowOf(s0, 0));
        const Js: Matrix[] = [];
        const immediates: Matrix[] = [];
        for (let t = 0; t < (x.lengths?.[0] ?? x.T); t++) {
          const [h, xt] = [now.s.h?.getRow(0) ?? [], x.at(t).getRow(0)];
          now = live.step(now, x.at(t).getRowVector(0));
          const slope = Matrix.diag((now.s.h?.getRow(0) ?? []).map(value => 1 - value * value));
          Js.push(slope.mmul(recurrent));
          const blocks = [h, xt, [1]].map(row => Matrix.eye(m).kroneckerProduct(new Matrix([row])));
          const inAll = new Matrix(Array.from({ length: m }, (_, i) => blocks.flatMap(block => block.getRow(i))));
          immediates.push(slope.mmul(inAll));
          const sum = Matrix.zeros(m, values.length);
          immediates.forEach((immediate, k) => {
            sum.add(Js.slice(k + 1).reduce((term, J) => J.mmul(term), immediate)); // RTRL-D2  S_t = Σ_k J_t … J_{k+1} ∂⁺s_k/∂θ
          });
          expect(deviation(now.inTheta, sum)).toBeLessThan(1e-12); // RTRL-D1  the same, by recursion
          expect(
            deviation(
              now.inS0,
              Js.reduce((R, J) => J.mmul(R), Matrix.eye(m)),
            ),
          ).toBeLessThan(1e-12);
        }
      }),
      { numRuns: 15 },
    );
  });

  it('is not changed by a step, nor is anything but the gradients by taking one', () => {
    const drawn = fixed(lstm);
    const live = realTime(drawn);
    const before = live.step(live.start(rowOf(drawn.s0, 0)), drawn.x.at(0).getRowVector(0));
    const kept = JSON.stringify([before, [...live.params.values]]);
    live.gradientAt(live.step(before, drawn.x.at(1).getRowVector(0)), rowOf(drawn.dsT, 0));
    expect(JSON.stringify([before, [...live.params.values]])).toBe(kept);
    const once = live.params.grads.slice();
    live.gradientAt(live.step(before, drawn.x.at(1).getRowVector(0)), rowOf(drawn.dsT, 0));
    expect(live.params.grads).toEqual(once.map(value => 2 * value));
  });

  it('takes one-hot input, with the numbers of the dense one', () => {
    const drawn = fixed(rnn);
    const extent = drawn.x.extent();
    const sparse = Sequence.oneHot([0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0], { ...extent, classes: 2 });
    const dense = Sequence.dense(flat(sparse.rows()), { ...extent, F: 2 });
    const [one, other] = [sparse, dense].map(x => {
      const live = realTime(drawn);
      const { ds0 } = live.gradient(x, drawn.dy, { s0: drawn.s0, dsT: drawn.dsT });
      return JSON.stringify([ds0, [...live.params.grads]]);
    });
    expect(one).toBe(other);
  });
});

/** Where a loop over the public steps goes wrong: the state it steps from, the one it differentiates at, the cotangents. */
interface Loop {
  readonly cell?: Cell;
  readonly start?: (start: Sensitivity) => Sensitivity;
  readonly before?: (now: Sensitivity) => Sensitivity;
  readonly at?: (now: Sensitivity, before: Sensitivity) => Sensitivity;
  readonly ds?: (ds: Matrices, last: boolean) => Matrices;
  readonly past?: boolean;
}

/** The loop of `gradient` over the public steps, right where nothing is given. */
function looped(
  drawn: Problem,
  { cell = drawn.cell, start = s => s, before = s => s, at = s => s, ds = c => c, past = false }: Loop,
): Tensors {
  const { x, dy, s0, dsT } = drawn;
  const live = realTime({ ...drawn, cell });
  const state = zeroState(drawn.cell.state(sizeOf(drawn)), 1);
  const ds0 = zeroState(drawn.cell.state(sizeOf(drawn)), x.B);
  const collect = (b: number, part: Matrices) => {
    for (const [name, row] of Object.entries(part)) ds0[name]?.setRow(b, row.add(ds0[name]?.getRowVector(b)));
  };
  for (let b = 0; b < x.B; b++) {
    let now = start(live.start(rowOf(s0, b)));
    const length = x.lengths?.[b] ?? x.T;
    for (let t = 0; t < (past ? x.T : length); t++) {
      const last = now;
      now = live.step(before(now), x.at(t).getRowVector(b));
      if (t < length) collect(b, live.gradientAt(at(now, last), ds({ ...state, h: dy.at(t).getRowVector(b) }, false)));
    }
    collect(b, live.gradientAt(now, ds(rowOf(dsT, b), true)));
  }
  return named(live.params, ds0);
}

const times = (a: AbstractMatrix | undefined, factor: number): Matrix =>
  Matrix.mul(new Matrix(a?.to2DArray() ?? []), factor);

type Rnn = typeof rnn;

/** The tanh cell whose Jacobian in the state is transposed: e_i Jᵀ, every e_j J yielding column j of Jᵀ. */
const transposed: Rnn = {
  ...rnn,
  backward(p, tape, dnext, dp) {
    const eye = Matrix.eye(dnext.h.columns);
    const columns = eye.to2DArray().map(unit => {
      const row = rnn.backward(p, tape, { h: new Matrix([unit]) }, zerosLike(p)).dprev.h;
      return inner(row, dnext.h);
    });
    return { ...rnn.backward(p, tape, dnext, dp), dprev: { h: new Matrix([columns]) } };
  },
};

/** The tanh cell that adds the immediate derivative of all units into the row of each. */
const summed: Rnn = {
  ...rnn,
  backward(p, tape, dnext, dp) {
    rnn.backward(p, tape, { h: Matrix.ones(1, dnext.h.columns) }, dp);
    return rnn.backward(p, tape, dnext, zerosLike(p));
  },
};

const zerosLike = ({ W, U, b }: Matrices<'W' | 'U' | 'b'>): Matrices<'W' | 'U' | 'b'> => {
  const zeros = ({ rows, columns }: AbstractMatrix) => Matrix.zeros(rows, columns);
  return { W: zeros(W), U: zeros(U), b: zeros(b) };
};

describe('a planted mistake is caught, and named by the tensor it spoils', () => {
  const all = ['W', 'U', 'b', 'h0'];
  const mistakes: readonly (readonly [string, readonly string[], Loop])[] = [
    ['none: the control', [], {}],
    ['J_t transposed', all, { cell: transposed }],
    ['S_{t−1} not carried', ['W', 'U', 'b'], { before: s => ({ ...s, inTheta: times(s.inTheta, 0) }) }],
    ['R_{t−1} not carried', ['h0'], { before: s => ({ ...s, inS0: times(s.inS0, 0) }) }],
    [
      'the immediate term a step late: S_{t−1} for S_t',
      ['W', 'U', 'b'],
      { at: (s, last) => ({ ...s, inTheta: last.inTheta }) },
    ],
    ['R_{t−1} for R_t', ['h0'], { at: (s, last) => ({ ...s, inS0: last.inS0 }) }],
    ['the sign of R_0', ['h0'], { start: s => ({ ...s, inS0: times(s.inS0, -1) }) }],
    [
      'S_0 the immediate term of no step',
      ['W', 'U', 'b'],
      { start: s => ({ ...s, inTheta: times(s.inTheta, 0).add(1) }) },
    ],
    ['the final cotangent dropped', all, { ds: (ds, last) => (last ? { h: times(ds.h, 0) } : ds) }],
    ['the steps’ own cotangents dropped', all, { ds: (ds, last) => (last ? ds : { h: times(ds.h, 0) }) }],
    ['a sequence that has ended goes on', all, { past: true }],
    ['the immediate term summed over the units, not kept by row', ['W', 'U', 'b'], { cell: summed }],
  ];

  it.each(mistakes)('%s', (_, spoilt, loop) => {
    const drawn = fixed(rnn);
    expect(different(looped(drawn, loop), backThroughTime(drawn).tensors)).toEqual(spoilt);
  });
});

describe('bad input', () => {
  const live = rtrl(lstm, { d: 2, m: 3 });
  const x = Sequence.zeros({ T: 4, B: 2, F: 2 });
  const dy = Sequence.zeros({ T: 4, B: 2, F: 3 });
  const now = live.start();

  it.each<[string, string, () => unknown]>([
    ['inputs of another width', 'x', () => live.gradient(Sequence.zeros({ T: 4, B: 2, F: 3 }), dy)],
    ['a cotangent of another length', 'dy', () => live.gradient(x, Sequence.zeros({ T: 3, B: 2, F: 3 }))],
    ['a state without its part', 's0.c', () => live.gradient(x, dy, { s0: { h: Matrix.zeros(2, 3) } })],
    ['a final cotangent for another batch', 'dsT.h', () => live.gradient(x, dy, { dsT: { h: Matrix.zeros(1, 3) } })],
    ['a state for two sequences', 's0.h', () => live.start({ h: Matrix.zeros(2, 3), c: Matrix.zeros(2, 3) })],
    ['a step of two sequences', 'x', () => live.step(now, Matrix.zeros(2, 2))],
    ['a cotangent without its part', 'ds.c', () => live.gradientAt(now, { h: Matrix.zeros(1, 3) })],
  ])('is a ShapeError that names the argument: %s', (_, argument, act) => {
    expect(act).toThrow(ShapeError);
    expect(act).toThrow(new RegExp(`^${argument}: expected`));
  });

  it.each<[string, string, () => unknown]>([
    ['NaN in a step', 'x[0,1]', () => live.step(now, new Matrix([[0, Number.NaN]]))],
    ['zero hidden units', 'm', () => rtrl(rnn, { d: 2, m: 0 })],
    ['a fraction of an input', 'd', () => rtrl(rnn, { d: 1.5, m: 1 })],
  ])('is a ValueError that names the place: %s', (_, argument, act) => {
    expect(act).toThrow(ValueError);
    expect(act).toThrow(`${argument}: expected`);
  });
});
