/**
 * The exponential trace memory but for its product: `lib/cells/trace.ts`, B rows of a step at a time.
 *
 * | argument | shape | meaning |
 * |----------|-------|---------|
 * | a        | B×m   | U x_t; out: u = tanh(U x_t + b) |
 * | b, mu    | 1×m   | the bias; the decays |
 * | hPrev, h | B×m   | the trace before the step; out: after it |
 * | dy       | B×m   | dL/dy_t |
 * | dh       | B×m   | what step t+1 sends back into h_t; out: into h_{t−1} |
 * | da       | B×m   | out: the gradient in U x_t + b |
 * | dmu      | B×m   | out: the gradient in the decays, row by row |
 */
import { tanh } from '../elementary';
import { mul3, oneMinus, sum, tanhSlope } from './terms';

export function traceForwardF64(B: usize, m: usize, a: usize, b: usize, mu: usize, hPrev: usize, h: usize): void {
  forward<f64>(B, m, a, b, mu, hPrev, h);
}

export function traceForwardF32(B: usize, m: usize, a: usize, b: usize, mu: usize, hPrev: usize, h: usize): void {
  forward<f32>(B, m, a, b, mu, hPrev, h);
}

export function traceBackwardF64(
  B: usize, m: usize, a: usize, mu: usize, hPrev: usize, dy: usize, dh: usize, da: usize, dmu: usize,
): void {
  backward<f64>(B, m, a, mu, hPrev, dy, dh, da, dmu);
}

export function traceBackwardF32(
  B: usize, m: usize, a: usize, mu: usize, hPrev: usize, dy: usize, dh: usize, da: usize, dmu: usize,
): void {
  backward<f32>(B, m, a, mu, hPrev, dy, dh, da, dmu);
}

@inline
function forward<T>(B: usize, m: usize, a: usize, b: usize, mu: usize, hPrev: usize, h: usize): void {
  const row = m * sizeof<T>();
  for (let n: usize = 0; n < B; n++) {
    for (let j: usize = 0; j < row; j += 16) {
      const u = tanh<T>(sum<T>(a + j, b + j)); // ETM-F2  u_t = tanh(U x_t + b)
      const decay = v128.load(mu + j);
      const kept = v128.mul<T>(decay, v128.load(hPrev + j));
      v128.store(h + j, v128.add<T>(kept, v128.mul<T>(oneMinus<T>(decay), u))); // ETM-F3  h_t = μ⊙h_{t−1} + (1−μ)⊙u_t
      v128.store(a + j, u);
    }
    a += row;
    hPrev += row;
    h += row;
  }
}

@inline
function backward<T>(
  B: usize, m: usize, a: usize, mu: usize, hPrev: usize, dy: usize, dh: usize, da: usize, dmu: usize,
): void {
  const row = m * sizeof<T>();
  for (let n: usize = 0; n < B; n++) {
    for (let j: usize = 0; j < row; j += 16) {
      const u = v128.load(a + j);
      const decay = v128.load(mu + j);
      const dh_t = sum<T>(dh + j, dy + j); // BPTT-B1  dL/ds_t = dL/dy_t + dL/ds_{t+1} ∂s_{t+1}/∂s_t
      v128.store(da + j, mul3<T>(dh_t, oneMinus<T>(decay), tanhSlope<T>(u))); // ETM-B1  dL/dau_t = dh⊙(1−μ)⊙(1−u²), through F3, F2
      v128.store(dmu + j, v128.mul<T>(dh_t, v128.sub<T>(v128.load(hPrev + j), u)));
      v128.store(dh + j, v128.mul<T>(dh_t, decay)); // ETM-B6  dL/dh_{t−1} = dh⊙μ, through F3
    }
    a += row;
    da += row;
    hPrev += row;
    dy += row;
    dh += row;
    dmu += row;
  }
}
