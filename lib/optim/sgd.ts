import { beside } from '../engine/resident.ts';
import { ValueError } from '../errors.ts';
import { ParamSet } from '../params.ts';
import { requireBoolean, requireInstance, requireKnown } from '../require.ts';
import { type Optimiser, optimiser, requireDecay } from './optimiser.ts';

/** Gradient descent with momentum. */
export interface MomentumOptions {
  readonly learningRate: number;
  /** μ in [0, 1), what is left of the velocity from one step to the next; 0 unless given. */
  readonly momentum?: number;
  /** Whether the gradient is followed by another step of the velocity, as Nesterov's; false unless given. */
  readonly nesterov?: boolean;
}

/**
 * Gradient descent: θ ← θ − η g with g = dL/dθ. With momentum, in PyTorch's formulation:
 * v ← μ v + g, then θ ← θ − η v, or by Nesterov θ ← θ − η (g + μ v). The learning rate stands outside the velocity, so
 * that changing it acts at once.
 *
 * @param params the parameters it will be asked to change; needed where there is momentum.
 * @param options `learningRate` η > 0, and with parameters `momentum` and `nesterov`.
 * @throws ValueError when η is not positive, μ not in [0, 1), or Nesterov's has no momentum.
 */
export function sgd(options: { readonly learningRate: number }): Optimiser;
export function sgd(params: ParamSet, options: MomentumOptions): Optimiser;
export function sgd(first: ParamSet | { readonly learningRate: number }, second?: MomentumOptions): Optimiser {
  if (!(first instanceof ParamSet)) {
    if (second !== undefined) requireInstance('params', first, ParamSet);
    return plain(requireKnown('options', first, ['learningRate']).learningRate);
  }
  const options = second ?? { learningRate: Number.NaN };
  const known = requireKnown('options', options, ['learningRate', 'momentum', 'nesterov']);
  const { learningRate, momentum = 0, nesterov = false } = known;
  const mu = requireDecay('momentum', momentum);
  requireBoolean('nesterov', nesterov);
  if (mu > 0) return withMomentum(first, learningRate, mu, nesterov);
  if (nesterov) throw new ValueError('momentum', "a positive one for Nesterov's", `${momentum}`);
  return plain(learningRate, first);
}

function plain(learningRate: number, params?: ParamSet): Optimiser {
  return optimiser({
    name: 'sgd',
    learningRate,
    memory: {},
    ...(params && { params }),
    update(values, grads, eta) {
      for (let i = 0; i < grads.length; i++) {
        const g = grads[i] ?? 0;
        values[i] = (values[i] ?? 0) - eta * g;
      }
    },
    fast(kernels, { byteOffset: values, length: size }, { byteOffset: grads }, eta) {
      kernels.descend(size, values, grads, eta);
    },
  });
}

function withMomentum(params: ParamSet, learningRate: number, mu: number, nesterov: boolean): Optimiser {
  const velocity = beside(params.values, params.size);
  return optimiser({
    name: 'sgd',
    learningRate,
    options: { momentum: mu, nesterov },
    memory: { velocity },
    params,
    update(values, grads, eta) {
      for (let i = 0; i < grads.length; i++) {
        const g = grads[i] ?? 0;
        const v = mu * (velocity[i] ?? 0) + g;
        velocity[i] = v;
        values[i] = (values[i] ?? 0) - eta * (nesterov ? g + mu * v : v);
      }
    },
    fast(kernels, { byteOffset: values, length: size }, { byteOffset: grads }, eta) {
      kernels.descendWithMomentum(size, values, grads, velocity.byteOffset, eta, mu, nesterov);
    },
  });
}
