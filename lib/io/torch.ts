/**
 * Parameters as PyTorch's `nn.RNN`, `nn.LSTM`, `nn.GRU`, `nn.Linear` and `nn.Embedding` name and order them, both ways.
 * Derived in `derivations/exchange.md`.
 *
 * | here                        | there                            | shape |
 * |-----------------------------|----------------------------------|-------|
 * | U_k of layer l              | `rnn.weight_ih_l{l}`, a block    | m×d   |
 * | W_k of layer l              | `rnn.weight_hh_l{l}`, a block    | m×m   |
 * | b_k of layer l              | `rnn.bias_ih_l{l}` + `rnn.bias_hh_l{l}`, a block of each | m |
 * | b_h of a GRU                | the last block of `rnn.bias_hh_l{l}` | m |
 * | V, c                        | `readout.weight`, `readout.bias` | C×m, C |
 * | E                           | `embedding.weight`               | C×e |
 *
 * What goes against time has `_reverse` behind its name. Dropout has no tensors, nor has a pool above the recurrent layers: a
 * module's `forward` has them. PyTorch has no more than this: other cells, layers of unequal width, anything but one embedding
 * below and one readout on top are refused by name. An encoder and a decoder are two networks.
 */
import { ShapeError, ValueError } from '../errors.ts';
import { shown } from '../foreign.ts';
import type { Layer } from '../layers/layer.ts';
import { ParamSet, pick } from '../params.ts';
import {
  describe,
  requireFinite,
  requireInstance,
  requireKnown,
  requireList,
  requireName,
  requireObject,
} from '../require.ts';
import { type CellPart, type DropoutPart, type Part, partsOf, placeOf } from './parts.ts';
import type { Tensor } from './safetensors.ts';

/** What the modules are called in the network over there; a module that is the whole network is called ''. */
export interface TorchModules {
  /** The recurrent one: `rnn` unless given. */
  readonly rnn?: string;
  /** The `nn.Linear`: `readout` unless given. */
  readonly readout?: string;
  /** The `nn.Embedding`: `embedding` unless given. */
  readonly embedding?: string;
}

/** The gates of every cell that PyTorch has, in the order of its blocks: what is behind `W_`, or nothing for W alone. */
const GATES: Readonly<Record<string, readonly string[]>> = {
  rnn: [''],
  'rnn-relu': [''],
  lstm: ['i', 'f', 'g', 'o'],
  gru: ['r', 'z', 'n'],
};

/** The names of the cells that PyTorch has. */
export const torchCells: readonly string[] = Object.keys(GATES);

/**
 * The state_dict of the network in PyTorch that computes what the layer does: tensors by name, in PyTorch's order, copied.
 * All of a bias that PyTorch has twice is in `bias_ih`.
 *
 * @throws ValueError naming what PyTorch lacks, or a parameter that is not finite.
 */
export function toTorch(layer: Layer, modules: TorchModules = {}): Map<string, Tensor> {
  const slots = slotsOf(layer, modules);
  const values = layer.params.named();
  for (const [name, matrix] of Object.entries(values)) requireFinite(name, matrix);
  return new Map(
    slots.map(({ name, shape, blocks }) => {
      const data = new Float64Array(shape.reduce((size, n) => size * n, 1));
      const size = data.length / blocks.length;
      blocks.forEach(({ parameter, second }, k) => {
        const { data: all, offset } = pick(values, parameter);
        if (!second) data.set(all.subarray(offset, offset + size), k * size);
      });
      return [name, { shape, data }];
    }),
  );
}

/**
 * Sets all parameters of a layer from the state_dict of a network in PyTorch. Two biases that only their sum counts of
 * become that sum; a module that has none at all, as with `bias=False`, has zeros. After a throw the layer is as it was.
 *
 * @throws ValueError naming what PyTorch lacks, a tensor that is missing, one too many, or a number that is not finite;
 * ShapeError when a tensor is of another shape.
 */
