/**
 * The vanilla network but for its products: `lib/cells/rnn.ts`, B rows of a step at a time.
 *
 * | argument | shape | meaning |
 * |----------|-------|---------|
 * | a        | B×m   | W h_{t−1} + U x_t |
 * | b        | 1×m   | the bias |
 * | h        | B×m   | out: the hidden state |
 * | dy, dh   | B×m   | dL/dy_t, and what step t+1 sends back into h_t |
 * | da       | B×m   | out: the gradient in the pre-activation |
 */
import { tanh } from '../elementary';
import { all } from '../simd';
import { sum, tanhSlope } from './terms';

export function rnnForwardF64(B: usize, m: usize, a: usize, b: usize, h: usize): void {
  forward<f64>(false, B, m, a, b, h);
}

export function rnnForwardF32(B: usize, m: usize, a: usize, b: usize, h: usize): void {
  forward<f32>(false, B, m, a, b, h);
}

export function rnnReluForwardF64(B: usize, m: usize, a: usize, b: usize, h: usize): void {
  forward<f64>(true, B, m, a, b, h);
}

export function rnnReluForwardF32(B: usize, m: usize, a: usize, b: usize, h: usize): void {
  forward<f32>(true, B, m, a, b, h);
}

export function rnnBackwardF64(B: usize, m: usize, h: usize, dy: usize, dh: usize, da: usize): void {
  backward<f64>(false, B, m, h, dy, dh, da);
}

export function rnnBackwardF32(B: usize, m: usize, h: usize, dy: usize, dh: usize, da: usize): void {
  backward<f32>(false, B, m, h, dy, dh, da);
}

export function rnnReluBackwardF64(B: usize, m: usize, h: usize, dy: usize, dh: usize, da: usize): void {
  backward<f64>(true, B, m, h, dy, dh, da);
}

export function rnnReluBackwardF32(B: usize, m: usize, h: usize, dy: usize, dh: usize, da: usize): void {
  backward<f32>(true, B, m, h, dy, dh, da);
}

@inline
function forward<T>(relu: bool, B: usize, m: usize, a: usize, b: usize, h: usize): void {
  const row = m * sizeof<T>();
  for (let n: usize = 0; n < B; n++, a += row, h += row) {
    for (let j: usize = 0; j < row; j += 16) {
      const pre = sum<T>(a + j, b + j); // RNN-F1  a_t = W h_{t−1} + U x_t + b
      v128.store(h + j, relu ? v128.max<T>(all<T>(0), pre) : tanh<T>(pre)); // RNN-F2  h_t = g(a_t): tanh(a_t), or max(0, a_t)
    }
  }
}

@inline
function backward<T>(relu: bool, B: usize, m: usize, h: usize, dy: usize, dh: usize, da: usize): void {
  const end = h + B * m * sizeof<T>();
  for (; h < end; h += 16, dy += 16, dh += 16, da += 16) {
    const y = v128.load(h);
    const total = sum<T>(dh, dy); // BPTT-B1  dL/ds_t = dL/dy_t + dL/ds_{t+1} ∂s_{t+1}/∂s_t
    const slope = relu ? v128.and(v128.gt<T>(y, all<T>(0)), all<T>(1)) : tanhSlope<T>(y);
    v128.store(da, v128.mul<T>(total, slope)); // RNN-B1  dL/da_t = dL/dh_t diag(g′(a_t)), through F2; for tanh diag(1 − tanh²(a_t))
  }
}
