/**
 * The copying memory problem (Hochreiter and Schmidhuber 1997; Arjovsky, Shah and Bengio 2016, section 4.1): some symbols
 * come in, then for a long time nothing, then a sign, and now the symbols are to be written down in order. There they are
 * ten of eight kinds, and wait for a hundred steps and more; here three of four kinds wait for forty.
 */
import { crossEntropy } from '../losses/cross-entropy.ts';
import type { Random } from '../random.ts';
import { Sequence } from '../sequence.ts';
import type { Demo } from './demo.ts';
import { type Batch, METRIC, type MemoryTask, sideBySide } from './side-by-side.ts';

const [SYMBOLS, KINDS, WAIT] = [3, 4, 40];
const [BLANK, SIGN] = [KINDS, KINDS + 1];
const T = WAIT + 2 * SYMBOLS;

/**
 * Without memory the best is the blank where it is due, and every kind equally likely where a symbol is: log 4 nats for
 * each of three symbols, 3 log 4 / T for the mean step (in the paper, whose T is the wait alone, 10 log 8 / (T + 20)).
 */
export const copying: MemoryTask = {
  inputs: KINDS + 2,
  outputs: KINDS + 1,
  T,
  baseline: (SYMBOLS * Math.log(KINDS)) / T,
  B: 16,
  steps: 4000,
  learningRate: 0.015,
  batch: copies,
};

/** The gated networks learn to keep symbols in mind; the tanh RNN and the IRNN do not. */
export const copyMemory: Demo = {
  name: 'copy-memory',
  title: `tanh RNN, IRNN, LSTM and GRU write down ${SYMBOLS} symbols after ${WAIT} steps of nothing (many to many)`,
  metric: METRIC,
  threshold: 10,
  run: (seed, { engine = {} } = {}) => sideBySide(copying, seed, engine),
};

/** Symbols, blanks, the sign, blanks; blanks out until the symbols are due. The loss is the mean cross-entropy a step. */
function copies(B: number, rng: Random): Batch {
  const x = new Int32Array(T * B).fill(BLANK);
  const y = new Int32Array(T * B).fill(BLANK);
  for (let b = 0; b < B; b++) {
    for (let k = 0; k < SYMBOLS; k++) {
      const symbol = Math.floor(KINDS * rng.uniform());
      x[k * B + b] = symbol;
      y[(T - SYMBOLS + k) * B + b] = symbol;
    }
    x[(T - SYMBOLS - 1) * B + b] = SIGN;
  }
  return {
    x: Sequence.oneHot(x, { T, B, classes: KINDS + 2 }),
    judge(o) {
      const { loss, tape } = crossEntropy.forward(o, y, { reduction: 'mean' });
      return { loss, dy: crossEntropy.backward(tape) };
    },
  };
}
