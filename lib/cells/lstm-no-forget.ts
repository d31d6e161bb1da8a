/**
 * The LSTM without a forget gate: the structure of Hochreiter & Schmidhuber, *Long Short-Term Memory* (1997), and “LSTM
 * (ignoring forget gates)” of IIIT Hyderabad Lecture 20. The gradient is the full one; that of 1997 was truncated.
 * Derived in `derivations/lstm-no-forget.md`.
 *
 * | symbol        | shape | meaning |
 * |---------------|-------|---------|
 * | x             | B×d   | the input at time t |
 * | h, c          | B×m   | hidden state and memory cell at time t; hPrev is h_{t−1} |
 * | i, o, g       | B×m   | input and output gate; the new memory c̃ |
 * | dai, dao, dag | B×m   | the gradients in their pre-activations |
 * | W_k, U_k, b_k | m×m, m×d, 1×m | the parameters of gate k |
 */
import type { AbstractMatrix } from 'ml-matrix';
import {
  add,
  addColumnSums,
  addTTimes,
  affine,
  copy,
  mul,
  sigmoid,
  sigmoidSlope,
  tanh,
  tanhSlope,
  times,
} from '../matrix.ts';
import type { Cell } from './cell.ts';
import { type GateName, gateEquations, gateShapes } from './gates.ts';

const GATES = ['i', 'o', 'g'] as const;

/** What the backward pass of one step needs; c_{t−1} is not among it, since no slope depends on it. */
export interface LstmNoForgetTape {
  readonly x: AbstractMatrix;
  readonly hPrev: AbstractMatrix;
  readonly i: AbstractMatrix;
  readonly o: AbstractMatrix;
  readonly g: AbstractMatrix;
  /** tanh(c_t). */
  readonly tc: AbstractMatrix;
}

/** c_t = c_{t−1} + i⊙g, h_t = o⊙tanh(c_t). */
export const lstmNoForget: Cell<GateName<(typeof GATES)[number]>, 'h' | 'c', LstmNoForgetTape> = {
  name: 'lstm-no-forget',
  equations: {
    ...gateEquations(GATES, { W: 'LNF-B6', U: 'LNF-B7', b: 'LNF-B8' }),
    x: 'LNF-B9',
    h: 'LNF-B10',
    c: 'LNF-B5',
  },
  params: size => gateShapes(GATES, size),
  state: ({ m }) => ({ h: m, c: m }),

  forward(p, x, { h: hPrev, c: cPrev }) {
    const i = sigmoid(affine(p.W_i, hPrev, p.U_i, x, p.b_i)); // LNF-F1  i_t = σ(W_i h_{t−1} + U_i x_t + b_i)
    const o = sigmoid(affine(p.W_o, hPrev, p.U_o, x, p.b_o)); // LNF-F2  o_t = σ(W_o h_{t−1} + U_o x_t + b_o)
    const g = tanh(affine(p.W_g, hPrev, p.U_g, x, p.b_g)); // LNF-F3  g_t = tanh(W_g h_{t−1} + U_g x_t + b_g)
    const c = add(cPrev, mul(i, g)); // LNF-F4  c_t = c_{t−1} + i_t⊙g_t
    const tc = tanh(c);
    const h = mul(o, tc); // LNF-F5  h_t = o_t⊙tanh(c_t)
    return { next: { h, c }, tape: { x, hPrev, i, o, g, tc } };
  },

  backward(p, { x, hPrev, i, o, g, tc }, { h: dh, c: dcNext }, dp) {
    const dao = mul(dh, tc, sigmoidSlope(o)); // LNF-B1  dL/dao = dh⊙tanh(c_t)⊙o(1−o), through F5, F2
    const dc = add(dcNext, mul(dh, o, tanhSlope(tc))); // LNF-B2  dL/dc_t = dc + dh⊙o⊙(1−tanh²(c_t)), through F5
    const dai = mul(dc, g, sigmoidSlope(i)); // LNF-B3  dL/dai = dL/dc_t⊙g⊙i(1−i), through F4, F1
    const dag = mul(dc, i, tanhSlope(g)); // LNF-B4  dL/dag = dL/dc_t⊙i⊙(1−g²), through F4, F3
    const dcPrev = copy(dc); // LNF-B5  dL/dc_{t−1} = dL/dc_t, through F4
    const da = { i: dai, o: dao, g: dag };
    for (const k of GATES) {
      addTTimes(dp[`W_${k}`], da[k], hPrev); // LNF-B6  dL/dW_k += (dL/da_k)ᵀ h_{t−1}ᵀ, through F1–F3
      addTTimes(dp[`U_${k}`], da[k], x); // LNF-B7  dL/dU_k += (dL/da_k)ᵀ x_tᵀ, through F1–F3
      addColumnSums(dp[`b_${k}`], da[k]); // LNF-B8  dL/db_k += dL/da_k, through F1–F3
    }
    const dx = add(times(dai, p.U_i), times(dao, p.U_o), times(dag, p.U_g)); // LNF-B9  dL/dx_t = Σ_k dL/da_k U_k, through F1–F3
    const dhPrev = add(times(dai, p.W_i), times(dao, p.W_o), times(dag, p.W_g)); // LNF-B10  dL/dh_{t−1} = Σ_k dL/da_k W_k, through F1–F3
    return { dx, dprev: { h: dhPrev, c: dcPrev } };
  },
};
