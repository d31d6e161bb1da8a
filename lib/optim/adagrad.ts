import { beside } from '../engine/resident.ts';
import { ParamSet } from '../params.ts';
import { requireInstance, requireKnown, requirePositive } from '../require.ts';
import { type Optimiser, optimiser } from './optimiser.ts';

/**
 * Adagrad as the lecture's character model has it (IIIT Hyderabad Lecture 20, "Main loop"):
 * mem ← mem + g², θ ← θ − η g / √(mem + ε). PyTorch has √mem + ε instead.
 *
 * @param params the parameters it will be asked to change.
 * @param options `learningRate` η > 0 and `epsilon` ε > 0; throws ValueError when they are not.
 */
export function adagrad(
  params: ParamSet,
  options: { readonly learningRate: number; readonly epsilon?: number },
): Optimiser {
  const { learningRate, epsilon = 1e-8 } = requireKnown('options', options, ['learningRate', 'epsilon']);
  requirePositive('epsilon', epsilon);
  const { size, values: home } = requireInstance('params', params, ParamSet);
  const mem = beside(home, size);
  return optimiser({
    name: 'adagrad',
    learningRate,
    options: { epsilon },
    memory: { mem },
    params,
    squares: true,
    update(values, grads, eta) {
      for (let i = 0; i < grads.length; i++) {
        const g = grads[i] ?? 0;
        if (g === 0) continue; // as of symbols that a chunk does not have: mem and θ stay
        const sum = (mem[i] ?? 0) + g * g;
        mem[i] = sum;
        values[i] = (values[i] ?? 0) - (eta * g) / Math.sqrt(sum + epsilon);
      }
    },
    fast(kernels, { byteOffset: values }, { byteOffset: grads }, eta) {
      kernels.adagrad(size, values, grads, mem.byteOffset, eta, epsilon);
    },
  });
}
