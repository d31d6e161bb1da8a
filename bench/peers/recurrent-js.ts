/** recurrent-js: its LSTM, one sequence at a time, in float64. */
import { createRequire } from 'node:module';
import type { LayerProblem } from '../cases/case.ts';
import { tensor } from './gates.ts';
import { installed } from './installed.ts';
import type { Family, Prepared } from './peer.ts';

/** A matrix, row after row, and its gradient. */
interface Mat {
  readonly w: Float64Array;
  readonly dw: Float64Array;
}

interface Graph {
  memorizeOperationSequence(on: boolean): void;
  backward(): void;
}

interface State {
  readonly hiddenActivationState: readonly Mat[];
  readonly cells?: readonly Mat[];
}

interface Gate {
  readonly Wx: readonly Mat[];
  readonly Wh: readonly Mat[];
  readonly bh: readonly Mat[];
}

interface Network {
  readonly model: { readonly hidden: Readonly<Record<string, Gate>> };
  forward(x: Mat, previous: State, graph: Graph): State;
}

interface Library {
  readonly Mat: new (rows: number, columns: number) => Mat;
  readonly Graph: new () => Graph;
  readonly LSTM: new (options: object) => Network;
}

/** Where the gates are. */
const FOLDERS = { f: 'forget', i: 'input', o: 'output', g: 'cell' } as const;

export const recurrentJs: Family = {
  name: 'recurrent-js',
  async open() {
    const require = createRequire(import.meta.url);
    const library = installed(() => require('recurrent-js') as Library);
    if (typeof library === 'string') return library;
    const { version } = require('recurrent-js/package.json') as { version: string };
    return [
      {
        name: `recurrent-js ${version}`,
        precision: 'f64',
        pace: 2e8,
        takes: problem =>
          problem.kind === 'layer' &&
          problem.cell === 'lstm' &&
          problem.topology === 'one' &&
          problem.B === 1 &&
          !problem.lengths,
        async prepare(problem) {
          if (problem.kind !== 'layer') throw new Error('only layers');
          return prepare(library, problem);
        },
      },
    ];
  },
  close() {},
};

function prepare(library: Library, { d, m, T, params, x, dy }: LayerProblem): Prepared {
  const architecture = { inputSize: d, hiddenUnits: [m], outputSize: 1 };
  const network = new library.LSTM({ architecture });
  const parameters = Object.entries(FOLDERS).flatMap(([gate, folder]) => {
    const { Wx, Wh, bh } = network.model.hidden[folder] ?? { Wx: [], Wh: [], bh: [] };
    return Object.entries({ [`U_${gate}`]: Wx[0], [`W_${gate}`]: Wh[0], [`b_${gate}`]: bh[0] });
  });
  const mats = parameters.flatMap(([name, mat]) => (mat ? [{ name, mat }] : []));
  for (const { name, mat } of mats) mat.w.set(tensor(params, name));
  const column = (values: Float64Array): Mat => {
    const mat = new library.Mat(values.length, 1);
    mat.w.set(values);
    return mat;
  };

  const step = (): { readonly xs: readonly Mat[]; readonly hs: readonly Mat[] } => {
    for (const { mat } of mats) mat.dw.fill(0);
    const graph = new library.Graph();
    graph.memorizeOperationSequence(true);
    const zero = () => [new library.Mat(m, 1)];
    let state: State = { hiddenActivationState: zero(), cells: zero() };
    const [xs, hs]: [Mat[], Mat[]] = [[], []];
    for (let t = 0; t < T; t++) {
      const xt = column(x.subarray(t * d, (t + 1) * d));
      state = network.forward(xt, state, graph);
      xs.push(xt);
      for (const h of state.hiddenActivationState) hs.push(h);
    }
    hs.forEach(({ dw }, t) => {
      dw.set(dy.subarray(t * m, (t + 1) * m));
    });
    graph.backward();
    return { xs, hs };
  };

  const { xs, hs } = step();
  const joined = (arrays: readonly Float64Array[]) => Float64Array.from(arrays.flatMap(array => [...array]));
  return {
    result: {
      y: joined(hs.map(({ w }) => w)),
      dx: joined(xs.map(({ dw }) => dw)),
      ...Object.fromEntries(mats.map(({ name, mat }) => [`d${name}`, mat.dw.slice()])),
    },
    differs: 'it has a readout of one number more',
    run(times) {
      const start = performance.now();
      for (let n = 0; n < times; n++) step();
      return performance.now() - start;
    },
  };
}
