/**
 * Losses and their gradients, as `lib/losses` has them, which is the text to read: the same operations in the same order, so
 * that the bits are the same. All of f64; the rows of a matrix lie one after the other.
 */
import { exp, log, sigmoid } from './elementary';
import { all } from './simd';

/**
 * do_t of rows×columns log probabilities and the class of each row, all of whose gradients take a factor: where that is 0
 * the row is left as it is.
 */
export function softmaxGradient(
  rows: usize, columns: usize, logP: usize, factors: usize, y: usize, dloss: f64, dO: usize,
): void {
  const row: usize = 8 * columns;
  for (let n: usize = 0; n < rows; n++, logP += row, dO += row) {
    const w = dloss * load<f64>(factors + 8 * n);
    if (load<f64>(factors + 8 * n) == 0) continue;
    const factor = all<f64>(w);
    let k: usize = 0;
    for (; k + 32 <= row; k += 32) { // CE-B1  dL/do_t = −w_t (y_t − p_t)ᵀ
      const p0 = exp<f64>(v128.load(logP + k)), p1 = exp<f64>(v128.load(logP + k, 16));
      v128.store(dO + k, f64x2.mul(factor, p0));
      v128.store(dO + k, f64x2.mul(factor, p1), 16);
    }
    for (; k < row; k += 8) {
      v128.store64_lane(dO + k, f64x2.mul(factor, exp<f64>(v128.load64_zero(logP + k))), 0);
    }
    const right: usize = 8 * <usize>load<i32>(y + 4 * n);
    const p = exp<f64>(v128.load64_zero(logP + right));
    v128.store64_lane(dO + right, f64x2.mul(factor, f64x2.sub(p, all<f64>(1))), 0);
  }
}

/** l = (1 − y) softplus(o) + y softplus(−o) of n logits and targets. */
export function binaryCrossEntropy(n: usize, o: usize, y: usize, l: usize): void {
  const end = o + 8 * n;
  for (; o + 16 <= end; o += 16, y += 16, l += 16) v128.store(l, answerLoss(v128.load(o), v128.load(y)));
  if (o < end) v128.store64_lane(l, answerLoss(v128.load64_zero(o), v128.load64_zero(y)), 0);
}

/** do_t of rows×columns logits and targets, all of whose gradients take a factor: where that is 0 the row is left as it is. */
export function binaryGradient(
  rows: usize, columns: usize, o: usize, y: usize, factors: usize, dloss: f64, dO: usize,
): void {
  const row: usize = 8 * columns;
  for (let n: usize = 0; n < rows; n++, o += row, y += row, dO += row) {
    if (load<f64>(factors + 8 * n) == 0) continue;
    const factor = all<f64>(dloss * load<f64>(factors + 8 * n));
    let k: usize = 0;
    for (; k + 16 <= row; k += 16) {
      v128.store(dO + k, f64x2.mul(factor, answerSlope(v128.load(o + k), v128.load(y + k)))); // BCE-B1  dL/do_t = w_t ((1 − y_t)⊙σ(o_t) − y_t⊙σ(−o_t))ᵀ
    }
    if (k < row) {
      const slope = answerSlope(v128.load64_zero(o + k), v128.load64_zero(y + k));
      v128.store64_lane(dO + k, f64x2.mul(factor, slope), 0);
    }
  }
}

/** A loss so far and those of rows×columns outputs and targets, of every row with a factor, one after the other. */
export function squaredError(rows: usize, columns: usize, o: usize, y: usize, factors: usize, loss: f64): f64 {
  const row: usize = 8 * columns;
  for (let n: usize = 0; n < rows; n++, o += row, y += row) {
    const half = load<f64>(factors + 8 * n) * 0.5;
    if (load<f64>(factors + 8 * n) == 0) continue;
    for (let k: usize = 0; k < row; k += 8) {
      const error = load<f64>(o + k) - load<f64>(y + k);
      loss += half * (error * error); // SE-F1  L = Σ_t w_t l_t with l_t = ½‖o_t − y_t‖²
    }
  }
  return loss;
}

/** do_t of rows×columns outputs and targets, all of whose gradients take a factor: where that is 0 the row is left as it is. */
export function squaredGradient(
  rows: usize, columns: usize, o: usize, y: usize, factors: usize, dloss: f64, dO: usize,
): void {
  const row: usize = 8 * columns;
  for (let n: usize = 0; n < rows; n++, o += row, y += row, dO += row) {
    if (load<f64>(factors + 8 * n) == 0) continue;
    const factor = all<f64>(dloss * load<f64>(factors + 8 * n));
    let k: usize = 0;
    for (; k + 16 <= row; k += 16) {
      v128.store(dO + k, f64x2.mul(factor, f64x2.sub(v128.load(o + k), v128.load(y + k)))); // SE-B1  dL/do_t = w_t (o_t − y_t)ᵀ
    }
    if (k < row) store<f64>(dO + k, f64x2.extract_lane(factor, 0) * (load<f64>(o + k) - load<f64>(y + k)));
  }
}

/** (1 − y) softplus(o) + y softplus(−o). */
@inline
function answerLoss(o: v128, y: v128): v128 {
  const zero = all<f64>(0);
  const rest = log1p(exp<f64>(v128.or(o, SIGN))); // BCE-F1  softplus(o) = max(o, 0) + log(1 + e^−|o|)
  const no = f64x2.add(f64x2.max(o, zero), rest), yes = f64x2.add(f64x2.max(v128.xor(o, SIGN), zero), rest);
  return f64x2.add(f64x2.mul(f64x2.sub(all<f64>(1), y), no), f64x2.mul(y, yes));
}

/** (1 − y) σ(o) − y σ(−o). */
@inline
function answerSlope(o: v128, y: v128): v128 {
  const p = sigmoid<f64>(o), q = sigmoid<f64>(v128.xor(o, SIGN));
  return f64x2.sub(f64x2.mul(f64x2.sub(all<f64>(1), y), p), f64x2.mul(y, q));
}

/** log(1 + a), for a in [0, 1]. */
@inline
function log1p(a: v128): v128 {
  const one = all<f64>(1), s = f64x2.add(one, a);
  const logs = f64x2.replace_lane(all<f64>(log(f64x2.extract_lane(s, 0))), 1, log(f64x2.extract_lane(s, 1)));
  return f64x2.add(logs, f64x2.div(f64x2.sub(a, f64x2.sub(s, one)), s));
}

/** Only the signs. */
const SIGN: v128 = f64x2.splat(-0.0);
