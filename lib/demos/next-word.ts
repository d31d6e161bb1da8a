/**
 * File 004, "Consider a network which predicts the next word in a text", and file 002, P(next word | previous words): on the
 * sonnets, whose words that occur once are one, the unknown. `bptt train --level word` is the same without a time limit.
 */
import { lstm } from '../cells/lstm.ts';
import { baselines } from '../models/baselines.ts';
import { evaluate, sample } from '../models/char-model.ts';
import { CharTrainer } from '../models/char-trainer.ts';
import type { Demo } from './demo.ts';
import { sonnets } from './sonnets.ts';

const [STEPS, BATCH, CHUNK, WIDTH, HIDDEN] = [150, 16, 20, 32, 48];

/** An LSTM over the words of the sonnets foretells the next one better than their frequencies do. */
export const nextWord: Demo = {
  name: 'next-word',
  title: 'an LSTM reads the sonnets word by word and foretells the next word',
  metric: 'held-out loss below the unigram model’s (nats/word)',
  threshold: 0.4,

  *run(seed, { engine = {} } = {}) {
    const options = { level: 'word', batch: BATCH, chunk: CHUNK, embedding: WIDTH, hidden: HIDDEN } as const;
    const learning = { optimiser: 'adam', learningRate: 0.01, initStd: 0.1, seed } as const;
    const trainer = new CharTrainer(sonnets(), { cell: lstm, ...options, ...learning }, engine);
    const { model, train, heldOut } = trainer;
    for (let done = 1; done <= STEPS; done++) {
      const { loss } = trainer.step();
      if (done % 5 === 0) yield { done, total: STEPS, note: `loss ${loss.toFixed(3)} nats/word` };
    }
    const { unigram } = baselines(model.vocabulary.size, train, heldOut);
    const reached = evaluate(model, heldOut);
    const text = sample(model, { prompt: '', length: 60, temperature: 0.7, rng: trainer.random });
    return {
      metric: unigram - reached,
      lines: [text, '', `held-out ${reached.toFixed(3)} nats/word, unigram ${unigram.toFixed(3)} nats/word`],
    };
  },
};