export function fromTorch(layer: Layer, tensors: ReadonlyMap<string, Tensor>, modules: TorchModules = {}): void {
  if (!(tensors instanceof Map)) throw new ValueError('tensors', 'a Map of tensors by name', describe(tensors));
  const slots = slotsOf(layer, modules);
  const names = new Set(slots.map(({ name }) => name));
  const other = [...tensors.keys()].find(name => !names.has(name));
  if (other !== undefined) throw new ValueError('tensors', `only ${shown([...names].join(', '))}`, shown(`${other}`));
  const biased = new Set(slots.filter(({ name, bias }) => bias && tensors.has(name)).map(({ bias }) => bias));
  const fresh = ParamSet.of(layer.params.shapes);
  const values = fresh.named();
  for (const { name, shape, blocks, bias } of slots) {
    if (bias && !biased.has(bias)) continue;
    const all = numbersOf(name, tensors.get(name), shape);
    const size = all.length / blocks.length;
    blocks.forEach(({ parameter, second }, k) => {
      const { data, offset } = pick(values, parameter);
      const block = all.subarray(k * size, (k + 1) * size);
      if (!second) data.set(block, offset);
      else {
        for (const [i, value] of block.entries()) {
          if (value !== 0) data[offset + i] = (data[offset + i] ?? 0) + value; // −0 + 0 would be 0
        }
      }
    });
  }
  requireFinite('params', fresh.values);
  layer.params.values.set(fresh.values);
}

/** The numbers of a tensor that is there, of that shape, and finite. */
function numbersOf(name: string, tensor: Tensor | undefined, shape: readonly number[]): Float64Array {
  if (!tensor) throw new ValueError('tensors', `one called ${name}`, 'none');
  const size = shape.reduce((product, n) => product * n, 1);
  requireList(`${name}.shape`, requireObject(name, tensor).shape);
  requireInstance(`${name}.data`, tensor.data, Float64Array);
  if (tensor.shape.join() !== shape.join() || tensor.data.length !== size) {
    const got = `[${tensor.shape.join(', ')}] for ${tensor.data.length} numbers`;
    throw new ShapeError(name, `shape [${shape.join(', ')}]`, got);
  }
  requireFinite(name, tensor.data);
  return tensor.data;
}

/** A tensor of PyTorch: blocks of rows, each a parameter of ours. */
interface Slot {
  readonly name: string;
  readonly shape: readonly number[];
  readonly blocks: readonly Block[];
  /** Whose bias it is, where it is one: of the recurrent module or the readout. */
  readonly bias?: 'rnn' | 'readout';
}

interface Block {
  readonly parameter: string;
  /** Whether another tensor has the parameter too, of which this one is the second summand. */
  readonly second?: boolean;
}

function slotsOf(layer: Layer, modules: TorchModules): readonly Slot[] {
  const names = requireKnown('modules', modules, ['rnn', 'readout', 'embedding']);
  const { rnn = 'rnn', readout = 'readout', embedding = 'embedding' } = names;
  requireName('modules.rnn', rnn);
  requireName('modules.readout', readout);
  requireName('modules.embedding', embedding);
  const parts = withTensors(partsOf(layer), true);
  const [first] = parts;
  const last = parts.at(-1);
  const below = first?.kind === 'embedding' ? first : undefined;
  const top = last?.kind === 'readout' ? last : undefined;
  const recurrent = parts.slice(below ? 1 : 0, top ? -1 : undefined);
  const before = (module: string) => (module === '' ? '' : `${module}.`);
  const slots: Slot[] = recurrentSlots(recurrent, before(rnn));
  if (below) {
    const { path, C, e } = below;
    slots.unshift({ name: `${before(embedding)}weight`, shape: [C, e], blocks: [{ parameter: `${path}E` }] }); // PT-F4  Ē = E, x_t = Ēᵀ e_t
  }
  if (top) {
    const { path, m, C } = top;
    slots.push(
      { name: `${before(readout)}weight`, shape: [C, m], blocks: [{ parameter: `${path}V` }] },
      { name: `${before(readout)}bias`, shape: [C], blocks: [{ parameter: `${path}c` }], bias: 'readout' },
    );
  }
  return slots;
}

