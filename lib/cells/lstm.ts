/**
 * The LSTM of DD2424 Lecture 9, "LSTM basic unit", with biases and forget gate. Derived in `derivations/lstm.md`.
 *
 * | symbol           | shape | meaning |
 * |------------------|-------|---------|
 * | x                | B×d   | the input at time t |
 * | h, c             | B×m   | hidden state and memory cell at time t; hPrev, cPrev those at t−1 |
 * | f, i, o, g       | B×m   | forget, input and output gate; the new memory c̃ |
 * | af, ai, ao, ag   | B×m   | their pre-activations; daf … are the gradients in them |
 * | W_k, U_k, b_k    | m×m, m×d, 1×m | the parameters of gate k |
 *
 * Parameters are kept per gate, as the slides introduce them, so that every equation and every report names a gate.
 * The four W_k lie one after the other in memory in the order f, i, o, g, which is the slides' W_all.
 */
import type { AbstractMatrix } from 'ml-matrix';
import {
  add,
  addColumnSums,
  addTTimes,
  affine,
  mul,
  sigmoid,
  sigmoidSlope,
  tanh,
  tanhSlope,
  times,
} from '../matrix.ts';
import type { Cell } from './cell.ts';
import { type GateName, gateEquations, gateShapes } from './gates.ts';

const GATES = ['f', 'i', 'o', 'g'] as const;

/** What the backward pass of one step needs. */
export interface LstmTape {
  readonly x: AbstractMatrix;
  readonly hPrev: AbstractMatrix;
  readonly cPrev: AbstractMatrix;
  readonly f: AbstractMatrix;
  readonly i: AbstractMatrix;
  readonly o: AbstractMatrix;
  readonly g: AbstractMatrix;
  /** tanh(c_t). */
  readonly tc: AbstractMatrix;
}

/** c_t = f⊙c_{t−1} + i⊙g, h_t = o⊙tanh(c_t). */
export const lstm: Cell<GateName<(typeof GATES)[number]>, 'h' | 'c', LstmTape> = {
  name: 'lstm',
  equations: {
    ...gateEquations(GATES, { W: 'LSTM-B7', U: 'LSTM-B8', b: 'LSTM-B9' }),
    x: 'LSTM-B10',
    h: 'LSTM-B11',
    c: 'LSTM-B6',
  },
  keeps: { b_f: 1 },
  params: size => gateShapes(GATES, size),
  state: ({ m }) => ({ h: m, c: m }),

  forward(p, x, { h: hPrev, c: cPrev }) {
    const f = sigmoid(affine(p.W_f, hPrev, p.U_f, x, p.b_f)); // LSTM-F1  f_t = σ(W_f h_{t−1} + U_f x_t + b_f)
    const i = sigmoid(affine(p.W_i, hPrev, p.U_i, x, p.b_i)); // LSTM-F2  i_t = σ(W_i h_{t−1} + U_i x_t + b_i)
    const o = sigmoid(affine(p.W_o, hPrev, p.U_o, x, p.b_o)); // LSTM-F3  o_t = σ(W_o h_{t−1} + U_o x_t + b_o)
    const g = tanh(affine(p.W_g, hPrev, p.U_g, x, p.b_g)); // LSTM-F4  g_t = tanh(W_g h_{t−1} + U_g x_t + b_g)
    const c = add(mul(f, cPrev), mul(i, g)); // LSTM-F5  c_t = f_t⊙c_{t−1} + i_t⊙g_t
    const tc = tanh(c);
    const h = mul(o, tc); // LSTM-F6  h_t = o_t⊙tanh(c_t)
    return { next: { h, c }, tape: { x, hPrev, cPrev, f, i, o, g, tc } };
  },

  backward(p, { x, hPrev, cPrev, f, i, o, g, tc }, { h: dh, c: dcNext }, dp) {
    const dao = mul(dh, tc, sigmoidSlope(o)); // LSTM-B1  dL/dao = dh⊙tanh(c_t)⊙o(1−o), through F6, F3
    const dc = add(dcNext, mul(dh, o, tanhSlope(tc))); // LSTM-B2  dL/dc_t = dc + dh⊙o⊙(1−tanh²(c_t)), through F6
    const daf = mul(dc, cPrev, sigmoidSlope(f)); // LSTM-B3  dL/daf = dL/dc_t⊙c_{t−1}⊙f(1−f), through F5, F1
    const dai = mul(dc, g, sigmoidSlope(i)); // LSTM-B4  dL/dai = dL/dc_t⊙g⊙i(1−i), through F5, F2
    const dag = mul(dc, i, tanhSlope(g)); // LSTM-B5  dL/dag = dL/dc_t⊙i⊙(1−g²), through F5, F4
    const dcPrev = mul(dc, f); // LSTM-B6  dL/dc_{t−1} = dL/dc_t⊙f, through F5
    const da = { f: daf, i: dai, o: dao, g: dag };
    for (const k of GATES) {
      addTTimes(dp[`W_${k}`], da[k], hPrev); // LSTM-B7  dL/dW_k += (dL/da_k)ᵀ h_{t−1}ᵀ, through F1–F4
      addTTimes(dp[`U_${k}`], da[k], x); // LSTM-B8  dL/dU_k += (dL/da_k)ᵀ x_tᵀ, through F1–F4
      addColumnSums(dp[`b_${k}`], da[k]); // LSTM-B9  dL/db_k += dL/da_k, through F1–F4
    }
    const dx = add(times(daf, p.U_f), times(dai, p.U_i), times(dao, p.U_o), times(dag, p.U_g)); // LSTM-B10  dL/dx_t = Σ_k dL/da_k U_k, through F1–F4
    const dhPrev = add(times(daf, p.W_f), times(dai, p.W_i), times(dao, p.W_o), times(dag, p.W_g)); // LSTM-B11  dL/dh_{t−1} = Σ_k dL/da_k W_k, through F1–F4
    return { dx, dprev: { h: dhPrev, c: dcPrev } };
  },
};
