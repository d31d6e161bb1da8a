/** Passes of what can be trained: here and now or, where others help and it has such passes, awaited. */
import type { Sequence } from '../sequence.ts';
import { part, type Steps } from '../steps.ts';

/** What has passes: a layer, or whatever else learns. */
interface Passing<Beside, Came> {
  forward(x: Sequence, beside?: Beside): Came;
  forwardAsync?(x: Sequence, beside?: Beside): Promise<Came>;
  backward(tape: unknown, dy: Sequence): unknown;
  backwardAsync?(tape: unknown, dy: Sequence): Promise<unknown>;
}

/** A pass forward. */
export function* forward<Beside, Came>(model: Passing<Beside, Came>, x: Sequence, beside?: Beside): Steps<Came> {
  if (!model.forwardAsync) return model.forward(x, beside);
  return yield* awaitedForward(model, x, beside);
}

/** A pass back. */
export function* backward(model: Passing<never, unknown>, tape: unknown, dy: Sequence): Steps<unknown> {
  if (!model.backwardAsync) return model.backward(tape, dy);
  return yield* awaitedBackward(model, tape, dy);
}

function awaitedForward<Beside, Came>(model: Passing<Beside, Came>, x: Sequence, beside?: Beside): Steps<Came> {
  const here = () => model.forward(x, beside);
  return part(here, () => (model.forwardAsync ? model.forwardAsync(x, beside) : here()));
}

function awaitedBackward(model: Passing<never, unknown>, tape: unknown, dy: Sequence): Steps<unknown> {
  const here = () => model.backward(tape, dy);
  return part(here, () => (model.backwardAsync ? model.backwardAsync(tape, dy) : here()));
}
