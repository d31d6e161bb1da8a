/** The minimal gated unit: its derivation, its gradients, what it is of the GRU, planted mistakes. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { gruResetBefore } from '../../lib/cells/gru-reset-before.ts';
import { type MguTape, mgu } from '../../lib/cells/mgu.ts';
import { explain, recurrent } from '../../lib/engine/recurrent.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { oneMinus } from '../../lib/matrix.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { runCell } from '../layers/pytorch.ts';
import { apart, assigned, everything, problemOf } from './problems.ts';
import { describeCheck, describeDerivation, describeMistakes } from './proven.ts';

describe('mgu', () => {
  it('runs fused: what the input gives, the gate, the proposal', () => {
    expect(explain(mgu)).toBe('runs fused: 3 products and 2 kernels a step');
  });

  it('is the GRU whose two gates are one, the update gate’s parameters negated, and the gradients subtracted', () => {
    fc.assert(
      fc.property(problemOf(mgu), given => {
        const { W_f = [], W_h = [], U_f = [], U_h = [], b_f = [], b_h = [] } = given.params;
        const negated = (values: readonly number[]) => values.map(value => -value);
        const [W_z, U_z, b_z] = [negated(W_f), negated(U_f), negated(b_f)]; // MGU-D1  (W_r, …) = (W_f, …), (W_z, …) = −(W_f, …)
        const params = { W_r: W_f, W_z, W_n: W_h, U_r: U_f, U_z, U_n: U_h, b_r: b_f, b_z, b_n: b_h };
        const { dW_r, dW_z, dW_n, dU_r, dU_z, dU_n, db_r, db_z, db_n, ...rest } = runCell(gruResetBefore, {
          ...given,
          params,
        });
        const less = (a: readonly number[] = [], b: readonly number[] = []) =>
          a.map((value, n) => value - (b[n] ?? Number.NaN)); // MGU-D2  dL/dW_f = dL/dW_r − dL/dW_z
        const joined = { dW_f: less(dW_r, dW_z), dU_f: less(dU_r, dU_z), db_f: less(db_r, db_z) };
        const proposal = { dW_h: dW_n ?? [], dU_h: dU_n ?? [], db_h: db_n ?? [] };
        expect(apart(runCell(mgu, given), { ...rest, ...joined, ...proposal })).toBeLessThan(1e-12);
      }),
    );
  });

  it('keeps its state, and its gradient, where f = 0: that is where its bias is far below zero', () => {
    const layer = recurrent(mgu, { d: 2, m: 3 });
    normal(0.5)(layer.params, new Random(1));
    layer.params.named().b_f.fill(-800);
    const h0 = Matrix.rowVector([0.3, -0.2, 0.9]);
    const { y, sT, tape } = layer.forward(
      Sequence.dense(
        Array.from({ length: 400 }, (_, n) => Math.sin(n)),
        { T: 200, F: 2 },
      ),
      { h: h0 },
    );
    const dh = { h: Matrix.rowVector([1, 2, 3]) };
    expect(sT.h?.to1DArray()).toEqual([0.3, -0.2, 0.9]);
    const { ds0 } = layer.backward(tape, Sequence.zeros({ ...y.extent(), F: 3 }), dh);
    expect(ds0.h?.to1DArray()).toEqual([1, 2, 3]); // MGU-D3  ∂⁺h_t/∂h_{t−1} = diag(1−f_t), and by MGU-D4 nothing else
  });

  describeDerivation(mgu);

  describeCheck(mgu, [
    ...['W_f', 'W_h'].map(name => `${name} MGU-B4`),
    ...['U_f', 'U_h'].map(name => `${name} MGU-B5`),
    ...['b_f', 'b_h'].map(name => `${name} MGU-B6`),
    'V RO-B1',
    'c RO-B2',
    'x MGU-B7',
    'h0 MGU-B8',
  ]);
});

/** The cell whose backward pass is handed another tape. */
const planted = (change: (tape: MguTape) => Partial<MguTape>): typeof mgu => ({
  ...mgu,
  backward: (p, tape, dnext, dp) => mgu.backward(p, { ...tape, ...change(tape) }, dnext, dp),
});

const all = everything(mgu);

describeMistakes(mgu, [
  ['the gate the other way round', all, planted(({ f }) => ({ f: oneMinus(f) }))],
  ['h_{t−1} for s_t in dW_h', ['W_h'], planted(({ hPrev }) => ({ s: hPrev }))],
  ['s_t for h_{t−1}', all, planted(({ s }) => ({ hPrev: s }))],
  ['W_h transposed on the way to the gate', all, { 'times(dah, p.W_h)': 'timesT(dah, p.W_h)' }],
  ['db_f assigned where it must be added', ['b_f'], assigned(mgu, 'b_f')],
]);
