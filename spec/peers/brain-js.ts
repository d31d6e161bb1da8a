/**
 * brain.js as layers: its recurrent networks for numbers (RNNTimeStep, GRUTimeStep, LSTMTimeStep) and for classes (RNN,
 * GRU, LSTM), which begin with a row of a matrix for every class. A step is a list of operations, run forth and back.
 * Inputs that are numbers, and the initial state, get gradients like everything else.
 *
 * It computes in float32, where no gradient can be checked closely. Its operations take whatever arrays they find, so its
 * matrices are given float64 ones in the place of their own; no operation is changed.
 */
import { createRequire } from 'node:module';
import { Matrix } from 'ml-matrix';
import type { Cell } from '../../lib/cells/cell.ts';
import type { GateName } from '../../lib/cells/gates.ts';
import { gruResetBefore } from '../../lib/cells/gru-reset-before.ts';
import { type LstmTape, lstm } from '../../lib/cells/lstm.ts';
import { rnnRelu } from '../../lib/cells/rnn.ts';
import { embedding } from '../../lib/layers/embedding.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { stack } from '../../lib/layers/stack.ts';
import { add } from '../../lib/matrix.ts';
import type { FloatArray } from '../../lib/views.ts';
import { at, byLayer, deep, foreignLayer, mapped, named, type Size, type Variable } from './foreign.ts';

/** A matrix, row after row, and its gradient. */
interface BrainMatrix {
  weights: FloatArray;
  deltas: FloatArray;
}

/** A step: its operations, and what they read and write. */
interface Equation {
  readonly states: readonly {
    readonly product: BrainMatrix;
    readonly left?: BrainMatrix;
    /** Of the operation that takes a row of a matrix, which row. */
    readonly right?: BrainMatrix | number;
  }[];
  runInput(x: FloatArray): BrainMatrix;
  runIndex(row: number): BrainMatrix;
  backpropagate(): void;
  backpropagateIndex(row: number): void;
}

/** A network. Each call of `bindEquation` adds a step. */
export interface Network {
  readonly model: {
    readonly equations: Equation[];
    /** The hidden states of every step, one for each layer. */
    readonly equationConnections: (readonly BrainMatrix[])[];
    /** All parameters. */
    readonly allMatrices: readonly BrainMatrix[];
  };
  readonly initialLayerInputs: readonly BrainMatrix[];
  initialize(): void;
  bindEquation(): void;
  /** What `train` calls for each pattern, of numbers or of classes, before it changes the parameters. */
  trainArrayOfArray(pattern: readonly (readonly number[])[]): number;
  trainInput(pattern: readonly number[]): number;
  backpropagate(pattern?: readonly number[]): void;
}

type NetworkClass = new (options: Readonly<Record<string, unknown>>) => Network;

const library = createRequire(import.meta.url)('brain.js') as {
  readonly recurrent: Readonly<Record<BrainKind, NetworkClass>>;
};

/** The networks that there are. */
export type BrainKind = CellName | `${CellName}TimeStep`;
type CellName = 'RNN' | 'GRU' | 'LSTM';

/** What our matrices are called there, of one layer. */
const NAMES: Readonly<Record<CellName, Readonly<Record<string, string>>>> = {
  RNN: { W: 'transition', U: 'weight', b: 'bias' },
  GRU: {
    ...{ W_r: 'resetGateHiddenMatrix', U_r: 'resetGateInputMatrix', b_r: 'resetGateBias' },
    ...{ W_z: 'updateGateHiddenMatrix', U_z: 'updateGateInputMatrix', b_z: 'updateGateBias' },
    ...{ W_n: 'cellWriteHiddenMatrix', U_n: 'cellWriteInputMatrix', b_n: 'cellWriteBias' },
  },
  LSTM: {
    ...{ W_f: 'forgetHidden', U_f: 'forgetMatrix', b_f: 'forgetBias' },
    ...{ W_i: 'inputHidden', U_i: 'inputMatrix', b_i: 'inputBias' },
    ...{ W_o: 'outputHidden', U_o: 'outputMatrix', b_o: 'outputBias' },
    ...{ W_g: 'cellActivationHidden', U_g: 'cellActivationMatrix', b_g: 'cellActivationBias' },
  },
};

/** What brain.js calls an LSTM: it has no cell beside h, and keeps h_{t−1} where an LSTM keeps c_{t−1}. */
export const lstmWithoutCell: Cell<GateName<'f' | 'i' | 'o' | 'g'>, 'h', LstmTape> = {
  ...lstm,
  name: 'lstm-without-cell',
  state: ({ m }) => ({ h: m }),

  forward(p, x, { h: hPrev }) {
    const { next, tape } = lstm.forward(p, x, { h: hPrev, c: hPrev });
    return { next: { h: next.h }, tape };
  },

  backward(p, tape, { h: dh }, dp) {
    const dnext = { h: dh, c: Matrix.zeros(dh.rows, dh.columns) };
    const { dx, dprev } = lstm.backward(p, tape, dnext, dp);
    return { dx, dprev: { h: add(dprev.h, dprev.c) } };
  },
};

