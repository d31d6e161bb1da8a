/** The time loop: every gradient by finite differences, the recursion against the unrolled product, and padding. */
import fc from 'fast-check';
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { type RnnTape, rnn, rnnRelu } from '../../lib/cells/rnn.ts';
import { agrees, checkGradients } from '../../lib/check/finite-differences.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { normal } from '../../lib/init/initialisers.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { type UnrollTape, unroll } from '../../lib/layers/unroll.ts';
import { addTo } from '../../lib/matrix.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import type { Matrices } from '../../lib/shape.ts';
import { entries, lengths, matrix, sequence, size } from '../arbitraries.ts';
import { deviation, flat, inner } from '../numbers.ts';

type RnnLayer = Layer<UnrollTape<RnnTape>, 'W' | 'U' | 'b'>;

/** A layer with drawn parameters, an input, a non-zero initial state, and a cotangent on every h_t and on h_T. */
const problem = (cell: typeof rnn, withLengths = true) =>
  fc
    .tuple(size(8), size(4), size(6), size(6))
    .chain(([T, B, d, m]) =>
      fc.tuple(fc.constant([T, B, d, m] as const), withLengths ? lengths(T, B) : fc.constant(undefined)),
    )
    .chain(([[T, B, d, m], own]) =>
      fc.record({
        layer: entries(m * m + m * d + m).map(numbers => {
          const layer = unroll(cell, { d, m });
          layer.params.values.set(numbers);
          return layer;
        }),
        x: sequence(T, B, d, own),
        h0: matrix(B, m),
        dy: sequence(T, B, m, own),
        dhT: matrix(B, m),
      }),
    );

/** Σ_t ⟨dy_t, h_t⟩ + ⟨dhT, h_T⟩. */
function lossOf(layer: Layer, x: Sequence, h0: Matrix, dy: Sequence, dhT: Matrix): number {
  const { y, sT } = layer.forward(x, { h: h0 });
  return inner(dy.rows(), y.rows()) + inner(dhT, state(sT));
}

function state(s: Matrices): Matrix {
  return s.h ? new Matrix(s.h.to2DArray()) : Matrix.zeros(0, 0);
}

/** The parameters, as fresh matrices. */
function weights({ params }: RnnLayer): Record<'W' | 'U' | 'b', Matrix> {
  const { W, U, b } = params.named();
  const fresh = (view: AbstractMatrix) => new Matrix(view.to2DArray());
  return { W: fresh(W), U: fresh(U), b: fresh(b) };
}

/** No pre-activation so near to ReLU's kink that rounding decides its side. */
function awayFromKinks(layer: RnnLayer, x: Sequence, h0: Matrix): boolean {
  const { W, U, b } = weights(layer);
  const { steps } = layer.forward(x, { h: h0 }).tape;
  return steps.every(({ x: xt, hPrev }) => {
    const a = new Matrix(hPrev.to2DArray()).mmul(W.transpose()).add(new Matrix(xt.to2DArray()).mmul(U.transpose()));
    return flat(a.addRowVector(b.getRow(0))).every(pre => Math.abs(pre) > 1e-3);
  });
}

