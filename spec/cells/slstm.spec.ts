/** The sLSTM: its derivation, its gradients, what the stabiliser is, planted mistakes. */
import fc from 'fast-check';
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { type SlstmTape, slstm } from '../../lib/cells/slstm.ts';
import { explain, recurrent } from '../../lib/engine/recurrent.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { add, div, exp, mul, scale, shift, sign } from '../../lib/matrix.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import type { Matrices } from '../../lib/shape.ts';
import { deviation, flat } from '../numbers.ts';
import { assigned, everything, stepOf } from './problems.ts';
import { describeCheck, describeDerivation, describeMistakes } from './proven.ts';

/** The cell that takes its stabiliser for constant. */
const constant: typeof slstm = {
  ...slstm,
  backward: (p, tape, dnext, dp) =>
    slstm.backward(p, tape, { ...dnext, m: add(mul(dnext.c, tape.c), mul(dnext.n, tape.n)) }, dp),
};

type State = Matrices<'h' | 'c' | 'n' | 'm'>;

/** The same memory in another unit: c and n are divided by e^δ, and m is more by δ. */
const rescaled = ({ h, c, n, m }: State, delta: number): State => {
  return { h, c: Matrix.mul(c, Math.exp(-delta)), n: Matrix.mul(n, Math.exp(-delta)), m: shift(m, delta) };
};

/** The memory without a unit. */
const whole = (part: AbstractMatrix, m: AbstractMatrix) => mul(part, exp(m)); // SLSTM-D2  C = c e^m, N = n e^m

