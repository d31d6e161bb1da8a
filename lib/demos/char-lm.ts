/**
 * DD2424 Lecture 9, "Simple RNN example: Character-level language model", on the sonnets, with any cell and any depth:
 * `bptt demo char-lm --cell gru --layers 2`. `bptt train` is the same without a time limit.
 */
import { lstm } from '../cells/lstm.ts';
import { baselines } from '../models/baselines.ts';
import { evaluate, sample } from '../models/char-model.ts';
import { CharTrainer } from '../models/char-trainer.ts';
import type { Demo } from './demo.ts';
import { sonnets } from './sonnets.ts';

const [STEPS, HIDDEN] = [1000, 40];

/** A small network of the cell asked for learns to write like Shakespeare, a little. */
export const charLm: Demo = {
  name: 'char-lm',
  title: 'a character model learns the sonnets, with any cell and any depth (--cell, --layers)',
  metric: 'held-out loss below the unigram model’s (nats/char)',
  threshold: 0.6,

  *run(seed, { cell = lstm, layers = 1, engine = {} } = {}) {
    const trainer = new CharTrainer(sonnets(), { cell, layers, hidden: HIDDEN, initStd: 0.1, seed }, engine);
    const { model, train, heldOut } = trainer;
    for (let done = 1; done <= STEPS; done++) {
      const { smoothed } = trainer.step();
      if (done % 5 === 0) yield { done, total: STEPS, note: `loss ${smoothed.toFixed(3)} nats/char` };
    }
    const { unigram } = baselines(model.vocabulary.size, train, heldOut);
    const reached = evaluate(model, heldOut);
    const text = sample(model, { prompt: '\n', length: 200, temperature: 0.7, rng: trainer.random });
    return {
      metric: unigram - reached,
      lines: [text, '', `held-out ${reached.toFixed(3)} nats/char, unigram ${unigram.toFixed(3)} nats/char`],
    };
  },
};