describe.each([
  ['tanh', rnn],
  ['ReLU', rnnRelu],
] as const)('the unrolled %s network', (_, cell) => {
  it('has the gradients of finite differences in W, U, b, every x_t and h_0', () => {
    fc.assert(
      fc.property(problem(cell), ({ layer, x, h0, dy, dhT }) => {
        fc.pre(cell === rnn || awayFromKinks(layer, x, h0));
        const { dx, ds0 } = layer.backward(layer.forward(x, { h: h0 }).tape, dy, { h: dhT });
        const [p, dp] = [layer.params.named(), layer.params.namedGrads()];
        const report = checkGradients(
          () => lossOf(layer, x, h0, dy, dhT),
          [
            { name: 'W', values: p.W, gradient: dp.W },
            { name: 'U', values: p.U, gradient: dp.U },
            { name: 'b', values: p.b, gradient: dp.b },
            { name: 'x', values: x.rows(), gradient: dx.rows() },
            { name: 'h0', values: h0, gradient: state(ds0) },
          ],
        );
        expect(report.tensors.flatMap(({ name, failures }) => failures.map(f => ({ name, ...f })))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('follows the slide: the last state, then every state from the one after it', () => {
    fc.assert(
      fc.property(problem(cell, false), ({ layer, x, h0, dy }) => {
        const { tape } = layer.forward(x, { h: h0 });
        const { ds0 } = layer.backward(tape, dy);
        const { W } = weights(layer);
        let dh = Matrix.zeros(x.B, layer.outputs);
        for (let t = x.T - 1; t >= 0; t--) {
          const da = slopes(cell, tape, t).mul(dh.add(dy.at(t))); // RNN-D4  dL/dh_τ = dL/do_τ V, for t = τ: dh is 0 there
          dh = da.mmul(W); // RNN-D5  dL/dh_t = dL/do_t V + dL/da_{t+1} W, dy being dL/do_t V
        }
        expect(deviation(state(ds0), dh)).toBeLessThan(1e-12);
      }),
    );
  });

  it('has the gradient of the unrolled product, factors in the order of time', () => {
    fc.assert(
      fc.property(problem(cell, false), ({ layer, x, h0, dy }) => {
        const { tape } = layer.forward(x, { h: h0 });
        layer.params.zeroGrads();
        const { dx, ds0 } = layer.backward(tape, dy);
        const { W, U } = weights(layer);
        for (let b = 0; b < x.B; b++) {
          const J = (t: number) => Matrix.diag(slopes(cell, tape, t).getRow(b)).mmul(W);
          const dh = (t: number): Matrix => {
            const sum = Matrix.zeros(1, W.rows);
            for (let j = t; j < x.T; j++) {
              let term = dy.at(j).getRowVector(b);
              for (let k = j; k > t; k--) term = term.mmul(J(k)); // BPTT-P3  ∂h_j/∂h_t = (D_j W) … (D_{t+1} W)
              sum.add(term); // BPTT-P1  dL/dh_t = Σ_j g_oj V (D_j W) … (D_{t+1} W), dy being g_o V
            }
            return sum;
          };
          const da = (t: number) => dh(t).mmul(Matrix.diag(slopes(cell, tape, t).getRow(b))); // BPTT-P2  dL/da_t = dL/dh_t D_t
          for (let t = 0; t < x.T; t++) {
            expect(deviation(dx.at(t).getRowVector(b), da(t).mmul(U))).toBeLessThan(1e-12);
          }
          expect(deviation(state(ds0).getRowVector(b), da(0).mmul(W))).toBeLessThan(1e-12);
        }
      }),
    );
  });
});

describe('the adjoint', () => {
  it('satisfies ⟨dy, J v⟩ = ⟨Jᵀ dy, v⟩ in the direction of x, at a size that element by element would take long', () => {
    const [T, B, d, m] = [40, 8, 20, 30];
    const rng = new Random(1);
    const drawn = (F: number) => {
      const drawing = Sequence.zeros({ T, B, F });
      normal(1)(drawing.rows(), rng);
      return drawing;
    };
    const layer = unroll(rnn, { d, m });
    normal(0.2)(layer.params, rng);
    const [x, v, dy] = [drawn(d), drawn(d), drawn(m)];
    const { dx } = layer.backward(layer.forward(x).tape, dy);
    const shifted = (h: number) => {
      const moved = new Matrix(x.rows().to2DArray()).add(new Matrix(v.rows().to2DArray()).mul(h));
      return inner(dy.rows(), layer.forward(Sequence.dense(flat(moved), { T, B, F: d })).y.rows());
    };
    const h = 1e-3;
    const directional = (shifted(-2 * h) - 8 * shifted(-h) + 8 * shifted(h) - shifted(2 * h)) / (12 * h);
    expect(agrees(inner(dx.rows(), v.rows()), directional)).toBe(true); // ADJ-1  ⟨dy, J v⟩ = ⟨Jᵀ dy, v⟩
    expect(Math.abs(directional)).toBeGreaterThan(1);
  });
});

describe('a batch', () => {
  it('is its sequences one by one: outputs, final states and the sum of the gradients', () => {
    fc.assert(
      fc.property(problem(rnn), ({ layer, x, h0, dy, dhT }) => {
        const { y, sT, tape } = layer.forward(x, { h: h0 });
        const { dx, ds0 } = layer.backward(tape, dy, { h: dhT });
        const whole = layer.params.grads.slice();
        layer.params.zeroGrads();
        for (let b = 0; b < x.B; b++) {
          const T = x.lengths?.[b] ?? x.T;
          const only = (s: Sequence) =>
            Sequence.dense(Array.from({ length: T }, (_, t) => s.at(t).getRow(b)).flat(), { T, F: s.F });
          const alone = layer.forward(only(x), { h: h0.getRowVector(b) });
          const back = layer.backward(alone.tape, only(dy), { h: dhT.getRowVector(b) });
          expect(flat(alone.y.rows())).toEqual(flat(only(y).rows()));
          expect(flat(state(alone.sT))).toEqual(state(sT).getRow(b));
          expect(flat(back.dx.rows())).toEqual(flat(only(dx).rows()));
          expect(flat(state(back.ds0))).toEqual(state(ds0).getRow(b));
        }
        expect(deviation(new Matrix([[...layer.params.grads]]), new Matrix([[...whole]]))).toBeLessThan(1e-12);
      }),
    );
  });

  it('takes nothing from its padding, whatever stands there, and puts zeros out', () => {
    fc.assert(
      fc.property(problem(rnn), entries(8 * 4 * 6), ({ layer, x, h0, dy, dhT }, garbage) => {
        fc.pre(x.lengths !== undefined);
        const run = (input: Sequence, cotangent: Sequence) => {
          layer.params.zeroGrads();
          const { y, sT, tape } = layer.forward(input, { h: h0 });
          const { dx, ds0 } = layer.backward(tape, cotangent, { h: dhT });
          return [y.rows(), state(sT), dx.rows(), state(ds0), new Matrix([[...layer.params.grads]])].map(flat);
        };
        const spoilt = (s: Sequence) => {
          const copy = Sequence.dense(flat(s.rows()), {
            T: s.T,
            B: s.B,
            F: s.F,
            ...(s.lengths && { lengths: s.lengths }),
          });
          const rows = copy.rows();
          for (let n = 0; n < rows.rows; n++) {
            for (let j = 0; j < rows.columns && !s.counts(n); j++) rows.set(n, j, 100 + (garbage[n + j] ?? 0));
          }
          return copy;
        };
        expect(run(spoilt(x), spoilt(dy))).toEqual(run(x, dy));
        const { y } = layer.forward(spoilt(x), { h: h0 });
        for (let n = 0; n < y.T * y.B; n++) {
          if (!x.counts(n))
            expect(
              y
                .rows()
                .getRow(n)
                .every(value => value === 0),
            ).toBe(true);
        }
      }),
    );
  });
});

describe('two halves', () => {
  it('chained through the state give what the whole gives', () => {
    fc.assert(
      fc.property(problem(rnn, false), ({ layer, x, h0, dy, dhT }) => {
        fc.pre(x.T > 1);
        const cut = Math.floor(x.T / 2);
        const { tape } = layer.forward(x, { h: h0 });
        const { ds0 } = layer.backward(tape, dy, { h: dhT });
        const whole = new Matrix([[...layer.params.grads]]);
        layer.params.zeroGrads();
        const first = layer.forward(x.slice(0, cut), { h: h0 });
        const second = layer.forward(x.slice(cut, x.T), first.sT);
        const late = layer.backward(second.tape, dy.slice(cut, x.T), { h: dhT });
        const early = layer.backward(first.tape, dy.slice(0, cut), late.ds0);
        expect(flat(state(early.ds0))).toEqual(flat(state(ds0)));
        expect(deviation(new Matrix([[...layer.params.grads]]), whole)).toBeLessThan(1e-13);
      }),
    );
  });
});

describe('one-hot inputs', () => {
  it('give what dense ones give, classes that repeat included', () => {
    const [T, B, d, m] = [6, 2, 3, 4];
    const layer = unroll(rnn, { d, m });
    layer.params.values.forEach((_, i, values) => {
      values[i] = Math.sin(i);
    });
    const sparse = Sequence.oneHot([0, 1, 1, 1, 2, 0, 1, 1, 0, 2, 2, 2], { T, B, classes: d });
    const dense = Sequence.dense(flat(sparse.rows()), { T, B, F: d });
    const results = [sparse, dense].map(x => {
      layer.params.zeroGrads();
      const { y, tape } = layer.forward(x);
      const { dx } = layer.backward(tape, y);
      return [y.rows(), dx.rows(), new Matrix([[...layer.params.grads]])];
    });
    const [one, other] = results;
    one?.forEach((tensor, i) => {
      expect(deviation(tensor, other?.[i] ?? Matrix.zeros(0, 0))).toBeLessThan(1e-14);
    });
  });
});

describe('bad input', () => {
  const layer = unroll(rnn, { d: 2, m: 3 });
  const x = Sequence.zeros({ T: 4, B: 2, F: 2 });
  const { tape } = layer.forward(x);
  const nan = Sequence.zeros({ T: 4, B: 2, F: 2 });
  addTo(
    nan.at(1),
    new Matrix([
      [0, Number.NaN],
      [0, 0],
    ]),
  );

  it.each<[string, string, () => unknown]>([
    ['inputs of another width', 'x', () => layer.forward(Sequence.zeros({ T: 4, B: 2, F: 3 }))],
    ['a state for another batch', 's0.h', () => layer.forward(x, { h: Matrix.zeros(1, 3) })],
    ['a state without its part', 's0.h', () => layer.forward(x, {})],
    ['a state with a part too many', 's0', () => layer.forward(x, { h: Matrix.zeros(2, 3), c: Matrix.zeros(2, 3) })],
    ['a cotangent of another length', 'dy', () => layer.backward(tape, Sequence.zeros({ T: 3, B: 2, F: 3 }))],
    ['a cotangent of another width', 'dy', () => layer.backward(tape, Sequence.zeros({ T: 4, B: 2, F: 2 }))],
    [
      'a final cotangent of another shape',
      'dsT.h',
      () => layer.backward(tape, layer.forward(x).y, { h: Matrix.zeros(2, 2) }),
    ],
  ])('is a ShapeError that names the argument: %s', (_, argument, act) => {
    expect(act).toThrow(ShapeError);
    expect(act).toThrow(new RegExp(`^${argument}: expected`));
  });

  it.each<[string, string, () => unknown]>([
    ['NaN in the input', 'x[5]', () => layer.forward(nan)],
    [
      'Infinity in the state',
      's0.h[1,2]',
      () => layer.forward(x, { h: Matrix.zeros(2, 3).set(1, 2, Number.POSITIVE_INFINITY) }),
    ],
    ['zero hidden units', 'm', () => unroll(rnn, { d: 2, m: 0 })],
    ['a fraction of an input', 'd', () => unroll(rnn, { d: 1.5, m: 1 })],
  ])('is a ValueError that names the place: %s', (_, argument, act) => {
    expect(act).toThrow(ValueError);
    expect(act).toThrow(`${argument}: expected`);
  });

  it('leaves parameters and gradients as they were', () => {
    const before = [layer.params.values.slice(), layer.params.grads.slice()];
    expect(() => layer.backward(tape, Sequence.zeros({ T: 4, B: 2, F: 3 }), { h: Matrix.zeros(1, 1) })).toThrow();
    expect([layer.params.values, layer.params.grads]).toEqual(before);
  });
});

/** g′(a_t) of every sequence, from the tape. */
function slopes(cell: typeof rnn, { steps }: UnrollTape<RnnTape>, t: number): Matrix {
  const h = new Matrix(steps[t]?.h.to2DArray() ?? []);
  return h.apply(function (this: Matrix, i: number, j: number) {
    const value = this.get(i, j);
    this.set(i, j, cell === rnn ? 1 - value * value : Number(value > 0));
  });
}