/** A part that may have tensors. */
type Tensored = Exclude<Part, DropoutPart>;

/** All but dropout, and at the top of a network the pools above its recurrent layers. */
function withTensors(parts: readonly Part[], isTop: boolean): readonly Tensored[] {
  const last = parts.findLastIndex(({ kind }) => kind === 'cell' || kind === 'bidirectional');
  const isPoolAbove = ({ kind }: Part, n: number) => kind === 'pool' && isTop && n > last;
  return parts.filter((part, n): part is Tensored => part.kind !== 'dropout' && !isPoolAbove(part, n));
}

/** The tensors of one recurrent module. */
function recurrentSlots(parts: readonly Tensored[], module: string): Slot[] {
  const levels = parts.map((part, l) => directions(part, l === parts.length - 1));
  const [first] = levels.flat();
  if (!first) throw lacks('no recurrent layer');
  for (const { cell, m, path } of levels.flat()) {
    if (cell.name !== first.cell.name) throw lacks(`${first.cell.name} beside ${cell.name}`, path);
    if (m !== first.m) throw lacks(`layers of ${first.m} and of ${m} hidden units`, path);
  }
  if (levels.some(level => level.length !== levels[0]?.length)) throw lacks('both directions in some layers only');
  return levels.flatMap((level, l) =>
    level.flatMap((part, n) => cellSlots(part, module, `l${l}${n === 1 ? '_reverse' : ''}`)),
  );
}

/** What is between recurrent layers and has no place there. */
const MISPLACED = {
  readout: 'a readout below another layer',
  embedding: 'an embedding above another layer',
  pool: 'a pool below another layer',
} as const;

/** The one direction of a layer, or both. At the top, each of them may end in a pool. */
function directions(part: Tensored, isTop: boolean): readonly CellPart[] {
  if (part.kind === 'cell') return [part];
  const { kind, path } = part;
  if (kind !== 'bidirectional') throw lacks(MISPLACED[kind], path);
  if (part.merge === 'sum') throw new ValueError(placeOf(path), 'both directions beside each other', 'their sum');
  const branches = [part.forward, part.backward].map(branch => withTensors(branch, isTop));
  const cells = branches.flatMap(([only, ...others]) => (only?.kind === 'cell' && others.length === 0 ? [only] : []));
  if (cells.length !== 2) throw lacks('both directions of more than a cell', path);
  return cells;
}

function cellSlots({ cell, path, d, m }: CellPart, module: string, suffix: string): readonly Slot[] {
  const gates = gatesOf(cell.name, path);
  const named = (letter: string) =>
    gates.map((k): Block => ({ parameter: `${path}${letter}${k === '' ? '' : `_${k}`}` }));
  const biases = named('b').map((block, k) =>
    gates[k] === 'n' ? { parameter: `${path}b_h` } : { ...block, second: true },
  );
  const slot = (name: string, shape: readonly number[], blocks: readonly Block[]): Slot => ({
    name: `${module}${name}_${suffix}`,
    shape,
    blocks,
  });
  const G = gates.length;
  return [
    slot('weight_ih', [G * m, d], named('U')), // PT-F1  Ū = [U_1; …; U_G], k in PyTorch's order
    slot('weight_hh', [G * m, m], named('W')), // PT-F2  W̄ = [W_1; …; W_G]
    { ...slot('bias_ih', [G * m], named('b')), bias: 'rnn' },
    { ...slot('bias_hh', [G * m], biases), bias: 'rnn' }, // PT-F3  b_k = b_ih,k + b_hh,k; of a GRU's n b_n = b_ih,n and b_h = b_hh,n
  ];
}

function gatesOf(cell: string, path: string): readonly string[] {
  const gates = Object.hasOwn(GATES, cell) ? GATES[cell] : undefined;
  if (!gates) throw lacks(cell, path);
  return gates;
}

function lacks(what: string, path: string = ''): ValueError {
  const all = torchCells.join(', ');
  return new ValueError(
    placeOf(path),
    `what PyTorch has (${all}, of one width, an embedding below and a readout on top)`,
    what,
  );
}
