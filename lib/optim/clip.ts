/**
 * Clipping of the gradients that an optimiser is about to receive, in place. Never inside the recursion: what came
 * out would be the gradient of nothing.
 */
import { kernelsOver } from '../engine/resident.ts';
import { ParamSet } from '../params.ts';
import { requireFinite, requireFiniteNumber, requireInstance, requirePositive } from '../require.ts';
import { norm as normOf, numbersOf, squaredNorm } from './norm.ts';

/**
 * DD2424 Lecture 9, "Easy solution to exploding gradients": G ← (θ/‖G‖) G where ‖G‖ ≥ θ, for the gradient G of every
 * parameter by itself, ‖·‖ being Frobenius'.
 *
 * @returns the norms before clipping, by name.
 * @throws ValueError when θ is not positive, or a norm is not finite: what has overflowed has no direction left.
 */
export function clipByNorm(params: ParamSet, theta: number): Readonly<Record<string, number>> {
  requirePositive('theta', theta);
  const each = Object.entries(requireInstance('params', params, ParamSet).namedGrads());
  const grads = each.map(([name, G]) => [name, numbersOf(G)] as const);
  const norms = grads.map(([name, G]) => [name, requireFiniteNumber(`‖d${name}‖`, normOf(G))] as const);
  norms.forEach(([, norm], n) => {
    const G = grads[n]?.[1];
    if (G && norm >= theta) scaleToward(G, theta, norm);
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
  if (norm >= theta) scaleToward(grads, theta, norm);
  return norm;
}

/** g ← (θ/‖g‖) g; by two factors where that is so small that it would lose digits. */
function scaleToward(grads: Float64Array, theta: number, norm: number): void {
  const factor = theta / norm;
  if (factor >= 1e-300) {
    scale(grads, factor);
    return;
  }
  scale(grads, 2 ** -500);
  scale(grads, theta / (norm * 2 ** -500));
}

function scale(grads: Float64Array, factor: number): void {
  const kernels = kernelsOver(grads);
  if (kernels) {
    kernels.scale(grads.length, grads.byteOffset, factor);
    return;
  }
  for (let i = 0; i < grads.length; i++) grads[i] = (grads[i] ?? 0) * factor;
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
  const kernels = kernelsOver(grads);
  if (kernels) {
    kernels.clip(grads.length, grads.byteOffset, limit);
    return;
  }
  for (let i = 0; i < grads.length; i++) {
    const g = grads[i] ?? 0;
    if (Math.abs(g) > limit) grads[i] = g > 0 ? limit : -limit;
  }
}
