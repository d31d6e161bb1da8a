/**
 * The vanilla network to second order: R{·} of the lines of `lib/cells/rnn.ts`, with tanh. Derived in
 * `derivations/second-order.md`. Where a line of the cell's backward pass is needed again, it stands above its R{·}.
 */
import { type RnnTape, rnn } from '../../cells/rnn.ts';
import { add, addColumnSums, addTTimes, affine, mul, tanhSlope, times, timesT } from '../../matrix.ts';
import { rTanhSlope } from './slopes.ts';
import type { TwiceCell } from './twice-cell.ts';

/** `rnn` with R{·} of its two passes. */
export const rnnTwice: TwiceCell<'W' | 'U' | 'b', 'h', RnnTape> = {
  ...rnn,

  rForward({ W }, v, { x, hPrev, h }, { h: RhPrev }) {
    const Ra = add(affine(v.W, hPrev, v.U, x, v.b), timesT(RhPrev, W)); // RRNN-F1  R{a_t} = R{W} h_{t−1} + W R{h_{t−1}} + R{U} x_t + R{b}
    const Rh = mul(tanhSlope(h), Ra); // RRNN-F2  R{h_t} = (1−h_t²)⊙R{a_t}
    return { Rnext: { h: Rh }, Rtape: { hPrev: RhPrev, h: Rh } };
  },

  rBackward({ p, tape: { x, hPrev, h }, dnext: { h: dh } }, { p: v, tape: R, dnext: { h: Rdh } }, Rdp) {
    const da = mul(dh, tanhSlope(h)); // RNN-B1  dL/da_t = dL/dh_t diag(1 − tanh²(a_t))
    const Rda = add(mul(Rdh, tanhSlope(h)), mul(dh, rTanhSlope(h, R.h))); // RRNN-B1  R{da} = R{dh}⊙(1−h²) − 2dh⊙h⊙R{h}
    addTTimes(Rdp.W, Rda, hPrev);
    addTTimes(Rdp.W, da, R.hPrev); // RRNN-B2  R{dW} += R{da}ᵀ h_{t−1}ᵀ + daᵀ R{h_{t−1}}ᵀ
    addTTimes(Rdp.U, Rda, x); // RRNN-B3  R{dU} += R{da}ᵀ x_tᵀ
    addColumnSums(Rdp.b, Rda); // RRNN-B4  R{db} += R{da}
    return { h: add(times(Rda, p.W), times(da, v.W)) }; // RRNN-B5  R{dL/dh_{t−1}} = R{da} W + da R{W}
  },
};
