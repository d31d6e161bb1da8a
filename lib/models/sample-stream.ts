/** A model's text as it is written, for who shows it to somebody meanwhile. */

import { type CharModel, type SampleOptions, written } from './char-model.ts';
import { type Scribe, scribeAt } from './level.ts';

/** Milliseconds of writing after which others are let have their turn: a frame of a screen. */
const TURN = 16;

/**
 * What {@link sample} writes, a symbol at a time, and without an end where no `length` is given: it stops when the loop over it is
 * left. The same symbols as `sample`'s of the same generator. Other tasks, such as drawing and input, have their turn between
 * symbols.
 *
 * @throws ValueError at once, when the prompt is empty or has symbols outside the vocabulary, or an option is out of range.
 *
 * @example
 * ```ts
 * import { charModel, Random, sampleStream, Vocabulary } from 'bptt';
 *
 * const model = charModel({ vocabulary: Vocabulary.of('abc'), m: 2 });
 * let text = '';
 * for await (const symbol of sampleStream(model, { prompt: 'c', topK: 1, rng: new Random(1) })) {
 *   text += symbol;
 *   if (text.length === 4) break;
 * }
 * console.log(text); // → aaaa
 * ```
 */
export function sampleStream(
  model: CharModel,
  options: Omit<SampleOptions, 'length'> & { readonly length?: number },
): AsyncGenerator<string, void, undefined> {
  const symbols = written(model, options);
  return inTurns(symbols, scribeAt(model.level, model.vocabulary));
}

async function* inTurns(
  classes: Iterable<number | undefined>,
  scribe: Scribe,
): AsyncGenerator<string, void, undefined> {
  let began = performance.now();
  for (const k of classes) {
    if (performance.now() - began > TURN) {
      await new Promise(resolve => setTimeout(resolve, 0));
      began = performance.now();
    }
    const text = k === undefined ? '' : scribe.write(k);
    if (text !== '') yield text;
  }
  const rest = scribe.end();
  if (rest !== '') yield rest;
}
