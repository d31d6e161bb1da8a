/** exp, the logistic function and tanh of n numbers at x, into y, which may be x. */
import { exp, sigmoid, tanh } from './elementary';
import { lanes } from './simd';

export function expF64(x: usize, y: usize, n: usize): void {
  map<f64>(EXP, x, y, n);
}

export function expF32(x: usize, y: usize, n: usize): void {
  map<f32>(EXP, x, y, n);
}

export function sigmoidF64(x: usize, y: usize, n: usize): void {
  map<f64>(SIGMOID, x, y, n);
}

export function sigmoidF32(x: usize, y: usize, n: usize): void {
  map<f32>(SIGMOID, x, y, n);
}

export function tanhF64(x: usize, y: usize, n: usize): void {
  map<f64>(TANH, x, y, n);
}

export function tanhF32(x: usize, y: usize, n: usize): void {
  map<f32>(TANH, x, y, n);
}

const EXP = 0;
const SIGMOID = 1;
const TANH = 2;

/** Two vectors at a time, then one by one. */
@inline
function map<T>(f: i32, x: usize, y: usize, n: usize): void {
  const end = x + n * sizeof<T>();
  const pairs = x + (n & ~(2 * <usize>lanes<T>() - 1)) * sizeof<T>();
  for (; x < pairs; x += 32, y += 32) {
    const a = v128.load(x);
    const b = v128.load(x, 16);
    v128.store(y, apply<T>(f, a));
    v128.store(y, apply<T>(f, b), 16);
  }
  for (; x < end; x += sizeof<T>(), y += sizeof<T>()) {
    v128.store_lane<T>(y, apply<T>(f, v128.load_splat<T>(x)), 0);
  }
}

@inline
function apply<T>(f: i32, v: v128): v128 {
  return f == EXP ? exp<T>(v) : f == SIGMOID ? sigmoid<T>(v) : tanh<T>(v);
}
