/** DD2424 Lecture 9, "Simple RNN example: Character-level language model": over {h, e, l, o}, learn "hello". */
import { sample } from '../models/char-model.ts';
import { CharTrainer } from '../models/char-trainer.ts';
import type { Demo } from './demo.ts';

const STEPS = 300;

/** After h comes e, after he l, after hel l, after hell o: the two l's differ by what came before them. */
export const hello: Demo = {
  name: 'hello',
  title: 'a tanh RNN learns what follows in “hello”',
  metric: 'letters of “ello” written after “h”',
  threshold: 4,

  *run(seed, { engine = {} } = {}) {
    const trainer = new CharTrainer('hello', { hidden: 16, chunk: 4, heldOut: 0, initStd: 0.1, seed }, engine);
    const write = (prompt: string) => {
      const length = 5 - prompt.length;
      return sample(trainer.model, { prompt, length, temperature: 0, rng: trainer.random });
    };
    for (let done = 1; done <= STEPS; done++) {
      const { loss } = trainer.step();
      if (done % 10 === 0) yield { done, total: STEPS, note: `loss ${loss.toFixed(3)} nats/char` };
    }
    const written = write('h');
    return {
      metric: [...written].filter((symbol, n) => symbol === 'ello'[n]).length,
      lines: ['h', 'he', 'hel', 'hell'].map(prompt => `${prompt.padEnd(5)} → ${write(prompt)}`),
    };
  },
};
