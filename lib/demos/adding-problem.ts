/**
 * The adding problem (Hochreiter and Schmidhuber 1997, experiment 4, in the form of Le, Jaitly and Hinton 2015 and of
 * Arjovsky, Shah and Bengio 2016): a number in every step, two of the steps marked, one in each half; at the end, what is
 * the sum of the two numbers? Both must be carried through steps in which nothing of use comes in.
 */
import { squaredError } from '../losses/squared-error.ts';
import type { Random } from '../random.ts';
import { Sequence } from '../sequence.ts';
import type { Demo } from './demo.ts';
import { type Batch, METRIC, type MemoryTask, sideBySide } from './side-by-side.ts';

const T = 60;

/** Without memory the best answer is always 1, the mean; its squared error is the variance of the sum, 2 · 1/12. */
export const adding: MemoryTask = {
  inputs: 2,
  outputs: 1,
  T,
  baseline: 1 / 6,
  B: 32,
  steps: 1200,
  learningRate: 0.01,
  batch: additions,
};

/** The gated networks learn to add two numbers that are long past; the tanh RNN does not. */
export const addingProblem: Demo = {
  name: 'adding-problem',
  title: `tanh RNN, IRNN, LSTM and GRU add two marked numbers among ${T} (many to one)`,
  metric: METRIC,
  threshold: 10,
  run: (seed, { engine = {} } = {}) => sideBySide(adding, seed, engine),
};

/** Numbers uniform in [0, 1) beside the marks, 0 or 1. The loss is the mean squared error of the last step's output. */
function additions(B: number, rng: Random): Batch {
  const x = Sequence.zeros({ T, B, F: 2 });
  const y = Sequence.zeros({ T, B, F: 1 });
  const half = T / 2;
  for (let b = 0; b < B; b++) {
    const marked = [Math.floor(half * rng.uniform()), half + Math.floor(half * rng.uniform())];
    let sum = 0;
    for (let t = 0; t < T; t++) {
      const number = rng.uniform();
      const mark = marked.includes(t) ? 1 : 0;
      x.at(t).set(b, 0, number).set(b, 1, mark);
      sum += mark * number;
    }
    y.at(T - 1).set(b, 0, sum);
  }
  const weights = Array.from({ length: T * B }, (_, n) => (n < (T - 1) * B ? 0 : 2 / B)); // of ½(o − y)²
  return {
    x,
    judge(o) {
      const { loss, tape } = squaredError.forward(o, y, { weights });
      return { loss, dy: squaredError.backward(tape) };
    },
  };
}
