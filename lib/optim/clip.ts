/**
 * Clipping of the gradients that an optimiser is about to receive, in place. Never inside the recursion: what came
 * out would be the gradient of nothing.
 */
import { ParamSet } from '../params.ts';
import { requireFinite, requireFiniteNumber, requireInstance, requirePositive } from '../require.ts';
import { frobenius, norm as normOf, squaredNorm } from './norm.ts';

/**
 * DD2424 Lecture 9, "Easy solution to exploding gradients": G ← (θ/‖G‖) G where ‖G‖ ≥ θ, for the gradient G of every
 * parameter by itself, ‖·‖ being Frobenius'.
 *
 * @returns the norms before clipping, by name.
 * @throws ValueError when θ is not positive, or a norm is not finite: what has overflowed has no direction left.
 */
export function clipByNorm(params: ParamSet, theta: number): Readonly<Record<string, number>> {
  requirePositive('theta', theta);
  const grads = Object.entries(requireInstance('params', params, ParamSet).namedGrads());
  const norms = grads.map(([name, G]) => [name, requireFiniteNumber(`‖d${name}‖`, frobenius(G))] as const);
  norms.forEach(([, norm], n) => {
    if (norm < theta) return;
    for (const factor of factorsOf(theta, norm)) grads[n]?.[1].mul(factor);
  });
  return Object.fromEntries(norms);
}

/**
 * Pascanu, Mikolov and Bengio 2013, Algorithm 1: g ← (θ/‖g‖) g where ‖g‖ ≥ θ, for all gradients together as one vector
 * g. Keeps its direction, which clipping each parameter by itself does not.
 *
 * @returns the norm before clipping.
 * @throws ValueError when θ is not positive, or the norm is not finite.
 */
export function clipByGlobalNorm(params: ParamSet, theta: number): number {
  const { grads } = requireInstance('params', params, ParamSet);
  requirePositive('theta', theta);
  const norm = requireFiniteNumber('‖grads‖', normOf(grads));
  if (norm >= theta) {
    for (const factor of factorsOf(theta, norm)) {
      grads.forEach((g, i) => {
        grads[i] = g * factor;
      });
    }
  }
  return norm;
}

/** θ/‖g‖; in two factors where that is so small that it would lose digits. */
function factorsOf(theta: number, norm: number): readonly number[] {
  const factor = theta / norm;
  return factor >= 1e-300 ? [factor] : [2 ** -500, theta / (norm * 2 ** -500)];
}

/**
 * Every element of every gradient to within ±limit, as the lecture's character model does.
 *
 * @throws ValueError when the limit is not positive, or a gradient is not finite.
 */
export function clipByValue(params: ParamSet, limit: number): void {
  const { grads } = requireInstance('params', params, ParamSet);
  requirePositive('limit', limit);
  const squares = squaredNorm(grads);
  if (squares < limit ** 2) return; // no element is larger than all together
  if (!Number.isFinite(squares)) requireFinite('grads', grads);
  for (let from = 0; from < grads.length; from += BLOCK) {
    const part = grads.subarray(from, from + BLOCK);
    if (squaredNorm(part) < limit ** 2) continue; // as most are
    for (let i = 0; i < part.length; i++) {
      const g = part[i] ?? 0;
      if (Math.abs(g) > limit) part[i] = g > 0 ? limit : -limit;
    }
  }
}

/** Gradients that are looked at together. */
const BLOCK = 256;
