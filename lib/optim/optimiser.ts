import { noteOf } from '../copies.ts';
import type { AroundKernels } from '../engine/kernels-around.ts';
import { kernelsOver } from '../engine/resident.ts';
import { ValueError } from '../errors.ts';
import { ParamSet } from '../params.ts';
import { describe, requireFinite, requireFiniteNumber, requireInstance, requirePositive } from '../require.ts';
import { squaredNorm } from './norm.ts';

/** Changes parameters in the direction of their gradients. */
export interface Optimiser {
  readonly name: string;
  /**
   * η, the length of a step. A schedule sets it before every step: `optimiser.learningRate = schedule(n)`. It may be 0,
   * where a schedule ends, but neither negative nor infinite: ValueError.
   */
  learningRate: number;
  /** What it remembers between steps, by name: save it and set it to go on exactly. Empty where there is nothing. */
  readonly memory: Readonly<Record<string, Float64Array>>;
  /**
   * One update of `params.values` from `params.grads`, which stay as they are.
   *
   * @throws ValueError when the optimiser was made for other parameters, or a gradient is not finite, or too large for its
   * square, where that is remembered. Parameters and memory are then as they were.
   */
  step(params: ParamSet): void;
}

/** How an optimiser was made: its name, all options but the learning rate, and the parameters that it is of, if of any. */
export interface OptimiserMaking {
  readonly name: string;
  readonly options: Readonly<Record<string, number | boolean>>;
  readonly params?: ParamSet;
}

const makings = noteOf<{ readonly making: OptimiserMaking; readonly step: unknown }>('optimiser');

/** How the library made the optimiser; undefined of every other: a user's own, a copy, or one that was changed since. */
export function optimiserMakingOf(of: Optimiser): OptimiserMaking | undefined {
  const known = makings.get(of);
  return known && known.step === of.step ? known.making : undefined;
}

/** What makes one optimiser differ from another. */
export interface Rule {
  readonly name: string;
  readonly learningRate: number;
  /** What else it was told, as its maker takes it; nothing unless given. */
  readonly options?: OptimiserMaking['options'];
  /** One number a parameter, or one in all. */
  readonly memory: Readonly<Record<string, Float64Array>>;
  /** The parameters that the memory is of; any unless given. */
  readonly params?: ParamSet;
  /** Whether it remembers squares of gradients, which must not overflow then; false unless given. */
  readonly squares?: boolean;
  /** One update of all values from all gradients, at learning rate η. */
  update(values: Float64Array, grads: Float64Array, eta: number): void;
  /** The same, to the last bit, by kernels over the memory in which all of it lies. */
  fast(kernels: AroundKernels, values: Float64Array, grads: Float64Array, eta: number): void;
}

/**
 * The optimiser of a rule, with the checks that all of them make.
 *
 * @throws ValueError when the learning rate is not positive.
 */
export function optimiser(rule: Rule): Optimiser {
  const { name, learningRate, options = {}, memory, params: own, squares = false, update, fast } = rule;
  const remembered = Object.values(memory).filter(({ length }) => length > 1);
  let eta = requirePositive('learningRate', learningRate);
  const made: Optimiser = {
    name,
    memory,
    get learningRate() {
      return eta;
    },
    set learningRate(value) {
      if (requireFiniteNumber('learningRate', value) < 0)
        throw new ValueError('learningRate', 'a number ≥ 0', `${value}`);
      eta = value;
    },
    step(params) {
      const { values, grads } = requireInstance('params', params, ParamSet);
      if (own !== undefined && params !== own) {
        throw new ValueError('params', 'those that the optimiser was made for', `a set of ${grads.length} numbers`);
      }
      requireGradients(grads, squares); // before anything is changed
      const kernels = grads.buffer === values.buffer ? kernelsOver(values, remembered) : undefined;
      if (kernels) fast(kernels, values, grads, eta);
      else update(values, grads, eta);
    },
  };
  makings.set(made, { making: { name, options, ...(own && { params: own }) }, step: made.step });
  return made;
}

/** Every gradient is finite, and its square where that is remembered, or throws {@link ValueError}. */
function requireGradients(grads: Float64Array, squares: boolean): void {
  if (Number.isFinite(squaredNorm(grads))) return; // as usual: then so is every square
  requireFinite('grads', grads);
  const n = squares ? grads.findIndex(g => g * g === Number.POSITIVE_INFINITY) : -1;
  if (n < 0) return;
  throw new ValueError(`grads[${n}]`, 'a number whose square is finite (clipping may help)', `${grads[n]}`);
}

/** `x` is in [0, 1), as the factor of a moving average is, or throws {@link ValueError}. Returns it. */
export function requireDecay(argument: string, x: number): number {
  if (!Number.isFinite(x) || x < 0 || x >= 1) throw new ValueError(argument, 'a number in [0, 1)', describe(x));
  return x;
}
