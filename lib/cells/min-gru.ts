/**
 * The minGRU of Feng et al., *Were RNNs All We Needed?* (2024): a GRU whose gate and proposal see the input alone, so that
 * nothing but the mean of old and new is left to do step by step. Derived in `derivations/min-gru.md`.
 *
 * | symbol     | shape | meaning |
 * |------------|-------|---------|
 * | x          | B×d   | the input at time t |
 * | h          | B×m   | the hidden state at time t; hPrev is h_{t−1} |
 * | z          | B×m   | the update gate; az is its pre-activation |
 * | hTilde     | B×m   | h̃, the new state that is proposed |
 * | U_k, b_k   | m×d, 1×m | the parameters of the gate z and of the proposal h |
 *
 * z renews: where it is 0, h stays what it was. In {@link gru} that is where z is 1.
 */
import type { AbstractMatrix } from 'ml-matrix';
import {
  add,
  addColumnSums,
  addRow,
  addTTimes,
  mul,
  oneMinus,
  sigmoid,
  sigmoidSlope,
  sub,
  times,
  timesT,
} from '../matrix.ts';
import type { Cell } from './cell.ts';

/** What the backward pass of one step needs. */
export interface MinGruTape {
  readonly x: AbstractMatrix;
  readonly hPrev: AbstractMatrix;
  readonly z: AbstractMatrix;
  readonly hTilde: AbstractMatrix;
}

/** z = σ(U_z x + b_z), h̃ = U_h x + b_h, h_t = (1−z)⊙h_{t−1} + z⊙h̃. */
export const minGru: Cell<'U_z' | 'U_h' | 'b_z' | 'b_h', 'h', MinGruTape> = {
  name: 'min-gru',
  equations: {
    U_z: 'MINGRU-B3',
    U_h: 'MINGRU-B4',
    b_z: 'MINGRU-B5',
    b_h: 'MINGRU-B6',
    x: 'MINGRU-B7',
    h: 'MINGRU-B8',
  },
  keeps: { b_z: -1 },
  params: ({ d, m }) => ({ U_z: [m, d], U_h: [m, d], b_z: [1, m], b_h: [1, m] }),
  state: ({ m }) => ({ h: m }),

  forward(p, x, { h: hPrev }) {
    const z = sigmoid(addRow(timesT(x, p.U_z), p.b_z)); // MINGRU-F1  z_t = σ(U_z x_t + b_z)
    const hTilde = addRow(timesT(x, p.U_h), p.b_h); // MINGRU-F2  h̃_t = U_h x_t + b_h
    const h = add(mul(oneMinus(z), hPrev), mul(z, hTilde)); // MINGRU-F3  h_t = (1−z_t)⊙h_{t−1} + z_t⊙h̃_t
    return { next: { h }, tape: { x, hPrev, z, hTilde } };
  },

  backward(p, { x, hPrev, z, hTilde }, { h: dh }, dp) {
    const dhTilde = mul(dh, z); // MINGRU-B1  dL/dh̃_t = dh⊙z, through F3
    const daz = mul(dh, sub(hTilde, hPrev), sigmoidSlope(z)); // MINGRU-B2  dL/daz = dh⊙(h̃−h_{t−1})⊙z(1−z), through F3, F1
    addTTimes(dp.U_z, daz, x); // MINGRU-B3  dL/dU_z += (dL/daz)ᵀ x_tᵀ, through F1
    addTTimes(dp.U_h, dhTilde, x); // MINGRU-B4  dL/dU_h += (dL/dh̃_t)ᵀ x_tᵀ, through F2
    addColumnSums(dp.b_z, daz); // MINGRU-B5  dL/db_z += dL/daz, through F1
    addColumnSums(dp.b_h, dhTilde); // MINGRU-B6  dL/db_h += dL/dh̃_t, through F2
    const dx = add(times(daz, p.U_z), times(dhTilde, p.U_h)); // MINGRU-B7  dL/dx_t = dL/daz U_z + dL/dh̃_t U_h, through F1, F2
    const dhPrev = mul(dh, oneMinus(z)); // MINGRU-B8  dL/dh_{t−1} = dh⊙(1−z), through F3
    return { dx, dprev: { h: dhPrev } };
  },
};
