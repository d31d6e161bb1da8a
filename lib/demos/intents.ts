/**
 * File 000, "RNN: Example: Chatbot": what does the user want? The words of a question are read one by one ("What time is
 * it?"), and the last state says which of some intents it was: many to one.
 */

import { lstm } from '../cells/lstm.ts';
import { argmax } from '../extremes.ts';
import { forgetBias, glorot } from '../init/initialisers.ts';
import { embedding } from '../layers/embedding.ts';
import type { Layer } from '../layers/layer.ts';
import { outputsOf } from '../layers/outputs.ts';
import { lastStep } from '../layers/pool.ts';
import { readout } from '../layers/readout.ts';
import { stack } from '../layers/stack.ts';
import { crossEntropy } from '../losses/cross-entropy.ts';
import { recurrentLayer } from '../models/network.ts';
import { adam } from '../optim/adam.ts';
import { Random } from '../random.ts';
import { Sequence } from '../sequence.ts';
import { examples } from '../training/examples.ts';
import { Training } from '../training/training.ts';
import type { Demo } from './demo.ts';

const [STEPS, WIDTH, HIDDEN] = [150, 12, 16];

/** What one may want, and ways of asking for it: the last four of each are kept for the test. */
const QUESTIONS: Readonly<Record<string, readonly string[]>> = {
  time: [
    'what time is it',
    'tell me the time',
    'do you have the time please',
    'what is the time now',
    'how late is it',
    'could you tell me what time it is',
    'what does the clock say',
    'is it late now',
    'please tell me the time',
    'what time is it now',
    'do you know what time it is',
    'can you tell me how late it is',
  ],
  weather: [
    'what is the weather like',
    'will it rain today',
    'is it going to snow tomorrow',
    'how warm is it today',
    'do i need an umbrella today',
    'what will the weather be tomorrow',
    'is it cold now',
    'tell me the weather please',
    'will it snow today',
    'is it going to rain tomorrow',
    'what is the weather today',
    'how cold will it be tomorrow',
  ],
  music: [
    'play some music',
    'play a song by the beatles',
    'could you play something slow',
    'i want to hear some jazz',
    'please play my song',
    'turn on the music',
    'play the next song',
    'i would like to hear a song',
    'could you play some jazz',
    'i want to hear the beatles',
    'please play the next song',
    'play something by the beatles',
  ],
  alarm: [
    'wake me at seven',
    'set an alarm for six',
    'please wake me up tomorrow at eight',
    'i need an alarm at nine',
    'set the alarm to half past five',
    'can you wake me up in an hour',
    'i have to get up at six',
    'remind me in ten minutes',
    'set an alarm for eight please',
    'wake me up at half past seven',
    'i need to get up at nine tomorrow',
    'can you set the alarm to six',
  ],
  greeting: [
    'hello',
    'good morning',
    'hi there',
    'how are you today',
    'hello my friend',
    'good evening to you',
    'hi how are you',
    'nice to see you',
    'hello there',
    'good morning my friend',
    'hello how are you',
    'good evening my friend',
  ],
};

const TESTED = 4;
const INTENTS = Object.keys(QUESTIONS);
const WORDS = [...new Set(Object.values(QUESTIONS).flat().join(' ').split(' '))].sort();

interface Example {
  readonly text: string;
  readonly intent: number;
}

const all = (part: (asked: readonly string[]) => readonly string[]): readonly Example[] =>
  Object.values(QUESTIONS).flatMap((asked, intent) => part(asked).map(text => ({ text, intent })));

/** An LSTM over the words of a question names what is asked for. */
export const intents: Demo = {
  name: 'intents',
  title: 'an LSTM reads a question word by word and says what is wanted (many to one)',
  metric: 'questions understood, of those not trained on (%)',
  threshold: 85,

  *run(seed, { engine = {} } = {}) {
    const rng = new Random(seed);
    const net = stack({
      words: embedding({ C: WORDS.length, e: WIDTH }),
      lstm: recurrentLayer(lstm, { d: WIDTH, m: HIDDEN }, engine),
      last: lastStep(HIDDEN),
      readout: readout({ m: HIDDEN, C: INTENTS.length }),
    });
    glorot()(net.params, rng);
    forgetBias(net.params);
    const optimiser = adam(net.params, { learningRate: 0.02 });
    const train = all(asked => asked.slice(0, -TESTED));
    const known = examples({
      x: train.map(wordsOf),
      classes: WORDS.length,
      y: train.map(({ intent }) => intent),
    });
    const options = { loss: crossEntropy, optimiser, epochs: STEPS, batch: train.length, clipNorm: null };
    for (const { update, loss } of new Training(net, known, options)) {
      if (update % 5 === 0) yield { done: update, total: STEPS, note: `loss ${loss.toFixed(4)} nats/question` };
    }
    const test = all(asked => asked.slice(-TESTED));
    const said = answers(net, test);
    const right = test.filter(({ intent }, n) => said[n] === intent).length;
    return {
      metric: (100 * right) / test.length,
      lines: test.map(({ text, intent }, n) => {
        const answer = INTENTS[said[n] ?? -1] ?? '?';
        return `${text.padEnd(36)} → ${answer}${said[n] === intent ? '' : ` (${INTENTS[intent]} was meant)`}`;
      }),
    };
  },
};

/** A question as word numbers. */
function wordsOf({ text }: Example): number[] {
  return text.split(' ').map(word => WORDS.indexOf(word));
}

function answers(net: Layer, asked: readonly Example[]): number[] {
  const y = outputsOf(net, Sequence.pack(asked.map(wordsOf), { classes: WORDS.length }));
  return asked.map((_, b) => argmax(y.at(0).getRow(b)));
}
