/**
 * The LSTM with coupled gates but for its products: `lib/cells/lstm-coupled.ts`, B rows of a step at a time.
 *
 * | argument    | shape | meaning |
 * |-------------|-------|---------|
 * | a           | B×3m  | W_k h_{t−1} + U_k x_t, k = f, o, g; out: the gates |
 * | b           | 1×3m  | the biases |
 * | cPrev, c    | B×m   | the memory before the step; out: after it |
 * | tc, h       | B×m   | out: tanh(c), the hidden state |
 * | dy, dh      | B×m   | dL/dy_t, and what step t+1 sends back into h_t |
 * | dc          | B×m   | what step t+1 sends back into c_t; out: into c_{t−1} |
 * | da          | B×3m  | out: the gradients in the pre-activations |
 */
import { tanh } from '../elementary';
import { mul3, oneMinus, sigmoidGate, sigmoidSlope, sum, tanhGate, tanhSlope } from './terms';

export function lstmCoupledForwardF64(
  B: usize, m: usize, a: usize, b: usize, cPrev: usize, c: usize, tc: usize, h: usize,
): void {
  forward<f64>(B, m, a, b, cPrev, c, tc, h);
}

export function lstmCoupledForwardF32(
  B: usize, m: usize, a: usize, b: usize, cPrev: usize, c: usize, tc: usize, h: usize,
): void {
  forward<f32>(B, m, a, b, cPrev, c, tc, h);
}

export function lstmCoupledBackwardF64(
  B: usize, m: usize, a: usize, cPrev: usize, tc: usize, dy: usize, dh: usize, dc: usize, da: usize,
): void {
  backward<f64>(B, m, a, cPrev, tc, dy, dh, dc, da);
}

export function lstmCoupledBackwardF32(
  B: usize, m: usize, a: usize, cPrev: usize, tc: usize, dy: usize, dh: usize, dc: usize, da: usize,
): void {
  backward<f32>(B, m, a, cPrev, tc, dy, dh, dc, da);
}

@inline
function forward<T>(
  B: usize, m: usize, a: usize, b: usize, cPrev: usize, c: usize, tc: usize, h: usize,
): void {
  const row = m * sizeof<T>();
  sigmoidGate<T>(B, row, a, 3 * row, b); // LCF-F1  f_t = σ(W_f h_{t−1} + U_f x_t + b_f)
  sigmoidGate<T>(B, row, a + row, 3 * row, b + row); // LCF-F2  o_t = σ(W_o h_{t−1} + U_o x_t + b_o)
  tanhGate<T>(B, row, a + 2 * row, 3 * row, b + 2 * row); // LCF-F3  g_t = tanh(W_g h_{t−1} + U_g x_t + b_g)
  for (let n: usize = 0; n < B; n++) {
    for (let j: usize = 0; j < row; j += 16) {
      const f = v128.load(a + j), o = v128.load(a + j + row), g = v128.load(a + j + 2 * row);
      const c_t = v128.add<T>(v128.mul<T>(f, v128.load(cPrev + j)), v128.mul<T>(oneMinus<T>(f), g)); // LCF-F4  c_t = f_t⊙c_{t−1} + (1−f_t)⊙g_t
      const tc_t = tanh<T>(c_t);
      v128.store(h + j, v128.mul<T>(o, tc_t)); // LCF-F5  h_t = o_t⊙tanh(c_t)
      v128.store(c + j, c_t);
      v128.store(tc + j, tc_t);
    }
    a += 3 * row;
    cPrev += row;
    c += row;
    tc += row;
    h += row;
  }
}

@inline
function backward<T>(
  B: usize, m: usize, a: usize, cPrev: usize, tc: usize, dy: usize, dh: usize, dc: usize, da: usize,
): void {
  const row = m * sizeof<T>();
  for (let n: usize = 0; n < B; n++) {
    for (let j: usize = 0; j < row; j += 16) {
      const f = v128.load(a + j);
      const o = v128.load(a + j + row);
      const g = v128.load(a + j + 2 * row);
      const tc_t = v128.load(tc + j);
      const dh_t = sum<T>(dh + j, dy + j); // BPTT-B1  dL/ds_t = dL/dy_t + dL/ds_{t+1} ∂s_{t+1}/∂s_t
      const dao = mul3<T>(dh_t, tc_t, sigmoidSlope<T>(o)); // LCF-B1  dL/dao = dh⊙tanh(c_t)⊙o(1−o), through F5, F2
      const dc_t = v128.add<T>(v128.load(dc + j), mul3<T>(dh_t, o, tanhSlope<T>(tc_t))); // LCF-B2  dL/dc_t = dc + dh⊙o⊙(1−tanh²(c_t)), through F5
      const daf = mul3<T>(dc_t, v128.sub<T>(v128.load(cPrev + j), g), sigmoidSlope<T>(f)); // LCF-B3  dL/daf = dL/dc_t⊙(c_{t−1}−g)⊙f(1−f), through F4, F1
      const dag = mul3<T>(dc_t, oneMinus<T>(f), tanhSlope<T>(g)); // LCF-B4  dL/dag = dL/dc_t⊙(1−f)⊙(1−g²), through F4, F3
      v128.store(dc + j, v128.mul<T>(dc_t, f)); // LCF-B5  dL/dc_{t−1} = dL/dc_t⊙f, through F4
      v128.store(da + j, daf);
      v128.store(da + j + row, dao);
      v128.store(da + j + 2 * row, dag);
    }
    a += 3 * row;
    da += 3 * row;
    cPrev += row;
    tc += row;
    dy += row;
    dh += row;
    dc += row;
  }
}
