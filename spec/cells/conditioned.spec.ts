/** Conditioned cells: the slide's formula, every cell inside, where v is seen and where its gradient comes from. */
import fc from 'fast-check';
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { type Conditioning, conditioned } from '../../lib/cells/conditioned.ts';
import { gru } from '../../lib/cells/gru.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { type RnnTape, rnn } from '../../lib/cells/rnn.ts';
import { checkCell } from '../../lib/check/check-cell.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { add, beside, columns, copy, scale, sub } from '../../lib/matrix.ts';
import { Sequence } from '../../lib/sequence.ts';
import { OneHotMatrix } from '../../lib/views.ts';
import { matrix, sequence, size } from '../arbitraries.ts';
import { deviation, flat } from '../numbers.ts';
import { describeMistakes } from './proven.ts';

const WHENS = ['always', 'first'] as const;

/** T steps of one sequence of the slide's network, its parameters as on the slide, and a cotangent on every h_t. */
const problem = fc.tuple(size(5), size(4), size(3), size(4)).chain(([T, d, k, m]) =>
  fc.record({
    W_hh: matrix(m, m),
    W_xh: matrix(m, d),
    W_ih: matrix(m, k),
    b: matrix(1, m),
    x: sequence(T, 1, d),
    h0: matrix(1, m),
    v: matrix(1, k),
    dy: sequence(T, 1, m),
  }),
);

describe.each(WHENS)('seen %s', when => {
  it('is the slide: h = tanh(W_xh x + W_hh h + W_ih v), and so is its gradient', () => {
    fc.assert(
      fc.property(problem, ({ W_hh, W_xh, W_ih, b, x, h0, v, dy }) => {
        const [d, k, m] = [x.F, v.columns, h0.columns];
        const layer = unroll(conditioned(rnn, { k, when }), { d, m });
        const p = layer.params.named();
        p.W.add(W_hh);
        p.U.setSubMatrix(W_xh, 0, 0).setSubMatrix(W_ih, 0, d); // CND-D1  U = (W_xh W_ih)
        p.b.add(b);
        const { y, tape } = layer.forward(x, { h: h0, v });
        const { dx, ds0 } = layer.backward(tape, dy);

        const hs = [h0.transpose()];
        const vs: Matrix[] = [];
        for (let t = 1; t <= x.T; t++) {
          const vt = when === 'always' || t === 1 ? v.transpose() : Matrix.zeros(k, 1);
          const terms = [W_xh.mmul(x.at(t - 1).transpose()), W_hh.mmul(at(hs, t - 1)), W_ih.mmul(vt), b.transpose()];
          const a = terms.reduce((sum, term) => Matrix.add(sum, term));
          hs.push(Matrix.columnVector(flat(a).map(Math.tanh)));
          vs.push(vt);
          expect(deviation(y.at(t - 1), at(hs, t).transpose())).toBeLessThan(1e-14);
        }
        const [dv, dW_ih] = [Matrix.zeros(1, k), Matrix.zeros(m, k)];
        let dh = Matrix.zeros(1, m);
        for (let t = x.T; t >= 1; t--) {
          dh.add(dy.at(t - 1));
          const g = dh.mmul(Matrix.diag(flat(at(hs, t)).map(h => 1 - h * h)));
          if (when === 'always' || t === 1) dv.add(g.mmul(W_ih)); // CND-D2  Σ_t g_t W_ih, or g_1 W_ih
          dW_ih.add(g.transpose().mmul(at(vs, t - 1).transpose())); // CND-D3  dL/dW_ih = Σ_t g_tᵀ v_{t−1}ᵀ
          expect(deviation(dx.at(t - 1), g.mmul(W_xh))).toBeLessThan(1e-12);
          dh = g.mmul(W_hh);
        }
        expect(deviation(ds0.v ?? dh, dv)).toBeLessThan(1e-12);
        expect(deviation(layer.params.namedGrads().U.subMatrix(0, m - 1, d, d + k - 1), dW_ih)).toBeLessThan(1e-12);
      }),
    );
  });

  it.each([
    ['rnn', rnn as Cell],
    ['lstm', lstm as Cell],
    ['gru', gru as Cell],
  ])('passes the gradient check around %s, v and all', (name, inner) => {
    const cell = conditioned(inner, { k: 2, when });
    expect(cell.name).toBe(when === 'always' ? `conditioned(${name})` : `conditioned(${name}, first)`);
    const { ok, restsOn, tensors } = checkCell(cell, { T: 3, B: 2, d: 2, m: 3, C: 3 });
    expect({ ok, restsOn }).toEqual({ ok: true, restsOn: 'proof' });
    const { equations = {} } = inner;
    const names = Object.keys(inner.params({ d: 1, m: 1 })).map(own => `${own} ${equations[own]}`);
    const state = Object.keys(inner.state({ d: 1, m: 1 })).map(part => `${part}0 ${equations[part]}`);
    expect(tensors.map(({ name, tag }) => `${name} ${tag}`)).toEqual([
      ...names,
      'V RO-B1',
      'c RO-B2',
      'x CND-B2',
      ...state,
      'v0 CND-B3',
    ]);
    for (const { maxRel } of tensors) expect(maxRel).toBeGreaterThan(0);
  });

  it('takes one-hot input, with the numbers of the dense one', () => {
    const layer = unroll(conditioned(lstm, { k: 2, when }), { d: 3, m: 2 });
    layer.params.values.forEach((_, i) => {
      layer.params.values[i] = Math.sin(i + 1);
    });
    const indices = [2, 0, 1, 1, 2, 0];
    const sparse = Sequence.oneHot(indices, { T: 3, B: 2, classes: 3 });
    const dense = Sequence.dense(flat(sparse.rows()), { T: 3, B: 2, F: 3 });
    const s0 = {
      h: new Matrix([
        [0.1, 0.2],
        [0.3, 0.4],
      ]),
      c: Matrix.ones(2, 2),
      v: new Matrix([
        [1, 2],
        [3, -4],
      ]),
    };
    const results = [sparse, dense].map(x => {
      layer.params.zeroGrads();
      const { y, sT, tape } = layer.forward(x, s0);
      const { dx, ds0 } = layer.backward(tape, Sequence.dense(flat(y.rows()), { T: 3, B: 2, F: 2 }));
      return JSON.stringify([y, sT, dx, ds0, layer.params.grads]);
    });
    expect(results[0]).toBe(results[1]);
  });
});

