/**
 * The LSTM whose forget and input gate are one: what is forgotten makes the room for what comes in, i = 1 − f. From
 * P-ITEEA-0011 Lecture 9, “Variants of LSTM II: Joined forget and input”. Derived in `derivations/lstm-coupled.md`.
 *
 * | symbol        | shape | meaning |
 * |---------------|-------|---------|
 * | x             | B×d   | the input at time t |
 * | h, c          | B×m   | hidden state and memory cell at time t; hPrev, cPrev those at t−1 |
 * | f, o, g       | B×m   | forget and output gate; the new memory c̃ |
 * | daf, dao, dag | B×m   | the gradients in their pre-activations |
 * | W_k, U_k, b_k | m×m, m×d, 1×m | the parameters of gate k |
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

const GATES = ['f', 'o', 'g'] as const;

/** What the backward pass of one step needs. */
export interface LstmCoupledTape {
  readonly x: AbstractMatrix;
  readonly hPrev: AbstractMatrix;
  readonly cPrev: AbstractMatrix;
  readonly f: AbstractMatrix;
  readonly o: AbstractMatrix;
  readonly g: AbstractMatrix;
  /** tanh(c_t). */
  readonly tc: AbstractMatrix;
}

/** c_t = f⊙c_{t−1} + (1−f)⊙g, h_t = o⊙tanh(c_t). */
export const lstmCoupled: Cell<GateName<(typeof GATES)[number]>, 'h' | 'c', LstmCoupledTape> = {
  name: 'lstm-coupled',
  equations: {
    ...gateEquations(GATES, { W: 'LCF-B6', U: 'LCF-B7', b: 'LCF-B8' }),
    x: 'LCF-B9',
    h: 'LCF-B10',
    c: 'LCF-B5',
  },
  keeps: { b_f: 1 },
  params: size => gateShapes(GATES, size),
  state: ({ m }) => ({ h: m, c: m }),

  forward(p, x, { h: hPrev, c: cPrev }) {
    const f = sigmoid(affine(p.W_f, hPrev, p.U_f, x, p.b_f)); // LCF-F1  f_t = σ(W_f h_{t−1} + U_f x_t + b_f)
    const o = sigmoid(affine(p.W_o, hPrev, p.U_o, x, p.b_o)); // LCF-F2  o_t = σ(W_o h_{t−1} + U_o x_t + b_o)
    const g = tanh(affine(p.W_g, hPrev, p.U_g, x, p.b_g)); // LCF-F3  g_t = tanh(W_g h_{t−1} + U_g x_t + b_g)
    const c = add(mul(f, cPrev), mul(oneMinus(f), g)); // LCF-F4  c_t = f_t⊙c_{t−1} + (1−f_t)⊙g_t
    const tc = tanh(c);
    const h = mul(o, tc); // LCF-F5  h_t = o_t⊙tanh(c_t)
    return { next: { h, c }, tape: { x, hPrev, cPrev, f, o, g, tc } };
  },

  backward(p, { x, hPrev, cPrev, f, o, g, tc }, { h: dh, c: dcNext }, dp) {
    const dao = mul(dh, tc, sigmoidSlope(o)); // LCF-B1  dL/dao = dh⊙tanh(c_t)⊙o(1−o), through F5, F2
    const dc = add(dcNext, mul(dh, o, tanhSlope(tc))); // LCF-B2  dL/dc_t = dc + dh⊙o⊙(1−tanh²(c_t)), through F5
    const daf = mul(dc, sub(cPrev, g), sigmoidSlope(f)); // LCF-B3  dL/daf = dL/dc_t⊙(c_{t−1}−g)⊙f(1−f), through F4, F1
    const dag = mul(dc, oneMinus(f), tanhSlope(g)); // LCF-B4  dL/dag = dL/dc_t⊙(1−f)⊙(1−g²), through F4, F3
    const dcPrev = mul(dc, f); // LCF-B5  dL/dc_{t−1} = dL/dc_t⊙f, through F4
    const da = { f: daf, o: dao, g: dag };
    for (const k of GATES) {
      addTTimes(dp[`W_${k}`], da[k], hPrev); // LCF-B6  dL/dW_k += (dL/da_k)ᵀ h_{t−1}ᵀ, through F1–F3
      addTTimes(dp[`U_${k}`], da[k], x); // LCF-B7  dL/dU_k += (dL/da_k)ᵀ x_tᵀ, through F1–F3
      addColumnSums(dp[`b_${k}`], da[k]); // LCF-B8  dL/db_k += dL/da_k, through F1–F3
    }
    const dx = add(times(daf, p.U_f), times(dao, p.U_o), times(dag, p.U_g)); // LCF-B9  dL/dx_t = Σ_k dL/da_k U_k, through F1–F3
    const dhPrev = add(times(daf, p.W_f), times(dao, p.W_o), times(dag, p.W_g)); // LCF-B10  dL/dh_{t−1} = Σ_k dL/da_k W_k, through F1–F3
    return { dx, dprev: { h: dhPrev, c: dcPrev } };
  },
};
