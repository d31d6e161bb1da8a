/** Models of a text to hold against each other, from counts to recurrent networks. */
import { gru } from '../cells/gru.ts';
import { lstm } from '../cells/lstm.ts';
import { rnn } from '../cells/rnn.ts';
import { normal } from '../init/initialisers.ts';
import { baselines } from '../models/baselines.ts';
import { hmm } from '../models/hmm.ts';
import { type Ngram, ngram } from '../models/ngram.ts';
import { Random } from '../random.ts';
import { Best } from './best.ts';
import { type Budget, bits, type Contender, type Learning, type Texts } from './learning.ts';
import { recurrentNet, windowOfSymbols } from './networks.ts';

/** Symbols that the hidden Markov model reads at a time, each time from its beginning: a bound on its memory. */
const PIECE = 10_000;

/** What is added to its counts. */
const PRIOR = 0.1;

/** Every symbol as probable as it was frequent: no order, no memory. */
function* unigram({ vocabulary, fit }: Texts): Learning {
  return {
    what: 'frequencies, in any order',
    parameters: vocabulary.size,
    evaluate: text => baselines(vocabulary.size, fit, text).unigram,
  };
}

/** The n-grams of the order that does best at the validation text. */
function* bestNgram({ vocabulary, fit, validation }: Texts, { order: total }: Budget): Learning {
  let best: { readonly model: Ngram; readonly loss: number } | undefined;
  for (let order = 1; order <= total; order++) {
    const model = ngram(fit, { C: vocabulary.size, order });
    const loss = model.evaluate(validation);
    if (!best || loss < best.loss) best = { model, loss };
    yield { done: order, total, note: bits(best.loss) };
  }
  const { model } = best ?? { model: ngram(fit, { C: vocabulary.size, order: 1 }) };
  return {
    what: `the last ${model.order - 1} symbols, Kneser–Ney`,
    parameters: model.counts,
    evaluate: text => model.evaluate(text),
  };
}

/**
 * N states, re-estimated by Baum and Welch, in the first half of the rounds on the first piece alone: a beginning, in less time.
 * The parameters are those that did best at the validation text.
 */
function* hiddenMarkov({ vocabulary, fit, validation }: Texts, { states: N, rounds, seed }: Budget): Learning {
  const model = hmm({ N, C: vocabulary.size });
  normal(1)(model.params, new Random(seed));
  const pieces = Array.from({ length: Math.ceil(fit.length / PIECE) }, (_, n) =>
    fit.subarray(n * PIECE, (n + 1) * PIECE),
  );
  const best = new Best(model.params);
  for (let done = 1; done <= rounds; done++) {
    model.reestimate(done <= rounds / 2 ? pieces.slice(0, 1) : pieces, PRIOR);
    best.offer(model.evaluate(validation));
    yield { done, total: rounds, note: bits(best.loss) };
  }
  best.restore();
  const memory = Number(Math.log2(N).toFixed(1));
  return {
    what: `${N} states: ${memory} bits of memory`,
    parameters: model.params.size,
    evaluate: text => model.evaluate(text),
  };
}

/** The models by name, from those that read nothing to those that remember. */
export const contenders: Readonly<Record<string, Contender>> = {
  unigram,
  ngram: bestNgram,
  window: windowOfSymbols,
  hmm: hiddenMarkov,
  rnn: (texts, budget) => recurrentNet(rnn, texts, budget),
  gru: (texts, budget) => recurrentNet(gru, texts, budget),
  lstm: (texts, budget) => recurrentNet(lstm, texts, budget),
};
