import { beside } from '../engine/resident.ts';
import { ValueError } from '../errors.ts';
import { ParamSet } from '../params.ts';
import { requireFiniteNumber, requireInstance, requireKnown, requirePositive } from '../require.ts';
import { type Optimiser, optimiser, requireDecay } from './optimiser.ts';

/** What Adam can be told. */
export interface AdamOptions {
  readonly learningRate: number;
  /** β₁ in [0, 1), what is left of the mean gradient from one step to the next; 0.9 unless given. */
  readonly beta1?: number;
  /** β₂ in [0, 1), the same for the mean square; 0.999 unless given. */
  readonly beta2?: number;
  /** ε > 0, under the mean beside the root; 1e-8 unless given. */
  readonly epsilon?: number;
  /** λ ≥ 0: what a step takes off the parameters besides, η λ θ; 0 unless given. */
  readonly weightDecay?: number;
}

/**
 * Adam (Kingma and Ba 2015, Algorithm 1): m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g²; both begin at 0, and at step t
 * are too small by 1 − βᵗ, which m̂ = m/(1 − β₁ᵗ) and v̂ = v/(1 − β₂ᵗ) make good; θ ← θ − η m̂ / (√v̂ + ε).
 *
 * With `weightDecay` it is AdamW (Loshchilov and Hutter 2019): θ ← θ − η λ θ first, apart from the gradient and not
 * divided by √v̂. Its memory is m, v and the number of steps t, an array of one.
 *
 * @param params the parameters it will be asked to change.
 * @throws ValueError when η or ε is not positive, β₁ or β₂ not in [0, 1), or λ not ≥ 0.
 */
export function adam(params: ParamSet, options: AdamOptions): Optimiser {
  const {
    learningRate,
    beta1 = 0.9,
    beta2 = 0.999,
    epsilon = 1e-8,
    weightDecay = 0,
  } = requireKnown('options', options, ['learningRate', 'beta1', 'beta2', 'epsilon', 'weightDecay']);
  requireDecay('beta1', beta1);
  requireDecay('beta2', beta2);
  requirePositive('epsilon', epsilon);
  if (requireFiniteNumber('weightDecay', weightDecay) < 0)
    throw new ValueError('weightDecay', 'a number ≥ 0', `${weightDecay}`);
  const { size, values: home } = requireInstance('params', params, ParamSet);
  const [mean, meanSquare] = [beside(home, size), beside(home, size)];
  const steps = new Float64Array(1);
  /** Counts a step, and says by how much m and v are too small at it. */
  const corrections = (): readonly [number, number] => {
    const t = (steps[0] ?? 0) + 1;
    steps[0] = t;
    return [1 - beta1 ** t, 1 - beta2 ** t];
  };
  return optimiser({
    name: 'adam',
    learningRate,
    options: { beta1, beta2, epsilon, weightDecay },
    memory: { m: mean, v: meanSquare, t: steps },
    params,
    squares: true,
    update(values, grads, eta) {
      const [correction1, correction2] = corrections();
      for (let i = 0; i < grads.length; i++) {
        const g = grads[i] ?? 0;
        const m = beta1 * (mean[i] ?? 0) + (1 - beta1) * g;
        const v = beta2 * (meanSquare[i] ?? 0) + (1 - beta2) * g * g;
        mean[i] = m;
        meanSquare[i] = v;
        const theta = values[i] ?? 0;
        const kept = theta - eta * weightDecay * theta;
        values[i] = kept - (eta * (m / correction1)) / (Math.sqrt(v / correction2) + epsilon);
      }
    },
    fast(kernels, { byteOffset: values }, { byteOffset: grads }, eta) {
      const [correction1, correction2] = corrections();
      const [m, v] = [mean.byteOffset, meanSquare.byteOffset];
      // biome-ignore format: twelve lines otherwise
      kernels.adam(size, values, grads, m, v, eta, beta1, beta2, epsilon, weightDecay, correction1, correction2);
    },
  });
}
