/**
 * IIIT Hyderabad Lecture 20, "RNN for binary addition": two digits in, one out, two time steps later; three hidden
 * units. Trained on numbers of 4 to 8 digits, tested on 64: what must be learnt is the automaton, not the numbers.
 *
 * Three hidden units are just enough (for 1, 2 and 3 ones in a column, carry included), and most initial weights end
 * where one of them is wasted. Like every such training it therefore starts again where it got stuck, as seen on
 * numbers of its own, not on the test's.
 */

import { rnn } from '../cells/rnn.ts';
import { normal } from '../init/initialisers.ts';
import { delay } from '../layers/delay.ts';
import type { Layer } from '../layers/layer.ts';
import { outputsOf } from '../layers/outputs.ts';
import { readout } from '../layers/readout.ts';
import { stack } from '../layers/stack.ts';
import { binaryCrossEntropy } from '../losses/binary-cross-entropy.ts';
import type { Engine } from '../models/network.ts';
import { recurrentLayer } from '../models/network.ts';
import { adagrad } from '../optim/adagrad.ts';
import { Random } from '../random.ts';
import { Sequence } from '../sequence.ts';
import type { Examples } from '../training/examples.ts';
import { Training } from '../training/training.ts';
import type { Demo } from './demo.ts';

const [ATTEMPTS, STEPS, BATCH, LATENCY] = [40, 3000, 64, 2];
const [SHORT, LONG, TESTED] = [[4, 8], 64, 200] as const;

/** A tanh RNN of three units adds numbers of any length. */
export const binaryAddition: Demo = {
  name: 'binary-addition',
  title: 'a tanh RNN of three units, trained on sums of short numbers, adds numbers of 64 digits',
  metric: 'digits right in sums of 64-digit numbers (%)',
  threshold: 100,

  *run(seed, { engine = {} } = {}) {
    const rng = new Random(seed);
    let net = network(engine, rng);
    let attempt = 1;
    for (; attempt <= ATTEMPTS; attempt++) {
      net = network(engine, rng);
      const optimiser = adagrad(net.params, { learningRate: 0.3 });
      const options = { loss: binaryCrossEntropy, optimiser, epochs: 1, batch: BATCH, clipNorm: null, clipValue: 1 };
      for (const { update, loss } of new Training(net, shortSums(rng), options)) {
        const note = `loss ${loss.toFixed(4)} nats/digit, attempt ${attempt}`;
        if (update % 20 === 0) yield { done: update, total: STEPS, note };
        if (update === STEPS / 2 && digitsRight(net, 16, BATCH, rng) < 0.97) break;
      }
      if (digitsRight(net, 2 * LONG, TESTED, rng) === 1) break;
    }
    return {
      metric: 100 * digitsRight(net, LONG, TESTED, rng),
      lines: [`learnt at attempt ${attempt} of at most ${ATTEMPTS}`, ...example(net, rng)],
    };
  },
};

function network(engine: Engine, rng: Random): Layer {
  const net = stack({
    in: delay({ F: 2 }),
    hidden: recurrentLayer(rnn, { d: 2, m: 3 }, engine),
    out: delay({ F: 3 }),
    readout: readout({ m: 3, C: 1 }),
  });
  normal(1)(net.params, rng);
  return net;
}

/** Batches of short sums, of one length each, one length after the other. */
function shortSums(rng: Random): Examples<Sequence> {
  const [shortest, longest] = SHORT;
  let n = 0;
  return {
    count: STEPS * BATCH,
    batch() {
      n += 1;
      const { x, y, mask } = sums(shortest + (n % (longest - shortest + 1)), BATCH, rng);
      return { x, y, weighting: { mask } };
    },
  };
}

/** Sums of B pairs of numbers of n digits, lowest digit first, and a mask for when the answer is still on its way. */
function sums(
  n: number,
  B: number,
  rng: Random,
): { readonly x: Sequence; readonly y: Sequence; readonly mask: boolean[] } {
  const T = n + LATENCY;
  const x = Sequence.zeros({ T, B, F: 2 });
  const y = Sequence.zeros({ T, B, F: 1 });
  const carry = new Uint8Array(B);
  for (let t = 0; t < n; t++) {
    carry.forEach((carried, b) => {
      const [p, q] = [Math.round(rng.uniform()), Math.round(rng.uniform())];
      x.at(t).set(b, 0, p).set(b, 1, q);
      y.at(t + LATENCY).set(b, 0, (p + q + carried) % 2);
      carry[b] = p + q + carried > 1 ? 1 : 0;
    });
  }
  return { x, y, mask: Array.from({ length: T * B }, (_, row) => row >= LATENCY * B) };
}

/** The part of the digits of B sums of n digits that come out right. */
function digitsRight(net: Layer, n: number, B: number, rng: Random): number {
  const { x, y, mask } = sums(n, B, rng);
  const o = outputsOf(net, x).rows();
  const right = mask.filter((counts, row) => counts && o.get(row, 0) > 0 === y.rows().get(row, 0) > 0.5);
  return right.length / (n * B);
}

/** One sum as the slide writes it, highest digit first. */
function example(net: Layer, rng: Random): string[] {
  const { x } = sums(LONG, 1, rng);
  const o = outputsOf(net, x);
  const digits = (digit: (t: number) => number) => Array.from({ length: LONG }, (_, t) => digit(LONG - 1 - t)).join('');
  const addend = (column: number) => digits(t => x.at(t).get(0, column));
  return [
    `  ${addend(0)}`,
    `+ ${addend(1)}`,
    `= ${digits(t => Number(o.at(t + LATENCY).get(0, 0) > 0))} (mod 2^${LONG})`,
  ];
}
