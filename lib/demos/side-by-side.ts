/**
 * Four networks side by side on a task that needs a long memory. DD2424 Lecture 9 names what helps where the gradient
 * vanishes: "Initialize W as the identity matrix" and "Use ReLU instead of tanh", which together are the IRNN of Le, Jaitly
 * and Hinton (2015), and the LSTM. The vanilla network is given what helps it most, an orthogonal W: the gradient is then
 * neither lengthened nor shortened but by tanh′.
 *
 * All have as many units, the same learning rate, and the same number of sequences at most, each of them a new one: the
 * loss in training is that on sequences not seen before.
 */

import type { Cell } from '../cells/cell.ts';
import { gru } from '../cells/gru.ts';
import { lstm } from '../cells/lstm.ts';
import { rnn, rnnRelu } from '../cells/rnn.ts';
import { greatest } from '../extremes.ts';
import { glorot, type Initialiser, identity, orthogonal, zeros } from '../init/initialisers.ts';
import type { Layer } from '../layers/layer.ts';
import { outputsOf } from '../layers/outputs.ts';
import { stack } from '../layers/stack.ts';
import type { Loss } from '../losses/loss.ts';
import type { Engine } from '../models/network.ts';
import { readoutLayer, recurrentLayer } from '../models/network.ts';
import { adam } from '../optim/adam.ts';
import { pick } from '../params.ts';
import { Random } from '../random.ts';
import type { Sequence } from '../sequence.ts';
import { Training } from '../training/training.ts';
import type { DemoProgress, DemoResult } from './demo.ts';

/** Sequences, and what a network's outputs for them are worth. */
export interface Batch {
  readonly x: Sequence;
  /** The loss of the outputs o, and dL/do. */
  judge(o: Sequence): { readonly loss: number; readonly dy: Sequence };
}

/** A task, and how much of it a network gets. */
export interface MemoryTask {
  /** Features in, a step. */
  readonly inputs: number;
  /** Features out, a step. */
  readonly outputs: number;
  /** Steps of a sequence: as long as a memory may have to last. */
  readonly T: number;
  /** The least loss without any memory. */
  readonly baseline: number;
  /** Sequences of an update, and updates at most. */
  readonly B: number;
  readonly steps: number;
  readonly learningRate: number;
  /** B new sequences. */
  batch(B: number, rng: Random): Batch;
}

/** What the metric is, for a demo that is made of this. */
export const METRIC = 'loss of the tanh RNN, at most the baseline, over that of the worse of LSTM and GRU';

const [HIDDEN, CLIP, TESTED, WINDOW] = [32, 1, 500, 50];

/** Parts of the baseline: below the one, training ends before its time; below the other, the task is solved. */
const [ENOUGH, SOLVED] = [0.02, 0.1];

/** The vanilla network, the one with identity and ReLU, and the gated ones, each with the W that it begins with. */
const NETWORKS: readonly { readonly name: string; readonly cell: Cell; readonly W: Initialiser }[] = [
  { name: 'tanh RNN', cell: rnn, W: orthogonal() },
  { name: 'IRNN', cell: rnnRelu, W: identity() },
  { name: 'LSTM', cell: lstm, W: orthogonal() },
  { name: 'GRU', cell: gru, W: orthogonal() },
];

