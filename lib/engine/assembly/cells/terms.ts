/** What the fused kernels of the cells share. Every row of a kernel has m numbers a gate, m a multiple of the lanes. */
import { sigmoid, tanh } from '../elementary';
import { all } from '../simd';

/** The slope of the logistic function in terms of its output, s(1−s). */
@inline
export function sigmoidSlope<T>(s: v128): v128 {
  return v128.mul<T>(s, v128.sub<T>(all<T>(1), s));
}

/** The slope of tanh in terms of its output, 1−y². */
@inline
export function tanhSlope<T>(y: v128): v128 {
  return v128.sub<T>(all<T>(1), v128.mul<T>(y, y));
}

/** The sum of the vectors at two addresses. */
@inline
export function sum<T>(x: usize, y: usize): v128 {
  return v128.add<T>(v128.load(x), v128.load(y));
}

/** 1 − a. */
@inline
export function oneMinus<T>(a: v128): v128 {
  return v128.sub<T>(all<T>(1), a);
}

/** a⊙b⊙c. */
@inline
export function mul3<T>(a: v128, b: v128, c: v128): v128 {
  return v128.mul<T>(v128.mul<T>(a, b), c);
}

/**
 * a ← σ(a + b), a gate of B rows that are aRow bytes apart. A gate by itself, two vectors a turn: they wait for no others,
 * so that the processor works on several at a time. Where a memory is made of the gates in the same turn, all wait for it.
 */
export function sigmoidGate<T>(B: usize, row: usize, a: usize, aRow: usize, b: usize): void {
  gate<T>(false, B, row, a, aRow, b);
}

/** a ← tanh(a + b), the same. */
export function tanhGate<T>(B: usize, row: usize, a: usize, aRow: usize, b: usize): void {
  gate<T>(true, B, row, a, aRow, b);
}

@inline
function gate<T>(isTanh: bool, B: usize, row: usize, a: usize, aRow: usize, b: usize): void {
  for (; B > 0; B--, a += aRow) {
    let j: usize = 0;
    for (; j + 32 <= row; j += 32) {
      const x = sum<T>(a + j, b + j), y = sum<T>(a + j + 16, b + j + 16);
      v128.store(a + j, isTanh ? tanh<T>(x) : sigmoid<T>(x));
      v128.store(a + j, isTanh ? tanh<T>(y) : sigmoid<T>(y), 16);
    }
    if (j < row) {
      const x = sum<T>(a + j, b + j);
      v128.store(a + j, isTanh ? tanh<T>(x) : sigmoid<T>(x));
    }
  }
}
