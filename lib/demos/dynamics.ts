/**
 * IIIT Hyderabad Lecture 20, "RNNs = Just fancy HMMs ?": the hidden state of a linear dynamical system is made of real
 * numbers as a network's is; what a network has beyond it is "Non-linear dynamics". Both learn to foretell the next number
 * of two series: one goes on as a weighted sum of its past and noise, the other as a curve of it and noise. How they are
 * made is known, and so is the noise, which no forecast's error is below in the long run.
 */
import { Matrix } from 'ml-matrix';
import { gru } from '../cells/gru.ts';
import { glorot, normal } from '../init/initialisers.ts';
import { outputsOf } from '../layers/outputs.ts';
import { stack } from '../layers/stack.ts';
import { squaredError } from '../losses/squared-error.ts';
import { kalman } from '../models/kalman.ts';
import { type Engine, readoutLayer, recurrentLayer } from '../models/network.ts';
import { adam } from '../optim/adam.ts';
import { Random } from '../random.ts';
import { Sequence } from '../sequence.ts';
import { Descent } from '../training/descent.ts';
import { examples } from '../training/examples.ts';
import { Training } from '../training/training.ts';
import type { Demo, DemoProgress } from './demo.ts';

const [PIECES, LENGTH, TESTED, NOISE] = [8, 50, 500, 0.3];

/** Updates of the network and of the linear system, and the sizes of their states. */
const [STEPS, LINEAR, HIDDEN, STATE] = [200, 60, 8, 3];

const TOTAL = 2 * (LINEAR + STEPS);

/** The number that follows two others, but for the noise. */
type Rule = (last: number, before: number) => number;

const SERIES: readonly (readonly [name: string, rule: Rule])[] = [
  ['linear', (last, before) => 0.9 * last - 0.4 * before],
  ['not linear', last => 1.5 * Math.cos(2 * last)],
];

/** What foretells every number of a series from those before it. */
type Forecaster = (series: readonly number[]) => readonly number[];

/** Yields its progress; returns what has been learnt. */
type Learning = Generator<DemoProgress, Forecaster, undefined>;

/** A GRU foretells what a linear dynamical system cannot, and both what is linear. */
export const dynamics: Demo = {
  name: 'dynamics',
  title: 'a linear dynamical system and a GRU foretell a linear series, and one that is not (many to many)',
  metric: 'error of the linear system over that of the GRU, where the series is not linear',
  threshold: 2,

  *run(seed, { engine = {} } = {}) {
    const lines = [row('', ['mean', 'last value', 'linear system', 'GRU', 'noise'])];
    let metric = 0;
    for (const [n, [name, rule]] of SERIES.entries()) {
      const rng = new Random(seed);
      const learnt = Array.from({ length: PIECES }, () => drawn(rule, LENGTH, rng));
      const test = drawn(rule, TESTED, rng);
      const done = n * (LINEAR + STEPS);
      const network = yield* recurrentNet(learnt, rng, { name, done, engine });
      const linear = yield* linearSystem(learnt, rng, { name, done: done + STEPS });
      const mean = learnt.flat().reduce((sum, x) => sum + x, 0) / (PIECES * LENGTH);
      const forecasters: readonly Forecaster[] = [() => test.map(() => mean), shifted, linear, network];
      const errors = forecasters.map(forecaster => errorOf(forecaster, test));
      const [, , ofLinear = 0, ofNetwork = 1] = errors;
      metric = ofLinear / ofNetwork; // that of the last series, which is not linear, stands
      const cells = [...errors, NOISE].map(error => error.toFixed(3));
      lines.push(row(name, cells));
    }
    return { metric, lines: [...lines, `root mean square errors of ${TESTED} forecasts, one step ahead`] };
  },
};

/** A series by a rule, from two zeros on. */
function drawn(rule: Rule, length: number, rng: Random): readonly number[] {
  const series: number[] = [];
  for (let t = 0; t < length; t++) series.push(rule(series[t - 1] ?? 0, series[t - 2] ?? 0) + NOISE * rng.normal());
  return series;
}

/** A GRU that is given a number at every step, and says the next. */
function* recurrentNet(
  learnt: readonly (readonly number[])[],
  rng: Random,
  { name, done, engine }: { readonly name: string; readonly done: number; readonly engine: Engine },
): Learning {
  const cell = recurrentLayer(gru, { d: 1, m: HIDDEN }, engine);
  const net = stack({ cell, readout: readoutLayer({ m: HIDDEN, C: 1 }, engine) });
  glorot()(net.params, rng);
  const vectors = (series: readonly number[]) => series.map(x => [x]);
  const known = examples({ x: learnt.map(shifted).map(vectors), y: learnt.map(vectors) });
  const optimiser = adam(net.params, { learningRate: 0.02 });
  const options = { loss: squaredError, optimiser, epochs: STEPS, batch: PIECES };
  for (const { update, loss } of new Training(net, known, options)) {
    const note = `${name}, GRU: loss ${loss.toFixed(3)}`;
    if (update % 10 === 0) yield { done: done + update, total: TOTAL, note };
  }
  return series => [...outputsOf(net, Sequence.pack([vectors(shifted(series))])).data];
}

/** The linear system whose density of the series is greatest, by its gradient. */
function* linearSystem(
  learnt: readonly (readonly number[])[],
  rng: Random,
  { name, done }: { readonly name: string; readonly done: number },
): Learning {
  const model = kalman({ m: STATE, d: 1 });
  normal(0.5)(model.params, rng);
  const descent = new Descent(model.params, { optimiser: adam(model.params, { learningRate: 0.1 }) });
  const gradient = () => {
    model.params.zeroGrads();
    let total = 0;
    for (const series of learnt) {
      const { loss, tape } = model.forward(Matrix.columnVector([...series]));
      model.backward(tape);
      total += loss;
    }
    return { loss: total };
  };
  for (let step = 1; step <= LINEAR; step++) {
    const { loss } = descent.step(gradient);
    const note = `${name}, linear system: ${(loss / (PIECES * LENGTH)).toFixed(3)} nats a step`;
    yield { done: done + step, total: TOTAL, note };
  }
  return series => model.forecast(Matrix.columnVector([...series])).mean.to1DArray();
}

/** The number before every number of a series; 0 before the first. */
function shifted(series: readonly number[]): readonly number[] {
  return [0, ...series.slice(0, -1)];
}

/** The root mean square error of forecasts, one step ahead. */
function errorOf(forecaster: Forecaster, series: readonly number[]): number {
  const foretold = forecaster(series);
  return Math.sqrt(series.reduce((sum, x, t) => sum + (x - (foretold[t] ?? 0)) ** 2, 0) / series.length);
}

function row(name: string, cells: readonly string[]): string {
  return name.padEnd(11) + cells.map(cell => cell.padStart(15)).join('');
}
