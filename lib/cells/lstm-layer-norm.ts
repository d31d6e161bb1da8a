/**
 * The LSTM with layer normalisation of Ba, Kiros and Hinton, *Layer Normalization* (2016), as in their supplementary
 * material: what comes from the state and what comes from the input is each normalised over all gates' units, and the
 * memory before it is put out. Derived in `derivations/lstm-layer-norm.md`.
 *
 * | symbol           | shape | meaning |
 * |------------------|-------|---------|
 * | x                | B×d   | the input at time t |
 * | h, c             | B×m   | hidden state and memory cell at time t; hPrev, cPrev those at t−1 |
 * | f, i, o, g       | B×m   | forget, input and output gate; the new memory c̃ |
 * | Wh, Ux           | B×m, for every gate | p and q, what comes from the state and from the input |
 * | P, Q, C          | B×m, P and Q for every gate | p, q and c normalised |
 * | v                | B×m   | what of the memory is put out, before the tanh |
 * | daf, dai, dao, dag | B×m | the gradients in the gates' pre-activations |
 * | W_k, U_k, b_k    | m×m, m×d, 1×m | the parameters of gate k |
 * | w_k, u_k         | 1×m   | the gains of what comes through W_k, and through U_k |
 * | w_c, b_c         | 1×m   | the gain and the bias of the memory that is put out |
 *
 * Gains are meant to begin at 1. A single unit's memory is its own mean, so that h is then o⊙tanh(b_c) whatever it holds.
 */
import type { AbstractMatrix } from 'ml-matrix';
import {
  add,
  addColumnSums,
  addRow,
  addTTimes,
  mul,
  mulRow,
  sigmoid,
  sigmoidSlope,
  tanh,
  tanhSlope,
  times,
  timesT,
} from '../matrix.ts';
import type { Cell } from './cell.ts';
import { type GateName, gateEquations, gateShapes } from './gates.ts';
import { type Normalised, normalised, throughNormalised } from './layer-norm.ts';

const GATES = ['f', 'i', 'o', 'g'] as const;

type Gate = (typeof GATES)[number];

type Parameter = GateName<Gate> | `w_${Gate}` | `u_${Gate}` | 'w_c' | 'b_c';

/** What the backward pass of one step needs. */
export interface LstmLayerNormTape {
  readonly x: AbstractMatrix;
  readonly hPrev: AbstractMatrix;
  readonly cPrev: AbstractMatrix;
  readonly P: Normalised<Gate>;
  readonly Q: Normalised<Gate>;
  readonly C: Normalised<'c'>;
  readonly f: AbstractMatrix;
  readonly i: AbstractMatrix;
  readonly o: AbstractMatrix;
  readonly g: AbstractMatrix;
  /** tanh(v_t). */
  readonly tv: AbstractMatrix;
}

