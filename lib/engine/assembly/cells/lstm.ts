/**
 * The LSTM but for its products: `lib/cells/lstm.ts`, B rows of a step at a time.
 *
 * | argument    | shape | meaning |
 * |-------------|-------|---------|
 * | a           | B×4m  | W_k h_{t−1} + U_k x_t, k = f, i, o, g; out: the gates |
 * | b           | 1×4m  | the biases |
 * | cPrev, c    | B×m   | the memory before the step; out: after it |
 * | tc, h       | B×m   | out: tanh(c), the hidden state |
 * | dy, dh      | B×m   | dL/dy_t, and what step t+1 sends back into h_t |
 * | dc          | B×m   | what step t+1 sends back into c_t; out: into c_{t−1} |
 * | da          | B×4m  | out: the gradients in the pre-activations |
 */
import { tanh } from '../elementary';
import { mul3, sigmoidGate, sigmoidSlope, sum, tanhGate, tanhSlope } from './terms';

export function lstmForwardF64(
  B: usize, m: usize, a: usize, b: usize, cPrev: usize, c: usize, tc: usize, h: usize,
): void {
  forward<f64>(B, m, a, b, cPrev, c, tc, h);
}

export function lstmForwardF32(
  B: usize, m: usize, a: usize, b: usize, cPrev: usize, c: usize, tc: usize, h: usize,
): void {
  forward<f32>(B, m, a, b, cPrev, c, tc, h);
}

export function lstmBackwardF64(
  B: usize, m: usize, a: usize, cPrev: usize, tc: usize, dy: usize, dh: usize, dc: usize, da: usize,
): void {
  backward<f64>(B, m, a, cPrev, tc, dy, dh, dc, da);
}

export function lstmBackwardF32(
  B: usize, m: usize, a: usize, cPrev: usize, tc: usize, dy: usize, dh: usize, dc: usize, da: usize,
): void {
  backward<f32>(B, m, a, cPrev, tc, dy, dh, dc, da);
}

@inline
function forward<T>(
  B: usize, m: usize, a: usize, b: usize, cPrev: usize, c: usize, tc: usize, h: usize,
): void {
  const row = m * sizeof<T>();
  sigmoidGate<T>(B, row, a, 4 * row, b); // LSTM-F1  f_t = σ(W_f h_{t−1} + U_f x_t + b_f)
  sigmoidGate<T>(B, row, a + row, 4 * row, b + row); // LSTM-F2  i_t = σ(W_i h_{t−1} + U_i x_t + b_i)
  sigmoidGate<T>(B, row, a + 2 * row, 4 * row, b + 2 * row); // LSTM-F3  o_t = σ(W_o h_{t−1} + U_o x_t + b_o)
  tanhGate<T>(B, row, a + 3 * row, 4 * row, b + 3 * row); // LSTM-F4  g_t = tanh(W_g h_{t−1} + U_g x_t + b_g)
  for (let n: usize = 0; n < B; n++) {
    for (let j: usize = 0; j < row; j += 16) {
      const f = v128.load(a + j), i = v128.load(a + j + row), o = v128.load(a + j + 2 * row);
      const g = v128.load(a + j + 3 * row);
      const c_t = v128.add<T>(v128.mul<T>(f, v128.load(cPrev + j)), v128.mul<T>(i, g)); // LSTM-F5  c_t = f_t⊙c_{t−1} + i_t⊙g_t
      const tc_t = tanh<T>(c_t);
      v128.store(h + j, v128.mul<T>(o, tc_t)); // LSTM-F6  h_t = o_t⊙tanh(c_t)
      v128.store(c + j, c_t);
      v128.store(tc + j, tc_t);
    }
    a += 4 * row;
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
      const i = v128.load(a + j + row);
      const o = v128.load(a + j + 2 * row);
      const g = v128.load(a + j + 3 * row);
      const tc_t = v128.load(tc + j);
      const dh_t = sum<T>(dh + j, dy + j); // BPTT-B1  dL/ds_t = dL/dy_t + dL/ds_{t+1} ∂s_{t+1}/∂s_t
      const dao = mul3<T>(dh_t, tc_t, sigmoidSlope<T>(o)); // LSTM-B1  dL/dao = dh⊙tanh(c_t)⊙o(1−o), through F6, F3
      const dc_t = v128.add<T>(v128.load(dc + j), mul3<T>(dh_t, o, tanhSlope<T>(tc_t))); // LSTM-B2  dL/dc_t = dc + dh⊙o⊙(1−tanh²(c_t)), through F6
      const daf = mul3<T>(dc_t, v128.load(cPrev + j), sigmoidSlope<T>(f)); // LSTM-B3  dL/daf = dL/dc_t⊙c_{t−1}⊙f(1−f), through F5, F1
      const dai = mul3<T>(dc_t, g, sigmoidSlope<T>(i)); // LSTM-B4  dL/dai = dL/dc_t⊙g⊙i(1−i), through F5, F2
      const dag = mul3<T>(dc_t, i, tanhSlope<T>(g)); // LSTM-B5  dL/dag = dL/dc_t⊙i⊙(1−g²), through F5, F4
      v128.store(dc + j, v128.mul<T>(dc_t, f)); // LSTM-B6  dL/dc_{t−1} = dL/dc_t⊙f, through F5
      v128.store(da + j, daf);
      v128.store(da + j + row, dai);
      v128.store(da + j + 2 * row, dao);
      v128.store(da + j + 3 * row, dag);
    }
    a += 4 * row;
    da += 4 * row;
    cPrev += row;
    tc += row;
    dy += row;
    dh += row;
    dc += row;
  }
}
