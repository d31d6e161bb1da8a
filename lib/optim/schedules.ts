/**
 * Learning rates that change with training: pure functions of the number of steps taken before, 0, 1, 2, …
 *
 * @example
 * ```ts
 * import { cosine, warmUp } from 'bptt';
 *
 * const schedule = warmUp(3, cosine({ learningRate: 0.4, steps: 4 }));
 * // Before every step: optimiser.learningRate = schedule(n);
 * console.log([0, 1, 2, 3, 5, 7, 8].map(n => schedule(n).toFixed(1)).join(' ')); // → 0.1 0.2 0.3 0.4 0.2 0.0 0.0
 * ```
 */
import { ValueError } from '../errors.ts';
import {
  requireFiniteNumber,
  requireFunction,
  requireInteger,
  requireKnown,
  requirePositive,
  requireSize,
} from '../require.ts';

/** η_n of step n, an integer ≥ 0; throws ValueError when n is none, or η_n not a finite number ≥ 0. */
export type Schedule = (step: number) => number;

/**
 * η_n = η.
 *
 * @throws ValueError when η is not positive.
 */
export function constant(learningRate: number): Schedule {
  requirePositive('learningRate', learningRate);
  return schedule(() => learningRate);
}

/**
 * η_n = η · factor^⌊n / every⌋: times `factor` after every so many steps.
 *
 * @throws ValueError when η or the factor is not positive, or `every` no positive integer.
 */
export function stepDecay(options: {
  readonly learningRate: number;
  readonly every: number;
  readonly factor: number;
}): Schedule {
  const { learningRate, every, factor } = requireKnown('options', options, ['learningRate', 'every', 'factor']);
  requirePositive('learningRate', learningRate);
  requireSize('every', every);
  requirePositive('factor', factor);
  return schedule(n => learningRate * factor ** Math.floor(n / every));
}

/**
 * η_n = floor + ½ (η − floor) (1 + cos(π n / steps)) for n ≤ steps, and the floor from there on: half a wave from η down
 * to it (Loshchilov and Hutter 2017, without restarts). The floor is 0 unless given.
 *
 * @throws ValueError when η is not positive, the floor not in [0, η], or `steps` no positive integer.
 */
export function cosine(options: {
  readonly learningRate: number;
  readonly steps: number;
  readonly floor?: number;
}): Schedule {
  const { learningRate, steps, floor = 0 } = requireKnown('options', options, ['learningRate', 'steps', 'floor']);
  requirePositive('learningRate', learningRate);
  requireSize('steps', steps);
  requireFiniteNumber('floor', floor);
  if (floor < 0 || floor > learningRate) throw new ValueError('floor', `a number in [0, ${learningRate}]`, `${floor}`);
  const wave = (n: number) => floor + 0.5 * (learningRate - floor) * (1 + Math.cos((Math.PI * n) / steps));
  return schedule(n => (n < steps ? wave(n) : floor));
}

/**
 * η_n = then(0) · (n + 1) / (steps + 1) for n < steps, and then(n − steps) from there on: in equal steps up to where the
 * other schedule begins, the first of them not 0.
 *
 * @throws ValueError when `steps` is no positive integer.
 */
export function warmUp(steps: number, then: Schedule): Schedule {
  requireSize('steps', steps);
  requireFunction('then', then);
  return schedule(n => (n < steps ? (then(0) * (n + 1)) / (steps + 1) : then(n - steps)));
}

function schedule(rate: Schedule): Schedule {
  return step => {
    requireInteger('step', step, 0);
    const eta = requireFiniteNumber(`learning rate of step ${step}`, rate(step));
    if (eta < 0) throw new ValueError(`learning rate of step ${step}`, 'a number ≥ 0', `${eta}`);
    return eta;
  };
}
