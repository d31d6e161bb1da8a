/** TensorFlow.js: its layers on its WebAssembly and its plain JavaScript backend, both float32. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { CellName, LayerProblem } from '../cases/case.ts';
import type { Tensors } from '../tensors.ts';
import { type GateOrder, stacked, transposed, unstacked } from './gates.ts';
import { installed } from './installed.ts';
import type { Family, Peer, Prepared } from './peer.ts';

interface Tensor {
  dataSync(): Float32Array;
  dispose(): void;
}

interface Variable extends Tensor {
  assign(value: Tensor): void;
}

interface Core {
  /** No checks, no messages. */
  enableProdMode(): void;
  setBackend(name: string): Promise<boolean>;
  tensor(values: Float32Array, shape: readonly number[]): Tensor;
  variable(value: Tensor): Variable;
  mul(a: Tensor, b: Tensor): Tensor;
  sum(a: Tensor): Tensor;
  /** The gradients by the variables' names. */
  variableGrads(f: () => Tensor, variables: readonly Variable[]): { value: Tensor; grads: Record<string, Tensor> };
}

interface RecurrentLayer {
  readonly trainableWeights: readonly { readonly val: Variable & { readonly name: string } }[];
  apply(x: Tensor): Tensor;
}

interface Layers {
  readonly layers: Readonly<Record<string, (options: Readonly<Record<string, unknown>>) => RecurrentLayer>>;
}

const GATES: GateOrder = { lstm: ['i', 'f', 'g', 'o'], gru: ['z', 'r', 'n'], rnn: [''] };
const KINDS: Readonly<Record<CellName, string>> = { lstm: 'lstm', gru: 'gru', rnn: 'simpleRNN' };
/** Floating-point operations a second, about. */
const PACES = { wasm: 8e8, cpu: 2.5e8 } as const;

export const tfjs: Family = {
  name: 'tfjs',
  async open() {
    const require = createRequire(import.meta.url);
    const loaded = installed(() => {
      const core = require('@tensorflow/tfjs-core') as Core;
      core.enableProdMode();
      require('@tensorflow/tfjs-backend-cpu');
      const wasm = require('@tensorflow/tfjs-backend-wasm') as { setWasmPaths(folder: string): void };
      wasm.setWasmPaths(`${join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist')}/`);
      return { core, layers: require('@tensorflow/tfjs-layers') as Layers };
    });
    if (typeof loaded === 'string') return loaded;
    const { version } = require('@tensorflow/tfjs-core/package.json') as { version: string };
    return (['wasm', 'cpu'] as const).map(
      (backend): Peer => ({
        name: `TensorFlow.js ${version}, ${backend}`,
        precision: 'f32',
        pace: PACES[backend],
        takes: problem => problem.kind === 'layer' && problem.topology === 'one' && !problem.lengths,
        async prepare(problem) {
          if (problem.kind !== 'layer') throw new Error('only layers');
          await loaded.core.setBackend(backend);
          return prepare(loaded.core, loaded.layers, backend, problem);
        },
      }),
    );
  },
  close() {},
};

function prepare(tf: Core, { layers }: Layers, backend: string, problem: LayerProblem): Prepared {
  const { cell, d, m, B, T, params } = problem;
  const layer = layers[KINDS[cell]]?.({
    units: m,
    returnSequences: true,
    recurrentActivation: 'sigmoid',
    recurrentInitializer: 'zeros',
  });
  if (!layer) throw new Error(`there is no ${cell}`);
  const x = tf.variable(tf.tensor(batchFirst(problem.x, [T, B, d]), [B, T, d]));
  const dy = tf.tensor(batchFirst(problem.dy, [T, B, m]), [B, T, m]);
  layer.apply(x).dispose(); // makes its weights
  const weights = layer.trainableWeights.map(({ val }) => val);
  const gates = GATES[cell];
  const G = gates.length * m;
  const values = [
    [transposed(stacked(params, '', 'U', gates), d), [d, G]],
    [transposed(stacked(params, '', 'W', gates), m), [m, G]],
    [stacked(params, '', 'b', gates), [G]],
  ] as const;
  values.forEach(([value, shape], n) => {
    weights[n]?.assign(tf.tensor(Float32Array.from(value), shape));
  });
  const loss = () => tf.sum(tf.mul(layer.apply(x), dy));
  const step = (): readonly Tensor[] => {
    const { value, grads } = tf.variableGrads(loss, [x, ...weights]);
    value.dispose();
    return Object.values(grads);
  };

  const y = layer.apply(x);
  const [dx, dU, dW, db] = step().map(gradient => Float64Array.from(gradient.dataSync()));
  const result: Tensors = {
    y: timeFirst(Float64Array.from(y.dataSync()), [T, B, m]),
    dx: timeFirst(dx ?? new Float64Array(), [T, B, d]),
    ...unstacked(transposed(dU ?? new Float64Array(), G), '', 'U', gates),
    ...unstacked(transposed(dW ?? new Float64Array(), G), '', 'W', gates),
    ...unstacked(db ?? new Float64Array(), '', 'b', gates),
  };
  return {
    ...(cell === 'gru' ? { differs: 'its GRU resets before the product' } : { result }),
    async run(times) {
      await tf.setBackend(backend);
      const start = performance.now();
      for (let n = 0; n < times; n++) for (const gradient of step()) gradient.dispose();
      return performance.now() - start;
    },
    drop() {
      for (const each of [x, dy, y, ...weights]) each.dispose();
    },
  };
}

type Sizes = readonly [T: number, B: number, F: number];

/** [T][B][F] as [B][T][F]. */
function batchFirst(s: Float64Array, [T, B, F]: Sizes): Float32Array {
  return Float32Array.from(timeFirst(s, [B, T, F]));
}

/** [B][T][F] as [T][B][F]. */
function timeFirst(s: Float64Array, [T, B, F]: Sizes): Float64Array {
  const result = new Float64Array(s.length);
  for (let t = 0; t < T; t++) {
    for (let b = 0; b < B; b++) {
      const from = (b * T + t) * F;
      result.set(s.subarray(from, from + F), (t * B + b) * F);
    }
  }
  return result;
}
