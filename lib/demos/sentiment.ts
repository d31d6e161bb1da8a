/**
 * File 002, "many to one: Sentiment Classification, sequence of words → sentiment", and file 000, "Looking at reviews: buy
 * Life cereal or not?". What a word says of the cereal depends on those before it ("not good", "I thought … but"): a mean over
 * the words, which knows no order, is trained beside the LSTM.
 */
import { lstm } from '../cells/lstm.ts';
import { forgetBias, glorot } from '../init/initialisers.ts';
import { embedding } from '../layers/embedding.ts';
import type { Layer } from '../layers/layer.ts';
import { outputsOf } from '../layers/outputs.ts';
import { lastStep, meanOverTime } from '../layers/pool.ts';
import { readout } from '../layers/readout.ts';
import { stack } from '../layers/stack.ts';
import { crossEntropy, logSoftmax } from '../losses/cross-entropy.ts';
import { recurrentLayer } from '../models/network.ts';
import { Vocabulary } from '../models/vocabulary.ts';
import { adam } from '../optim/adam.ts';
import { Random } from '../random.ts';
import { Sequence } from '../sequence.ts';
import { accuracy, argmaxLast } from '../training/classes.ts';
import { examples } from '../training/examples.ts';
import { Training } from '../training/training.ts';
import type { Demo } from './demo.ts';
import { madeReview, type Review, writtenReviews } from './reviews.ts';

const [EPOCHS, BATCH, WIDTH, HIDDEN, LEARNT, TESTED] = [20, 32, 12, 24, 800, 100];

/** An LSTM over the words of a review says whether it is a good one. */
export const sentiment: Demo = {
  name: 'sentiment',
  title: 'an LSTM reads a review of a cereal and says whether it is good or bad (many to one)',
  metric: 'reviews understood, of those not trained on (%)',
  threshold: 90,

  *run(seed, { engine = {} } = {}) {
    const rng = new Random(seed);
    const drawn = (count: number, test: boolean) => [
      ...Array.from({ length: count }, () => madeReview(rng, test)),
      ...writtenReviews(test),
    ];
    const [learnt, test] = [drawn(LEARNT, false), drawn(TESTED, true)];
    const vocabulary = Vocabulary.ofTokens(learnt.flatMap(({ text }) => text.split(' ')));
    const data = (reviews: readonly Review[]) =>
      examples({
        x: reviews.map(({ text }) => vocabulary.encode(text.split(' '))),
        classes: vocabulary.size,
        y: reviews.map(({ good }) => Number(good)),
      });
    const words = () => embedding({ C: vocabulary.size, e: WIDTH });
    const LSTM = stack({
      words: words(),
      lstm: recurrentLayer(lstm, { d: WIDTH, m: HIDDEN }, engine),
      last: lastStep(HIDDEN),
      readout: readout({ m: HIDDEN, C: 2 }),
    });
    const mean = stack({ words: words(), mean: meanOverTime(WIDTH), readout: readout({ m: WIDTH, C: 2 }) });
    const networks = Object.entries({ LSTM, mean });
    for (const [, { params }] of networks) glorot()(params, rng);
    forgetBias(LSTM.params);
    for (const [n, [name, net]] of networks.entries()) {
      const optimiser = adam(net.params, { learningRate: 0.01 });
      const options = { loss: crossEntropy, optimiser, epochs: EPOCHS, batch: BATCH };
      for (const { update, updates, loss } of new Training(net, data(learnt), options)) {
        const [done, total] = [n * updates + update, 2 * updates];
        if (update % 5 === 0) yield { done, total, note: `${name}: loss ${loss.toFixed(4)} nats/review` };
      }
    }
    const { x, y } = data(test).batch();
    const right = (net: Layer, from = 0, to = test.length) =>
      100 * accuracy(argmaxLast(outputsOf(net, x)).subarray(from, to), y.subarray(from, to));
    const said = argmaxLast(outputsOf(LSTM, x));
    const examined = test.map(({ text, good }, n) => {
      const mark = said[n] === y[n] ? '' : ` (${good ? 'good' : 'bad'} was meant)`;
      return `${text} → ${said[n] ? 'good' : 'bad'}${mark}`;
    });
    return {
      metric: right(LSTM),
      lines: [
        ...examined.filter((_, n) => n < 4 || n >= TESTED),
        '',
        ...networks.map(([name, net]) => {
          const [made, written] = [right(net, 0, TESTED), right(net, TESTED)];
          return `${name.padEnd(4)}   made of parts ${made.toFixed(1)} % right   written by hand ${written.toFixed(1)} % right`;
        }),
        '',
        'how likely it is good, after every word',
        ...wordByWord(LSTM, vocabulary, 'i thought it would be great but it is not fresh'),
      ],
    };
  },
};

/** The probability that a review is good, for every beginning of it: a line each. */
function wordByWord(net: Layer, vocabulary: Vocabulary, text: string): string[] {
  const words = text.split(' ');
  const beginnings = words.map((_, n) => vocabulary.encode(words.slice(0, n + 1)));
  const o = outputsOf(net, Sequence.pack(beginnings, { classes: vocabulary.size }));
  const good = logSoftmax(o.rows()).exp().getColumn(1);
  return words.map((word, n) => `${word.padEnd(8)} ${(100 * (good[n] ?? 0)).toFixed(0).padStart(3)} %`);
}
