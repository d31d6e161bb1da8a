/**
 * One update of n parameters, each as `lib/optim` has it, which is the text to read: the same operations in the same order,
 * so that the bits are the same. Two vectors a turn, whose loads and stores lie side by side.
 *
 * Where n is odd, the last number is done as half of a vector whose other half is not written.
 */
import { all } from './simd';

/** θ ← θ − η g. */
export function descend(n: usize, values: usize, grads: usize, eta: f64): void {
  const h = all<f64>(eta), end = values + 8 * n;
  for (; values + 32 <= end; values += 32, grads += 32) {
    const g0 = v128.load(grads), g1 = v128.load(grads, 16);
    const v0 = v128.load(values), v1 = v128.load(values, 16);
    v128.store(values, descended(v0, g0, h));
    v128.store(values, descended(v1, g1, h), 16);
  }
  for (; values < end; values += 8, grads += 8) {
    v128.store64_lane(values, descended(v128.load64_zero(values), v128.load64_zero(grads), h), 0);
  }
}

/** v ← μ v + g; θ ← θ − η v, or by Nesterov θ − η (g + μ v). */
export function descendWithMomentum(
  n: usize, values: usize, grads: usize, velocity: usize, eta: f64, momentum: f64, nesterov: bool,
): void {
  const h = all<f64>(eta), mu = all<f64>(momentum), end = values + 8 * n;
  for (; values + 32 <= end; values += 32, grads += 32, velocity += 32) {
    const g0 = v128.load(grads), g1 = v128.load(grads, 16);
    const v0 = faster(v128.load(velocity), g0, mu), v1 = faster(v128.load(velocity, 16), g1, mu);
    const w0 = v128.load(values), w1 = v128.load(values, 16);
    v128.store(velocity, v0);
    v128.store(velocity, v1, 16);
    v128.store(values, descended(w0, nesterov ? faster(v0, g0, mu) : v0, h));
    v128.store(values, descended(w1, nesterov ? faster(v1, g1, mu) : v1, h), 16);
  }
  for (; values < end; values += 8, grads += 8, velocity += 8) {
    const g = v128.load64_zero(grads), v = faster(v128.load64_zero(velocity), g, mu);
    v128.store64_lane(velocity, v, 0);
    v128.store64_lane(values, descended(v128.load64_zero(values), nesterov ? faster(v, g, mu) : v, h), 0);
  }
}

/** mem ← mem + g², θ ← θ − η g / √(mem + ε); where g = 0, both stay. */
export function adagrad(n: usize, values: usize, grads: usize, mem: usize, eta: f64, epsilon: f64): void {
  const h = all<f64>(eta), e = all<f64>(epsilon), zero = all<f64>(0), end = values + 8 * n;
  for (; values + 32 <= end; values += 32, grads += 32, mem += 32) {
    const g0 = v128.load(grads), g1 = v128.load(grads, 16);
    const z0 = f64x2.eq(g0, zero), z1 = f64x2.eq(g1, zero);
    if (i64x2.all_true(v128.and(z0, z1))) continue; // as of symbols that a chunk does not have
    const m0 = v128.load(mem), m1 = v128.load(mem, 16);
    const v0 = v128.load(values), v1 = v128.load(values, 16);
    const s0 = f64x2.add(m0, f64x2.mul(g0, g0)), s1 = f64x2.add(m1, f64x2.mul(g1, g1));
    v128.store(mem, v128.bitselect(m0, s0, z0));
    v128.store(mem, v128.bitselect(m1, s1, z1), 16);
    v128.store(values, v128.bitselect(v0, scaled(v0, g0, f64x2.sqrt(f64x2.add(s0, e)), h), z0));
    v128.store(values, v128.bitselect(v1, scaled(v1, g1, f64x2.sqrt(f64x2.add(s1, e)), h), z1), 16);
  }
  for (; values < end; values += 8, grads += 8, mem += 8) {
    const g = load<f64>(grads);
    if (g == 0) continue;
    const sum = load<f64>(mem) + g * g;
    store<f64>(mem, sum);
    store<f64>(values, load<f64>(values) - (eta * g) / Math.sqrt(sum + epsilon));
  }
}

