/**
 * The LSTM with peepholes but for its products: `lib/cells/lstm-peephole.ts`, B rows of a step at a time.
 *
 * | argument    | shape | meaning |
 * |-------------|-------|---------|
 * | a           | B×4m  | W_k h_{t−1} + U_k x_t, k = f, i, o, g; out: the gates |
 * | b           | 1×4m  | the biases |
 * | p           | 1×3m  | the peepholes p_f, p_i, p_o |
 * | cPrev, c    | B×m   | the memory before the step; out: after it |
 * | tc, h       | B×m   | out: tanh(c), the hidden state |
 * | dy, dh      | B×m   | dL/dy_t, and what step t+1 sends back into h_t |
 * | dc          | B×m   | what step t+1 sends back into c_t; out: into c_{t−1} |
 * | da          | B×4m  | out: the gradients in the pre-activations |
 */
import { sigmoid, tanh } from '../elementary';
import { mul3, sigmoidSlope, sum, tanhSlope } from './terms';

export function lstmPeepholeForwardF64(
  B: usize, m: usize, a: usize, b: usize, p: usize, cPrev: usize, c: usize, tc: usize, h: usize,
): void {
  forward<f64>(B, m, a, b, p, cPrev, c, tc, h);
}

export function lstmPeepholeForwardF32(
  B: usize, m: usize, a: usize, b: usize, p: usize, cPrev: usize, c: usize, tc: usize, h: usize,
): void {
  forward<f32>(B, m, a, b, p, cPrev, c, tc, h);
}

export function lstmPeepholeBackwardF64(
  B: usize, m: usize, a: usize, p: usize, cPrev: usize, tc: usize, dy: usize, dh: usize, dc: usize, da: usize,
): void {
  backward<f64>(B, m, a, p, cPrev, tc, dy, dh, dc, da);
}

export function lstmPeepholeBackwardF32(
  B: usize, m: usize, a: usize, p: usize, cPrev: usize, tc: usize, dy: usize, dh: usize, dc: usize, da: usize,
): void {
  backward<f32>(B, m, a, p, cPrev, tc, dy, dh, dc, da);
}

@inline
function forward<T>(
  B: usize, m: usize, a: usize, b: usize, p: usize, cPrev: usize, c: usize, tc: usize, h: usize,
): void {
  const row = m * sizeof<T>();
  for (let n: usize = 0; n < B; n++) {
    for (let j: usize = 0; j < row; j += 16) {
      const c_p = v128.load(cPrev + j);
      const f = sigmoid<T>(v128.add<T>(sum<T>(a + j, b + j), v128.mul<T>(v128.load(p + j), c_p))); // LPH-F1  f_t = σ(W_f h_{t−1} + U_f x_t + b_f + p_f⊙c_{t−1})
      const i = sigmoid<T>(v128.add<T>(sum<T>(a + j + row, b + j + row), v128.mul<T>(v128.load(p + j + row), c_p))); // LPH-F2  i_t = σ(W_i h_{t−1} + U_i x_t + b_i + p_i⊙c_{t−1})
      const g = tanh<T>(sum<T>(a + j + 3 * row, b + j + 3 * row)); // LPH-F3  g_t = tanh(W_g h_{t−1} + U_g x_t + b_g)
      const c_t = v128.add<T>(v128.mul<T>(f, c_p), v128.mul<T>(i, g)); // LPH-F4  c_t = f_t⊙c_{t−1} + i_t⊙g_t
      const o = sigmoid<T>(v128.add<T>(sum<T>(a + j + 2 * row, b + j + 2 * row), v128.mul<T>(v128.load(p + j + 2 * row), c_t))); // LPH-F5  o_t = σ(W_o h_{t−1} + U_o x_t + b_o + p_o⊙c_t)
      const tc_t = tanh<T>(c_t);
      v128.store(h + j, v128.mul<T>(o, tc_t)); // LPH-F6  h_t = o_t⊙tanh(c_t)
      v128.store(c + j, c_t);
      v128.store(tc + j, tc_t);
      v128.store(a + j, f);
      v128.store(a + j + row, i);
      v128.store(a + j + 2 * row, o);
      v128.store(a + j + 3 * row, g);
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
  B: usize, m: usize, a: usize, p: usize, cPrev: usize, tc: usize, dy: usize, dh: usize, dc: usize, da: usize,
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
      const dao = mul3<T>(dh_t, tc_t, sigmoidSlope<T>(o)); // LPH-B1  dL/dao = dh⊙tanh(c_t)⊙o(1−o), through F6, F5
      const direct = v128.add<T>(v128.load(dc + j), mul3<T>(dh_t, o, tanhSlope<T>(tc_t)));
      const dc_t = v128.add<T>(direct, v128.mul<T>(dao, v128.load(p + j + 2 * row))); // LPH-B2  dL/dc_t = dc + dh⊙o⊙(1−tanh²(c_t)) + dL/dao⊙p_o, through F6, F5
      const daf = mul3<T>(dc_t, v128.load(cPrev + j), sigmoidSlope<T>(f)); // LPH-B3  dL/daf = dL/dc_t⊙c_{t−1}⊙f(1−f), through F4, F1
      const dai = mul3<T>(dc_t, g, sigmoidSlope<T>(i)); // LPH-B4  dL/dai = dL/dc_t⊙g⊙i(1−i), through F4, F2
      const dag = mul3<T>(dc_t, i, tanhSlope<T>(g)); // LPH-B5  dL/dag = dL/dc_t⊙i⊙(1−g²), through F4, F3
      const peeped = v128.add<T>(v128.mul<T>(daf, v128.load(p + j)), v128.mul<T>(dai, v128.load(p + j + row)));
      v128.store(dc + j, v128.add<T>(v128.mul<T>(dc_t, f), peeped)); // LPH-B6  dL/dc_{t−1} = dL/dc_t⊙f + dL/daf⊙p_f + dL/dai⊙p_i, through F4, F1, F2
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