function at(list: readonly Matrix[], t: number): Matrix {
  return list[t] ?? Matrix.zeros(0, 0);
}

it('has the state of the cell inside for d + k inputs, and v beside it', () => {
  const echo = { ...rnn, state: ({ d, m }: { d: number; m: number }) => ({ h: m, last: d }) };
  expect(conditioned(echo, { k: 2 }).state({ d: 3, m: 4 })).toEqual({ h: 4, last: 5, v: 2 });
});

it('first and always agree at the first step and differ from the second on', () => {
  const outputs = WHENS.map(when => {
    const layer = unroll(conditioned(rnn, { k: 1, when }), { d: 1, m: 1 });
    layer.params.values.set([0.5, 1, 2, 0]); // W, W_xh, W_ih, b
    const { y, sT } = layer.forward(Sequence.dense([1, 1, 1], { T: 3, F: 1 }), {
      h: new Matrix([[0.3]]),
      v: new Matrix([[0.7]]),
    });
    expect(flat(sT.v ?? Matrix.zeros(0, 0))).toEqual([when === 'always' ? 0.7 : 0]);
    return flat(y.rows());
  });
  const [always = [], first = []] = outputs;
  expect(first[0]).toBe(always[0]);
  expect(first[1]).not.toBe(always[1]);
  expect(first[1]).toBe(Math.tanh(0.5 * (first[0] ?? 0) + 1));
});

