import { allocate, requireClasses, requireSize } from '../require.ts';

/** The yardsticks of a language model, in nats a symbol on the same held-out text. */
export interface Baselines {
  /** Every symbol equally probable: log C. */
  readonly uniform: number;
  /** Every symbol as probable as it was frequent in the training text, each counted once more than it occurred. */
  readonly unigram: number;
}

/**
 * What a model that reads nothing reaches on the symbols that {@link evaluate} scores: all but the first.
 *
 * @param classes C, the size of the vocabulary.
 * @param train class indices that frequencies are counted in.
 * @param heldOut class indices to be foretold, at least two.
 * @throws ValueError when there is nothing to foretell, or what is no class occurs.
 */
export function baselines(classes: number, train: Int32Array, heldOut: Int32Array): Baselines {
  requireSize('classes', classes);
  requireClasses('train', train, classes, 0);
  requireClasses('heldOut', heldOut, classes, 2);
  const counts = allocate('classes', classes).fill(1);
  train.forEach(k => {
    counts[k] = (counts[k] ?? 0) + 1;
  });
  const total = train.length + classes;
  const scored = heldOut.subarray(1);
  const unigram = scored.reduce((sum, k) => sum - Math.log((counts[k] ?? 0) / total), 0) / scored.length;
  return { uniform: Math.log(classes), unigram };
}