/** a_k = w_k⊙N(W h_{t−1})_k + u_k⊙N(U x_t)_k + b_k, c_t = f⊙c_{t−1} + i⊙g, h_t = o⊙tanh(w_c⊙N(c_t) + b_c). */
export const lstmLayerNorm: Cell<Parameter, 'h' | 'c', LstmLayerNormTape> = {
  name: 'lstm-layer-norm',
  equations: {
    ...gateEquations(GATES, { W: 'LLN-B18', U: 'LLN-B19', b: 'LLN-B13' }),
    ...{ w_f: 'LLN-B11', w_i: 'LLN-B11', w_o: 'LLN-B11', w_g: 'LLN-B11', w_c: 'LLN-B3' },
    ...{ u_f: 'LLN-B12', u_i: 'LLN-B12', u_o: 'LLN-B12', u_g: 'LLN-B12', b_c: 'LLN-B4' },
    ...{ x: 'LLN-B20', h: 'LLN-B21', c: 'LLN-B10' },
  },
  keeps: { b_f: 1 },
  first: { w_f: 1, w_i: 1, w_o: 1, w_g: 1, u_f: 1, u_i: 1, u_o: 1, u_g: 1, w_c: 1 },
  params(size) {
    const row = [1, size.m] as const;
    const gains = { w_f: row, w_i: row, w_o: row, w_g: row, u_f: row, u_i: row, u_o: row, u_g: row };
    return { ...gateShapes(GATES, size), ...gains, w_c: row, b_c: row };
  },
  state: ({ m }) => ({ h: m, c: m }),

  forward(p, x, { h: hPrev, c: cPrev }) {
    const Wh = ofGates(k => timesT(hPrev, p[`W_${k}`])); // LLN-F1  p_k = W_k h_{t−1}
    const Ux = ofGates(k => timesT(x, p[`U_${k}`])); // LLN-F2  q_k = U_k x_t
    const P = normalised(Wh); // LLN-F7  P = N(p)
    const Q = normalised(Ux); // LLN-F8  Q = N(q)
    const a = ofGates(k => addRow(add(mulRow(P.N[k], p[`w_${k}`]), mulRow(Q.N[k], p[`u_${k}`])), p[`b_${k}`])); // LLN-F9  a_k = w_k⊙P_k + u_k⊙Q_k + b_k
    const f = sigmoid(a.f); // LLN-F10  f_t = σ(a_f)
    const i = sigmoid(a.i); // LLN-F11  i_t = σ(a_i)
    const o = sigmoid(a.o); // LLN-F12  o_t = σ(a_o)
    const g = tanh(a.g); // LLN-F13  g_t = tanh(a_g)
    const c = add(mul(f, cPrev), mul(i, g)); // LLN-F14  c_t = f_t⊙c_{t−1} + i_t⊙g_t
    const C = normalised({ c }); // LLN-F15  C_t = N(c_t)
    const v = addRow(mulRow(C.N.c, p.w_c), p.b_c); // LLN-F16  v_t = w_c⊙C_t + b_c
    const tv = tanh(v);
    const h = mul(o, tv); // LLN-F17  h_t = o_t⊙tanh(v_t)
    return { next: { h, c }, tape: { x, hPrev, cPrev, P, Q, C, f, i, o, g, tv } };
  },

  backward(p, { x, hPrev, cPrev, P, Q, C, f, i, o, g, tv }, { h: dh, c: dcNext }, dp) {
    const dao = mul(dh, tv, sigmoidSlope(o)); // LLN-B1  dL/da_o = dh⊙tanh(v_t)⊙o(1−o), through F17, F12
    const dv = mul(dh, o, tanhSlope(tv)); // LLN-B2  dL/dv_t = dh⊙o⊙(1−tanh²(v_t)), through F17
    addColumnSums(dp.w_c, mul(dv, C.N.c)); // LLN-B3  dL/dw_c += dL/dv_t⊙C_t, through F16
    addColumnSums(dp.b_c, dv); // LLN-B4  dL/db_c += dL/dv_t, through F16
    const dc = add(dcNext, throughNormalised(C, { c: mulRow(dv, p.w_c) }).c); // LLN-B6  dL/dc_t = dc + N′(dL/dv_t⊙w_c), through F16, F15
    const daf = mul(dc, cPrev, sigmoidSlope(f)); // LLN-B7  dL/da_f = dL/dc_t⊙c_{t−1}⊙f(1−f), through F14, F10
    const dai = mul(dc, g, sigmoidSlope(i)); // LLN-B8  dL/da_i = dL/dc_t⊙g⊙i(1−i), through F14, F11
    const dag = mul(dc, i, tanhSlope(g)); // LLN-B9  dL/da_g = dL/dc_t⊙i⊙(1−g²), through F14, F13
    const dcPrev = mul(dc, f); // LLN-B10  dL/dc_{t−1} = dL/dc_t⊙f, through F14
    const da = { f: daf, i: dai, o: dao, g: dag };
    for (const k of GATES) {
      addColumnSums(dp[`w_${k}`], mul(da[k], P.N[k])); // LLN-B11  dL/dw_k += dL/da_k⊙P_k, through F9
      addColumnSums(dp[`u_${k}`], mul(da[k], Q.N[k])); // LLN-B12  dL/du_k += dL/da_k⊙Q_k, through F9
      addColumnSums(dp[`b_${k}`], da[k]); // LLN-B13  dL/db_k += dL/da_k, through F9
    }
    const dP = ofGates(k => mulRow(da[k], p[`w_${k}`])); // LLN-B14  dL/dP_k = dL/da_k⊙w_k, through F9
    const dQ = ofGates(k => mulRow(da[k], p[`u_${k}`])); // LLN-B15  dL/dQ_k = dL/da_k⊙u_k, through F9
    const dWh = throughNormalised(P, dP); // LLN-B16  dL/dp = N′(dL/dP), through F7
    const dUx = throughNormalised(Q, dQ); // LLN-B17  dL/dq = N′(dL/dQ), through F8
    for (const k of GATES) {
      addTTimes(dp[`W_${k}`], dWh[k], hPrev); // LLN-B18  dL/dW_k += (dL/dp_k)ᵀ h_{t−1}ᵀ, through F1
      addTTimes(dp[`U_${k}`], dUx[k], x); // LLN-B19  dL/dU_k += (dL/dq_k)ᵀ x_tᵀ, through F2
    }
    const dx = add(times(dUx.f, p.U_f), times(dUx.i, p.U_i), times(dUx.o, p.U_o), times(dUx.g, p.U_g)); // LLN-B20  dL/dx_t = Σ_k dL/dq_k U_k, through F2
    const dhPrev = add(times(dWh.f, p.W_f), times(dWh.i, p.W_i), times(dWh.o, p.W_o), times(dWh.g, p.W_g)); // LLN-B21  dL/dh_{t−1} = Σ_k dL/dp_k W_k, through F1
    return { dx, dprev: { h: dhPrev, c: dcPrev } };
  },
};

function ofGates<A>(of: (k: Gate) => A): Readonly<Record<Gate, A>> {
  return { f: of('f'), i: of('i'), o: of('o'), g: of('g') };
}
