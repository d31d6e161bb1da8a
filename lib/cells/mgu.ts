/**
 * The minimal gated unit of Zhou et al., *Minimal Gated Unit for Recurrent Neural Networks* (2016): a GRU with one gate,
 * which both resets and updates. Derived in `derivations/mgu.md`.
 *
 * | symbol        | shape | meaning |
 * |---------------|-------|---------|
 * | x             | B×d   | the input at time t |
 * | h             | B×m   | the hidden state at time t; hPrev is h_{t−1} |
 * | f             | B×m   | the gate |
 * | s             | B×m   | the state as the proposal sees it, f⊙h_{t−1} |
 * | hTilde        | B×m   | h̃, the new state that is proposed |
 * | af, ah        | B×m   | the pre-activations of f and h̃; daf and dah are the gradients in them |
 * | W_k, U_k, b_k | m×m, m×d, 1×m | the parameters of the gate f and of the proposal h |
 *
 * f is called a forget gate, and forgets where it is large: where it is 0, h stays what it was.
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

const GATES = ['f', 'h'] as const;

/** What the backward pass of one step needs. */
export interface MguTape {
  readonly x: AbstractMatrix;
  readonly hPrev: AbstractMatrix;
  readonly f: AbstractMatrix;
  readonly s: AbstractMatrix;
  readonly hTilde: AbstractMatrix;
}

/** h̃ = tanh(W_h (f⊙h_{t−1}) + U_h x + b_h), h_t = (1−f)⊙h_{t−1} + f⊙h̃. */
export const mgu: Cell<GateName<(typeof GATES)[number]>, 'h', MguTape> = {
  name: 'mgu',
  equations: { ...gateEquations(GATES, { W: 'MGU-B4', U: 'MGU-B5', b: 'MGU-B6' }), x: 'MGU-B7', h: 'MGU-B8' },
  keeps: { b_f: -1 },
  params: size => gateShapes(GATES, size),
  state: ({ m }) => ({ h: m }),

  forward(p, x, { h: hPrev }) {
    const f = sigmoid(affine(p.W_f, hPrev, p.U_f, x, p.b_f)); // MGU-F1  f_t = σ(W_f h_{t−1} + U_f x_t + b_f)
    const s = mul(f, hPrev); // MGU-F2  s_t = f_t⊙h_{t−1}
    const hTilde = tanh(affine(p.W_h, s, p.U_h, x, p.b_h)); // MGU-F3  h̃_t = tanh(W_h s_t + U_h x_t + b_h)
    const h = add(mul(oneMinus(f), hPrev), mul(f, hTilde)); // MGU-F4  h_t = (1−f_t)⊙h_{t−1} + f_t⊙h̃_t
    return { next: { h }, tape: { x, hPrev, f, s, hTilde } };
  },

  backward(p, { x, hPrev, f, s, hTilde }, { h: dh }, dp) {
    const dah = mul(dh, f, tanhSlope(hTilde)); // MGU-B1  dL/dah = dh⊙f⊙(1−h̃²), through F4, F3
    const ds = times(dah, p.W_h); // MGU-B2  dL/ds_t = dL/dah W_h, through F3
    const daf = mul(add(mul(dh, sub(hTilde, hPrev)), mul(ds, hPrev)), sigmoidSlope(f)); // MGU-B3  dL/daf = (dh⊙(h̃−h_{t−1}) + dL/ds_t⊙h_{t−1})⊙f(1−f), through F4, F2, F1
    const da = { f: daf, h: dah };
    const seen = { f: hPrev, h: s };
    for (const k of GATES) {
      addTTimes(dp[`W_${k}`], da[k], seen[k]); // MGU-B4  dL/dW_k += (dL/da_k)ᵀ h_{t−1}ᵀ, s_tᵀ for k = h, through F1, F3
      addTTimes(dp[`U_${k}`], da[k], x); // MGU-B5  dL/dU_k += (dL/da_k)ᵀ x_tᵀ, through F1, F3
      addColumnSums(dp[`b_${k}`], da[k]); // MGU-B6  dL/db_k += dL/da_k, through F1, F3
    }
    const dx = add(times(daf, p.U_f), times(dah, p.U_h)); // MGU-B7  dL/dx_t = Σ_k dL/da_k U_k, through F1, F3
    const dhPrev = add(mul(dh, oneMinus(f)), mul(ds, f), times(daf, p.W_f)); // MGU-B8  dL/dh_{t−1} = dh⊙(1−f) + dL/ds_t⊙f + dL/daf W_f, through F4, F2, F1
    return { dx, dprev: { h: dhPrev } };
  },
};
