/**
 * The GRU that resets after the recurrent product, to second order: R{·} of the lines of `lib/cells/gru.ts`, under the
 * same numbers. Derived in `derivations/second-order.md`. Where a line of the cell's backward pass is needed again, it
 * stands above its R{·}.
 */
import type { GateName } from '../../cells/gates.ts';
import { type GruTape, gru } from '../../cells/gru.ts';
import {
  add,
  addColumnSums,
  addRow,
  addTTimes,
  affine,
  mul,
  oneMinus,
  sigmoidSlope,
  sub,
  tanhSlope,
  times,
  timesT,
} from '../../matrix.ts';
import { rSigmoidSlope, rTanhSlope } from './slopes.ts';
import type { TwiceCell } from './twice-cell.ts';

const GATES = ['r', 'z', 'n'] as const;

/** `gru` with R{·} of its two passes. */
export const gruTwice: TwiceCell<GateName<(typeof GATES)[number]> | 'b_h', 'h', GruTape> = {
  ...gru,

  rForward(p, v, { x, hPrev, r, z, q, n }, { h: RhPrev }) {
    const Rar = add(affine(v.W_r, hPrev, v.U_r, x, v.b_r), timesT(RhPrev, p.W_r));
    const Raz = add(affine(v.W_z, hPrev, v.U_z, x, v.b_z), timesT(RhPrev, p.W_z));
    const Rr = mul(sigmoidSlope(r), Rar); // RGRU-F1  R{r_t} = r(1−r)⊙(R{W_r} h_{t−1} + W_r R{h_{t−1}} + R{U_r} x_t + R{b_r})
    const Rz = mul(sigmoidSlope(z), Raz); // RGRU-F2  R{z_t} = z(1−z)⊙(R{W_z} h_{t−1} + W_z R{h_{t−1}} + R{U_z} x_t + R{b_z})
    const Rq = addRow(add(timesT(hPrev, v.W_n), timesT(RhPrev, p.W_n)), v.b_h); // RGRU-F3  R{q_t} = R{W_n} h_{t−1} + W_n R{h_{t−1}} + R{b_h}
    const Ran = add(addRow(timesT(x, v.U_n), v.b_n), mul(Rr, q), mul(r, Rq));
    const Rn = mul(tanhSlope(n), Ran); // RGRU-F4  R{n_t} = (1−n²)⊙(R{U_n} x_t + R{b_n} + R{r}⊙q + r⊙R{q})
    const Rh = add(mul(oneMinus(z), Rn), mul(Rz, sub(hPrev, n)), mul(z, RhPrev)); // RGRU-F5  R{h_t} = (1−z)⊙R{n} + R{z}⊙(h_{t−1}−n) + z⊙R{h_{t−1}}
    return { Rnext: { h: Rh }, Rtape: { hPrev: RhPrev, r: Rr, z: Rz, q: Rq, n: Rn } };
  },

  rBackward({ p, tape, dnext: { h: dh } }, { p: v, tape: R, dnext: { h: Rdh } }, Rdp) {
    const { x, hPrev, r, z, q, n } = tape;
    const [fresh, sr, sz, sn] = [oneMinus(z), sigmoidSlope(r), sigmoidSlope(z), tanhSlope(n)];
    const [Rsr, Rsz, Rsn] = [rSigmoidSlope(r, R.r), rSigmoidSlope(z, R.z), rTanhSlope(n, R.n)];
    const dan = mul(dh, fresh, sn); // GRU-B1  dL/dan = dh⊙(1−z)⊙(1−n²)
    const Rdan = sub(add(mul(Rdh, fresh, sn), mul(dh, fresh, Rsn)), mul(dh, R.z, sn)); // RGRU-B1  R{dan} = R{dh}⊙(1−z)⊙(1−n²) − 2dh⊙(1−z)⊙n⊙R{n} − dh⊙R{z}⊙(1−n²)
    const [past, Rpast] = [sub(hPrev, n), sub(R.hPrev, R.n)];
    const daz = mul(dh, past, sz); // GRU-B2  dL/daz = dh⊙(h_{t−1}−n)⊙z(1−z)
    const Rdaz = add(mul(Rdh, past, sz), mul(dh, Rpast, sz), mul(dh, past, Rsz)); // RGRU-B2  R{daz} = R{dh}⊙(h_{t−1}−n)⊙z(1−z) + dh⊙(R{h_{t−1}}−R{n})⊙z(1−z) + dh⊙(h_{t−1}−n)⊙(1−2z)⊙R{z}
    const dar = mul(dan, q, sr); // GRU-B3  dL/dar = dL/dan⊙q⊙r(1−r)
    const Rdar = add(mul(Rdan, q, sr), mul(dan, R.q, sr), mul(dan, q, Rsr)); // RGRU-B3  R{dar} = R{dan}⊙q⊙r(1−r) + dan⊙R{q}⊙r(1−r) + dan⊙q⊙(1−2r)⊙R{r}
    const dq = mul(dan, r); // GRU-B4  dL/dq = dL/dan⊙r
    const Rdq = add(mul(Rdan, r), mul(dan, R.r)); // RGRU-B4  R{dq} = R{dan}⊙r + dan⊙R{r}
    const recurrent = { r: dar, z: daz, n: dq };
    const Rrecurrent = { r: Rdar, z: Rdaz, n: Rdq };
    const Rda = { r: Rdar, z: Rdaz, n: Rdan };
    for (const k of GATES) {
      addTTimes(Rdp[`W_${k}`], Rrecurrent[k], hPrev);
      addTTimes(Rdp[`W_${k}`], recurrent[k], R.hPrev); // RGRU-B5  R{dW_k} += R{da_k}ᵀ h_{t−1}ᵀ + da_kᵀ R{h_{t−1}}ᵀ, dq for k = n
      addTTimes(Rdp[`U_${k}`], Rda[k], x); // RGRU-B6  R{dU_k} += R{da_k}ᵀ x_tᵀ
      addColumnSums(Rdp[`b_${k}`], Rda[k]); // RGRU-B7  R{db_k} += R{da_k}
    }
    addColumnSums(Rdp.b_h, Rdq); // RGRU-B8  R{db_h} += R{dq}
    const byW = add(mul(Rdh, z), times(Rdar, p.W_r), times(Rdaz, p.W_z), times(Rdq, p.W_n));
    const byRW = add(mul(dh, R.z), times(dar, v.W_r), times(daz, v.W_z), times(dq, v.W_n));
    return { h: add(byW, byRW) }; // RGRU-B9  R{dL/dh_{t−1}} = R{dh}⊙z + dh⊙R{z} + Σ_k R{da_k} W_k + da_k R{W_k}, dq for k = n
  },
};
