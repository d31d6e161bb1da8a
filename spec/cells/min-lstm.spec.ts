/** The minLSTM: its derivation, its gradients, what it is of the minGRU, planted mistakes. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { type MinLstmTape, minLstm } from '../../lib/cells/min-lstm.ts';
import { explain, recurrent } from '../../lib/engine/recurrent.ts';
import { add, div, log, mul, oneMinus, sigmoid } from '../../lib/matrix.ts';
import { Sequence } from '../../lib/sequence.ts';
import { deviation, flat } from '../numbers.ts';
import { assigned, everything, stepOf, zerosLike } from './problems.ts';
import { describeCheck, describeDerivation, describeMistakes } from './proven.ts';

describe('min-lstm', () => {
  it('runs fused, its products before the first step', () => {
    expect(explain(minLstm)).toBe('runs fused: 1 product and 1 kernel a step');
  });

  it('has shares that add up to one, of which the ratio of the gates is all that counts', () => {
    fc.assert(
      fc.property(stepOf(minLstm), ({ p, x, prev, dnext }) => {
        const { tape } = minLstm.forward(p, x, prev);
        const { f, i, fShare, iShare, hTilde } = tape;
        const q = log(div(f, i));
        expect(deviation(sigmoid(q), fShare)).toBeLessThan(1e-14); // MINLSTM-D1  f′_t = σ(q_t), i′_t = 1 − f′_t
        expect(deviation(oneMinus(sigmoid(q)), iShare)).toBeLessThan(1e-14);
        // MINLSTM-D2  ∂q/∂af = 1 − f, ∂q/∂ai = −(1 − i): what the two gates' biases receive is in that ratio, sample by sample
        const [dq, dp] = [mul(dnext.h, Matrix.sub(prev.h, hTilde), fShare, iShare), zerosLike(p)];
        minLstm.backward(p, tape, dnext, dp);
        expect(deviation(dp.b_f, new Matrix([mul(dq, oneMinus(f)).sum('column')]))).toBeLessThan(1e-13);
        expect(deviation(dp.b_i, new Matrix([mul(dq, oneMinus(i)).mul(-1).sum('column')]))).toBeLessThan(1e-13);
      }),
    );
  });

  it('keeps its state for ever where the input gate is shut, and halves it where both gates are alike', () => {
    const [h0, zero] = [Matrix.rowVector([0.3, -0.2, 0.9]), Matrix.zeros(1, 3)];
    const kept = (bias: number, T: number) => {
      const layer = recurrent(minLstm, { d: 1, m: 3 });
      layer.params.named().b_i.fill(bias);
      return flat(layer.forward(Sequence.zeros({ T, F: 1 }), { h: h0 }).sT.h ?? zero);
    };
    expect(kept(-700, 500)).toEqual(flat(h0));
    expect(kept(0, 3)).toEqual(flat(Matrix.div(h0, 8)));
  });

  describeDerivation(minLstm, { inFloats: /-F6$|-B|^next/ }); // f′ = σ(q) for f/(f + i)

  describeCheck(minLstm, [
    ...['U_f', 'U_i', 'U_h'].map(name => `${name} MINLSTM-B5`),
    ...['b_f', 'b_i', 'b_h'].map(name => `${name} MINLSTM-B6`),
    'V RO-B1',
    'c RO-B2',
    'x MINLSTM-B7',
    'h0 MINLSTM-B8',
  ]);
});

/** The cell whose backward pass is handed another tape. */
const planted = (change: (tape: MinLstmTape) => Partial<MinLstmTape>): typeof minLstm => ({
  ...minLstm,
  backward: (p, tape, dnext, dp) => minLstm.backward(p, { ...tape, ...change(tape) }, dnext, dp),
});

const gates = ['U_f', 'U_i', 'b_f', 'b_i', 'x'];

describeMistakes(minLstm, [
  [
    'h_t for h_{t−1}',
    gates,
    planted(({ fShare, iShare, hPrev, hTilde }) => ({ hPrev: add(mul(fShare, hPrev), mul(iShare, hTilde)) })),
  ],
  ['the gates for their shares', everything(minLstm), planted(({ f, i }) => ({ fShare: f, iShare: i }))],
  ['a share for its gate in daf', ['U_f', 'b_f', 'x'], planted(({ fShare }) => ({ f: fShare }))],
  ['the slopes of the gates exchanged', gates, planted(({ f, i }) => ({ f: i, i: f }))],
  ['dU_i assigned where it must be added', ['U_i'], assigned(minLstm, 'U_i')],
]);
