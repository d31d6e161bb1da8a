/**
 * The GRU but for its products: `lib/cells/gru.ts`, B rows of a step at a time.
 *
 * | argument | shape | meaning |
 * |----------|-------|---------|
 * | a        | B×3m  | U_k x_t, k = r, z, n; out: the gates r, z, n |
 * | w        | B×3m  | W_k h_{t−1}; out, in its last m columns: q |
 * | b, bh    | 1×3m, 1×m | the biases; the one behind the reset |
 * | hPrev, h | B×m   | the hidden state before the step; out: after it |
 * | dy       | B×m   | dL/dy_t |
 * | dh       | B×m   | what step t+1 sends back into h_t; out: what goes on to h_{t−1} past the products |
 * | da, dw   | B×3m  | out: the gradients in U_k x_t and in W_k h_{t−1} |
 */
import { sigmoid, tanh } from '../elementary';
import { mul3, oneMinus, sigmoidSlope, sum, tanhSlope } from './terms';

export function gruForwardF64(
  B: usize, m: usize, a: usize, w: usize, b: usize, bh: usize, hPrev: usize, h: usize,
): void {
  forward<f64>(B, m, a, w, b, bh, hPrev, h);
}

export function gruForwardF32(
  B: usize, m: usize, a: usize, w: usize, b: usize, bh: usize, hPrev: usize, h: usize,
): void {
  forward<f32>(B, m, a, w, b, bh, hPrev, h);
}

export function gruBackwardF64(
  B: usize, m: usize, a: usize, w: usize, hPrev: usize, dy: usize, dh: usize, da: usize, dw: usize,
): void {
  backward<f64>(B, m, a, w, hPrev, dy, dh, da, dw);
}

export function gruBackwardF32(
  B: usize, m: usize, a: usize, w: usize, hPrev: usize, dy: usize, dh: usize, da: usize, dw: usize,
): void {
  backward<f32>(B, m, a, w, hPrev, dy, dh, da, dw);
}

@inline
function forward<T>(
  B: usize, m: usize, a: usize, w: usize, b: usize, bh: usize, hPrev: usize, h: usize,
): void {
  const row = m * sizeof<T>();
  for (let n: usize = 0; n < B; n++) {
    for (let j: usize = 0; j < row; j += 16) {
      const atR = a + j, atZ = atR + row, atN = atZ + row;
      const r = sigmoid<T>(v128.add<T>(sum<T>(atR, w + j), v128.load(b + j))); // GRU-F1  r_t = σ(W_r h_{t−1} + U_r x_t + b_r)
      const z = sigmoid<T>(v128.add<T>(sum<T>(atZ, w + j + row), v128.load(b + j + row))); // GRU-F2  z_t = σ(W_z h_{t−1} + U_z x_t + b_z)
      const q = sum<T>(w + j + 2 * row, bh + j); // GRU-F3  q_t = W_n h_{t−1} + b_h
      const new_t = tanh<T>(v128.add<T>(sum<T>(atN, b + j + 2 * row), v128.mul<T>(r, q))); // GRU-F4  n_t = tanh(U_n x_t + b_n + r_t⊙q_t)
      const kept = v128.mul<T>(z, v128.load(hPrev + j));
      v128.store(h + j, v128.add<T>(v128.mul<T>(oneMinus<T>(z), new_t), kept)); // GRU-F5  h_t = (1−z_t)⊙n_t + z_t⊙h_{t−1}
      v128.store(atR, r);
      v128.store(atZ, z);
      v128.store(atN, new_t);
      v128.store(w + j + 2 * row, q);
    }
    a += 3 * row;
    w += 3 * row;
    hPrev += row;
    h += row;
  }
}

@inline
function backward<T>(
  B: usize, m: usize, a: usize, w: usize, hPrev: usize, dy: usize, dh: usize, da: usize, dw: usize,
): void {
  const row = m * sizeof<T>();
  for (let n: usize = 0; n < B; n++) {
    for (let j: usize = 0; j < row; j += 16) {
      const r = v128.load(a + j);
      const z = v128.load(a + j + row);
      const new_t = v128.load(a + j + 2 * row);
      const dh_t = sum<T>(dh + j, dy + j); // BPTT-B1  dL/ds_t = dL/dy_t + dL/ds_{t+1} ∂s_{t+1}/∂s_t
      const dan = mul3<T>(dh_t, oneMinus<T>(z), tanhSlope<T>(new_t)); // GRU-B1  dL/dan = dh⊙(1−z)⊙(1−n²), through F5, F4
      const daz = mul3<T>(dh_t, v128.sub<T>(v128.load(hPrev + j), new_t), sigmoidSlope<T>(z)); // GRU-B2  dL/daz = dh⊙(h_{t−1}−n)⊙z(1−z), through F5, F2
      const dar = mul3<T>(dan, v128.load(w + j + 2 * row), sigmoidSlope<T>(r)); // GRU-B3  dL/dar = dL/dan⊙q⊙r(1−r), through F4, F1
      const dq = v128.mul<T>(dan, r); // GRU-B4  dL/dq = dL/dan⊙r, through F4
      v128.store(dh + j, v128.mul<T>(dh_t, z));
      v128.store(da + j, dar);
      v128.store(da + j + row, daz);
      v128.store(da + j + 2 * row, dan);
      v128.store(dw + j, dar);
      v128.store(dw + j + row, daz);
      v128.store(dw + j + 2 * row, dq);
    }
    a += 3 * row;
    w += 3 * row;
    da += 3 * row;
    dw += 3 * row;
    hPrev += row;
    dy += row;
    dh += row;
  }
}
