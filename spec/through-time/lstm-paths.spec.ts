/** The two parts of an LSTM's gradient: their sum against the backward pass, the one along c against its closed form. */
import fc from 'fast-check';
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { type LstmTape, lstm } from '../../lib/cells/lstm.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { activeRows, rowsOf } from '../../lib/layers/active.ts';
import { type UnrollTape, unroll } from '../../lib/layers/unroll.ts';
import { ParamSet } from '../../lib/params.ts';
import { Sequence } from '../../lib/sequence.ts';
import { type LstmPaths, lstmPaths } from '../../lib/through-time/lstm-paths.ts';
import { entries, lengths, matrix, sequence, size } from '../arbitraries.ts';
import { deviation, flat } from '../numbers.ts';

interface Problem {
  readonly values: readonly number[];
  readonly x: Sequence;
  readonly dy: Sequence;
  readonly s0: { readonly h: Matrix; readonly c: Matrix };
  readonly dsT: { readonly h: Matrix; readonly c: Matrix };
}

/** Drawn parameters, an input, a non-zero initial state, and a cotangent on every h_t and on (h_T, c_T). */
const problem: fc.Arbitrary<Problem> = fc
  .tuple(size(8), size(3), size(4), size(4))
  .chain(([T, B, d, m]) => fc.tuple(fc.constant([T, B, d, m] as const), lengths(T, B)))
  .chain(([[T, B, d, m], own]) =>
    fc.record({
      values: entries(ParamSet.of(lstm.params({ d, m })).size),
      x: sequence(T, B, d, own),
      dy: sequence(T, B, m, own),
      s0: fc.record({ h: matrix(B, m), c: matrix(B, m) }),
      dsT: fc.record({ h: matrix(B, m), c: matrix(B, m) }),
    }),
  );

/** One fixed problem: three sequences of 5, 2 and 4 steps. */
const fixed: Problem = (() => {
  const waves = (count: number, phase: number) => Array.from({ length: count }, (_, n) => Math.sin(2.3 * n + phase));
  const part = (phase: number) => Matrix.from1DArray(3, 3, waves(9, phase));
  const own = [5, 2, 4];
  return {
    values: waves(ParamSet.of(lstm.params({ d: 2, m: 3 })).size, 1),
    x: Sequence.dense(waves(30, 2), { T: 5, B: 3, F: 2, lengths: own }),
    dy: Sequence.dense(waves(45, 3), { T: 5, B: 3, F: 3, lengths: own }),
    s0: { h: part(4), c: part(5) },
    dsT: { h: part(6), c: part(7) },
  };
})();

const run = ({ values, x, dy, s0 }: Problem) => {
  const layer = unroll(lstm, { d: x.F, m: dy.F });
  layer.params.values.set(values);
  return { layer, ...layer.forward(x, s0) };
};

const kinds = ['whole', 'alongC', 'throughH'] as const;

/**
 * The gradient in every c_t of sequence b by other means: the whole by running the layer from step t on, the part along
 * c by its closed form, and the rest as their difference.
 */
function expected(drawn: Problem, b: number): LstmPaths[] {
  const { x, dy, s0, dsT } = drawn;
  const length = x.lengths?.[b] ?? x.T;
  const m = dy.F;
  const from = (s: Sequence, t: number) =>
    Sequence.dense(Array.from({ length: length - t }, (_, k) => s.at(t + k).getRow(b)).flat(), {
      T: length - t,
      F: s.F,
    });
  const { layer } = run(drawn);
  const end = { h: dsT.h.getRowVector(b), c: dsT.c.getRowVector(b) };
  const { tape } = layer.forward(from(x, 0), { h: s0.h.getRowVector(b), c: s0.c.getRowVector(b) });
  const gate = (t: number, name: 'f' | 'o' | 'tc', j: number) => tape.steps[t - 1]?.[name].get(0, j) ?? Number.NaN;
  const slope = (t: number) =>
    Matrix.rowVector(Array.from({ length: m }, (_, j) => gate(t, 'o', j) * (1 - gate(t, 'tc', j) ** 2)));
  const own = (t: number) => Matrix.add(dy.at(t - 1).getRowVector(b), Matrix.mul(end.h, t === length ? 1 : 0));
  const product = (t: number, j: number) =>
    Matrix.rowVector(
      Array.from({ length: m }, (_, unit) =>
        Array.from({ length: j - t }, (_, k) => gate(t + 1 + k, 'f', unit)).reduce((a, f) => a * f, 1),
      ),
    );

  let s = { h: s0.h.getRowVector(b), c: s0.c.getRowVector(b) };
  return Array.from({ length: length + 1 }, (_, t) => {
    let [dh, whole] = [end.h, end.c];
    if (t < length) {
      const later = layer.forward(from(x, t), s);
      const { ds0 } = layer.backward(later.tape, from(dy, t), end);
      [dh, whole] = [new Matrix(ds0.h?.to2DArray() ?? []), new Matrix(ds0.c?.to2DArray() ?? [])];
      const { next } = lstm.forward(layer.params.named(), x.at(t).getRowVector(b), s);
      s = { h: new Matrix(next.h.to2DArray()), c: new Matrix(next.c.to2DArray()) };
      if (t > 0) dh = Matrix.add(dh, dy.at(t - 1).getRowVector(b));
    } else dh = own(t);
    if (t > 0) whole = Matrix.add(whole, Matrix.mul(dh, slope(t)));
    const alongC = Matrix.mul(product(t, length), end.c);
    for (let j = Math.max(1, t); j <= length; j++) alongC.add(product(t, j).mul(own(j)).mul(slope(j))); // PATH-D2  p_t = Σ_j f_{t+1}…f_j⊙dy_j⊙o_j⊙(1−tanh²(c_j)) + f_{t+1}…f_τ⊙dc_τ
    return { whole, alongC, throughH: Matrix.sub(whole, alongC) };
  });
}

