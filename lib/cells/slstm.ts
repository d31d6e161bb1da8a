/**
 * The sLSTM of Beck et al., *xLSTM: Extended Long Short-Term Memory* (2024), of one head: an input gate that is an
 * exponential, a normaliser n that counts what has been taken in, and a stabiliser m that keeps both from overflowing.
 * The forget gate is a sigmoid. Derived in `derivations/slstm.md`.
 *
 * | symbol           | shape | meaning |
 * |------------------|-------|---------|
 * | x                | B×d   | the input at time t |
 * | h, c, n, m       | B×m   | hidden state, memory, normaliser, stabiliser; hPrev … those at t−1 |
 * | y                | B×m   | −log f_t = −log σ(af), the softplus of −af |
 * | ai               | B×m   | log i_t, the pre-activation of the input gate |
 * | o, g             | B×m   | output gate; the new memory c̃ (z in the paper) |
 * | w                | B×m   | the weight of what is remembered, |n_{t−1}| |
 * | l                | B×m   | log f_t + m_{t−1}, where there is something to be kept |
 * | f, i             | B×m   | f′ and i′, the gates over e^m |
 * | r                | B×m   | the memory over its normaliser, which o lets out |
 * | W_k, U_k, b_k    | m×m, m×d, 1×m | the parameters of gate k |
 *
 * The output is the same whatever the stabiliser. So is what c and n stand for, c·e^m and n·e^m.
 */
import type { AbstractMatrix } from 'ml-matrix';
import {
  above,
  abs,
  add,
  addColumnSums,
  addTTimes,
  affine,
  div,
  exp,
  max,
  mul,
  oneMinus,
  scale,
  shift,
  sigmoid,
  sigmoidSlope,
  sign,
  softplus,
  softplusSlope,
  sub,
  tanh,
  tanhSlope,
  times,
} from '../matrix.ts';
import type { Cell } from './cell.ts';
import { type GateName, gateEquations, gateShapes } from './gates.ts';

const GATES = ['f', 'i', 'o', 'g'] as const;

/** What log f is lessened by where nothing has been taken in: e to its negative is 0 beside any input gate above it. */
const NOTHING = 1e4;

/** What the backward pass of one step needs. */
export interface SlstmTape {
  readonly x: AbstractMatrix;
  readonly hPrev: AbstractMatrix;
  readonly cPrev: AbstractMatrix;
  readonly nPrev: AbstractMatrix;
  readonly y: AbstractMatrix;
  readonly ai: AbstractMatrix;
  readonly o: AbstractMatrix;
  readonly g: AbstractMatrix;
  readonly w: AbstractMatrix;
  readonly l: AbstractMatrix;
  readonly f: AbstractMatrix;
  readonly i: AbstractMatrix;
  readonly c: AbstractMatrix;
  readonly n: AbstractMatrix;
  readonly r: AbstractMatrix;
}