/** v ← ρ v + (1 − ρ) g², θ ← θ − η g / (√v + ε). */
export function rmsprop(
  n: usize, values: usize, grads: usize, meanSquare: usize, eta: f64, decay: f64, epsilon: f64,
): void {
  const h = all<f64>(eta), e = all<f64>(epsilon), rho = all<f64>(decay), rest = all<f64>(1 - decay);
  const end = values + 8 * n;
  for (; values + 32 <= end; values += 32, grads += 32, meanSquare += 32) {
    const g0 = v128.load(grads), g1 = v128.load(grads, 16);
    const s0 = squareMean(v128.load(meanSquare), g0, rho, rest);
    const s1 = squareMean(v128.load(meanSquare, 16), g1, rho, rest);
    const v0 = v128.load(values), v1 = v128.load(values, 16);
    v128.store(meanSquare, s0);
    v128.store(meanSquare, s1, 16);
    v128.store(values, scaled(v0, g0, f64x2.add(f64x2.sqrt(s0), e), h));
    v128.store(values, scaled(v1, g1, f64x2.add(f64x2.sqrt(s1), e), h), 16);
  }
  for (; values < end; values += 8, grads += 8, meanSquare += 8) {
    const g = v128.load64_zero(grads), s = squareMean(v128.load64_zero(meanSquare), g, rho, rest);
    v128.store64_lane(meanSquare, s, 0);
    v128.store64_lane(values, scaled(v128.load64_zero(values), g, f64x2.add(f64x2.sqrt(s), e), h), 0);
  }
}

/**
 * m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², θ ← θ − η λ θ − η m̂ / (√v̂ + ε) with m̂ = m / `correction1` and
 * v̂ = v / `correction2`.
 */
export function adam(
  n: usize, values: usize, grads: usize, mean: usize, meanSquare: usize,
  eta: f64, beta1: f64, beta2: f64, epsilon: f64, weightDecay: f64, correction1: f64, correction2: f64,
): void {
  const h = all<f64>(eta), e = all<f64>(epsilon), decay = all<f64>(eta * weightDecay);
  const b1 = all<f64>(beta1), r1 = all<f64>(1 - beta1), b2 = all<f64>(beta2), r2 = all<f64>(1 - beta2);
  const c1 = all<f64>(correction1), c2 = all<f64>(correction2), end = values + 8 * n;
  for (; values + 32 <= end; values += 32, grads += 32, mean += 32, meanSquare += 32) {
    const g0 = v128.load(grads), g1 = v128.load(grads, 16);
    const m0 = weighted(v128.load(mean), g0, b1, r1), m1 = weighted(v128.load(mean, 16), g1, b1, r1);
    v128.store(mean, m0);
    v128.store(mean, m1, 16);
    const s0 = squareMean(v128.load(meanSquare), g0, b2, r2), s1 = squareMean(v128.load(meanSquare, 16), g1, b2, r2);
    v128.store(meanSquare, s0);
    v128.store(meanSquare, s1, 16);
    const v0 = v128.load(values), v1 = v128.load(values, 16);
    const k0 = f64x2.sub(v0, f64x2.mul(decay, v0)), k1 = f64x2.sub(v1, f64x2.mul(decay, v1));
    v128.store(values, scaled(k0, f64x2.div(m0, c1), f64x2.add(f64x2.sqrt(f64x2.div(s0, c2)), e), h));
    v128.store(values, scaled(k1, f64x2.div(m1, c1), f64x2.add(f64x2.sqrt(f64x2.div(s1, c2)), e), h), 16);
  }
  for (; values < end; values += 8, grads += 8, mean += 8, meanSquare += 8) {
    const g = v128.load64_zero(grads);
    const m = weighted(v128.load64_zero(mean), g, b1, r1), s = squareMean(v128.load64_zero(meanSquare), g, b2, r2);
    v128.store64_lane(mean, m, 0);
    v128.store64_lane(meanSquare, s, 0);
    const v = v128.load64_zero(values), kept = f64x2.sub(v, f64x2.mul(decay, v));
    v128.store64_lane(values, scaled(kept, f64x2.div(m, c1), f64x2.add(f64x2.sqrt(f64x2.div(s, c2)), e), h), 0);
  }
}

/** θ − η g. */
@inline
function descended(value: v128, g: v128, eta: v128): v128 {
  return f64x2.sub(value, f64x2.mul(eta, g));
}

/** μ v + g. */
@inline
function faster(v: v128, g: v128, momentum: v128): v128 {
  return f64x2.add(f64x2.mul(momentum, v), g);
}

/** θ − η g / d. */
@inline
function scaled(value: v128, g: v128, d: v128, eta: v128): v128 {
  return f64x2.sub(value, f64x2.div(f64x2.mul(eta, g), d));
}

/** β m + (1 − β) g. */
@inline
function weighted(m: v128, g: v128, kept: v128, rest: v128): v128 {
  return f64x2.add(f64x2.mul(kept, m), f64x2.mul(rest, g));
}

/** β v + (1 − β) g². */
@inline
function squareMean(v: v128, g: v128, kept: v128, rest: v128): v128 {
  return f64x2.add(f64x2.mul(kept, v), f64x2.mul(f64x2.mul(rest, g), g));
}
