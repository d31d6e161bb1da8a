/**
 * DD2424 Lecture 9, "Image Captioning": a picture's features v go into every step, h = tanh(W_xh x + W_hh h + W_ih v), and
 * the network writes a sentence word by word: one to many. The pictures here are made up: a shape of some size and
 * colour, somewhere; their features are noisy mixtures of these, not the words themselves.
 */
import { Matrix } from 'ml-matrix';
import { conditioned } from '../cells/conditioned.ts';
import { rnn } from '../cells/rnn.ts';
import { argmax, greatest } from '../extremes.ts';
import { glorot, normal } from '../init/initialisers.ts';
import type { Layer } from '../layers/layer.ts';
import { readout } from '../layers/readout.ts';
import { stack } from '../layers/stack.ts';
import { crossEntropy } from '../losses/cross-entropy.ts';
import { recurrentLayer } from '../models/network.ts';
import { adam } from '../optim/adam.ts';
import { Random } from '../random.ts';
import { Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';
import { Training } from '../training/training.ts';
import type { Demo } from './demo.ts';

const [STEPS, HIDDEN, FEATURES, NOISE] = [300, 40, 20, 0.1];

/** What a picture shows. */
const SIZES = ['small', 'big'];
const COLOURS = ['red', 'green', 'blue', 'white'];
const SHAPES = ['circle', 'square', 'triangle', 'star'];
const PLACES = ['on the left', 'on the right', 'at the top', 'at the bottom'];

const [START, STOP] = ['<start>', '<stop>'];
const WORDS = [START, STOP, 'a', ...SIZES, ...COLOURS, ...SHAPES, ...new Set(PLACES.join(' ').split(' '))];

interface Picture {
  /** Its place among the attributes of all kinds, one of each. */
  readonly shown: readonly number[];
  readonly sentence: readonly string[];
}

const PICTURES: readonly Picture[] = SIZES.flatMap((size, i) =>
  COLOURS.flatMap((colour, j) =>
    SHAPES.flatMap((shape, k) =>
      PLACES.map((place, l) => ({
        shown: [i, 2 + j, 6 + k, 10 + l],
        sentence: `a ${size} ${colour} ${shape} ${place}`.split(' '),
      })),
    ),
  ),
);

/** A conditioned RNN describes pictures whose combination of attributes it has never seen. */
export const caption: Demo = {
  name: 'caption',
  title: 'an RNN conditioned on the features of a picture describes it in words (one to many)',
  metric: 'pictures described without a mistake, of those not trained on (%)',
  threshold: 90,

  *run(seed, { engine = {} } = {}) {
    const rng = new Random(seed);
    const mixing = Matrix.zeros(14, FEATURES);
    normal(1)(mixing, rng);
    const shuffled = PICTURES.map(picture => ({ picture, key: rng.uniform() })).sort((a, b) => a.key - b.key);
    const pictures = shuffled.map(({ picture }) => picture);
    const [test, train] = [pictures.slice(0, 32), pictures.slice(32)];
    const net = stack({
      rnn: recurrentLayer(conditioned(rnn, { k: FEATURES, when: 'always' }), { d: WORDS.length, m: HIDDEN }, engine),
      readout: readout({ m: HIDDEN, C: WORDS.length }),
    });
    glorot()(net.params, rng);
    const optimiser = adam(net.params, { learningRate: 0.01 });
    const known = {
      count: train.length,
      batch(which: readonly number[]) {
        const some = which.flatMap(n => train[n] ?? []);
        return { ...sentences(some), beside: seen(some, mixing, rng) };
      },
    };
    const options = { loss: crossEntropy, optimiser, epochs: STEPS, batch: train.length, clipNorm: null };
    for (const { update, loss } of new Training(net, known, options)) {
      if (update % 5 === 0) yield { done: update, total: STEPS, note: `loss ${loss.toFixed(4)} nats/word` };
    }
    const told = test.map(picture => describe(net, seen([picture], mixing, rng)));
    const right = told.filter((sentence, n) => sentence === test[n]?.sentence.join(' '));
    return {
      metric: (100 * right.length) / test.length,
      lines: test.slice(0, 8).map(({ sentence }, n) => `${sentence.join(' ').padEnd(40)} → ${told[n]}`),
    };
  },
};

/** Teacher forcing: the words so far in, the next word out. */
function sentences(pictures: readonly Picture[]): { readonly x: Sequence; readonly y: readonly number[] } {
  const rows = pictures.map(({ sentence }) => [START, ...sentence, STOP].map(word => WORDS.indexOf(word)));
  const T = greatest(rows.map(({ length }) => length)) - 1;
  const column = (shift: number) => Array.from({ length: T }, (_, t) => rows.map(row => row[t + shift] ?? 0)).flat();
  const lengths = rows.map(({ length }) => length - 1);
  return { x: Sequence.oneHot(column(0), { T, B: rows.length, classes: WORDS.length, lengths }), y: column(1) };
}

/** The state that a network begins with when it looks at these pictures: v, and a hidden state of zeros. */
function seen(pictures: readonly Picture[], mixing: Matrix, rng: Random): Matrices {
  const v = new Matrix(
    pictures.map(({ shown }) =>
      Array.from({ length: FEATURES }, (_, f) =>
        shown.reduce((sum, a) => sum + mixing.get(a, f), NOISE * rng.normal()),
      ),
    ),
  );
  return { 'rnn.h': Matrix.zeros(pictures.length, HIDDEN), 'rnn.v': v };
}

/** The likeliest word at every step, until the network stops. */
function describe(net: Layer, picture: Matrices): string {
  const words: string[] = [];
  let [word, state] = [WORDS.indexOf(START), picture];
  while (words.length < 12) {
    const { y, sT, tape } = net.forward(Sequence.oneHot([word], { T: 1, classes: WORDS.length }), state);
    const o = y.at(0).getRow(0);
    word = argmax(o);
    state = sT;
    net.release?.(tape);
    const written = WORDS[word] ?? '';
    if (written === STOP) break;
    words.push(written);
  }
  return words.join(' ');
}