/** Which kinds differ anywhere by 1e-12 of the largest number, or of 1. */
function different(paths: readonly LstmPaths[], drawn: Problem): string[] {
  const off = new Set<string>();
  for (let b = 0; b < drawn.x.B; b++) {
    for (const [t, right] of expected(drawn, b).entries()) {
      for (const kind of kinds) {
        const row = paths[t]?.[kind].getRowVector(b) ?? Matrix.zeros(0, 0);
        if (!(deviation(row, right[kind]) <= 1e-12)) off.add(kind);
      }
    }
  }
  return kinds.filter(kind => off.has(kind));
}

describe('the gradient in every c_t', () => {
  it('is that of the backward pass, along c that of the closed form, and the rest the rest', () => {
    fc.assert(
      fc.property(problem, drawn => {
        const { layer, tape } = run(drawn);
        const paths = lstmPaths(layer, tape, drawn.dy, drawn.dsT);
        expect(paths.length).toBe(drawn.x.T + 1);
        expect(different(paths, drawn)).toEqual([]);
        const { ds0 } = layer.backward(tape, drawn.dy, drawn.dsT);
        expect(flat(paths[0]?.whole ?? Matrix.zeros(0, 0))).toEqual(flat(ds0.c ?? Matrix.zeros(0, 0)));
      }),
      { numRuns: 15 },
    );
  });

  it('is the sum of its two parts', () => {
    fc.assert(
      fc.property(problem, drawn => {
        const { layer, tape } = run(drawn);
        for (const { whole, alongC, throughH } of lstmPaths(layer, tape, drawn.dy, drawn.dsT)) {
          expect(deviation(Matrix.add(new Matrix(alongC.to2DArray()), throughH), whole)).toBeLessThan(1e-12); // PATH-D1  dL/dc_t = p_t + r_t
        }
      }),
    );
  });

  it('has nothing through h without the W_k, to the last bit', () => {
    fc.assert(
      fc.property(problem, drawn => {
        const { layer, tape } = run(withoutW(drawn));
        for (const { whole, alongC, throughH } of lstmPaths(layer, tape, drawn.dy, drawn.dsT)) {
          expect(flat(throughH).every(value => value === 0)).toBe(true); // PATH-D3  W_k = 0: r_t = 0, dL/dc_t = p_t
          expect(deviation(alongC, whole)).toBe(0);
        }
      }),
    );
  });

  it('has along c what a backward pass without the W_k finds on the same tape', () => {
    fc.assert(
      fc.property(problem, drawn => {
        const { layer, tape } = run(drawn);
        const [first] = lstmPaths(layer, tape, drawn.dy, drawn.dsT);
        const { ds0 } = run(withoutW(drawn)).layer.backward(tape, drawn.dy, drawn.dsT);
        expect(deviation(first?.alongC ?? Matrix.zeros(0, 0), ds0.c ?? Matrix.zeros(0, 0))).toBeLessThan(1e-14);
      }),
    );
  });

  it('is, where a sequence has ended, the one that was given', () => {
    const { layer, tape } = run(fixed);
    const paths = lstmPaths(layer, tape, fixed.dy, fixed.dsT);
    for (const [b, length] of [5, 2, 4].entries()) {
      for (const { whole, alongC, throughH } of paths.slice(length + 1)) {
        expect([whole, alongC].map(part => part.getRow(b))).toEqual([fixed.dsT.c.getRow(b), fixed.dsT.c.getRow(b)]);
        expect(throughH.getRow(b)).toEqual([0, 0, 0]);
      }
    }
  });

  it('changes no gradient, tape or cotangent', () => {
    const { layer, tape } = run(fixed);
    layer.params.grads.fill(0.5);
    const all = () => JSON.stringify([[...layer.params.values], [...layer.params.grads], tape, fixed.dy, fixed.dsT]);
    const before = all();
    lstmPaths(layer, tape, fixed.dy, fixed.dsT);
    expect(all()).toBe(before);
  });
});

/** The same problem with all four W_k zero: they come first in memory. */
function withoutW(drawn: Problem): Problem {
  const recurrent = 4 * drawn.dy.F ** 2;
  return { ...drawn, values: drawn.values.map((value, n) => (n < recurrent ? 0 : value)) };
}

