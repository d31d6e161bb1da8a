/** `language`: what comes next in a text, symbol after symbol. */
import { argmax } from '../extremes.ts';
import type { Layer } from '../layers/layer.ts';
import { stream } from '../layers/stream.ts';
import { crossEntropy } from '../losses/cross-entropy.ts';
import type { Vocabulary } from '../models/vocabulary.ts';
import { type Examples, examples } from '../training/examples.ts';
import { bitsPerSymbol, perplexity } from '../training/metrics.ts';
import { OneHotMatrix } from '../views.ts';
import { meanLoss, trainingOf } from './batches.ts';
import { needed, vocabularyOf } from './inputs.ts';
import type { Item } from './items.ts';
import { ofSteps } from './networks.ts';
import { drawn } from './split.ts';
import type { Known, Learnt, Task } from './task.ts';

/** Symbols that are written behind a text, at most. */
const LONGEST = 200;

function learnt(model: Layer, known: Known): Learnt {
  const { understanding, settings, counts = [] } = known;
  const vocabulary = needed(known.vocabulary, 'vocabulary');
  const right = (items: readonly Item[]) => items.map(({ tokens }) => vocabulary.encode(tokens, { stop: true }));
  const examplesOf = (items: readonly Item[]): Examples<Int32Array> =>
    examples({
      x: items.map(({ tokens }) => vocabulary.encode(tokens, { start: true })),
      classes: vocabulary.size,
      y: right(items),
    });

  return {
    model,
    train: parts => trainingOf(model, examplesOf, crossEntropy, parts, settings),

    judge(items) {
      const loss = meanLoss(model, examplesOf(items), crossEntropy);
      const all = counts.reduce((sum, count) => sum + count + 1, 0);
      const symbols = right(items).flatMap(own => Array.from(own));
      const nats = symbols.reduce((sum, k) => sum - Math.log(((counts[k] ?? 0) + 1) / all), 0) / symbols.length;
      const figures = {
        loss,
        bits: bitsPerSymbol(loss),
        perplexity: perplexity(loss),
        unigramBits: bitsPerSymbol(nats),
      };
      return {
        figures,
        lines: [
          `${figures.bits.toFixed(3)} bits a symbol, perplexity ${figures.perplexity.toFixed(2)}, of ${symbols.length} symbols`,
          `by how often each symbol occurs: ${figures.unigramBits.toFixed(3)} bits`,
        ],
      };
    },

    answer: items =>
      items.map(({ line, tokens }) => ({
        line,
        [understanding.text ?? 'text']: joined(tokens, known),
        continued: joined(vocabulary.decodeTokens(written(model, vocabulary, tokens)), known),
      })),
  };
}

/** The likeliest symbols behind some tokens, up to the stop. */
function written(model: Layer, vocabulary: Vocabulary, tokens: readonly string[]): readonly number[] {
  const live = stream(model);
  const stop = vocabulary.classOf(vocabulary.marks.stop ?? '');
  const next = (k: number) => argmax(live.step(new OneHotMatrix(Int32Array.of(k), vocabulary.size)).getRow(0));
  let k = 0;
  for (const read of vocabulary.encode(tokens, { start: true })) k = next(read);
  const symbols: number[] = [];
  for (; k !== stop && symbols.length < LONGEST; k = next(k)) symbols.push(k);
  return symbols;
}

/** Tokens as a text. */
export function joined(tokens: readonly string[], { understanding }: Known): string {
  return tokens.join(understanding.level === 'word' ? ' ' : '');
}

/** A model of texts. */
export const language: Task = {
  split: (items, { settings }) => drawn(items, settings),
  know({ train }, known) {
    const vocabulary = vocabularyOf(
      train.flatMap(({ tokens }) => tokens),
      known.understanding.level,
    );
    const counts = new Array<number>(vocabulary.size).fill(0);
    for (const { tokens } of train)
      for (const k of vocabulary.encode(tokens, { stop: true })) counts[k] = (counts[k] ?? 0) + 1;
    return { ...known, vocabulary, counts };
  },
  build({ vocabulary, settings }, cell) {
    const C = vocabulary?.size ?? 1;
    return ofSteps({ inputs: C, outputs: C, symbols: true, cell, settings });
  },
  learnt: (model, known) => learnt(model as Layer, known),
};
