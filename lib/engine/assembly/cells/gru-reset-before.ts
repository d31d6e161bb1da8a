/**
 * The GRU that resets before the product, but for its products: `lib/cells/gru-reset-before.ts`, B rows of a step at a
 * time. W_n waits for r⊙h, so a step has two kernels forward and two backward, with a product between them.
 *
 * | argument | shape | meaning |
 * |----------|-------|---------|
 * | a        | B×3m  | W_k h_{t−1} + U_k x_t, k = r, z, n, for n with r⊙h_{t−1}; out: the gates r, z, n |
 * | b        | 1×3m  | the biases |
 * | hPrev, h | B×m   | the hidden state before the step; out: after it |
 * | rh, drh  | B×m   | out: r⊙h_{t−1}; dL/d(r⊙h_{t−1}) |
 * | dy       | B×m   | dL/dy_t |
 * | dh       | B×m   | what step t+1 sends back into h_t; out: what goes on to h_{t−1} past the products |
 * | da       | B×3m  | out: the gradients in the pre-activations |
 */
import { sigmoid, tanh } from '../elementary';
import { mul3, oneMinus, sigmoidSlope, sum, tanhSlope } from './terms';

export function gruResetBeforeGatesF64(B: usize, m: usize, a: usize, b: usize, hPrev: usize, rh: usize): void {
  gates<f64>(B, m, a, b, hPrev, rh);
}

export function gruResetBeforeGatesF32(B: usize, m: usize, a: usize, b: usize, hPrev: usize, rh: usize): void {
  gates<f32>(B, m, a, b, hPrev, rh);
}

export function gruResetBeforeForwardF64(B: usize, m: usize, a: usize, b: usize, hPrev: usize, h: usize): void {
  forward<f64>(B, m, a, b, hPrev, h);
}

export function gruResetBeforeForwardF32(B: usize, m: usize, a: usize, b: usize, hPrev: usize, h: usize): void {
  forward<f32>(B, m, a, b, hPrev, h);
}

export function gruResetBeforeBackwardF64(
  B: usize, m: usize, a: usize, hPrev: usize, dy: usize, dh: usize, da: usize,
): void {
  backward<f64>(B, m, a, hPrev, dy, dh, da);
}

export function gruResetBeforeBackwardF32(
  B: usize, m: usize, a: usize, hPrev: usize, dy: usize, dh: usize, da: usize,
): void {
  backward<f32>(B, m, a, hPrev, dy, dh, da);
}

export function gruResetBeforeBackwardGatesF64(
  B: usize, m: usize, a: usize, hPrev: usize, drh: usize, dh: usize, da: usize,
): void {
  backwardGates<f64>(B, m, a, hPrev, drh, dh, da);
}

export function gruResetBeforeBackwardGatesF32(
  B: usize, m: usize, a: usize, hPrev: usize, drh: usize, dh: usize, da: usize,
): void {
  backwardGates<f32>(B, m, a, hPrev, drh, dh, da);
}

@inline
function gates<T>(B: usize, m: usize, a: usize, b: usize, hPrev: usize, rh: usize): void {
  const row = m * sizeof<T>();
  for (let n: usize = 0; n < B; n++) {
    for (let j: usize = 0; j < row; j += 16) {
      const r = sigmoid<T>(sum<T>(a + j, b + j)); // GRB-F1  r_t = σ(W_r h_{t−1} + U_r x_t + b_r)
      const z = sigmoid<T>(sum<T>(a + j + row, b + j + row)); // GRB-F2  z_t = σ(W_z h_{t−1} + U_z x_t + b_z)
      v128.store(rh + j, v128.mul<T>(r, v128.load(hPrev + j))); // GRB-F3  h̃_{t−1} = r_t⊙h_{t−1}
      v128.store(a + j, r);
      v128.store(a + j + row, z);
    }
    a += 3 * row;
    hPrev += row;
    rh += row;
  }
}

@inline
function forward<T>(B: usize, m: usize, a: usize, b: usize, hPrev: usize, h: usize): void {
  const row = m * sizeof<T>();
  for (let n: usize = 0; n < B; n++) {
    for (let j: usize = 0; j < row; j += 16) {
      const z = v128.load(a + j + row);
      const new_t = tanh<T>(sum<T>(a + j + 2 * row, b + j + 2 * row)); // GRB-F4  n_t = tanh(W_n h̃_{t−1} + U_n x_t + b_n)
      const kept = v128.mul<T>(z, v128.load(hPrev + j));
      v128.store(h + j, v128.add<T>(v128.mul<T>(oneMinus<T>(z), new_t), kept)); // GRB-F5  h_t = (1−z_t)⊙n_t + z_t⊙h_{t−1}
      v128.store(a + j + 2 * row, new_t);
    }
    a += 3 * row;
    hPrev += row;
    h += row;
  }
}

@inline
function backward<T>(B: usize, m: usize, a: usize, hPrev: usize, dy: usize, dh: usize, da: usize): void {
  const row = m * sizeof<T>();
  for (let n: usize = 0; n < B; n++) {
    for (let j: usize = 0; j < row; j += 16) {
      const z = v128.load(a + j + row);
      const new_t = v128.load(a + j + 2 * row);
      const dh_t = sum<T>(dh + j, dy + j); // BPTT-B1  dL/ds_t = dL/dy_t + dL/ds_{t+1} ∂s_{t+1}/∂s_t
      const dan = mul3<T>(dh_t, oneMinus<T>(z), tanhSlope<T>(new_t)); // GRB-B1  dL/dan = dh⊙(1−z)⊙(1−n²), through F5, F4
      const daz = mul3<T>(dh_t, v128.sub<T>(v128.load(hPrev + j), new_t), sigmoidSlope<T>(z)); // GRB-B2  dL/daz = dh⊙(h_{t−1}−n)⊙z(1−z), through F5, F2
      v128.store(dh + j, v128.mul<T>(dh_t, z));
      v128.store(da + j + row, daz);
      v128.store(da + j + 2 * row, dan);
    }
    a += 3 * row;
    da += 3 * row;
    hPrev += row;
    dy += row;
    dh += row;
  }
}

@inline
function backwardGates<T>(B: usize, m: usize, a: usize, hPrev: usize, drh: usize, dh: usize, da: usize): void {
  const row = m * sizeof<T>();
  for (let n: usize = 0; n < B; n++) {
    for (let j: usize = 0; j < row; j += 16) {
      const r = v128.load(a + j);
      const back = v128.load(drh + j);
      v128.store(da + j, mul3<T>(back, v128.load(hPrev + j), sigmoidSlope<T>(r))); // GRB-B4  dL/dar = dL/dh̃_{t−1}⊙h_{t−1}⊙r(1−r), through F3, F1
      v128.store(dh + j, v128.add<T>(v128.load(dh + j), v128.mul<T>(back, r)));
    }
    a += 3 * row;
    da += 3 * row;
    hPrev += row;
    drh += row;
    dh += row;
  }
}