describe('slstm', () => {
  it('runs fused, as an LSTM does', () => {
    expect(explain(slstm)).toBe('runs fused: 2 products and 1 kernel a step');
  });

  it('puts out the same whatever the stabiliser, and remembers the same', () => {
    fc.assert(
      fc.property(stepOf(slstm), fc.double({ min: -3, max: 3, noNaN: true }), ({ p, x, prev }, delta) => {
        const one = slstm.forward(p, x, prev).next;
        const other = slstm.forward(p, x, rescaled(prev, delta)).next;
        expect(deviation(other.h, one.h)).toBeLessThan(1e-12);
        expect(deviation(whole(other.c, other.m), whole(one.c, one.m))).toBeLessThan(1e-12);
        expect(deviation(whole(other.n, other.m), whole(one.n, one.m))).toBeLessThan(1e-12);
      }),
    );
  });

  it('is an LSTM of exponentials without one', () => {
    fc.assert(
      fc.property(stepOf(slstm), ({ p, x, prev }) => {
        const { next, tape } = slstm.forward(p, x, prev);
        const [f, i, was] = [exp(scale(tape.y, -1)), exp(tape.ai), sign(tape.w)];
        const C = add(mul(f, was, whole(prev.c, prev.m)), mul(i, tape.g)); // SLSTM-D1  C_t = f⊙C_{t−1} + i⊙g, N_t = f⊙N_{t−1} + i, h_t = o⊙C_t/N_t
        const N = add(mul(f, whole(tape.w, prev.m)), i);
        expect(deviation(whole(next.c, next.m), C)).toBeLessThan(1e-12);
        expect(deviation(whole(next.n, next.m), N)).toBeLessThan(1e-12);
        expect(deviation(next.h, mul(tape.o, div(C, N)))).toBeLessThan(1e-12);
      }),
    );
  });

  it('has no gradient in its stabiliser when all is carried through time, but in the unit of its first state', () => {
    const layer = unroll(slstm, { d: 2, m: 3 });
    normal(0.5)(layer.params, new Random(2));
    const [x, dy] = [2, 3].map(F =>
      Sequence.dense(
        Array.from({ length: 12 * F }, (_, n) => Math.sin(n + F)),
        { T: 6, B: 2, F },
      ),
    ) as [Sequence, Sequence];
    const drawn = (phase: number) =>
      new Matrix(
        [
          [0, 1, 2],
          [3, 4, 5],
        ].map(row => row.map(n => 1.5 + Math.sin(n + phase))),
      );
    const s0 = { h: drawn(1), c: drawn(2), n: drawn(3), m: drawn(4) };
    const { tape } = layer.forward(x, s0);
    const { ds0 } = layer.backward(tape, dy);
    const { c, n, m } = ds0 as State;
    expect(deviation(m, add(mul(c, s0.c), mul(n, s0.n)))).toBeLessThan(1e-13); // SLSTM-D5  dL/dm_{t−1} = dL/dc_{t−1}⊙c_{t−1} + dL/dn_{t−1}⊙n_{t−1}
    expect(Math.abs(flat(m)[0] ?? 0)).toBeGreaterThan(1e-6);
    const held = unroll(constant, { d: 2, m: 3 });
    held.params.values.set(layer.params.values);
    held.backward(held.forward(x, s0).tape, dy);
    expect(deviation(row(held.params.grads), row(layer.params.grads))).toBeLessThan(1e-13); // SLSTM-D3  what goes through the max is nothing
    const empty = layer.backward(layer.forward(x).tape, dy).ds0 as State;
    expect(flat(empty.m).map(Math.abs)).toEqual(new Array(6).fill(0));
  });

  it.each(['f64', 'f32'] as const)(
    'neither overflows nor divides by zero, however large or small the input gate, in %s',
    precision => {
      for (const bias of [-5000, -200, 0, 200, 5000]) {
        const layer = recurrent(slstm, { d: 1, m: 2 }, { precision });
        normal(0.5)(layer.params, new Random(3));
        layer.params.named().b_i.fill(bias);
        const x = Sequence.dense([1, -1, 0.5, 2], { T: 4, F: 1 });
        const { y, sT, tape } = layer.forward(x);
        for (const h of y.data) expect(Math.abs(h)).toBeLessThan(1); // a mean of g, let out by o
        for (const n of flat((sT as State).n)) expect(n).toBeGreaterThanOrEqual(1);
        layer.params.zeroGrads();
        const { dx } = layer.backward(tape, y);
        expect([...dx.data, ...layer.params.grads].every(Number.isFinite)).toBe(true);
      }
    },
  );

  it('takes a negative normaliser for its size, and nothing for nothing, whatever its unit', () => {
    const p = { ...unroll(slstm, { d: 1, m: 1 }).params.named() };
    const [x, one] = [Matrix.zeros(1, 1), Matrix.ones(1, 1)];
    const next = (n: number, m: number) =>
      slstm.forward(p, x, { h: one, c: one, n: Matrix.mul(one, n), m: Matrix.mul(one, m) }).next;
    expect(next(-0.5, 1)).toEqual(next(0.5, 1));
    expect(next(0, 300)).toEqual(next(0, -300)); // SLSTM-D4  l less 10⁴: f′ = 0
    expect(flat(next(0, 300).n)).toEqual([1]);
  });

  describeDerivation(slstm, { inFloats: /-F([16789]|1[0123])$|-B|^next/ }); // the softplus of F1

  describeCheck(slstm, [
    ...['W_f', 'W_i', 'W_o', 'W_g'].map(name => `${name} SLSTM-B12`),
    ...['U_f', 'U_i', 'U_o', 'U_g'].map(name => `${name} SLSTM-B13`),
    ...['b_f', 'b_i', 'b_o', 'b_g'].map(name => `${name} SLSTM-B14`),
    'V RO-B1',
    'c RO-B2',
    'x SLSTM-B15',
    'h0 SLSTM-B16',
    'c0 SLSTM-B10',
    'n0 SLSTM-B11',
    'm0 SLSTM-B7',
  ]);
});

const row = (values: ArrayLike<number>) => Matrix.rowVector(Array.from(values));

/** The cell whose backward pass is handed another tape. */
const planted = (change: (tape: SlstmTape) => Partial<SlstmTape>): typeof slstm => ({
  ...slstm,
  backward: (p, tape, dnext, dp) => slstm.backward(p, { ...tape, ...change(tape) }, dnext, dp),
});

const all = everything(slstm);
const nothing = (a: AbstractMatrix) => Matrix.zeros(a.rows, a.columns);

describeMistakes(slstm, [
  ['the last stabiliser taken for constant', all, constant],
  ['the stabilised gates exchanged', all, planted(({ f, i }) => ({ f: i, i: f }))],
  ['c_t for c_{t−1}', all, planted(({ c }) => ({ cPrev: c }))],
  ['n_t for n_{t−1}', all, planted(({ n }) => ({ w: n }))],
  ['the other exponent for the larger one', all, planted(({ l, ai }) => ({ l: ai, ai: l }))],
  ['the normaliser left out of the output', all, planted(({ n }) => ({ n: shift(nothing(n), 1) }))],
  ['the slope of −log f left out', all, planted(({ y }) => ({ y: shift(nothing(y), 50) }))],
  ['dW_i assigned where it must be added', ['W_i'], assigned(slstm, 'W_i')],
]);
