import { ValueError } from '../errors.ts';
import { allocate, requireInstance, requireInteger, requireSize } from '../require.ts';

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
  requireInstance('train', train, Int32Array);
  requireInstance('heldOut', heldOut, Int32Array);
  if (heldOut.length < 2) throw new ValueError('heldOut', 'at least two symbols', `${heldOut.length}`);
  const counts = allocate('classes', classes).fill(1);
  train.forEach((k, n) => {
    requireInteger(`train[${n}]`, k, 0, classes - 1);
    counts[k] = (counts[k] ?? 0) + 1;
  });
  heldOut.forEach((k, n) => {
    requireInteger(`heldOut[${n}]`, k, 0, classes - 1);
  });
  const total = train.length + classes;
  const scored = heldOut.subarray(1);
  const unigram = scored.reduce((sum, k) => sum - Math.log((counts[k] ?? 0) / total), 0) / scored.length;
  return { uniform: Math.log(classes), unigram };
}
