/**
 * PyTorch, on one thread and on all, JAX, and the lectures' character model in numpy: all in one Python process, which gets
 * problems in the names and shapes of PyTorch.
 */
import type { Precision } from '../../lib/engine/precision.ts';
import type { LayerProblem, Problem } from '../cases/case.ts';
import type { Tensors } from '../tensors.ts';
import { type GateOrder, stacked, tensor, unstacked } from './gates.ts';
import type { Family, Peer, Prepared } from './peer.ts';
import { decoded, encoded, Python } from './python.ts';

const GATES: GateOrder = { lstm: ['i', 'f', 'g', 'o'], gru: ['r', 'z', 'n'], rnn: [''] };
/** What our layers of a topology are called in front of a parameter's name, and there behind it. */
const LAYERS: Readonly<Record<LayerProblem['topology'], readonly (readonly [ours: string, theirs: string])[]>> = {
  one: [['', '_l0']],
  stacked: [
    ['low.', '_l0'],
    ['high.', '_l1'],
  ],
  bidirectional: [
    ['forward.', '_l0'],
    ['backward.', '_l0_reverse'],
  ],
};

/** The families share a process: the first that is opened starts it. */
let started: ReturnType<typeof Python.start> | undefined;
let prepared = 0;

function pythonOf(python: string | undefined): ReturnType<typeof Python.start> {
  started ??= Python.start(python ?? 'python3');
  return started;
}

function close(): void {
  started?.then(({ python }) => python.end()).catch(() => {});
  started = undefined;
}

const lacking = (what: string): string => `${what} is not installed (pip install -r bench/peers/requirements.txt)`;

/** On one thread, as ours. */
export const pytorch: Family = torchFamily('pytorch', () => 1);
/** On as many as it takes by itself. */
export const pytorchThreads: Family = torchFamily('pytorch-threads', threads => threads);

function torchFamily(name: string, count: (threads: number) => number): Family {
  return {
    name,
    async open({ python: command }) {
      const { python, greeting } = await pythonOf(command);
      if (!greeting.numpy) return lacking('numpy');
      if (!greeting.torch) return lacking('PyTorch');
      const threads = count(greeting.threads);
      const [version] = greeting.torch.split('+');
      return (['f64', 'f32'] as const).map(
        (precision): Peer => ({
          name: `PyTorch ${version}, ${threads === 1 ? '1 thread' : `${threads} threads`}`,
          precision,
          pace: 1e10,
          takes: () => true,
          prepare: problem => prepare(python, problem, { peer: 'pytorch', precision, threads }),
        }),
      );
    },
    close,
  };
}

/** On one thread, as ours. */
export const jax: Family = {
  name: 'jax',
  async open({ python: command }) {
    const { python, greeting } = await pythonOf(command);
    if (!greeting.jax) return lacking('JAX');
    return (['f64', 'f32'] as const).map(
      (precision): Peer => ({
        name: `JAX ${greeting.jax}, 1 thread`,
        precision,
        pace: 1e10,
        takes: () => true,
        prepare: problem => prepare(python, problem, { peer: 'jax', precision, threads: 1 }),
      }),
    );
  },
  close,
};

export const numpy: Family = {
  name: 'numpy',
  async open({ python: command }) {
    const { python, greeting } = await pythonOf(command);
    if (!greeting.numpy) return lacking('numpy');
    return [
      {
        name: `numpy ${greeting.numpy}${greeting.kernels === null ? '' : ` (OpenBLAS, ${greeting.kernels})`}`,
        precision: 'f64',
        pace: 1e9,
        takes: ({ kind }) => kind === 'char',
        prepare: problem => prepare(python, problem, { peer: 'numpy', precision: 'f64', threads: 1 }),
      },
    ];
  },
  close,
};

interface How {
  readonly peer: string;
  readonly precision: Precision;
  readonly threads: number;
}

async function prepare(python: Python, problem: Problem, how: How): Promise<Prepared> {
  prepared += 1;
  const id = prepared;
  const { result } = await python.ask({ op: 'prepare', id, ...how, problem: sent(problem) });
  return {
    result: received(problem, decoded(result)),
    run: async times => Number((await python.ask({ op: 'run', id, times })).ms),
    drop: () => {
      python.ask({ op: 'drop', id }).catch(() => {});
    },
  };
}

/** A problem in the names and shapes of PyTorch. */
function sent(problem: Problem): object {
  if (problem.kind === 'product') {
    const { kind, n, a, b } = problem;
    return { kind, n, tensors: encoded({ a, b }) };
  }
  if (problem.kind === 'char') {
    const { params, ...others } = problem;
    return { ...others, tensors: encoded(params) };
  }
  if (problem.kind === 'train') {
    const { params, ...others } = problem;
    const all = (letter: string) => stacked(params, '', letter, GATES.lstm);
    const tensors = { U: all('U'), W: all('W'), b: all('b'), V: tensor(params, 'V'), c: tensor(params, 'c') };
    return { ...others, tensors: encoded(tensors) };
  }
  const { kind, cell, topology, d, m, B, T, lengths = null, params, x, dy } = problem;
  const gates = GATES[cell];
  const tensors = LAYERS[topology].flatMap(([ours, theirs]): [string, Float64Array][] => [
    [`weight_ih${theirs}`, stacked(params, ours, 'U', gates)],
    [`weight_hh${theirs}`, stacked(params, ours, 'W', gates)],
    [`bias_ih${theirs}`, stacked(params, ours, 'b', gates)],
    [`bias_hh${theirs}`, secondBias(problem, ours)],
  ]);
  return {
    kind,
    cell: cell.toUpperCase(),
    layers: topology === 'stacked' ? 2 : 1,
    bidirectional: topology === 'bidirectional',
    ...{ d, m, B, T, lengths },
    tensors: encoded({ x, dy, ...Object.fromEntries(tensors) }),
  };
}

/** PyTorch has two biases everywhere; here only the GRU has a second one, of its last gate. */
function secondBias({ cell, m, params }: LayerProblem, prefix: string): Float64Array {
  const bias = new Float64Array(GATES[cell].length * m);
  if (cell === 'gru') bias.set(tensor(params, `${prefix}b_h`), 2 * m);
  return bias;
}

/** A result in our names. */
function received(problem: Problem, result: Tensors): Tensors {
  if (problem.kind === 'layer') return gradientsOf(problem, result);
  if (problem.kind !== 'train') return result;
  const { dU, dW, db, ...others } = result;
  const stackedOnes = Object.entries({ U: dU, W: dW, b: db });
  const apart = stackedOnes.map(([letter, all]) => unstacked(all ?? new Float64Array(), '', letter, GATES.lstm));
  return Object.assign({ ...others }, ...apart);
}

function gradientsOf({ cell, topology, m }: LayerProblem, result: Tensors): Tensors {
  const gates = GATES[cell];
  const gradients = LAYERS[topology].map(([ours, theirs]) => ({
    ...unstacked(tensor(result, `weight_ih${theirs}`), ours, 'U', gates),
    ...unstacked(tensor(result, `weight_hh${theirs}`), ours, 'W', gates),
    ...unstacked(tensor(result, `bias_ih${theirs}`), ours, 'b', gates),
    ...(cell === 'gru' && { [`d${ours}b_h`]: tensor(result, `bias_hh${theirs}`).slice(2 * m) }),
  }));
  return { y: tensor(result, 'y'), dx: tensor(result, 'x'), ...Object.assign({}, ...gradients) };
}
