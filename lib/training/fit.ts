/** Runs a training to its end, or until it is told to stop, and lets the rest of the program have a turn meanwhile. */
import { ValueError } from '../errors.ts';
import { describe, requireFunction, requireInstance, requireKnown, requireObject } from '../require.ts';
import type { Matrices } from '../shape.ts';
import type { Examples } from './examples.ts';
import type { FitOptions } from './fit-options.ts';
import type { Learner } from './learner.ts';
import { Training, type Update } from './training.ts';
import { inTurns } from './turns.ts';

/** What is told of a training as it goes on, and how it is stopped: between two updates, from where it can go on. */
export interface Watching {
  readonly on?: (update: Update) => void;
  readonly signal?: AbortSignal;
}

/**
 * Trains until all is done or `signal` says stop, and lets the rest of the program have a turn now and then: so that a page
 * stays alive, and a signal comes through.
 *
 * @returns the training, which may be gone on with where it was stopped.
 * @throws ValueError when an argument is none; DivergenceError when the loss or its gradient is not finite.
 *
 * @example
 * ```ts
 * import { examples, fit, linear, squaredError, Sequence } from 'bptt';
 *
 * const model = linear({ m: 1, C: 1 });
 * const data = examples({ x: [[[1]], [[2]], [[3]]], y: [[[2]], [[4]], [[6]]] });
 * const { history } = await fit(model, data, { loss: squaredError, epochs: 3 });
 * console.log(history.length, model.forward(Sequence.dense([5], { T: 1, F: 1 })).y.F); // → 3 1
 * ```
 */
export function fit<Target, Beside = Matrices, Model extends Learner<Beside> = Learner<Beside>>(
  model: Model,
  examples: Examples<Target, Beside>,
  options: FitOptions<Target, Beside> & Watching,
): Promise<Training<Target, Beside, Model>> {
  const { on, signal, ...own } = requireObject('options', options);
  return carryOn(new Training(model, examples, own), {
    ...(on !== undefined && { on }),
    ...(signal !== undefined && { signal }),
  });
}

/** As {@link fit}, of a training that there is. Returns it. */
export function carryOn<Target, Beside, Model extends Learner<Beside>>(
  training: Training<Target, Beside, Model>,
  watching: Watching = {},
): Promise<Training<Target, Beside, Model>> {
  requireInstance('training', training, Training);
  const { on, signal } = requireKnown('watching', watching, ['on', 'signal']);
  if (on !== undefined) requireFunction('on', on);
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new ValueError('signal', 'an AbortSignal', describe(signal));
  return inTurns(training, { ...(on && { on }), ...(signal && { signal }) }).then(() => training);
}
