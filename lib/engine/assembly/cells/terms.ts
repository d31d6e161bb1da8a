/** What the fused kernels of the cells share. Every row of a kernel has m numbers a gate, m a multiple of the lanes. */
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
