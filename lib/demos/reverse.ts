/**
 * File 002, "Modelling a RNN: Machine Translation": a sequence is read to its end before the first word of the other is
 * written: many to many through one state. Here the other language is the first one backwards.
 */
import { gru } from '../cells/gru.ts';
import { greatest } from '../extremes.ts';
import { glorot } from '../init/initialisers.ts';
import { readout } from '../layers/readout.ts';
import { stack } from '../layers/stack.ts';
import { crossEntropy } from '../losses/cross-entropy.ts';
import { encoderDecoder } from '../models/encoder-decoder.ts';
import { recurrentLayer } from '../models/network.ts';
import { adam } from '../optim/adam.ts';
import { cosine } from '../optim/schedules.ts';
import { Random } from '../random.ts';
import { Sequence } from '../sequence.ts';
import type { Batch } from '../training/examples.ts';
import { Training } from '../training/training.ts';
import type { Demo } from './demo.ts';

const [STEPS, BATCH, HIDDEN, LONGEST, TESTED] = [700, 32, 32, 6, 200];
const LETTERS = 'abcdef';
const [START, STOP] = [LETTERS.length, LETTERS.length + 1];
const CLASSES = LETTERS.length + 2;

/** An encoder–decoder of two GRUs writes words backwards, words it has not been trained on. */
export const reverse: Demo = {
  name: 'reverse',
  title: 'an encoder–decoder of two GRUs writes words backwards (many to many)',
  metric: 'words reversed without a mistake, of those not trained on (%)',
  threshold: 90,

  *run(seed, { engine = {} } = {}) {
    const rng = new Random(seed);
    const net = encoderDecoder({
      encoder: stack({ gru: recurrentLayer(gru, { d: CLASSES, m: HIDDEN }, engine) }),
      decoder: stack({
        gru: recurrentLayer(gru, { d: CLASSES, m: HIDDEN }, engine),
        readout: readout({ m: HIDDEN, C: CLASSES }),
      }),
    });
    glorot()(net.params, rng);
    const optimiser = adam(net.params, { learningRate: 0.01 });
    const schedule = cosine({ learningRate: 0.01, steps: STEPS });
    const examples = {
      count: STEPS * BATCH,
      batch: () => backwards(Array.from({ length: BATCH }, () => word(rng, false))),
    };
    const options = { loss: crossEntropy, optimiser, schedule, epochs: 1, batch: BATCH };
    for (const { update, loss } of new Training(net, examples, options)) {
      if (update % 10 === 0) yield { done: update, total: STEPS, note: `loss ${loss.toFixed(4)} nats/letter` };
    }
    const words = Array.from({ length: TESTED }, () => word(rng, true));
    const written = net.decode(batchOf(words), { start: START, stop: STOP, maxLength: LONGEST + 2 });
    const text = (letters: readonly number[]) => letters.map(k => LETTERS[k] ?? '?').join('');
    const right = words.filter((letters, n) => text(written[n] ?? []) === text(letters.toReversed()));
    return {
      metric: (100 * right.length) / TESTED,
      lines: words.slice(0, 8).map((letters, n) => `${text(letters).padEnd(LONGEST + 2)} → ${text(written[n] ?? [])}`),
    };
  },
};

/** A word of 2 to 6 letters. Those whose letters add up to a multiple of five are for the test, all others for training. */
function word(rng: Random, test: boolean): number[] {
  for (;;) {
    const length = 2 + Math.floor(rng.uniform() * (LONGEST - 1));
    const letters = Array.from({ length }, () => Math.floor(rng.uniform() * LETTERS.length));
    if ((letters.reduce((sum, k) => sum + k, 0) % 5 === 0) === test) return letters;
  }
}

/** Words, what the decoder reads of them backwards, and what it should write. */
function backwards(words: readonly (readonly number[])[]): Batch<number[], Sequence> {
  const turned = words.map(letters => letters.toReversed());
  const beside = batchOf(turned.map(letters => [START, ...letters]));
  const y = timeMajor(
    turned.map(letters => [...letters, STOP]),
    beside.T,
  );
  return { x: batchOf(words), beside, y };
}

function batchOf(words: readonly (readonly number[])[]): Sequence {
  const lengths = words.map(({ length }) => length);
  const T = greatest(lengths);
  return Sequence.oneHot(timeMajor(words, T), { T, B: words.length, classes: CLASSES, lengths });
}

function timeMajor(words: readonly (readonly number[])[], T: number): number[] {
  return Array.from({ length: T }, (_, t) => words.map(letters => letters[t] ?? 0)).flat();
}
