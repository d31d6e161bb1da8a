/** A network over many sequences, some at a time: how it learns, and what it puts out. */
import type { Loss } from '../losses/loss.ts';
import { adam } from '../optim/adam.ts';
import type { Sequence } from '../sequence.ts';
import type { Examples } from '../training/examples.ts';
import type { Learner } from '../training/learner.ts';
import { Training } from '../training/training.ts';
import type { Item } from './items.ts';
import type { Parts, Settings, Steps } from './task.ts';

/** The training of a network, from its beginning. */
export function trainingOf<Target, Beside>(
  model: Learner<Beside>,
  examplesOf: (items: readonly Item[]) => Examples<Target, Beside>,
  loss: Loss<Target>,
  { train, validation }: Parts,
  { epochs, batch, learningRate, patience, seed }: Settings,
): Steps {
  return new Training(model, examplesOf(train), {
    ...{ loss, epochs, batch, seed },
    ...(validation.length > 0 && { validation: examplesOf(validation), patience }),
    optimiser: adam(model.params, { learningRate }),
  });
}

/** Sequences at a time. */
const AT_ONCE = 64;

/** What a network makes of some examples. */
export interface Outputs<Target> {
  readonly x: Sequence;
  /** It holds until the next ones are asked for. */
  readonly y: Sequence;
  readonly target: Target;
}

/** What a network makes of examples, batch after batch, in their order. */
export function* outputsOver<Target, Beside>(
  model: Learner<Beside>,
  examples: Examples<Target, Beside>,
): Generator<Outputs<Target>> {
  for (let from = 0; from < examples.count; from += AT_ONCE) {
    const which = Array.from({ length: Math.min(AT_ONCE, examples.count - from) }, (_, n) => from + n);
    const { x, y: target, beside } = examples.batch(which);
    const { y, tape } = model.forward(x, beside);
    try {
      yield { x, y, target };
    } finally {
      model.release?.(tape);
    }
  }
}

/** The mean loss of a step that counts. */
export function meanLoss<Target, Beside>(
  model: Learner<Beside>,
  examples: Examples<Target, Beside>,
  loss: Loss<Target>,
): number {
  const total = { loss: 0, count: 0 };
  for (const { y, target } of outputsOver(model, examples)) {
    const { loss: own, count } = loss.forward(y, target, { reduction: 'sum' });
    total.loss += own;
    total.count += count;
  }
  return total.loss / total.count;
}
