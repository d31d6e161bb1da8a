/**
 * Clipping of the gradients that an optimiser is about to receive, in place. Never inside the recursion: what came
 * out would be the gradient of nothing.
 */
import type { ParamSet } from '../params.ts';
import { requirePositive } from '../require.ts';

/**
 * DD2424 Lecture 9, "Easy solution to exploding gradients": G ← (θ/‖G‖) G where ‖G‖ ≥ θ, for the gradient G of every
 * parameter by itself, ‖·‖ being Frobenius'.
 *
 * @returns the norms before clipping, by name.
 * @throws ValueError when θ is not positive.
 */
export function clipByNorm(params: ParamSet, theta: number): Readonly<Record<string, number>> {
  requirePositive('theta', theta);
  return Object.fromEntries(
    Object.entries(params.namedGrads()).map(([name, G]) => {
      const norm = G.norm('frobenius');
      if (norm >= theta) G.mul(theta / norm);
      return [name, norm];
    }),
  );
}

/**
 * Every element of every gradient to within ±limit, as the lecture's character model does.
 *
 * @throws ValueError when the limit is not positive.
 */
export function clipByValue({ grads }: ParamSet, limit: number): void {
  requirePositive('limit', limit);
  grads.forEach((g, i) => {
    grads[i] = Math.max(-limit, Math.min(limit, g));
  });
}
