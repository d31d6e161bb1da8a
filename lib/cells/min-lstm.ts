/**
 * The minLSTM of Feng et al., *Were RNNs All We Needed?* (2024): an LSTM whose gates and proposal see the input alone, and
 * whose forget and input gate are weights of a mean. Derived in `derivations/min-lstm.md`.
 *
 * | symbol     | shape | meaning |
 * |------------|-------|---------|
 * | x          | B×d   | the input at time t |
 * | h          | B×m   | the hidden state at time t, which is the memory too; hPrev is h_{t−1} |
 * | f, i       | B×m   | forget and input gate; af and ai are their pre-activations |
 * | fShare, iShare | B×m | f′ and i′, each gate's share of both |
 * | hTilde     | B×m   | h̃, the new state that is proposed |
 * | U_k, b_k   | m×d, 1×m | the parameters of the gates f and i and of the proposal h |
 *
 * Where both gates are too small for a number, with pre-activations below −745 (−103 in 32 bits), their shares are 0/0.
 */
import type { AbstractMatrix } from 'ml-matrix';
import {
  add,
  addColumnSums,
  addRow,
  addTTimes,
  div,
  mul,
  oneMinus,
  scale,
  sigmoid,
  sub,
  times,
  timesT,
} from '../matrix.ts';
import type { Cell } from './cell.ts';

/** What the backward pass of one step needs. */
export interface MinLstmTape {
  readonly x: AbstractMatrix;
  readonly hPrev: AbstractMatrix;
  readonly f: AbstractMatrix;
  readonly i: AbstractMatrix;
  readonly hTilde: AbstractMatrix;
  readonly fShare: AbstractMatrix;
  readonly iShare: AbstractMatrix;
}

type Parameter = 'U_f' | 'U_i' | 'U_h' | 'b_f' | 'b_i' | 'b_h';

/** f′ = f/(f+i), i′ = i/(f+i), h_t = f′⊙h_{t−1} + i′⊙h̃. */
export const minLstm: Cell<Parameter, 'h', MinLstmTape> = {
  name: 'min-lstm',
  equations: {
    ...{ U_f: 'MINLSTM-B5', U_i: 'MINLSTM-B5', U_h: 'MINLSTM-B5' },
    ...{ b_f: 'MINLSTM-B6', b_i: 'MINLSTM-B6', b_h: 'MINLSTM-B6' },
    x: 'MINLSTM-B7',
    h: 'MINLSTM-B8',
  },
  keeps: { b_f: 1 },
  params: ({ d, m }) => ({ U_f: [m, d], U_i: [m, d], U_h: [m, d], b_f: [1, m], b_i: [1, m], b_h: [1, m] }),
  state: ({ m }) => ({ h: m }),

  forward(p, x, { h: hPrev }) {
    const f = sigmoid(addRow(timesT(x, p.U_f), p.b_f)); // MINLSTM-F1  f_t = σ(U_f x_t + b_f)
    const i = sigmoid(addRow(timesT(x, p.U_i), p.b_i)); // MINLSTM-F2  i_t = σ(U_i x_t + b_i)
    const hTilde = addRow(timesT(x, p.U_h), p.b_h); // MINLSTM-F3  h̃_t = U_h x_t + b_h
    const fShare = div(f, add(f, i)); // MINLSTM-F4  f′_t = f_t/(f_t + i_t)
    const iShare = div(i, add(f, i)); // MINLSTM-F5  i′_t = i_t/(f_t + i_t)
    const h = add(mul(fShare, hPrev), mul(iShare, hTilde)); // MINLSTM-F6  h_t = f′_t⊙h_{t−1} + i′_t⊙h̃_t
    return { next: { h }, tape: { x, hPrev, f, i, hTilde, fShare, iShare } };
  },

  backward(p, { x, hPrev, f, i, hTilde, fShare, iShare }, { h: dh }, dp) {
    const dhTilde = mul(dh, iShare); // MINLSTM-B1  dL/dh̃_t = dh⊙i′, through F6
    const dq = mul(dh, sub(hPrev, hTilde), fShare, iShare); // MINLSTM-B2  dL/dq = dh⊙(h_{t−1}−h̃)⊙f′⊙i′, q = log(f/i), through F6, F5, F4
    const daf = mul(dq, oneMinus(f)); // MINLSTM-B3  dL/daf = dL/dq⊙(1−f), through F1
    const dai = scale(mul(dq, oneMinus(i)), -1); // MINLSTM-B4  dL/dai = −dL/dq⊙(1−i), through F2
    const da = { f: daf, i: dai, h: dhTilde };
    for (const k of ['f', 'i', 'h'] as const) {
      addTTimes(dp[`U_${k}`], da[k], x); // MINLSTM-B5  dL/dU_k += (dL/da_k)ᵀ x_tᵀ, dL/dh̃ for k = h, through F1–F3
      addColumnSums(dp[`b_${k}`], da[k]); // MINLSTM-B6  dL/db_k += dL/da_k, through F1–F3
    }
    const dx = add(times(daf, p.U_f), times(dai, p.U_i), times(dhTilde, p.U_h)); // MINLSTM-B7  dL/dx_t = Σ_k dL/da_k U_k, through F1–F3
    const dhPrev = mul(dh, fShare); // MINLSTM-B8  dL/dh_{t−1} = dh⊙f′, through F6
    return { dx, dprev: { h: dhPrev } };
  },
};