/** Every W_k transposed. */
function transposedW(drawn: Problem): Problem {
  const m = drawn.dy.F;
  const at = (n: number) => (n < 4 * m * m ? n - (n % (m * m)) + (n % m) * m + Math.floor((n % (m * m)) / m) : n);
  return { ...drawn, values: drawn.values.map((_, n) => drawn.values[at(n)] ?? Number.NaN) };
}

describe('a planted mistake is caught, and named by the part it spoils', () => {
  /** The paths of the fixed problem with another layer, tape, or cotangent. */
  const paths = ({ problem = fixed, tape = s => s, dy = fixed.dy, dsT = fixed.dsT }: Mistake = {}) => {
    const right = run(fixed);
    return lstmPaths(run(problem).layer, { ...right.tape, steps: right.tape.steps.map(tape) }, dy, dsT);
  };
  interface Mistake {
    readonly problem?: Problem;
    readonly tape?: (step: LstmTape, t: number, steps: UnrollTape<LstmTape>['steps']) => LstmTape;
    readonly dy?: Sequence;
    readonly dsT?: Problem['dsT'];
  }
  const zero = Matrix.zeros(3, 3);
  const like = (a: AbstractMatrix, value: number) => Matrix.zeros(a.rows, a.columns).fill(value);
  const earlier = (before: AbstractMatrix, t: number) =>
    rowsOf(
      before,
      activeRows(fixed.x, t)?.map(b => (activeRows(fixed.x, t - 1) ?? [0, 1, 2]).indexOf(b)),
    );
  const scaled = (a: AbstractMatrix, factor: number) => Matrix.mul(new Matrix(a.to2DArray()), factor);
  const sum = (a: AbstractMatrix, b: AbstractMatrix) => Matrix.add(new Matrix(a.to2DArray()), b);

  const mistakes: readonly (readonly [string, readonly string[], () => readonly LstmPaths[]])[] = [
    ['none: the control', [], () => paths()],
    [
      'f_t for f_{t+1}',
      [...kinds],
      () => paths({ tape: (step, t, steps) => ({ ...step, f: earlier(steps[t - 1]?.f ?? step.f, t) }) }),
    ],
    ['the slope of tanh(c_t) dropped', [...kinds], () => paths({ tape: step => ({ ...step, tc: like(step.tc, 0) }) })],
    ['the output gate dropped', [...kinds], () => paths({ tape: step => ({ ...step, o: like(step.o, 1) }) })],
    ['W_k transposed', ['whole', 'throughH'], () => paths({ problem: transposedW(fixed) })],
    ['the gates’ term dropped', ['whole', 'throughH'], () => paths({ problem: withoutW(fixed) })],
    ['h_t for h_{t−1}: the cotangents a step late', [...kinds], () => paths({ dy: late(fixed.dy) })],
    ['dc_T dropped', [...kinds], () => paths({ dsT: { ...fixed.dsT, c: zero } })],
    ['dh_T dropped', [...kinds], () => paths({ dsT: { ...fixed.dsT, h: zero } })],
    ['slots one off', [...kinds], () => paths().slice(1)],
    ['the sign of r', ['throughH'], () => paths().map(slot => ({ ...slot, throughH: scaled(slot.throughH, -1) }))],
    [
      'r with p in it',
      ['throughH'],
      () => paths().map(slot => ({ ...slot, throughH: sum(slot.throughH, slot.alongC) })),
    ],
    ['p not without r', ['alongC'], () => paths().map(slot => ({ ...slot, alongC: slot.whole }))],
  ];

  it.each(mistakes)('%s', (_, spoilt, mistaken) => {
    expect(different(mistaken(), fixed)).toEqual(spoilt);
  });
});

/** Every step's rows a step later, zeros first. */
function late(dy: Sequence): Sequence {
  const rows = flat(dy.rows());
  const step = dy.B * dy.F;
  return Sequence.dense([...rows.slice(0, step).map(() => 0), ...rows.slice(0, -step)], { ...dy.extent(), F: dy.F });
}

describe('bad input', () => {
  const { layer, tape } = run(fixed);

  it.each<[string, string, () => unknown]>([
    ['a cotangent of another length', 'dy', () => lstmPaths(layer, tape, Sequence.zeros({ T: 4, B: 3, F: 3 }))],
    ['a cotangent of another width', 'dy', () => lstmPaths(layer, tape, Sequence.zeros({ T: 5, B: 3, F: 2 }))],
    ['a final cotangent without its part', 'dsT.c', () => lstmPaths(layer, tape, fixed.dy, { h: fixed.dsT.h })],
  ])('is a ShapeError that names the argument: %s', (_, argument, act) => {
    expect(act).toThrow(ShapeError);
    expect(act).toThrow(new RegExp(`^${argument}: expected`));
  });

  it('is a ValueError that names the place: Infinity in the final cotangent', () => {
    const dsT = { ...fixed.dsT, c: Matrix.zeros(3, 3).set(1, 2, Number.POSITIVE_INFINITY) };
    expect(() => lstmPaths(layer, tape, fixed.dy, dsT)).toThrow(ValueError);
    expect(() => lstmPaths(layer, tape, fixed.dy, dsT)).toThrow('dsT.c[1,2]: expected');
  });
});
