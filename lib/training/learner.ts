/** What can be trained. */
import { ParamSet } from '../params.ts';
import { requireFunction, requireInstance, requireObject } from '../require.ts';
import type { Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';

/**
 * A map with its adjoint, from sequences to sequences: any layer is one, and so is an encoder–decoder.
 *
 * @typeParam Beside what `forward` takes beside x: of a layer the state to begin with, of an encoder–decoder what its decoder reads.
 */
export interface Learner<Beside = Matrices> {
  readonly params: ParamSet;
  forward(x: Sequence, beside?: Beside): { readonly y: Sequence; readonly tape: unknown };
  /** ADDS into `params.grads`. */
  backward(tape: unknown, dy: Sequence): unknown;
  /** The same passes, where others help who have to be awaited. */
  forwardAsync?(x: Sequence, beside?: Beside): Promise<{ readonly y: Sequence; readonly tape: unknown }>;
  backwardAsync?(tape: unknown, dy: Sequence): Promise<unknown>;
  /** Says that a tape is needed no more. */
  release?(tape: unknown): void;
}

/** `model` has the parts of one, or throws ValueError naming what is missing. Returns it. */
export function requireLearner<Model extends Learner<never>>(argument: string, model: Model): Model {
  requireObject(argument, model, 'a Layer');
  for (const part of ['forward', 'backward'] as const) requireFunction(`${argument}.${part}`, model[part]);
  for (const part of ['release', 'forwardAsync', 'backwardAsync'] as const) {
    if (model[part] !== undefined) requireFunction(`${argument}.${part}`, model[part]);
  }
  requireInstance(`${argument}.params`, model.params, ParamSet);
  return model;
}
