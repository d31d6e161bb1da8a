/**
 * File 002, "Video Captioning": the features of the frames are read one after the other to the end of the video, then words
 * are written, as S2VT does (Venugopalan et al., 2015), here by two networks: many to many through one state. The videos here
 * are made up: a thing of some colour and shape that moves; the features of a frame are a noisy mixture of what it is and
 * where. Which way it goes and how fast is in no frame: that lies between them.
 */
import { Matrix } from 'ml-matrix';
import { gru } from '../cells/gru.ts';
import { glorot, normal } from '../init/initialisers.ts';
import { readout } from '../layers/readout.ts';
import { stack } from '../layers/stack.ts';
import { crossEntropy } from '../losses/cross-entropy.ts';
import { encoderDecoder } from '../models/encoder-decoder.ts';
import { recurrentLayer } from '../models/network.ts';
import { Vocabulary } from '../models/vocabulary.ts';
import { adam } from '../optim/adam.ts';
import { cosine } from '../optim/schedules.ts';
import { Random } from '../random.ts';
import { Sequence } from '../sequence.ts';
import { type Batch, examples } from '../training/examples.ts';
import { Training } from '../training/training.ts';
import type { Demo } from './demo.ts';

const [STEPS, BATCH, TESTED] = [400, 32, 200];
const [HIDDEN, FEATURES, NOISE] = [48, 16, 0.05];
/** Frames of a video, and how far a thing goes in one of them; it begins within so much of the middle. */
const [SHORTEST, LONGEST, SLOW, FAST, NEAR] = [6, 10, 0.1, 0.4, 0.5];

const COLOURS = ['red', 'green', 'blue', 'white'];
const SHAPES = ['ball', 'box', 'star'];
/** Ways to go: what it is called, and across and up in a step. */
const WAYS = [
  { name: 'left', across: -1, up: 0 },
  { name: 'right', across: 1, up: 0 },
  { name: 'up', across: 0, up: 1 },
  { name: 'down', across: 0, up: -1 },
];
const SPEEDS = ['slowly', 'quickly'];
const MARKS = { start: '<start>', stop: '<stop>' };
const WORDS = Vocabulary.ofTokens(
  ['a', 'moves', ...COLOURS, ...SHAPES, ...WAYS.map(({ name }) => name), ...SPEEDS],
  MARKS,
);
const [START, STOP] = [WORDS.classOf(MARKS.start), WORDS.classOf(MARKS.stop)];

interface Video {
  readonly frames: readonly (readonly number[])[];
  readonly sentence: readonly string[];
}

/** A GRU watches videos, another says what happens in them. */
export const video: Demo = {
  name: 'video',
  title: 'an encoder–decoder of two GRUs watches the frames of a video and says what happens (many to many)',
  metric: 'videos described without a mistake, of what was not trained on (%)',
  threshold: 85,

  *run(seed, { engine = {} } = {}) {
    const rng = new Random(seed);
    const mixing = Matrix.zeros(COLOURS.length + SHAPES.length + 2, FEATURES);
    normal(1 / Math.sqrt(2))(mixing, rng);
    const net = encoderDecoder({
      encoder: stack({ gru: recurrentLayer(gru, { d: FEATURES, m: HIDDEN }, engine) }),
      decoder: stack({
        gru: recurrentLayer(gru, { d: WORDS.size, m: HIDDEN }, engine),
        readout: readout({ m: HIDDEN, C: WORDS.size }),
      }),
    });
    glorot()(net.params, rng);
    const drawn = (count: number, test: boolean) => Array.from({ length: count }, () => film(rng, mixing, test));
    const known = { count: STEPS * BATCH, batch: () => batchOf(drawn(BATCH, false)) };
    const optimiser = adam(net.params, { learningRate: 0.01 });
    const schedule = cosine({ learningRate: 0.01, steps: STEPS });
    const options = { loss: crossEntropy, optimiser, schedule, epochs: 1, batch: BATCH };
    for (const { update, loss } of new Training(net, known, options)) {
      if (update % 5 === 0) yield { done: update, total: STEPS, note: `loss ${loss.toFixed(4)} nats/word` };
    }
    const test = drawn(TESTED, true);
    const written = net.decode(batchOf(test).x, { start: START, stop: STOP, maxLength: 8 });
    const said = written.map(words => WORDS.decodeTokens(Int32Array.from(words)).join(' '));
    const right = test.filter(({ sentence }, n) => said[n] === sentence.join(' '));
    return {
      metric: (100 * right.length) / TESTED,
      lines: test.slice(0, 8).map(({ sentence }, n) => `${sentence.join(' ').padEnd(34)} → ${said[n]}`),
    };
  },
};

/** A video. What is shown in those whose numbers add up to a multiple of five is for the test. */
function film(rng: Random, mixing: Matrix, test: boolean): Video {
  const upTo = (n: number) => Math.floor(n * rng.uniform());
  for (;;) {
    const [colour, shape, go, speed] = [upTo(COLOURS.length), upTo(SHAPES.length), upTo(WAYS.length), upTo(2)];
    const way = WAYS[go];
    if (!way || ((colour + shape + go + speed) % 5 === 0) !== test) continue;
    const near = () => NEAR * (2 * rng.uniform() - 1);
    const [across, up, step] = [near(), near(), speed === 0 ? SLOW : FAST];
    const frames = Array.from({ length: SHORTEST + upTo(LONGEST - SHORTEST + 1) }, (_, t) => {
      const place = [across + t * step * way.across, up + t * step * way.up];
      const shown = [...COLOURS, ...SHAPES].map((_, n) => Number(n === colour || n === COLOURS.length + shape));
      const mixed = new Matrix([[...shown, ...place]]).mmul(mixing).getRow(0);
      return mixed.map(feature => feature + NOISE * rng.normal());
    });
    return { frames, sentence: `a ${COLOURS[colour]} ${SHAPES[shape]} moves ${way.name} ${SPEEDS[speed]}`.split(' ') };
  }
}

/** The frames, the words so far, and the words that come next. */
function batchOf(videos: readonly Video[]): Batch<Int32Array, Sequence> {
  const words = videos.map(({ sentence }) => WORDS.encode(sentence, { start: true, stop: true }));
  const read = words.map(own => own.subarray(0, -1));
  return {
    ...examples({ x: videos.map(({ frames }) => frames), y: words.map(own => own.subarray(1)) }).batch(),
    beside: Sequence.pack(read, { classes: WORDS.size }),
  };
}