/** The cells of the same functions. */
const CELLS: Readonly<Record<CellName, Cell>> = { RNN: rnnRelu, GRU: gruResetBefore, LSTM: lstmWithoutCell };

/** Whether a network's input is classes; and the cell that it is made of. */
const takesClasses = (kind: BrainKind): boolean => !kind.endsWith('TimeStep');
const cellOf = (kind: BrainKind): CellName => kind.replace('TimeStep', '') as CellName;

/**
 * The layers of ours that compute what a network does, from the bottom up. Where the input is classes, there are C of
 * them, with d numbers for each.
 */
export function brainLayers(kind: BrainKind, size: Size, cells: typeof CELLS = CELLS): Readonly<Record<string, Layer>> {
  const rows = takesClasses(kind) && { embedding: embedding({ C: size.C, e: size.d }) };
  return { ...rows, ...deep(cells[cellOf(kind)], size) };
}

/** A new network, with steps still to be bound. */
export function brainNetwork(kind: BrainKind, { d, hidden, C }: Size): Network {
  const told = takesClasses(kind) ? C - 1 : C; // it adds a class of its own, for beginning and end
  const sizes = { inputSize: d, inputRange: told, hiddenLayers: hidden, outputSize: told };
  const network = new library.recurrent[kind]({ ...sizes, dataFormatter: null });
  network.initialize();
  return network;
}

/**
 * A network of that kind and size, and the layer of ours that computes the same function.
 *
 * @param float64 false leaves the library its float32.
 */
export function brainJs(
  kind: BrainKind,
  size: Size,
  { float64 = true }: { readonly float64?: boolean } = {},
): { readonly theirs: Layer; readonly ours: Layer } {
  const classes = takesClasses(kind);
  const ours = stack(brainLayers(kind, size));
  const paths = {
    ...(classes && { 'embedding.E': 'input' }),
    ...byLayer(size, l => mapped(NAMES[cellOf(kind)], matrix => `hiddenLayers.${l}.${matrix}`)),
    ...{ 'readout.V': 'outputConnector', 'readout.c': 'output' },
  };

  const theirs = foreignLayer(ours, {
    name: `brain.js ${kind}`,
    paths,
    run(numbers, xs, s0) {
      const network = brainNetwork(kind, size);
      for (const _ of xs) network.bindEquation();
      const { model, initialLayerInputs } = network;
      if (float64) model.equations.forEach(widen);
      const params = mapped(paths, path => variable(at<BrainMatrix>(model, path)));
      const first = byLayer(size, l => ({ h: variable(at<BrainMatrix>(initialLayerInputs, `${l}`)) }));
      for (const [name, { values }] of Object.entries(params)) values.set(named(numbers, name));
      for (const [name, { values }] of Object.entries(first)) values.set(named(s0, name));

      const Floats = float64 ? Float64Array : Float32Array;
      const steps = model.equations.map((equation, t) => ({ equation, x: xs[t] ?? [] }));
      const y = steps.map(({ equation, x }) =>
        classes ? equation.runIndex(x.indexOf(1)) : equation.runInput(Floats.from(x)),
      );
      const last = model.equationConnections.length - 1;
      return {
        params,
        x: classes ? [] : steps.map(({ equation }) => variable(at<BrainMatrix>(equation, 'states.0.product'))),
        s0: first,
        y: y.map(variable),
        sT: byLayer(size, l => ({ h: variable(at<BrainMatrix>(model, `equationConnections.${last}.${l}`)) })),
        backward() {
          for (const { equation, x } of steps.toReversed()) {
            if (classes) equation.backpropagateIndex(x.indexOf(1));
            else equation.backpropagate();
          }
        },
      };
    },
  });
  return { theirs, ours };
}

/** Gives every matrix of a step float64 arrays. */
function widen({ states }: Equation): void {
  for (const matrix of states.flatMap(({ product, left, right }) => [product, left, right])) {
    if (typeof matrix !== 'object' || matrix.weights instanceof Float64Array) continue;
    matrix.weights = Float64Array.from(matrix.weights);
    matrix.deltas = Float64Array.from(matrix.deltas);
  }
}

function variable({ weights, deltas }: BrainMatrix): Variable {
  return { values: weights, grads: deltas };
}
