/**
 * recurrent-js as layers: its LSTM, and its RNN, which has ReLU. A graph remembers the operations and goes back through
 * them; inputs and initial states get gradients like everything else.
 */
import { createRequire } from 'node:module';
import type { Cell } from '../../lib/cells/cell.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { rnnRelu } from '../../lib/cells/rnn.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { stack } from '../../lib/layers/stack.ts';
import { at, byLayer, deep, foreignLayer, mapped, named, type Size, type Variable } from './foreign.ts';

/** A matrix, row after row, and its gradient. */
interface Mat {
  readonly w: Float64Array;
  readonly dw: Float64Array;
}

interface Graph {
  memorizeOperationSequence(on: boolean): void;
  backward(): void;
}

/** A column for every layer; the RNN has no cells, and does not look at them. */
interface State {
  readonly hiddenActivationState: readonly Mat[];
  readonly cells?: readonly Mat[];
}

interface Network {
  readonly model: object;
  forward(x: Mat, previous: State, graph: Graph): State & { readonly output: Mat };
}

interface Options {
  readonly architecture: {
    readonly inputSize: number;
    readonly hiddenUnits: readonly number[];
    readonly outputSize: number;
  };
}

interface Library {
  readonly Mat: new (rows: number, columns: number) => Mat;
  readonly Graph: new () => Graph;
  readonly LSTM: new (options: Options) => Network;
  readonly RNN: new (options: Options) => Network;
}

const library = createRequire(import.meta.url)('recurrent-js') as Library;

/** The networks that there are, and the cells of the same functions. */
export type RecurrentJsKind = 'LSTM' | 'RNN';
const CELLS: Readonly<Record<RecurrentJsKind, Cell>> = { LSTM: lstm, RNN: rnnRelu };

/** Where the matrices of each gate are, by the ending of their names here. */
const FOLDERS: Readonly<Record<RecurrentJsKind, Readonly<Record<string, string>>>> = {
  LSTM: { _f: 'hidden.forget', _i: 'hidden.input', _o: 'hidden.output', _g: 'hidden.cell' },
  RNN: { '': 'hidden' },
};

/** A network of that kind and size, and the layer of ours that computes the same function. */
export function recurrentJs(kind: RecurrentJsKind, size: Size): { readonly theirs: Layer; readonly ours: Layer } {
  const ours = stack(deep(CELLS[kind], size));
  const paths = { ...byLayer(size, l => pathsOf(kind, l)), 'readout.V': 'decoder.Wh', 'readout.c': 'decoder.b' };
  const architecture = { inputSize: size.d, hiddenUnits: size.hidden, outputSize: size.C };

  const theirs = foreignLayer(ours, {
    name: `recurrent-js ${kind}`,
    paths,
    run(numbers, xs, s0) {
      const network = new library[kind]({ architecture });
      const params = mapped(paths, path => variable(at<Mat>(network.model, path)));
      for (const [name, { values }] of Object.entries(params)) values.set(named(numbers, name));
      const graph = new library.Graph();
      graph.memorizeOperationSequence(true);
      const part = (name: string) => size.hidden.map((_, l) => column(named(s0, `layer${l + 1}.${name}`)));
      const first: State = { hiddenActivationState: part('h'), ...(kind === 'LSTM' && { cells: part('c') }) };
      const x = xs.map(column);
      const y: Variable[] = [];
      let last = first;
      for (const xt of x) {
        const step = network.forward(xt, last, graph);
        y.push(variable(step.output));
        last = step;
      }
      const stateOf = ({ hiddenActivationState, cells }: State) =>
        byLayer(size, l =>
          mapped({ h: at<Mat>(hiddenActivationState, `${l}`), ...(cells && { c: at<Mat>(cells, `${l}`) }) }, variable),
        );
      return { params, x: x.map(variable), s0: stateOf(first), y, sT: stateOf(last), backward: () => graph.backward() };
    },
  });
  return { theirs, ours };
}

/** Where the parameters of layer l are. */
function pathsOf(kind: RecurrentJsKind, l: number): Readonly<Record<string, string>> {
  const gates = Object.entries(FOLDERS[kind]).map(([k, folder]) => ({
    [`W${k}`]: `${folder}.Wh.${l}`,
    [`U${k}`]: `${folder}.Wx.${l}`,
    [`b${k}`]: `${folder}.bh.${l}`,
  }));
  return Object.assign({}, ...gates);
}

function column(values: readonly number[]): Mat {
  const mat = new library.Mat(values.length, 1);
  mat.w.set(values);
  return mat;
}

function variable({ w, dw }: Mat): Variable {
  return { values: w, grads: dw };
}
