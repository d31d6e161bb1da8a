/**
 * One update of what learns, wherever its gradient comes from: the gradient of some work, its norm watched, clipped, a step
 * along it at the rate that is due. Every loop of the house goes by this one.
 */

import { ValueError } from '../errors.ts';
import { diverged, isNotFinite, REMEMBERED, withNorm } from '../models/divergence.ts';
import type { Optimiser } from '../optim/optimiser.ts';
import type { Schedule } from '../optim/schedules.ts';
import type { ParamSet } from '../params.ts';
import { requireFinite, requireInteger, requireList } from '../require.ts';
import { now, part, type Steps } from '../steps.ts';

/** How updates are made. */
export interface DescentOptions {
  readonly optimiser: Optimiser;
  /** The learning rate of every update; the optimiser's own unless given. */
  readonly schedule?: Schedule | undefined;
  /** What is done to the gradient before the step, one after the other. */
  readonly clips?: readonly Clip[];
}

/** What is done to the gradient of parameters, in place. */
export type Clip = (params: ParamSet) => unknown;

/** Where a descent stands, beside parameters and the optimiser's memory. */
export interface DescentPosition {
  /** Updates so far, those that were left out included. */
  readonly made: number;
  /** The gradient's norms in the last updates, before clipping: five at most. */
  readonly norms: readonly number[];
}

/** Parameters that go down, update by update. */
export class Descent {
  readonly params: ParamSet;
  readonly #options: DescentOptions;
  #made = 0;
  #norms: readonly number[] = [];

  constructor(params: ParamSet, options: DescentOptions) {
    this.params = params;
    this.#options = options;
  }

  get position(): DescentPosition {
    return { made: this.#made, norms: this.#norms };
  }

  /**
   * One update. Whatever it throws, parameters, memory, rate and position are as they were before, unless an optimiser of one's
   * own throws in the middle of its step; only the gradients are not. The same update may be tried again.
   *
   * @param work leaves the gradient of its loss in `params.grads`.
   * @returns what the work returned.
   * @throws DivergenceError when the loss or its gradient is not finite; what the work throws.
   */
  step<Work extends { readonly loss: number }>(work: () => Work): Work {
    return now(this.update(() => part(work, work)));
  }

  /** The same, of work that may have to be awaited: others must leave the parameters alone until it is done. */
  *update<Work extends { readonly loss: number }>(work: () => Steps<Work>): Steps<Work> {
    const { params } = this;
    const { optimiser, schedule, clips = [] } = this.#options;
    const { learningRate } = optimiser;
    const step = this.#made + 1;
    try {
      const done = yield* work();
      const norms = withNorm(step, done.loss, params, this.#norms);
      for (const clip of clips) clip(params);
      if (schedule) optimiser.learningRate = schedule(this.#made);
      optimiser.step(params);
      this.#made = step;
      this.#norms = norms;
      return done;
    } catch (error) {
      optimiser.learningRate = learningRate;
      throw this.#explained(step, error);
    }
  }

  /**
   * What some work between two updates returns, such as a validation.
   *
   * @throws DivergenceError when it comes upon a number that is not finite; what it throws else.
   */
  *watch<T>(work: () => Steps<T>): Steps<T> {
    try {
      return yield* work();
    } catch (error) {
      throw this.#explained(this.#made, error);
    }
  }

  /** An error that says that a number is not finite, as one that says after which norms; any other as it is. */
  #explained(step: number, error: unknown): unknown {
    if (!isNotFinite(error)) return error;
    return diverged(step, error.argument, this.#norms, `${error.got} in ${error.argument}`);
  }

  /** Leaves an update out: nothing is learnt, and it counts. */
  skip(): void {
    this.#made += 1;
  }

  /**
   * Goes on where another one stood. Parameters and the optimiser are the caller's to set.
   *
   * @throws ValueError when there is no such position: nothing is changed then.
   */
  moveTo({ made, norms }: DescentPosition): void {
    const remembered = requireNorms('norms', norms);
    this.#made = requireInteger('made', made, 0);
    this.#norms = remembered;
  }
}

/** A copy of some norms, no more than are remembered, or throws ValueError. */
export function requireNorms(argument: string, norms: readonly number[]): readonly number[] {
  if (requireList(argument, norms).length > REMEMBERED)
    throw new ValueError(argument, `at most ${REMEMBERED} numbers`, `${norms.length}`);
  const copy = [...norms];
  requireFinite(argument, copy);
  return copy;
}
