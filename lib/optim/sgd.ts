import { requirePositive } from '../require.ts';
import type { Optimiser } from './optimiser.ts';

/**
 * Gradient descent: θ ← θ − η dL/dθ.
 *
 * @param options `learningRate` η > 0; throws ValueError when it is not.
 */
export function sgd({ learningRate }: { readonly learningRate: number }): Optimiser {
  requirePositive('learningRate', learningRate);
  return {
    name: 'sgd',
    memory: {},
    step({ values, grads }) {
      grads.forEach((g, i) => {
        values[i] = (values[i] ?? 0) - learningRate * g;
      });
    },
  };
}