describe('refuses', () => {
  it.each([0, -1, 1.5, Number.NaN])('k = %s', k => {
    expect(() => conditioned(rnn, { k })).toThrow(ValueError);
    expect(() => conditioned(rnn, { k })).toThrow(`k: expected a positive integer, got ${k}`);
  });

  it('a `when` that is neither', () => {
    const when = 'last' as unknown as Conditioning['when'];
    expect(() => conditioned(rnn, { k: 1, ...(when && { when }) })).toThrow(ValueError);
    expect(() => conditioned(rnn, { k: 1, ...(when && { when }) })).toThrow(
      `when: expected 'always' or 'first', got "last"`,
    );
  });

  it('a cell that is conditioned already', () => {
    expect(() => conditioned(conditioned(rnn, { k: 1 }), { k: 2 })).toThrow(
      new ValueError('cell', 'a cell without a v', 'conditioned(rnn)'),
    );
  });

  it('a v of another size, or for another number of sequences', () => {
    const cell = conditioned(rnn, { k: 2 });
    const layer = unroll(cell, { d: 1, m: 1 });
    const x = Sequence.zeros({ T: 1, B: 2, F: 1 });
    const h = Matrix.zeros(2, 1);
    expect(() => layer.forward(x, { h, v: Matrix.zeros(2, 3) })).toThrow(ShapeError);
    const p = layer.params.named();
    expect(() => cell.forward(p, new OneHotMatrix(Int32Array.of(0, 0), 1), { h, v: Matrix.zeros(1, 2) })).toThrow(
      new ShapeError('[a, b]', 'matrices whose shapes fit', '2×1 with 1×2'),
    );
  });
});

type Conditioned = Cell<'W' | 'U' | 'b', 'h' | 'v', RnnTape>;

/** The cell whose tape holds zeros in the place of v: dW_ih is lost. */
const forgetful: Conditioned = {
  ...conditioned(rnn, { k: 3 }),
  forward(p, x, prev) {
    const { next, tape } = conditioned(rnn, { k: 3 }).forward(p, x, prev);
    return { next, tape: { ...tape, x: beside(x, scale(prev.v, 0)) } };
  },
};

/** A conditioned cell of which something is changed on the way back. */
const planted = (when: 'always' | 'first', change: (right: Back, dv: AbstractMatrix) => Back): Cell => {
  const cell = conditioned(rnn, { k: 3, when });
  return {
    ...cell,
    backward: (p, tape, dnext, dp) => change(cell.backward(p, tape, dnext, dp), dnext.v),
  } as Conditioned as Cell;
};

type Back = ReturnType<Conditioned['backward']>;

const withV = ({ dx, dprev }: Back, v: AbstractMatrix): Back => ({ dx, dprev: { ...dprev, v } });

const reversed = (a: AbstractMatrix) => beside(columns(a, 2, 3), columns(a, 1, 2), columns(a, 0, 1));

describeMistakes(conditioned(rnn, { k: 3 }) as Cell, [
  ['dv of one step alone', ['v0'], planted('always', (right, dv) => withV(right, sub(right.dprev.v, dv)))],
  ['dv not of this step', ['v0'], planted('always', (right, dv) => withV(right, copy(dv)))],
  ['dv summed though v was seen once', ['v0'], planted('first', (right, dv) => withV(right, add(right.dprev.v, dv)))],
  ['dx for dv', ['v0'], planted('always', right => withV(right, right.dx))],
  ['dv for dx', ['x'], planted('always', ({ dprev }) => ({ dx: dprev.v, dprev }))],
  ['the columns of dv in another order', ['v0'], planted('always', right => withV(right, reversed(right.dprev.v)))],
  ['the sign of dv', ['v0'], planted('first', right => withV(right, scale(right.dprev.v, -1)))],
  ['v not in dU', ['U'], forgetful as Cell],
  [
    'first for always',
    ['v0'],
    { ...conditioned(rnn, { k: 3 }), backward: conditioned(rnn, { k: 3, when: 'first' }).backward } as Cell,
  ],
]);
