import { beside } from '../engine/resident.ts';
import { ParamSet } from '../params.ts';
import { requireInstance, requireKnown, requirePositive } from '../require.ts';
import { type Optimiser, optimiser, requireDecay } from './optimiser.ts';

/** What RMSprop can be told. */
export interface RmspropOptions {
  readonly learningRate: number;
  /** ρ in [0, 1), what is left of the mean square from one step to the next; 0.99 unless given. */
  readonly decay?: number;
  /** ε > 0, under the gradient beside the root; 1e-8 unless given. */
  readonly epsilon?: number;
}

/**
 * RMSprop (Tieleman and Hinton 2012, "Divide the gradient by a running average of its recent magnitude"), in PyTorch's
 * formulation: v ← ρ v + (1 − ρ) g², θ ← θ − η g / (√v + ε).
 *
 * @param params the parameters it will be asked to change.
 * @throws ValueError when η or ε is not positive, or ρ not in [0, 1).
 */
export function rmsprop(params: ParamSet, options: RmspropOptions): Optimiser {
  const {
    learningRate,
    decay = 0.99,
    epsilon = 1e-8,
  } = requireKnown('options', options, ['learningRate', 'decay', 'epsilon']);
  requireDecay('decay', decay);
  requirePositive('epsilon', epsilon);
  const { size, values: home } = requireInstance('params', params, ParamSet);
  const meanSquare = beside(home, size);
  return optimiser({
    name: 'rmsprop',
    learningRate,
    options: { decay, epsilon },
    memory: { v: meanSquare },
    params,
    squares: true,
    update(values, grads, eta) {
      for (let i = 0; i < grads.length; i++) {
        const g = grads[i] ?? 0;
        const v = decay * (meanSquare[i] ?? 0) + (1 - decay) * g * g;
        meanSquare[i] = v;
        values[i] = (values[i] ?? 0) - (eta * g) / (Math.sqrt(v) + epsilon);
      }
    },
    fast(kernels, { byteOffset: values }, { byteOffset: grads }, eta) {
      kernels.rmsprop(size, values, grads, meanSquare.byteOffset, eta, decay, epsilon);
    },
  });
}
