/**
 * The LSTM with peepholes of Gers & Schmidhuber, *Recurrent Nets that Time and Count* (2000): the gates also see the
 * memory cell, each unit its own. Named in P-ITEEA-0011 Lecture 9, “Variants of LSTM I: Peephole connections”.
 * Derived in `derivations/lstm-peephole.md`.
 *
 * | symbol             | shape | meaning |
 * |--------------------|-------|---------|
 * | x                  | B×d   | the input at time t |
 * | h, c               | B×m   | hidden state and memory cell at time t; hPrev, cPrev those at t−1 |
 * | f, i, o, g         | B×m   | forget, input and output gate; the new memory c̃ |
 * | daf, dai, dao, dag | B×m   | the gradients in their pre-activations |
 * | W_k, U_k, b_k      | m×m, m×d, 1×m | the parameters of gate k |
 * | p_f, p_i, p_o      | 1×m   | the peepholes: diagonal matrices, kept as rows |
 */
import type { AbstractMatrix } from 'ml-matrix';
import {
  add,
  addColumnSums,
  addTTimes,
  affine,
  mul,
  mulRow,
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
export interface LstmPeepholeTape {
  readonly x: AbstractMatrix;
  readonly hPrev: AbstractMatrix;
  readonly cPrev: AbstractMatrix;
  readonly f: AbstractMatrix;
  readonly i: AbstractMatrix;
  readonly o: AbstractMatrix;
  readonly g: AbstractMatrix;
  readonly c: AbstractMatrix;
  /** tanh(c_t). */
  readonly tc: AbstractMatrix;
}

/** c_t = f⊙c_{t−1} + i⊙g, h_t = o⊙tanh(c_t); f and i see c_{t−1}, and o sees c_t. */
export const lstmPeephole: Cell<Parameter, 'h' | 'c', LstmPeepholeTape> = {
  name: 'lstm-peephole',
  equations: {
    ...gateEquations(GATES, { W: 'LPH-B10', U: 'LPH-B11', b: 'LPH-B12' }),
    p_f: 'LPH-B7',
    p_i: 'LPH-B8',
    p_o: 'LPH-B9',
    x: 'LPH-B13',
    h: 'LPH-B14',
    c: 'LPH-B6',
  },
  keeps: { b_f: 1 },
  params: size => ({ ...gateShapes(GATES, size), p_f: [1, size.m], p_i: [1, size.m], p_o: [1, size.m] }),
  state: ({ m }) => ({ h: m, c: m }),

  forward(p, x, { h: hPrev, c: cPrev }) {
    const f = sigmoid(add(affine(p.W_f, hPrev, p.U_f, x, p.b_f), mulRow(cPrev, p.p_f))); // LPH-F1  f_t = σ(W_f h_{t−1} + U_f x_t + b_f + p_f⊙c_{t−1})
    const i = sigmoid(add(affine(p.W_i, hPrev, p.U_i, x, p.b_i), mulRow(cPrev, p.p_i))); // LPH-F2  i_t = σ(W_i h_{t−1} + U_i x_t + b_i + p_i⊙c_{t−1})
    const g = tanh(affine(p.W_g, hPrev, p.U_g, x, p.b_g)); // LPH-F3  g_t = tanh(W_g h_{t−1} + U_g x_t + b_g)
    const c = add(mul(f, cPrev), mul(i, g)); // LPH-F4  c_t = f_t⊙c_{t−1} + i_t⊙g_t
    const o = sigmoid(add(affine(p.W_o, hPrev, p.U_o, x, p.b_o), mulRow(c, p.p_o))); // LPH-F5  o_t = σ(W_o h_{t−1} + U_o x_t + b_o + p_o⊙c_t)
    const tc = tanh(c);
    const h = mul(o, tc); // LPH-F6  h_t = o_t⊙tanh(c_t)
    return { next: { h, c }, tape: { x, hPrev, cPrev, f, i, o, g, c, tc } };
  },

  backward(p, { x, hPrev, cPrev, f, i, o, g, c, tc }, { h: dh, c: dcNext }, dp) {
    const dao = mul(dh, tc, sigmoidSlope(o)); // LPH-B1  dL/dao = dh⊙tanh(c_t)⊙o(1−o), through F6, F5
    const dc = add(dcNext, mul(dh, o, tanhSlope(tc)), mulRow(dao, p.p_o)); // LPH-B2  dL/dc_t = dc + dh⊙o⊙(1−tanh²(c_t)) + dL/dao⊙p_o, through F6, F5
    const daf = mul(dc, cPrev, sigmoidSlope(f)); // LPH-B3  dL/daf = dL/dc_t⊙c_{t−1}⊙f(1−f), through F4, F1
    const dai = mul(dc, g, sigmoidSlope(i)); // LPH-B4  dL/dai = dL/dc_t⊙g⊙i(1−i), through F4, F2
    const dag = mul(dc, i, tanhSlope(g)); // LPH-B5  dL/dag = dL/dc_t⊙i⊙(1−g²), through F4, F3
    const dcPrev = add(mul(dc, f), mulRow(daf, p.p_f), mulRow(dai, p.p_i)); // LPH-B6  dL/dc_{t−1} = dL/dc_t⊙f + dL/daf⊙p_f + dL/dai⊙p_i, through F4, F1, F2
    addColumnSums(dp.p_f, mul(daf, cPrev)); // LPH-B7  dL/dp_f += dL/daf⊙c_{t−1}, through F1
    addColumnSums(dp.p_i, mul(dai, cPrev)); // LPH-B8  dL/dp_i += dL/dai⊙c_{t−1}, through F2
    addColumnSums(dp.p_o, mul(dao, c)); // LPH-B9  dL/dp_o += dL/dao⊙c_t, through F5
    const da = { f: daf, i: dai, o: dao, g: dag };
    for (const k of GATES) {
      addTTimes(dp[`W_${k}`], da[k], hPrev); // LPH-B10  dL/dW_k += (dL/da_k)ᵀ h_{t−1}ᵀ, through F1–F3, F5
      addTTimes(dp[`U_${k}`], da[k], x); // LPH-B11  dL/dU_k += (dL/da_k)ᵀ x_tᵀ, through F1–F3, F5
      addColumnSums(dp[`b_${k}`], da[k]); // LPH-B12  dL/db_k += dL/da_k, through F1–F3, F5
    }
    const dx = add(times(daf, p.U_f), times(dai, p.U_i), times(dao, p.U_o), times(dag, p.U_g)); // LPH-B13  dL/dx_t = Σ_k dL/da_k U_k, through F1–F3, F5
    const dhPrev = add(times(daf, p.W_f), times(dai, p.W_i), times(dao, p.W_o), times(dag, p.W_g)); // LPH-B14  dL/dh_{t−1} = Σ_k dL/da_k W_k, through F1–F3, F5
    return { dx, dprev: { h: dhPrev, c: dcPrev } };
  },
};

type Parameter = GateName<(typeof GATES)[number]> | 'p_f' | 'p_i' | 'p_o';
