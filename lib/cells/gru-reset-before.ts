/**
 * The GRU of Cho et al. (2014), "Learning Phrase Representations using RNN Encoder–Decoder", which resets the state
 * before the recurrent product. Derived in `derivations/gru.md`; the one that resets after is in `gru.ts`, with the
 * same letters and the same convention for z.
 *
 * | symbol           | shape | meaning |
 * |------------------|-------|---------|
 * | x                | B×d   | the input at time t |
 * | h                | B×m   | the hidden state at time t; hPrev is h_{t−1} |
 * | r, z, n          | B×m   | reset and update gate; the new state that is proposed |
 * | rh               | B×m   | the previous state, reset |
 * | ar, az, an       | B×m   | the pre-activations; dar … are the gradients in them |
 * | W_k, U_k, b_k    | m×m, m×d, 1×m | the parameters of gate k |
 */
import type { AbstractMatrix } from 'ml-matrix';
import {
  add,
  addColumnSums,
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
} from '../matrix.ts';
import type { Cell } from './cell.ts';
import { type GateName, gateEquations, gateShapes } from './gates.ts';

const GATES = ['r', 'z', 'n'] as const;

/** What the backward pass of one step needs. */
export interface GruResetBeforeTape {
  readonly x: AbstractMatrix;
  readonly hPrev: AbstractMatrix;
  readonly r: AbstractMatrix;
  readonly z: AbstractMatrix;
  readonly rh: AbstractMatrix;
  readonly n: AbstractMatrix;
}

/** n = tanh(W_n (r⊙h_{t−1}) + U_n x + b_n), h_t = (1−z)⊙n + z⊙h_{t−1}. */
export const gruResetBefore: Cell<GateName<(typeof GATES)[number]>, 'h', GruResetBeforeTape> = {
  name: 'gru-reset-before',
  equations: {
    ...gateEquations(GATES, { W: 'GRB-B5', U: 'GRB-B6', b: 'GRB-B7' }),
    x: 'GRB-B8',
    h: 'GRB-B9',
  },
  keeps: { b_z: 1 },
  params: size => gateShapes(GATES, size),
  state: ({ m }) => ({ h: m }),

  forward(p, x, { h: hPrev }) {
    const r = sigmoid(affine(p.W_r, hPrev, p.U_r, x, p.b_r)); // GRB-F1  r_t = σ(W_r h_{t−1} + U_r x_t + b_r)
    const z = sigmoid(affine(p.W_z, hPrev, p.U_z, x, p.b_z)); // GRB-F2  z_t = σ(W_z h_{t−1} + U_z x_t + b_z)
    const rh = mul(r, hPrev); // GRB-F3  h̃_{t−1} = r_t⊙h_{t−1}
    const n = tanh(affine(p.W_n, rh, p.U_n, x, p.b_n)); // GRB-F4  n_t = tanh(W_n h̃_{t−1} + U_n x_t + b_n)
    const h = add(mul(oneMinus(z), n), mul(z, hPrev)); // GRB-F5  h_t = (1−z_t)⊙n_t + z_t⊙h_{t−1}
    return { next: { h }, tape: { x, hPrev, r, z, rh, n } };
  },

  backward(p, { x, hPrev, r, z, rh, n }, { h: dh }, dp) {
    const dan = mul(dh, oneMinus(z), tanhSlope(n)); // GRB-B1  dL/dan = dh⊙(1−z)⊙(1−n²), through F5, F4
    const daz = mul(dh, sub(hPrev, n), sigmoidSlope(z)); // GRB-B2  dL/daz = dh⊙(h_{t−1}−n)⊙z(1−z), through F5, F2
    const drh = times(dan, p.W_n); // GRB-B3  dL/dh̃_{t−1} = dL/dan W_n, through F4
    const dar = mul(drh, hPrev, sigmoidSlope(r)); // GRB-B4  dL/dar = dL/dh̃_{t−1}⊙h_{t−1}⊙r(1−r), through F3, F1
    const da = { r: dar, z: daz, n: dan };
    const seen = { r: hPrev, z: hPrev, n: rh };
    for (const k of GATES) {
      addTTimes(dp[`W_${k}`], da[k], seen[k]); // GRB-B5  dL/dW_k += (dL/da_k)ᵀ h_{t−1}ᵀ, h̃_{t−1} for k = n, through F1, F2, F4
      addTTimes(dp[`U_${k}`], da[k], x); // GRB-B6  dL/dU_k += (dL/da_k)ᵀ x_tᵀ, through F1, F2, F4
      addColumnSums(dp[`b_${k}`], da[k]); // GRB-B7  dL/db_k += dL/da_k, through F1, F2, F4
    }
    const dx = add(times(dar, p.U_r), times(daz, p.U_z), times(dan, p.U_n)); // GRB-B8  dL/dx_t = Σ_k dL/da_k U_k, through F1, F2, F4
    const dhPrev = add(mul(dh, z), mul(drh, r), times(dar, p.W_r), times(daz, p.W_z)); // GRB-B9  dL/dh_{t−1} = dh⊙z + dL/dh̃_{t−1}⊙r + dL/dar W_r + dL/daz W_z, through F5, F3, F1, F2
    return { dx, dprev: { h: dhPrev } };
  },
};
