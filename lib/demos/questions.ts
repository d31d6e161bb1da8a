/**
 * File 002, "Visual Question Answering": a question about a picture is read word by word, the picture's features v go into every
 * step beside the word, as in Malinowski, Rohrbach and Fritz (2015), and the last state says the answer. The pictures here are
 * made up: two things side by side, each of some size, colour and shape; their features are noisy mixtures of these.
 */
import { Matrix } from 'ml-matrix';
import { conditioned } from '../cells/conditioned.ts';
import { lstm } from '../cells/lstm.ts';
import { forgetBias, glorot, normal } from '../init/initialisers.ts';
import { embedding } from '../layers/embedding.ts';
import { outputsOf } from '../layers/outputs.ts';
import { lastStep } from '../layers/pool.ts';
import { readout } from '../layers/readout.ts';
import { stack } from '../layers/stack.ts';
import { crossEntropy } from '../losses/cross-entropy.ts';
import { recurrentLayer } from '../models/network.ts';
import { Vocabulary } from '../models/vocabulary.ts';
import { adam } from '../optim/adam.ts';
import { Random } from '../random.ts';
import { Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';
import { accuracy, argmaxLast } from '../training/classes.ts';
import { Training } from '../training/training.ts';
import type { Demo } from './demo.ts';

const [STEPS, BATCH, TESTED, BLIND] = [500, 64, 500, 5000];
const [WIDTH, HIDDEN, FEATURES, NOISE] = [12, 48, 32, 0.1];

/** What a thing is like: one of each. */
const KINDS = {
  size: ['small', 'big'],
  colour: ['red', 'green', 'blue', 'white'],
  shape: ['circle', 'square', 'triangle', 'star'],
} as const;

/** A thing: a number into each of {@link KINDS}. */
interface Thing {
  readonly size: number;
  readonly colour: number;
  readonly shape: number;
}

interface Asked {
  /** The left one, and the right one. */
  readonly picture: readonly [Thing, Thing];
  readonly question: string;
  readonly answer: string;
}

/** Ways of asking, and who knows the answer. */
const QUESTIONS: readonly { readonly text: string; readonly answer: (left: Thing, right: Thing) => string }[] = [
  ...[...KINDS.colour.entries()].map(([colour, name]) => ({
    text: `how many things are ${name}`,
    answer: (...both: readonly Thing[]) =>
      ['none', 'one', 'two'][both.filter(thing => thing.colour === colour).length] ?? '',
  })),
  ...[...KINDS.shape.entries()].map(([shape, name]) => ({
    text: `is there a ${name}`,
    answer: (...both: readonly Thing[]) => (both.some(thing => thing.shape === shape) ? 'yes' : 'no'),
  })),
  ...(['left', 'right'] as const).flatMap((side, n) => [
    {
      text: `what colour is the thing on the ${side}`,
      answer: (...both: readonly Thing[]) => KINDS.colour[both[n]?.colour ?? 0] ?? '',
    },
    {
      text: `what shape is the thing on the ${side}`,
      answer: (...both: readonly Thing[]) => KINDS.shape[both[n]?.shape ?? 0] ?? '',
    },
    {
      text: `is the thing on the ${side} the bigger one`,
      answer: (...both: readonly Thing[]) => ((both[n]?.size ?? 0) > (both[1 - n]?.size ?? 0) ? 'yes' : 'no'),
    },
  ]),
  { text: 'are they of the same colour', answer: (a, b) => (a.colour === b.colour ? 'yes' : 'no') },
  { text: 'are they of the same shape', answer: (a, b) => (a.shape === b.shape ? 'yes' : 'no') },
];
const WORDS = Vocabulary.ofTokens(QUESTIONS.flatMap(({ text }) => text.split(' ')));
const ANSWERS = ['yes', 'no', 'none', 'one', 'two', ...KINDS.colour, ...KINDS.shape];

/** A conditioned LSTM answers questions about pictures that it has never seen. */
export const questions: Demo = {
  name: 'questions',
  title: 'an LSTM conditioned on the features of a picture answers questions about it (many to one)',
  metric: 'questions answered rightly, of pictures not trained on (%)',
  threshold: 85,

  *run(seed, { engine = {} } = {}) {
    const rng = new Random(seed);
    const mixing = Matrix.zeros(20, FEATURES);
    normal(1 / Math.sqrt(2))(mixing, rng);
    const net = stack({
      words: embedding({ C: WORDS.size, e: WIDTH }),
      lstm: recurrentLayer(conditioned(lstm, { k: FEATURES, when: 'always' }), { d: WIDTH, m: HIDDEN }, engine),
      last: lastStep(HIDDEN),
      readout: readout({ m: HIDDEN, C: ANSWERS.length }),
    });
    glorot()(net.params, rng);
    forgetBias(net.params);
    const drawn = (count: number, test: boolean) => Array.from({ length: count }, () => ask(rng, test));
    const known = { count: STEPS * BATCH, batch: () => batchOf(drawn(BATCH, false), mixing, rng) };
    const optimiser = adam(net.params, { learningRate: 0.01 });
    const options = { loss: crossEntropy, optimiser, epochs: 1, batch: BATCH };
    for (const { update, loss } of new Training(net, known, options)) {
      if (update % 5 === 0) yield { done: update, total: STEPS, note: `loss ${loss.toFixed(4)} nats/question` };
    }
    const test = drawn(TESTED, true);
    const { x, y, beside } = batchOf(test, mixing, rng);
    const said = argmaxLast(outputsOf(net, x, beside));
    const blind = commonest(drawn(BLIND, false));
    const guessed = test.map(({ question }) => ANSWERS.indexOf(blind.get(question) ?? ''));
    return {
      metric: 100 * accuracy(said, y),
      lines: [
        ...test.slice(0, 8).map(({ picture, question }, n) => {
          const shown = picture.map(told).join(', ');
          return `${shown.padEnd(42)} ${question}? → ${ANSWERS[said[n] ?? -1]}`;
        }),
        '',
        `without the picture, the commonest answer to each question: ${(100 * accuracy(guessed, y)).toFixed(1)} % right`,
      ],
    };
  },
};

/** What is most often the answer to each question. */
function commonest(asked: readonly Asked[]): ReadonlyMap<string, string> {
  const counts = new Map<string, number>();
  const most = new Map<string, string>();
  const count = (question: string, answer = '') => counts.get(`${question} ${answer}`) ?? 0;
  for (const { question, answer } of asked) {
    counts.set(`${question} ${answer}`, count(question, answer) + 1);
    if (count(question, answer) > count(question, most.get(question))) most.set(question, answer);
  }
  return most;
}

/** A thing in words. */
function told({ size, colour, shape }: Thing): string {
  return `${KINDS.size[size]} ${KINDS.colour[colour]} ${KINDS.shape[shape]}`;
}

/** A question about a picture. Those whose numbers add up to a multiple of four are for the test. */
function ask(rng: Random, test: boolean): Asked {
  const upTo = (n: number) => Math.floor(n * rng.uniform());
  const thing = (): Thing => ({ size: upTo(2), colour: upTo(4), shape: upTo(4) });
  for (;;) {
    const picture = [thing(), thing()] as const;
    const sum = picture.reduce((all, { size, colour, shape }, n) => all + size + (1 + n) * colour + shape, 0);
    if ((sum % 4 === 0) !== test) continue;
    const asked = QUESTIONS[upTo(QUESTIONS.length)];
    if (asked) return { picture, question: asked.text, answer: asked.answer(...picture) };
  }
}

/** Questions in words, the state that a network begins with when it looks at the pictures, and the answers. */
function batchOf(asked: readonly Asked[], mixing: Matrix, rng: Random) {
  const v = new Matrix(
    asked.map(({ picture }) => {
      const shown = picture.flatMap(({ size, colour, shape }, n) => [size, 2 + colour, 6 + shape].map(a => 10 * n + a));
      return Array.from({ length: FEATURES }, (_, f) =>
        shown.reduce((sum, a) => sum + mixing.get(a, f), NOISE * rng.normal()),
      );
    }),
  );
  const zeros = () => Matrix.zeros(asked.length, HIDDEN);
  const beside: Matrices = { 'lstm.h': zeros(), 'lstm.c': zeros(), 'lstm.v': v };
  return {
    x: Sequence.pack(
      asked.map(({ question }) => WORDS.encode(question.split(' '))),
      { classes: WORDS.size },
    ),
    y: Int32Array.from(asked, ({ answer }) => ANSWERS.indexOf(answer)),
    beside,
  };
}