/** c_t = f′⊙c_{t−1} + i′⊙g, n_t = f′⊙n_{t−1} + i′, h_t = o⊙c_t/n_t, with f′ and i′ the gates over e^m. */
export const slstm: Cell<GateName<(typeof GATES)[number]>, 'h' | 'c' | 'n' | 'm', SlstmTape> = {
  name: 'slstm',
  equations: {
    ...gateEquations(GATES, { W: 'SLSTM-B12', U: 'SLSTM-B13', b: 'SLSTM-B14' }),
    ...{ x: 'SLSTM-B15', h: 'SLSTM-B16', c: 'SLSTM-B10', n: 'SLSTM-B11', m: 'SLSTM-B7' },
  },
  keeps: { b_f: 1 },
  params: size => gateShapes(GATES, size),
  state: ({ m }) => ({ h: m, c: m, n: m, m }),

  forward(p, x, { h: hPrev, c: cPrev, n: nPrev, m: mPrev }) {
    const y = softplus(scale(affine(p.W_f, hPrev, p.U_f, x, p.b_f), -1)); // SLSTM-F1  −log f_t = log(1 + e^−af), af = W_f h_{t−1} + U_f x_t + b_f
    const ai = affine(p.W_i, hPrev, p.U_i, x, p.b_i); // SLSTM-F2  log i_t = W_i h_{t−1} + U_i x_t + b_i
    const o = sigmoid(affine(p.W_o, hPrev, p.U_o, x, p.b_o)); // SLSTM-F3  o_t = σ(W_o h_{t−1} + U_o x_t + b_o)
    const g = tanh(affine(p.W_g, hPrev, p.U_g, x, p.b_g)); // SLSTM-F4  g_t = tanh(W_g h_{t−1} + U_g x_t + b_g)
    const w = abs(nPrev); // SLSTM-F5  w_t = |n_{t−1}|
    const l = add(sub(mPrev, y), scale(shift(sign(w), -1), NOTHING)); // SLSTM-F6  l_t = log f_t + m_{t−1}, less 10⁴ where w_t = 0
    const m = max(l, ai); // SLSTM-F7  m_t = max(l_t, log i_t)
    const f = exp(sub(l, m)); // SLSTM-F8  f′_t = exp(l_t − m_t)
    const i = exp(sub(ai, m)); // SLSTM-F9  i′_t = exp(log i_t − m_t)
    const c = add(mul(f, cPrev), mul(i, g)); // SLSTM-F10  c_t = f′_t⊙c_{t−1} + i′_t⊙g_t
    const n = add(mul(f, w), i); // SLSTM-F11  n_t = f′_t⊙w_t + i′_t
    const r = div(c, n); // SLSTM-F12  r_t = c_t/n_t
    const h = mul(o, r); // SLSTM-F13  h_t = o_t⊙r_t
    return { next: { h, c, n, m }, tape: { x, hPrev, cPrev, nPrev, y, ai, o, g, w, l, f, i, c, n, r } };
  },

  backward(p, tape, { h: dh, c: dcNext, n: dnNext, m: dmNext }, dp) {
    const { x, hPrev, cPrev, nPrev, y, ai, o, g, w, l, f, i, c, n, r } = tape;
    const dao = mul(dh, r, sigmoidSlope(o)); // SLSTM-B1  dL/dao = dh⊙r⊙o(1−o), through F13, F3
    const rho = div(mul(dh, o), n); // SLSTM-B2  ρ_t = dL/dr_t⊘n_t = dh⊙o⊘n_t, through F13
    const dc = add(dcNext, rho); // SLSTM-B3  dL/dc_t = dc + ρ_t, through F12
    const dn = sub(dnNext, mul(rho, r)); // SLSTM-B4  dL/dn_t = dn − ρ_t⊙r_t, through F12
    const dag = mul(dc, i, tanhSlope(g)); // SLSTM-B5  dL/dag = dL/dc_t⊙i′⊙(1−g²), through F10, F4
    const dm = sub(dmNext, add(mul(dcNext, c), mul(dnNext, n))); // SLSTM-B6  dL/dm_t = dm − dc⊙c_t − dn⊙n_t, through F9, F8
    const first = above(l, ai);
    const dl = add(mul(add(mul(dc, cPrev), mul(dn, w)), f), mul(dm, first)); // SLSTM-B7  dL/dm_{t−1} = dL/dl_t = (dL/dc_t⊙c_{t−1} + dL/dn_t⊙w_t)⊙f′ + dL/dm_t⊙[l_t > log i_t], through F11, F10, F8, F7, F6
    const dai = add(mul(add(mul(dc, g), dn), i), mul(dm, oneMinus(first))); // SLSTM-B8  dL/dai = (dL/dc_t⊙g + dL/dn_t)⊙i′ + dL/dm_t⊙[l_t ≤ log i_t], through F11, F10, F9, F7, F2
    const daf = mul(dl, softplusSlope(y)); // SLSTM-B9  dL/daf = dL/dl_t⊙(1−f_t), through F6, F1
    const dcPrev = mul(dc, f); // SLSTM-B10  dL/dc_{t−1} = dL/dc_t⊙f′, through F10
    const dnPrev = mul(dn, f, sign(nPrev)); // SLSTM-B11  dL/dn_{t−1} = dL/dn_t⊙f′⊙sign(n_{t−1}), through F11, F5
    const da = { f: daf, i: dai, o: dao, g: dag };
    for (const k of GATES) {
      addTTimes(dp[`W_${k}`], da[k], hPrev); // SLSTM-B12  dL/dW_k += (dL/da_k)ᵀ h_{t−1}ᵀ, through F1–F4
      addTTimes(dp[`U_${k}`], da[k], x); // SLSTM-B13  dL/dU_k += (dL/da_k)ᵀ x_tᵀ, through F1–F4
      addColumnSums(dp[`b_${k}`], da[k]); // SLSTM-B14  dL/db_k += dL/da_k, through F1–F4
    }
    const dx = add(times(daf, p.U_f), times(dai, p.U_i), times(dao, p.U_o), times(dag, p.U_g)); // SLSTM-B15  dL/dx_t = Σ_k dL/da_k U_k, through F1–F4
    const dhPrev = add(times(daf, p.W_f), times(dai, p.W_i), times(dao, p.W_o), times(dag, p.W_g)); // SLSTM-B16  dL/dh_{t−1} = Σ_k dL/da_k W_k, through F1–F4
    return { dx, dprev: { h: dhPrev, c: dcPrev, n: dnPrev, m: dl } };
  },
};
