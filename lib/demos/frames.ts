/**
 * File 002, "Action/Activity Recognition": every frame of a video gets a label, by cross-entropy alone and with the
 * ranking loss on top, L^t = L_c^t + λ L_r^t. While an activity goes on, the score of the right one should rise. The
 * videos here are made up: noisy features, an activity every some frames. Any two activities are equally far apart, so
 * that they are as hard to tell apart with one seed as with another.
 */

import { Matrix } from 'ml-matrix';
import { lstm } from '../cells/lstm.ts';
import { forgetBias, glorot, orthogonal } from '../init/initialisers.ts';
import type { Layer } from '../layers/layer.ts';
import { outputsOf } from '../layers/outputs.ts';
import { readout } from '../layers/readout.ts';
import { stack } from '../layers/stack.ts';
import { crossEntropy, logSoftmax } from '../losses/cross-entropy.ts';
import type { Loss } from '../losses/loss.ts';
import { rankingLoss } from '../losses/ranking.ts';
import { recurrentLayer } from '../models/network.ts';
import { adam } from '../optim/adam.ts';
import { Random } from '../random.ts';
import { Sequence } from '../sequence.ts';
import { Training } from '../training/training.ts';
import type { Curves, Demo } from './demo.ts';

const [STEPS, FRAMES, BATCH, TESTED] = [250, 30, 16, 1000];
const [ACTIVITIES, FEATURES, HIDDEN, NOISE, LAMBDA] = [4, 8, 16, 2, 2];

/** An LSTM labels frames; the ranking loss makes the score of the right label fall less often while it is right. */
export const frames: Demo = {
  name: 'frames',
  title: 'an LSTM labels the frames of videos, with and without the ranking loss (many to many)',
  metric: 'how much less the right score falls with the ranking loss; 0 if frames right drop by over a point (%)',
  threshold: 15,

  *run(seed, { engine = {} } = {}) {
    const prototypes = Matrix.zeros(ACTIVITIES, FEATURES);
    orthogonal(Math.sqrt(FEATURES))(prototypes, new Random(seed));
    const losses: Readonly<Record<string, Loss<ArrayLike<number>>>> = {
      'cross-entropy': crossEntropy,
      'with ranking': rankingLoss({ kind: 's', lambda: LAMBDA }),
    };
    const results: { name: string; accuracy: number; fall: number; course: (readonly [number, number])[] }[] = [];
    for (const [n, [name, lossOf]] of Object.entries(losses).entries()) {
      const rng = new Random(seed + 1);
      const net = stack({
        lstm: recurrentLayer(lstm, { d: FEATURES, m: HIDDEN }, engine),
        readout: readout({ m: HIDDEN, C: ACTIVITIES }),
      });
      glorot()(net.params, rng);
      forgetBias(net.params);
      const examples = { count: STEPS * BATCH, batch: () => videos(prototypes, BATCH, rng) };
      const optimiser = adam(net.params, { learningRate: 0.01 });
      const options = { loss: lossOf, optimiser, epochs: 1, batch: BATCH, clipNorm: null };
      for (const { update, loss } of new Training(net, examples, options)) {
        const [done, total] = [n * STEPS + update, 2 * STEPS];
        if (update % 5 === 0) yield { done, total, note: `${name}: loss ${loss.toFixed(3)} nats/frame` };
      }
      results.push({ name, ...judge(net, prototypes, new Random(seed + 2)) });
    }
    const [plain, ranked] = results;
    if (!plain || !ranked) throw new Error('two losses were to be compared');
    const curves: Curves = {
      x: 'frames since the activity began',
      y: 'score of the right activity',
      series: results.map(({ name, course }) => ({ name, points: course })),
    };
    return {
      metric: ranked.accuracy < plain.accuracy - 0.01 ? 0 : 100 * (1 - ranked.fall / plain.fall),
      lines: results.map(
        ({ name, accuracy, fall }) =>
          `${name.padEnd(14)} frames right ${(100 * accuracy).toFixed(1)} %   mean fall of the right score ${fall.toFixed(4)} a frame`,
      ),
      curves,
    };
  },
};

/** B videos of noisy frames, an activity going on for some 6 to 14 of them. */
function videos(prototypes: Matrix, B: number, rng: Random): { readonly x: Sequence; readonly y: readonly number[] } {
  const x = Sequence.zeros({ T: FRAMES, B, F: FEATURES });
  const y = new Array<number>(FRAMES * B).fill(0);
  for (let b = 0; b < B; b++) {
    let [activity, left] = [0, 0];
    for (let t = 0; t < FRAMES; t++, left--) {
      if (left === 0) {
        activity = (activity + 1 + Math.floor(rng.uniform() * (ACTIVITIES - 1))) % ACTIVITIES;
        left = 6 + Math.floor(9 * rng.uniform());
      }
      y[t * B + b] = activity;
      for (let f = 0; f < FEATURES; f++) x.at(t).set(b, f, prototypes.get(activity, f) + NOISE * rng.normal());
    }
  }
  return { x, y };
}

/** On videos of its own: frames right, the mean fall of the right score within an activity, and that score's course. */
function judge(net: Layer, prototypes: Matrix, rng: Random) {
  const { x, y } = videos(prototypes, TESTED, rng);
  const P = logSoftmax(outputsOf(net, x).rows()).exp();
  let [right, falls, steps] = [0, 0, 0];
  const course = Array.from({ length: 10 }, () => ({ sum: 0, count: 0 }));
  for (let b = 0; b < TESTED; b++) {
    let since = 0;
    for (let t = 0; t < FRAMES; t++) {
      const [row, activity] = [t * TESTED + b, y[t * TESTED + b] ?? 0];
      const score = P.get(row, activity);
      if (P.getRow(row).every(other => other <= score)) right += 1;
      since = t > 0 && y[row - TESTED] === activity ? since + 1 : 0;
      const place = course[since];
      if (place) Object.assign(place, { sum: place.sum + score, count: place.count + 1 });
      if (since === 0) continue;
      falls += Math.max(0, P.get(row - TESTED, activity) - score);
      steps += 1;
    }
  }
  const points = course.map(({ sum, count }, t): readonly [number, number] => [t, sum / count]);
  return { accuracy: right / y.length, fall: falls / steps, course: points };
}
