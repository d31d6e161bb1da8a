/** Which sequences are learnt from, which are chosen by, and which are kept for the test. */
import { FormatError } from '../errors.ts';
import { Random } from '../random.ts';
import { shuffled } from '../training/order.ts';
import type { Item } from './items.ts';
import type { Known, Parts, Settings } from './task.ts';

/**
 * Sequences drawn for each part, so that every kind of them is in all parts as far as there are enough: some are always learnt from.
 *
 * @param kind what a sequence is of: its label, or the same of all.
 * @throws FormatError where there is but one of a kind, which could be learnt or tested and not both.
 */
export function drawn(items: readonly Item[], settings: Settings, kind: (item: Item) => string = () => ''): Parts {
  const { seed, validation, test } = settings;
  const kinds = new Map<string, Item[]>();
  for (const item of items) {
    const own = kinds.get(kind(item)) ?? [];
    own.push(item);
    kinds.set(kind(item), own);
  }
  const rng = new Random(seed);
  const parts = { train: [] as Item[], validation: [] as Item[], test: [] as Item[] };
  for (const [name, own] of kinds) {
    const [first] = own;
    if (own.length < 2 && first) {
      if (name === '') throw new FormatError(first.place, 'at least 2 sequences', '1');
      throw new FormatError(first.place, 'at least 2 sequences of every class', `1 of ${JSON.stringify(name)}`);
    }
    const tested = Math.min(own.length - 1, Math.max(1, Math.round(test * own.length)));
    const chosen = Math.min(own.length - tested - 1, Math.round(validation * own.length));
    for (const [n, item] of shuffled(own, rng).entries()) {
      const part = n < tested ? parts.test : n < tested + chosen ? parts.validation : parts.train;
      part.push(item);
    }
  }
  return parts;
}

/** How much there is of what, by what it is for. */
export interface Sizes {
  readonly what: 'steps' | 'sequences';
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/** How much there is of what: of series their steps, of other files sequences. */
export function sizesOf(parts: Parts, { understanding, settings }: Pick<Known, 'understanding' | 'settings'>): Sizes {
  const { train, validation, test } = parts;
  if (understanding.task !== 'forecast')
    return { what: 'sequences', train: train.length, validation: validation.length, test: test.length };
  const steps = (items: Parts['train'], seen: number) =>
    items.reduce((sum, { vectors }) => sum + vectors.length - seen, 0);
  const { length } = settings; // which are seen before the first that is foretold
  return { what: 'steps', train: steps(train, 0), validation: steps(validation, length), test: steps(test, length) };
}
