/**
 * Bahdanau, Cho and Bengio (2015): a decoder that looks back at what it translates. Dates as people write them become dates as
 * machines write them; where it has looked for each digit is shown. What is learnt is an alignment that turns round: the year,
 * which comes first, stands last.
 */
import { gru } from '../cells/gru.ts';
import { greatest } from '../extremes.ts';
import { glorot } from '../init/initialisers.ts';
import { bahdanau } from '../layers/attention/bahdanau.ts';
import { bidirectional } from '../layers/bidirectional.ts';
import { bridge } from '../layers/bridge.ts';
import { crossEntropy } from '../losses/cross-entropy.ts';
import { encoderDecoder } from '../models/encoder-decoder.ts';
import { readoutLayer, recurrentLayer } from '../models/network.ts';
import { adam } from '../optim/adam.ts';
import { cosine } from '../optim/schedules.ts';
import { Random } from '../random.ts';
import { Sequence } from '../sequence.ts';
import type { Batch } from '../training/examples.ts';
import { Training } from '../training/training.ts';
import type { Demo } from './demo.ts';

const [STEPS, BATCH, HIDDEN, TESTED] = [260, 32, 24, 200];
const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const LETTERS = [...new Set([...MONTHS.join(''), ...'0123456789 ,.'])];
const WRITTEN = [...'0123456789-'];
const [START, STOP] = [WRITTEN.length, WRITTEN.length + 1];
const CLASSES = WRITTEN.length + 2;
const LENGTH = 'yyyy-mm-dd'.length;

/** A GRU in both directions reads a date; one with attention writes it another way. */
export const dates: Demo = {
  name: 'dates',
  title: 'an encoder–decoder with attention translates dates, such as “May 3, 2019” to “2019-05-03”',
  metric: 'dates translated without a mistake, of days not trained on (%)',
  threshold: 90,

  *run(seed, { engine = {} } = {}) {
    const rng = new Random(seed);
    const half = () => recurrentLayer(gru, { d: LETTERS.length, m: HIDDEN }, engine);
    const encoder = bidirectional({ forward: half(), backward: half() });
    const k = encoder.outputs;
    const decoder = bahdanau({
      layer: recurrentLayer(gru, { d: CLASSES + k, m: HIDDEN }, engine),
      k,
      a: HIDDEN,
      top: readoutLayer({ m: HIDDEN + k, C: CLASSES }, engine),
    });
    const net = encoderDecoder({ encoder, decoder, bridge: bridge({ from: encoder, to: decoder }) });
    glorot()(net.params, rng);
    const optimiser = adam(net.params, { learningRate: 0.01 });
    const schedule = cosine({ learningRate: 0.01, steps: STEPS });
    const examples = {
      count: STEPS * BATCH,
      batch: () => batchOf(Array.from({ length: BATCH }, () => day(rng, false))),
    };
    const options = { loss: crossEntropy, optimiser, schedule, epochs: 1, batch: BATCH };
    for (const { update, loss } of new Training(net, examples, options)) {
      if (update % 5 === 0) yield { done: update, total: STEPS, note: `loss ${loss.toFixed(4)} nats/symbol` };
    }
    const days = Array.from({ length: TESTED }, () => day(rng, true));
    const { x: source, beside: target } = batchOf(days);
    const written = net.decode(source, { start: START, stop: STOP, maxLength: LENGTH + 1 });
    const said = written.map(symbols => symbols.map(symbol => WRITTEN[symbol] ?? '?').join(''));
    const right = days.filter(({ iso }, n) => said[n] === iso);
    const { weights, tape } = net.forward(source, target);
    net.release(tape);
    return {
      metric: (100 * right.length) / TESTED,
      lines: [
        ...days.slice(0, 8).map(({ text }, n) => `${text.padEnd(20)} → ${said[n]}`),
        ...days.slice(0, 1).flatMap(({ text, iso }) => (weights ? ['', ...looks(text, iso, weights)] : [])),
      ],
    };
  },
};

interface Day {
  /** As people write it. */
  readonly text: string;
  /** As machines do. */
  readonly iso: string;
}

/** A day of 1950 to 2049, in one of four manners. Those whose numbers add up to a multiple of five are for the test. */
function day(rng: Random, test: boolean): Day {
  const upTo = (n: number) => Math.floor(n * rng.uniform());
  for (;;) {
    const [year, month, date] = [1950 + upTo(100), upTo(12), 1 + upTo(28)];
    if (((year + month + date) % 5 === 0) !== test) continue;
    const name = MONTHS[month] ?? '';
    const manners = [
      `${name} ${date}, ${year}`,
      `${date} ${name} ${year}`,
      `${name.slice(0, 3)} ${date}, ${year}`,
      `${date}.${month + 1}.${year}`,
    ];
    const two = (n: number) => `${n}`.padStart(2, '0');
    return { text: manners[upTo(manners.length)] ?? '', iso: `${year}-${two(month + 1)}-${two(date)}` };
  }
}

/** What is read, what the decoder reads, and what it should write. */
function batchOf(days: readonly Day[]): Batch<number[], Sequence> & { readonly beside: Sequence } {
  const texts = days.map(({ text }) => [...text].map(letter => LETTERS.indexOf(letter)));
  const symbols = days.map(({ iso }) => [...iso].map(letter => WRITTEN.indexOf(letter)));
  const lengths = texts.map(({ length }) => length);
  const [T, B] = [greatest(lengths), days.length];
  return {
    x: Sequence.oneHot(timeMajor(texts, T), { T, B, classes: LETTERS.length, lengths }),
    beside: Sequence.oneHot(
      timeMajor(
        symbols.map(own => [START, ...own]),
        LENGTH + 1,
      ),
      { T: LENGTH + 1, B, classes: CLASSES },
    ),
    y: timeMajor(
      symbols.map(own => [...own, STOP]),
      LENGTH + 1,
    ),
  };
}

function timeMajor(rows: readonly (readonly number[])[], T: number): number[] {
  return Array.from({ length: T }, (_, t) => rows.map(row => row[t] ?? 0)).flat();
}

const SHADES = [' ', '░', '▒', '▓', '█'];

/** How much of each letter of the first date there is was seen for each symbol: a line a symbol. */
function looks(text: string, iso: string, weights: Sequence): string[] {
  const shade = (weight: number) => SHADES[Math.min(SHADES.length - 1, Math.floor(weight * SHADES.length))];
  return [
    `  ${text}`,
    ...[...iso].map((symbol, t) => {
      const row = weights.at(t).getRow(0).slice(0, text.length);
      return `${symbol} ${row.map(shade).join('')}`.trimEnd();
    }),
  ];
}
