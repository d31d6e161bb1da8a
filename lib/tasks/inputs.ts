/** What goes into a network, of vectors or of tokens. */
import { FormatError } from '../errors.ts';
import { Vocabulary } from '../models/vocabulary.ts';
import { Sequence } from '../sequence.ts';
import { Scaler } from '../training/scaler.ts';
import type { Item } from './items.ts';
import type { Known } from './task.ts';
import type { Level } from './understanding.ts';

/** What stands for a token that was not learnt, before the first, and behind the last. */
export const MARKS = { unknown: '<unk>', start: '<start>', stop: '<stop>' } as const;

/** The tokens of some sequences: words that occur but once are unknown, so that it is learnt what to do with such. */
export function vocabularyOf(
  tokens: readonly string[],
  level: Level,
  marks: Partial<typeof MARKS> = MARKS,
): Vocabulary {
  const counts = new Map<string, number>();
  for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1);
  const isFew = level === 'char' || [...counts.values()].every(count => count < 2);
  return Vocabulary.ofTokens(tokens, { ...marks, least: isFew ? 1 : 2 });
}

/** What is known of the inputs of sequences: how far numbers lie apart, or which tokens there are. */
export function knowInputs(items: readonly Item[], level: Level): Pick<Known, 'scaler' | 'vocabulary'> {
  const isNumbers = items.some(({ vectors }) => vectors.length > 0);
  if (isNumbers) return { scaler: Scaler.fit(items.flatMap(({ vectors }) => vectors)) };
  return {
    vocabulary: vocabularyOf(
      items.flatMap(({ tokens }) => tokens),
      level,
      { unknown: MARKS.unknown },
    ),
  };
}

/** Numbers of an input, and whether they are one symbol's. */
export function widthOf({ scaler, vocabulary }: Known): { readonly inputs: number; readonly symbols: boolean } {
  return vocabulary
    ? { inputs: vocabulary.size, symbols: true }
    : { inputs: scaler?.means.length ?? 1, symbols: false };
}

/** The inputs of sequences as examples take them. */
export function inputsOf(
  items: readonly Item[],
  { scaler, vocabulary }: Known,
): { readonly x: readonly (readonly ArrayLike<number>[] | ArrayLike<number>)[]; readonly classes?: number } {
  if (vocabulary) return { x: items.map(({ tokens }) => vocabulary.encode(tokens)), classes: vocabulary.size };
  const width = scaler?.means.length;
  const other = items.find(({ vectors }) => vectors[0]?.length !== width);
  if (other) throw new FormatError(other.place, `vectors of ${width} numbers`, `${other.vectors[0]?.length ?? 'none'}`);
  return { x: items.map(({ vectors }) => scaler?.transform(vectors) ?? []) };
}

/** The inputs of sequences, packed. */
export function packed(items: readonly Item[], known: Known): Sequence {
  const { x, classes } = inputsOf(items, known);
  if (classes !== undefined) return Sequence.pack(x as readonly ArrayLike<number>[], { classes });
  return Sequence.pack(x as readonly (readonly ArrayLike<number>[])[]);
}

/** What a model of the task has beside its network, or throws FormatError: a file that anyone may have written need not. */
export function needed<T>(part: T | undefined, what: string): T {
  if (part !== undefined) return part;
  throw new FormatError('model', `one with its ${what}`, 'none');
}