/** Trains the networks one after the other; the result has {@link METRIC}, a table with a row each, and their curves. */
export function* sideBySide(
  task: MemoryTask,
  seed: number,
  engine: Engine,
): Generator<DemoProgress, DemoResult, undefined> {
  const { baseline, B, steps } = task;
  const total = NETWORKS.length * steps;
  const outcomes: Outcome[] = [];
  for (const [n, { name, cell, W }] of NETWORKS.entries()) {
    const rng = new Random(seed);
    const layer = recurrentLayer(cell, { d: task.inputs, m: HIDDEN }, engine);
    const net = stack({ cell: layer, readout: readoutLayer({ m: layer.outputs, C: task.outputs }, engine) });
    initialise(net, W, task.T, rng);
    const examples = { count: B * steps, batch: () => drawn(task, rng) };
    const optimiser = adam(net.params, { learningRate: task.learningRate });
    const training = new Training(net, examples, { loss: judged, optimiser, epochs: 1, batch: B, clipNorm: CLIP });
    const began = performance.now();
    const points: (readonly [number, number])[] = [];
    let [step, recent] = [0, Number.POSITIVE_INFINITY];
    let losses: number[] = [];
    while (step < steps && recent >= ENOUGH * baseline) {
      const { update, loss } = training.step();
      step = update;
      losses.push(loss);
      if (losses.length === WINDOW) {
        recent = losses.reduce((sum, one) => sum + one, 0) / WINDOW;
        points.push([step * B, Math.log10(recent / baseline)]);
        losses = [];
      }
      const note = `${name}: loss ${loss.toFixed(4)}, baseline ${baseline.toFixed(4)}`;
      if (step % 5 === 0) yield { done: n * steps + step, total, note };
    }
    const seconds = (performance.now() - began) / 1000;
    const { x, judge } = task.batch(TESTED, rng);
    const { loss } = judge(outputsOf(net, x));
    outcomes.push({ name, loss, sequences: step * B, seconds, points });
    yield { done: (n + 1) * steps, total, note: `${name}: loss ${loss.toFixed(4)} on ${TESTED} new sequences` };
  }
  const [vanilla, , ...gated] = outcomes;
  if (!vanilla) throw new Error('there was no network to train');
  const end = greatest(outcomes.map(({ sequences }) => sequences));
  const course = outcomes.map(({ name, points }) => ({ name, points }));
  const level = { name: 'baseline', points: [[0, 0] as const, [end, 0] as const] };
  return {
    metric: Math.min(vanilla.loss, baseline) / greatest(gated.map(({ loss }) => loss)),
    lines: table(outcomes, baseline),
    curves: { x: 'sequences seen', y: 'loss over the baseline, log₁₀', series: [...course, level] },
  };
}

/** What judges a batch is its target. */
type Judge = Batch['judge'];

/** The loss that each batch brings with it: of the whole batch, as of one step. */
const judged: Loss<Judge, Sequence> = {
  name: 'judged',
  equation: 'the task’s',
  forward(o, judge) {
    const { loss, dy } = judge(o);
    return { loss, count: 1, tape: dy };
  },
  backward: dy => dy,
};

function drawn({ B, batch }: MemoryTask, rng: Random): { readonly x: Sequence; readonly y: Judge } {
  const { x, judge } = batch(B, rng);
  return { x, y: judge };
}

/** How a network has done. */
interface Outcome {
  readonly name: string;
  /** The mean loss of sequences that it was not trained on. */
  readonly loss: number;
  /** How many it was trained on, and how long that took. */
  readonly sequences: number;
  readonly seconds: number;
  readonly points: readonly (readonly [number, number])[];
}

/**
 * Biases 0, W as asked for, the other matrices Glorot's. Gates begin with memories of all lengths up to T: what keeps has
 * the bias log τ, τ uniform in [1, T − 1), one for each unit, and the LSTM's input gate −log τ (Tallec and Ollivier 2018).
 */
function initialise({ params }: Layer, W: Initialiser, T: number, rng: Random): void {
  const named = params.named();
  for (const [name, matrix] of Object.entries(params.open())) {
    if (matrix.rows === 1) zeros(matrix, rng);
    else (name.startsWith('cell.W') ? W : glorot())(matrix, rng);
  }
  for (const [name, sign = 1] of Object.entries(params.keeps)) {
    const keeps = pick(named, name);
    for (let k = 0; k < keeps.columns; k++) {
      const b = Math.log(1 + (T - 2) * rng.uniform());
      keeps.set(0, k, sign * b);
      named['cell.b_i']?.set(0, k, -b);
    }
  }
}

function table(outcomes: readonly Outcome[], baseline: number): string[] {
  const row = (cells: readonly string[]) =>
    cells.map((cell, n) => (n === 0 ? cell.padEnd(9) : cell.padStart(n === 1 ? 8 : 12))).join('');
  return [
    row(['', 'loss', 'of baseline', 'solved', 'sequences', 'time']),
    ...outcomes.map(({ name, loss, sequences, seconds }) => {
      const part = `${((100 * loss) / baseline).toFixed(1)} %`;
      return row([
        name,
        loss.toFixed(4),
        part,
        loss < SOLVED * baseline ? 'yes' : 'no',
        `${sequences}`,
        `${seconds.toFixed(1)} s`,
      ]);
    }),
    `baseline, without memory: ${baseline.toFixed(4)}; solved: below ${100 * SOLVED} % of it`,
  ];
}
