/**
 * The LSTM to second order: R{·} of the lines of `lib/cells/lstm.ts`, under the same numbers. Derived in
 * `derivations/second-order.md`. Where a line of the cell's backward pass is needed again, it stands above its R{·}.
 */
import type { GateName } from '../../cells/gates.ts';
import { type LstmTape, lstm } from '../../cells/lstm.ts';
import { add, addColumnSums, addTTimes, affine, mul, sigmoidSlope, tanhSlope, times, timesT } from '../../matrix.ts';
import { rSigmoidSlope, rTanhSlope } from './slopes.ts';
import type { TwiceCell } from './twice-cell.ts';

const GATES = ['f', 'i', 'o', 'g'] as const;

/** `lstm` with R{·} of its two passes. */
export const lstmTwice: TwiceCell<GateName<(typeof GATES)[number]>, 'h' | 'c', LstmTape> = {
  ...lstm,

  rForward(p, v, { x, hPrev, cPrev, f, i, o, g, tc }, { h: RhPrev, c: RcPrev }) {
    const Raf = add(affine(v.W_f, hPrev, v.U_f, x, v.b_f), timesT(RhPrev, p.W_f));
    const Rai = add(affine(v.W_i, hPrev, v.U_i, x, v.b_i), timesT(RhPrev, p.W_i));
    const Rao = add(affine(v.W_o, hPrev, v.U_o, x, v.b_o), timesT(RhPrev, p.W_o));
    const Rag = add(affine(v.W_g, hPrev, v.U_g, x, v.b_g), timesT(RhPrev, p.W_g));
    const Rf = mul(sigmoidSlope(f), Raf); // RLSTM-F1  R{f_t} = f(1−f)⊙(R{W_f} h_{t−1} + W_f R{h_{t−1}} + R{U_f} x_t + R{b_f})
    const Ri = mul(sigmoidSlope(i), Rai); // RLSTM-F2  R{i_t} = i(1−i)⊙(R{W_i} h_{t−1} + W_i R{h_{t−1}} + R{U_i} x_t + R{b_i})
    const Ro = mul(sigmoidSlope(o), Rao); // RLSTM-F3  R{o_t} = o(1−o)⊙(R{W_o} h_{t−1} + W_o R{h_{t−1}} + R{U_o} x_t + R{b_o})
    const Rg = mul(tanhSlope(g), Rag); // RLSTM-F4  R{g_t} = (1−g²)⊙(R{W_g} h_{t−1} + W_g R{h_{t−1}} + R{U_g} x_t + R{b_g})
    const Rc = add(mul(Rf, cPrev), mul(f, RcPrev), mul(Ri, g), mul(i, Rg)); // RLSTM-F5  R{c_t} = R{f}⊙c_{t−1} + f⊙R{c_{t−1}} + R{i}⊙g + i⊙R{g}
    const Rtc = mul(tanhSlope(tc), Rc);
    const Rh = add(mul(Ro, tc), mul(o, Rtc)); // RLSTM-F6  R{h_t} = R{o}⊙tanh(c_t) + o⊙(1−tanh²(c_t))⊙R{c_t}
    const Rtape = { hPrev: RhPrev, cPrev: RcPrev, f: Rf, i: Ri, o: Ro, g: Rg, tc: Rtc };
    return { Rnext: { h: Rh, c: Rc }, Rtape };
  },

  rBackward({ p, tape, dnext: { h: dh, c: dcNext } }, { p: v, tape: R, dnext: { h: Rdh, c: RdcNext } }, Rdp) {
    const { x, hPrev, cPrev, f, i, o, g, tc } = tape;
    const [sf, si, so, sg, stc] = [sigmoidSlope(f), sigmoidSlope(i), sigmoidSlope(o), tanhSlope(g), tanhSlope(tc)];
    const [Rsf, Rsi, Rso] = [rSigmoidSlope(f, R.f), rSigmoidSlope(i, R.i), rSigmoidSlope(o, R.o)];
    const [Rsg, Rstc] = [rTanhSlope(g, R.g), rTanhSlope(tc, R.tc)];
    const dao = mul(dh, tc, so); // LSTM-B1  dL/dao = dh⊙tanh(c_t)⊙o(1−o)
    const Rdao = add(mul(Rdh, tc, so), mul(dh, R.tc, so), mul(dh, tc, Rso)); // RLSTM-B1  R{dao} = R{dh}⊙tanh(c_t)⊙o(1−o) + dh⊙R{tanh(c_t)}⊙o(1−o) + dh⊙tanh(c_t)⊙(1−2o)⊙R{o}
    const dc = add(dcNext, mul(dh, o, stc)); // LSTM-B2  dL/dc_t = dc + dh⊙o⊙(1−tanh²(c_t))
    const Rdc = add(RdcNext, mul(Rdh, o, stc), mul(dh, R.o, stc), mul(dh, o, Rstc)); // RLSTM-B2  R{dL/dc_t} = R{dc} + R{dh}⊙o⊙(1−tanh²(c_t)) + dh⊙R{o}⊙(1−tanh²(c_t)) − 2dh⊙o⊙tanh(c_t)⊙R{tanh(c_t)}
    const daf = mul(dc, cPrev, sf); // LSTM-B3  dL/daf = dL/dc_t⊙c_{t−1}⊙f(1−f)
    const Rdaf = add(mul(Rdc, cPrev, sf), mul(dc, R.cPrev, sf), mul(dc, cPrev, Rsf)); // RLSTM-B3  R{daf} = R{dL/dc_t}⊙c_{t−1}⊙f(1−f) + dL/dc_t⊙R{c_{t−1}}⊙f(1−f) + dL/dc_t⊙c_{t−1}⊙(1−2f)⊙R{f}
    const dai = mul(dc, g, si); // LSTM-B4  dL/dai = dL/dc_t⊙g⊙i(1−i)
    const Rdai = add(mul(Rdc, g, si), mul(dc, R.g, si), mul(dc, g, Rsi)); // RLSTM-B4  R{dai} = R{dL/dc_t}⊙g⊙i(1−i) + dL/dc_t⊙R{g}⊙i(1−i) + dL/dc_t⊙g⊙(1−2i)⊙R{i}
    const dag = mul(dc, i, sg); // LSTM-B5  dL/dag = dL/dc_t⊙i⊙(1−g²)
    const Rdag = add(mul(Rdc, i, sg), mul(dc, R.i, sg), mul(dc, i, Rsg)); // RLSTM-B5  R{dag} = R{dL/dc_t}⊙i⊙(1−g²) + dL/dc_t⊙R{i}⊙(1−g²) − 2dL/dc_t⊙i⊙g⊙R{g}
    const RdcPrev = add(mul(Rdc, f), mul(dc, R.f)); // RLSTM-B6  R{dL/dc_{t−1}} = R{dL/dc_t}⊙f + dL/dc_t⊙R{f}
    const da = { f: daf, i: dai, o: dao, g: dag };
    const Rda = { f: Rdaf, i: Rdai, o: Rdao, g: Rdag };
    for (const k of GATES) {
      addTTimes(Rdp[`W_${k}`], Rda[k], hPrev);
      addTTimes(Rdp[`W_${k}`], da[k], R.hPrev); // RLSTM-B7  R{dW_k} += R{da_k}ᵀ h_{t−1}ᵀ + da_kᵀ R{h_{t−1}}ᵀ
      addTTimes(Rdp[`U_${k}`], Rda[k], x); // RLSTM-B8  R{dU_k} += R{da_k}ᵀ x_tᵀ
      addColumnSums(Rdp[`b_${k}`], Rda[k]); // RLSTM-B9  R{db_k} += R{da_k}
    }
    const byW = add(times(Rdaf, p.W_f), times(Rdai, p.W_i), times(Rdao, p.W_o), times(Rdag, p.W_g));
    const byRW = add(times(daf, v.W_f), times(dai, v.W_i), times(dao, v.W_o), times(dag, v.W_g));
    return { h: add(byW, byRW), c: RdcPrev }; // RLSTM-B10  R{dL/dh_{t−1}} = Σ_k R{da_k} W_k + da_k R{W_k}
  },
};
