/**
 * Untrained networks to compare: a cell, its initialisation, and random inputs. Which initialisation is standard for which
 * cell, and by whose word, is in `derivations/gradient-flow.md`.
 */
import type { AbstractMatrix } from 'ml-matrix';
import type { Cell } from '../cells/cell.ts';
import { cellNamed } from '../cells/index.ts';
import { rnnRelu } from '../cells/rnn.ts';
import { recurrent } from '../engine/recurrent.ts';
import { ValueError } from '../errors.ts';
import {
  glorot,
  type Initialiser,
  identity,
  forgetBias as keepFrom,
  normal,
  orthogonal,
  uniform,
  uniformOverRoot,
  zeros,
} from '../init/initialisers.ts';
import type { Layer } from '../layers/layer.ts';
import { frobenius } from '../optim/norm.ts';
import type { ParamSet } from '../params.ts';
import { Random } from '../random.ts';
import {
  allocate,
  describe,
  requireFiniteNumber,
  requireInteger,
  requireKnown,
  requirePositive,
  requireSize,
} from '../require.ts';
import { Sequence } from '../sequence.ts';

/** How the weights begin. */
export type InitName = 'uniform' | 'glorot' | 'normal' | 'orthogonal' | 'identity';

/** What fills each kind of parameter: recurrent matrices, input matrices, biases. */
interface Init {
  readonly W: (m: number) => Initialiser;
  readonly U: (m: number) => Initialiser;
  readonly b: (m: number) => Initialiser;
}

const INITS: Readonly<Record<InitName, Init>> = {
  uniform: { W: uniformOverRoot, U: uniformOverRoot, b: uniformOverRoot },
  glorot: { W: () => glorot(), U: () => glorot(), b: () => zeros },
  normal: { W: m => normal(1 / Math.sqrt(m)), U: m => normal(1 / Math.sqrt(m)), b: () => zeros },
  orthogonal: { W: () => orthogonal(), U: () => glorot(), b: () => zeros },
  identity: { W: () => identity(), U: () => normal(0.001), b: () => zeros },
};

/** Their names: PyTorch's uniform ±1/√m, Glorot's, normal with variance 1/m, orthogonal, the identity of an IRNN. */
export const initNames: readonly InitName[] = ['uniform', 'glorot', 'normal', 'orthogonal', 'identity'];

/** An untrained network. */
export interface NetworkOptions {
  readonly cell: Cell;
  readonly init: InitName;
  /** Inputs, and hidden units. */
  readonly d: number;
  readonly m: number;
  /** What the recurrent matrices are multiplied by: 1 unless given. */
  readonly gain?: number;
  /** What the input matrices are multiplied by: 1 unless given. */
  readonly inputGain?: number;
  /** The bias of the gate that keeps the state, f of an LSTM and z of a GRU, its negative where less keeps more; as initialised unless given. */
  readonly forgetBias?: number | null;
  /** Fixes the weights and the inputs. */
  readonly seed: number;
}

/** A network with its inputs, and a loss that looks at every step. */
export interface Probe {
  readonly layer: Layer;
  /** Standard normal, T×1×d. */
  readonly x: Sequence;
  /** ∂l_t/∂h_t: a random direction of length 1 at every step, T×1×(columns of h). */
  readonly dy: Sequence;
}

/**
 * The cell and the initialisation that go by a name: a cell's own with PyTorch's, or `irnn`, the ReLU network with an
 * identity recurrent matrix (Le, Jaitly and Hinton 2015).
 *
 * @throws ValueError listing the names there are.
 */
export function standardNetwork(
  name: string,
  known?: Readonly<Record<string, Cell>>,
): { readonly cell: Cell; readonly init: InitName } {
  if (name === 'irnn') return { cell: rnnRelu, init: 'identity' };
  return { cell: cellNamed(name, known), init: 'uniform' };
}

/** Whether the cell has a gate that keeps the state: whether it says which bias that is. */
export function hasKeepingGate({ keeps = {} }: Pick<Cell, 'keeps'>): boolean {
  return Object.keys(keeps).length > 0;
}

/** `init` is one of the names, or throws ValueError listing them. */
export function requireInit(init: InitName): void {
  if (!initNames.includes(init)) throw new ValueError('init', `one of ${initNames.join(', ')}`, describe(init));
}

/**
 * The layer, of the engine, with its first weights.
 *
 * @throws ValueError when an option is out of its range, or a forget bias is given for a cell without such a gate.
 */
export function network(options: NetworkOptions): Layer {
  const { cell, init, d, m, gain = 1, inputGain = 1, forgetBias = null, seed } = requireNetwork(options);
  requireSize('m', m);
  requirePositive('gain', gain);
  requirePositive('inputGain', inputGain);
  requireInit(init);
  const layer = recurrent(cell, { d, m });
  initialise(layer.params, INITS[init], { m, gain, inputGain }, new Random(seed));
  if (forgetBias !== null) {
    requireFiniteNumber('forgetBias', forgetBias);
    if (!hasKeepingGate(cell)) {
      throw new ValueError('forgetBias', 'a cell with a gate that keeps, as LSTM and GRU', cell.name);
    }
    keepFrom(layer.params, forgetBias);
  }
  return layer;
}

/** {@link network} with inputs and a loss of T steps, drawn after the weights from a seed of their own. */
export function probe(options: NetworkOptions, T: number): Probe {
  requireSize('length', T);
  const known = requireNetwork(options);
  const { d, m, seed } = known;
  requireInteger('seed', seed, 0, 2 ** 31 - 1);
  requireSize('d', d);
  requireSize('m', m);
  const rng = new Random(seed + 2 ** 31);
  const x = Sequence.dense(
    allocate('length', T * d).map(() => rng.normal()),
    { T, F: d },
  );
  const layer = network(known);
  return { layer, x, dy: randomDirections(T, layer.outputs, rng) };
}

/** T rows of m numbers, each uniform over the unit sphere. */
export function randomDirections(T: number, m: number, rng: Random): Sequence {
  const rows = Sequence.dense(
    allocate('length', T * m).map(() => rng.normal()),
    { T, F: m },
  );
  for (let t = 0; t < T; t++) {
    const row = rows.at(t);
    row.div(frobenius(row));
  }
  return rows;
}

function requireNetwork(options: NetworkOptions): NetworkOptions {
  return requireKnown('options', options, ['cell', 'init', 'd', 'm', 'gain', 'inputGain', 'forgetBias', 'seed']);
}

function initialise(
  params: ParamSet,
  init: Init,
  { m, gain, inputGain }: { readonly m: number; readonly gain: number; readonly inputGain: number },
  rng: Random,
): void {
  for (const [name, matrix] of Object.entries<AbstractMatrix>(params.open())) {
    if (/^W/.test(name)) {
      init.W(m)(matrix, rng);
      matrix.mul(gain);
    } else if (/^U/.test(name)) {
      init.U(m)(matrix, rng);
      matrix.mul(inputGain);
    } else if (/^[bp]/.test(name)) init.b(m)(matrix, rng);
    else uniform(1 / Math.sqrt(m))(matrix, rng);
  }
}
