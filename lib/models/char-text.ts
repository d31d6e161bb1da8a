/** A text as a character model is trained on it: its symbols, the part that is learnt from and the part that is not. */
import { ValueError } from '../errors.ts';
import { stepsOfEach } from '../training/streams.ts';
import type { CharTrainerOptions } from './char-options.ts';
import { encodeAt, vocabularyAt } from './level.ts';
import type { Vocabulary } from './vocabulary.ts';

/** The vocabulary of a text, and its two parts as class indices. */
export interface CharText {
  readonly vocabulary: Vocabulary;
  readonly train: Int32Array;
  /** The end of the text. */
  readonly heldOut: Int32Array;
}

/** @throws ValueError when a part is too short: a chunk and its successor in every stream, and two symbols held out if any. */
export function charText(text: string, { level, heldOut: part, chunk, batch }: CharTrainerOptions): CharText {
  const vocabulary = vocabularyAt(level, text);
  const indices = encodeAt(level, vocabulary, text);
  const cut = indices.length - heldOutLength(indices.length, part);
  if (stepsOfEach(cut, batch) < chunk) {
    const whose = batch === 1 ? 'a chunk' : `${batch} streams of a chunk`;
    const needed = `at least ${batch * chunk + 1} symbols to train on (${whose} of ${chunk} and the one after it)`;
    throw new ValueError('text', needed, `${cut}`);
  }
  return { vocabulary, train: indices.subarray(0, cut), heldOut: indices.subarray(cut) };
}

function heldOutLength(symbols: number, part: number): number {
  const length = Math.floor(symbols * part);
  if (part > 0 && length < 2) {
    throw new ValueError(
      'text',
      `at least two symbols in the held-out part (${part} of the text; 0 holds out none)`,
      `${length}`,
    );
  }
  return length;
}
