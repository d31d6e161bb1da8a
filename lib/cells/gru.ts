/**
 * The GRU that resets after the recurrent product: cuDNN's, PyTorch's, and Keras' by default. Derived in
 * `derivations/gru.md`; the one that resets before, as in the paper, is in `gru-reset-before.ts`.
 *
 * | symbol           | shape | meaning |
 * |------------------|-------|---------|
 * | x                | B×d   | the input at time t |
 * | h                | B×m   | the hidden state at time t; hPrev is h_{t−1} |
 * | r, z, n          | B×m   | reset and update gate; the new state that is proposed |
 * | q                | B×m   | the recurrent side of n, before the reset |
 * | ar, az, an       | B×m   | the pre-activations; dar … are the gradients in them |
 * | W_k, U_k, b_k    | m×m, m×d, 1×m | the parameters of gate k |
 * | b_h              | 1×m   | a second bias of n, inside the reset |
 *
 * z keeps: where it is 1, h stays what it was. For sources in which it renews, see {@link swapUpdateGate}.
 */
import type { AbstractMatrix } from 'ml-matrix';
import {
  add,
  addColumnSums,
  addRow,
  addTTimes,
  affine,
  mul,
  oneMinus,
  sigmoid,
  sigmoidSlope,
  sub,
  tanh,
  tanhSlope,
  times,
  timesT,
} from '../matrix.ts';
import { requireAnyMatrix, requireObject } from '../require.ts';
import type { Matrices } from '../shape.ts';
import type { Cell } from './cell.ts';
import { type GateName, gateEquations, gateShapes } from './gates.ts';

const GATES = ['r', 'z', 'n'] as const;

/** What the backward pass of one step needs. */
export interface GruTape {
  readonly x: AbstractMatrix;
  readonly hPrev: AbstractMatrix;
  readonly r: AbstractMatrix;
  readonly z: AbstractMatrix;
  readonly q: AbstractMatrix;
  readonly n: AbstractMatrix;
}

/** n = tanh(U_n x + b_n + r⊙(W_n h_{t−1} + b_h)), h_t = (1−z)⊙n + z⊙h_{t−1}. */
export const gru: Cell<GateName<(typeof GATES)[number]> | 'b_h', 'h', GruTape> = {
  name: 'gru',
  equations: {
    ...gateEquations(GATES, { W: 'GRU-B5', U: 'GRU-B6', b: 'GRU-B7' }),
    b_h: 'GRU-B8',
    x: 'GRU-B9',
    h: 'GRU-B10',
  },
  keeps: { b_z: 1 },
  params: size => ({ ...gateShapes(GATES, size), b_h: [1, size.m] }),
  state: ({ m }) => ({ h: m }),

  forward(p, x, { h: hPrev }) {
    const r = sigmoid(affine(p.W_r, hPrev, p.U_r, x, p.b_r)); // GRU-F1  r_t = σ(W_r h_{t−1} + U_r x_t + b_r)
    const z = sigmoid(affine(p.W_z, hPrev, p.U_z, x, p.b_z)); // GRU-F2  z_t = σ(W_z h_{t−1} + U_z x_t + b_z)
    const q = addRow(timesT(hPrev, p.W_n), p.b_h); // GRU-F3  q_t = W_n h_{t−1} + b_h
    const n = tanh(add(addRow(timesT(x, p.U_n), p.b_n), mul(r, q))); // GRU-F4  n_t = tanh(U_n x_t + b_n + r_t⊙q_t)
    const h = add(mul(oneMinus(z), n), mul(z, hPrev)); // GRU-F5  h_t = (1−z_t)⊙n_t + z_t⊙h_{t−1}
    return { next: { h }, tape: { x, hPrev, r, z, q, n } };
  },

  backward(p, { x, hPrev, r, z, q, n }, { h: dh }, dp) {
    const dan = mul(dh, oneMinus(z), tanhSlope(n)); // GRU-B1  dL/dan = dh⊙(1−z)⊙(1−n²), through F5, F4
    const daz = mul(dh, sub(hPrev, n), sigmoidSlope(z)); // GRU-B2  dL/daz = dh⊙(h_{t−1}−n)⊙z(1−z), through F5, F2
    const dar = mul(dan, q, sigmoidSlope(r)); // GRU-B3  dL/dar = dL/dan⊙q⊙r(1−r), through F4, F1
    const dq = mul(dan, r); // GRU-B4  dL/dq = dL/dan⊙r, through F4
    const da = { r: dar, z: daz, n: dan };
    const recurrent = { r: dar, z: daz, n: dq };
    for (const k of GATES) {
      addTTimes(dp[`W_${k}`], recurrent[k], hPrev); // GRU-B5  dL/dW_k += (dL/da_k)ᵀ h_{t−1}ᵀ, dL/dq for k = n, through F1–F3
      addTTimes(dp[`U_${k}`], da[k], x); // GRU-B6  dL/dU_k += (dL/da_k)ᵀ x_tᵀ, through F1, F2, F4
      addColumnSums(dp[`b_${k}`], da[k]); // GRU-B7  dL/db_k += dL/da_k, through F1, F2, F4
    }
    addColumnSums(dp.b_h, dq); // GRU-B8  dL/db_h += dL/dq, through F3
    const dx = add(times(dar, p.U_r), times(daz, p.U_z), times(dan, p.U_n)); // GRU-B9  dL/dx_t = Σ_k dL/da_k U_k, through F1, F2, F4
    const dhPrev = add(mul(dh, z), times(dar, p.W_r), times(daz, p.W_z), times(dq, p.W_n)); // GRU-B10  dL/dh_{t−1} = dh⊙z + dL/dar W_r + dL/daz W_z + dL/dq W_n, through F5, F1–F3
    return { dx, dprev: { h: dhPrev } };
  },
};

/**
 * Changes parameters between the two conventions of the update gate, in place: z ↔ 1−z, which is σ(a) ↔ σ(−a)
 * (GRU-D1). Here and in Cho et al. (2014), cuDNN and PyTorch z keeps the old state; in Chung et al. (2014) and in the
 * diagram of P-ITEEA-0011 it takes the new one. Twice is as before, to the last bit. Fits either GRU, and its gradients.
 */
export function swapUpdateGate(p: Matrices<'W_z' | 'U_z' | 'b_z'>): void {
  const { W_z, U_z, b_z } = requireObject('p', p);
  for (const matrix of [W_z, U_z, b_z]) requireAnyMatrix('p', matrix);
  for (const matrix of [W_z, U_z, b_z]) matrix.neg();
}
