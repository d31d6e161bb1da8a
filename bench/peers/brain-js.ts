/**
 * brain.js: its networks for numbers, one sequence at a time, in float32. They compute other functions than ours, and some
 * of their gradients are wrong (`derivations/verification.md`): only their times are looked at.
 */
import { createRequire } from 'node:module';
import type { CellName, LayerProblem } from '../cases/case.ts';
import { installed } from './installed.ts';
import type { Family, Prepared } from './peer.ts';

interface BrainMatrix {
  readonly weights: Float32Array;
  readonly deltas: Float32Array;
}

interface Equation {
  runInput(x: Float32Array): BrainMatrix;
  backpropagate(): void;
}

/** A network. Each call of `bindEquation` adds a step. */
interface Network {
  readonly model: { readonly equations: readonly Equation[]; readonly allMatrices: readonly BrainMatrix[] };
  initialize(): void;
  bindEquation(): void;
}

interface Library {
  readonly recurrent: Readonly<Record<string, new (options: Readonly<Record<string, unknown>>) => Network>>;
}

const KINDS: Readonly<Record<CellName, string>> = { lstm: 'LSTMTimeStep', gru: 'GRUTimeStep', rnn: 'RNNTimeStep' };
const DIFFERS: Readonly<Record<CellName, string>> = {
  lstm: 'its LSTM keeps h where an LSTM keeps c; it has a readout of one number more; some of its gradients are wrong',
  gru: 'its GRU resets before the product; it has a readout of one number more; most of its gradients are wrong',
  rnn: 'its RNN has ReLU; it has a readout of one number more; some of its gradients are wrong',
};

export const brainJs: Family = {
  name: 'brain.js',
  async open() {
    const require = createRequire(import.meta.url);
    const library = installed(() => require('brain.js') as Library);
    if (typeof library === 'string') return library;
    const { version } = require('brain.js/package.json') as { version: string };
    return [
      {
        name: `brain.js ${version}`,
        precision: 'f32',
        pace: 3e8,
        takes: problem => problem.kind === 'layer' && problem.topology === 'one' && problem.B === 1 && !problem.lengths,
        async prepare(problem) {
          if (problem.kind !== 'layer') throw new Error('only layers');
          return prepare(library, problem);
        },
      },
    ];
  },
  close() {},
};

function prepare({ recurrent }: Library, { cell, d, m, T, x }: LayerProblem): Prepared {
  const Kind = recurrent[KINDS[cell]];
  if (!Kind) throw new Error(`there is no ${cell}`);
  const network = new Kind({ inputSize: d, inputRange: 1, hiddenLayers: [m], outputSize: 1, dataFormatter: null });
  network.initialize();
  for (let t = 0; t < T; t++) network.bindEquation();
  const { equations, allMatrices } = network.model;
  const xs = equations.map((_, t) => Float32Array.from(x.subarray(t * d, (t + 1) * d)));
  const step = () => {
    for (const { deltas } of allMatrices) deltas.fill(0);
    equations.forEach((equation, t) => {
      equation.runInput(xs[t] ?? new Float32Array()).deltas.fill(1);
    });
    for (let t = T - 1; t >= 0; t--) equations[t]?.backpropagate();
  };
  return {
    differs: DIFFERS[cell],
    run(times) {
      const start = performance.now();
      for (let n = 0; n < times; n++) step();
      return performance.now() - start;
    },
  };
}
