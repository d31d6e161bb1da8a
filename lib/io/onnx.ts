/**
 * A network as an ONNX model, which other programs run. Derived in `derivations/exchange.md`.
 *
 * | name       | shape            | meaning |
 * |------------|------------------|---------|
 * | `x`        | [T, B, d] of float, or [T, B] of int64 | the input: numbers, or classes, made one-hot in the model |
 * | `lengths`  | [B] of int32     | steps that count, per sequence; where it is asked for |
 * | `s0.NAME`  | [B, its columns] | every part of the state before the first step, under its name here: `s0.h`, `s0.cell.c` |
 * | `y`        | [T, B, outputs]  | what the layer puts out; of a network with a readout on top, logits |
 * | `sT.NAME`  | [B, its columns] | the state after each sequence's last step |
 *
 * T and B are free. Numbers are of 32 bits, and so is what is computed. Behind a sequence's end `y` is not defined: cells
 * put out zeros there, and a readout its bias.
 */
import { ValueError } from '../errors.ts';
import { shown } from '../foreign.ts';
import { type Layer, requireLayer } from '../layers/layer.ts';
import { pick } from '../params.ts';
import { describe, requireBoolean, requireFinite, requireKnown, requireStrings } from '../require.ts';
import type { FlatMatrix } from '../views.ts';
import { encodeOnnx, type Initializer, type OnnxNode, type ValueInfo } from './onnx-proto.ts';
import { type CellPart, type Part, partsOf, type ReadoutPart } from './parts.ts';
import { requireSingle } from './single.ts';

/** What a model is to take. */
export interface OnnxOptions {
  /** What `x` is: `numbers` unless given, or `classes`. */
  readonly input?: 'numbers' | 'classes';
  /** Whether it takes `lengths`; not unless given. */
  readonly lengths?: boolean;
  /** What is written beside it: strings by name. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A cell's operation. */
interface OnnxCell {
  readonly op: 'RNN' | 'LSTM' | 'GRU';
  /** In the order of its blocks: what is behind `W_`, or nothing for W alone; with a minus where the signs are others. */
  readonly gates: readonly string[];
  /** In the order of its blocks. */
  readonly peepholes?: readonly string[];
  readonly attributes?: OnnxNode['attributes'];
}

const CELLS: Readonly<Record<string, OnnxCell>> = {
  rnn: { op: 'RNN', gates: [''], attributes: { activations: ['Tanh'] } },
  'rnn-relu': { op: 'RNN', gates: [''], attributes: { activations: ['Relu'] } },
  lstm: { op: 'LSTM', gates: ['i', 'o', 'f', 'g'] },
  'lstm-coupled': { op: 'LSTM', gates: ['-f', 'o', 'f', 'g'] },
  'lstm-peephole': { op: 'LSTM', gates: ['i', 'o', 'f', 'g'], peepholes: ['i', 'o', 'f'] },
  gru: { op: 'GRU', gates: ['z', 'r', 'n'], attributes: { linear_before_reset: 1 } },
  'gru-reset-before': { op: 'GRU', gates: ['z', 'r', 'n'], attributes: { linear_before_reset: 0 } },
};

/** The names of the cells that ONNX has. */
export const onnxCells: readonly string[] = Object.keys(CELLS);

/**
 * The bytes of an ONNX model that computes what the layer does: cells, both directions of them, layers on top of each
 * other, readouts.
 *
 * @throws ValueError naming what ONNX lacks, a parameter that 32 bits do not hold, or a text that UTF-8 does not.
 */
export function toOnnx(layer: Layer, options: OnnxOptions = {}): Uint8Array {
  const {
    input = 'numbers',
    lengths = false,
    metadata: strings = {},
  } = requireKnown('options', options, ['input', 'lengths', 'metadata']);
  const metadata = requireStrings('metadata', strings);
  for (const [name, text] of Object.entries(metadata)) {
    requireUtf8('metadata', name);
    requireUtf8(`metadata[${describe(name)}]`, text);
  }
  requireBoolean('lengths', lengths);
  if (input !== 'numbers' && input !== 'classes') throw new ValueError('input', 'numbers or classes', describe(input));
  const parts = partsOf(layer);
  requireLayer('layer', layer);
  for (const [name, { data, offset, rows, columns }] of Object.entries<FlatMatrix>(layer.params.named())) {
    const numbers = data.subarray(offset, offset + rows * columns);
    requireUtf8('layer.params', name);
    requireFinite(name, numbers);
    requireSingle(name, numbers);
  }
  const model = new Model(layer, lengths);
  if (input === 'classes') {
    model.node(
      'OneHot',
      ['x', model.ints('classes', layer.inputs), model.floats('off-on', [2], [0, 1])],
      ['x.one-hot'],
    );
  }
  model.run(parts, input === 'classes' ? 'x.one-hot' : 'x', 'y', 'forward');
  const value = (name: string, element: ValueInfo['element'], ...extents: readonly (string | number)[]) => ({
    name,
    element,
    extents,
  });
  const states = Object.entries(layer.state);
  return encodeOnnx({
    inputs: [
      input === 'classes' ? value('x', 'int64', 'T', 'B') : value('x', 'float', 'T', 'B', layer.inputs),
      ...(lengths ? [value('lengths', 'int32', 'B')] : []),
      ...states.map(([name, columns]) => value(`s0.${name}`, 'float', 'B', columns)),
    ],
    outputs: [
      value('y', 'float', 'T', 'B', layer.outputs),
      ...states.map(([name, columns]) => value(`sT.${name}`, 'float', 'B', columns)),
    ],
    initializers: model.initializers,
    nodes: model.nodes,
    metadata,
  });
}

type Direction = 'forward' | 'reverse';

/** A model that is being made. */
class Model {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: Initializer[] = [];
  readonly #values: Readonly<Record<string, FlatMatrix>>;
  readonly #lengths: string;
  readonly #ints = new Set<string>();

  constructor({ params }: Layer, lengths: boolean) {
    this.#values = params.named();
    this.#lengths = lengths ? 'lengths' : '';
  }

  node(
    op: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: OnnxNode['attributes'] = {},
  ): void {
    this.nodes.push({ op, inputs, outputs, attributes });
  }

  /** A tensor of numbers; its name. */
  floats(name: string, dims: readonly number[], numbers: ArrayLike<number>): string {
    const bytes = new DataView(new ArrayBuffer(4 * numbers.length));
    for (let i = 0; i < numbers.length; i++) {
      bytes.setFloat32(4 * i, numbers[i] ?? Number.NaN, true);
    }
    this.initializers.push({ name, element: 'float', dims, bytes: new Uint8Array(bytes.buffer) });
    return name;
  }

  /** A tensor of one integer, made once; its name. */
  ints(name: string, value: number): string {
    if (!this.#ints.has(name)) {
      this.#ints.add(name);
      const bytes = new Uint8Array(BigInt64Array.of(BigInt(value)).buffer);
      this.initializers.push({ name, element: 'int64', dims: [1], bytes });
    }
    return name;
  }

  /** The parts one after the other, from `x` to `y`. Against time, each of them goes against time. */
  run(parts: readonly Part[], x: string, y: string, direction: Direction): void {
    parts.forEach((part, n) => {
      const from = n === 0 ? x : `${y}.${n - 1}`;
      const to = n === parts.length - 1 ? y : `${y}.${n}`;
      if (part.kind === 'cell') this.#cell(part, from, to, direction);
      else if (part.kind === 'readout') this.#readout(part, from, to);
      else {
        const other = direction === 'forward' ? 'reverse' : 'forward';
        this.run(part.forward, from, `${to}.forward`, direction);
        this.run(part.backward, from, `${to}.backward`, other);
        this.node('Concat', [`${to}.forward`, `${to}.backward`], [to], { axis: 2 });
      }
    });
  }

  #readout({ path, m, C }: ReadoutPart, x: string, y: string): void {
    const V = pick(this.#values, `${path}V`).transpose().to1DArray();
    const c = pick(this.#values, `${path}c`).to1DArray();
    this.node('MatMul', [x, this.floats(`${path}V`, [m, C], V)], [`${path}Vh`]);
    this.node('Add', [`${path}Vh`, this.floats(`${path}c`, [C], c)], [y]);
  }

  #cell({ cell, path, d, m }: CellPart, x: string, y: string, direction: Direction): void {
    const { op, gates, peepholes, attributes = {} } = cellNamed(cell.name);
    const [axis0, axis1] = [this.ints('axis-0', 0), this.ints('axis-1', 1)];
    const states = Object.keys(cell.state({ d, m }));
    for (const part of states) this.node('Unsqueeze', [`s0.${path}${part}`, axis0], [`${path}${part}0`]);
    const G = gates.length;
    const inputs = [
      x,
      this.floats(`${path}W`, [1, G * m, d], this.#blocks(path, 'U', gates)), // OX-F1  W = (U_k), k in ONNX's order
      this.floats(`${path}R`, [1, G * m, m], this.#blocks(path, 'W', gates)), // OX-F2  R = (W_k)
      this.floats(`${path}B`, [1, 2 * G * m], this.#biases(path, gates, m)),
      this.#lengths,
      ...states.map(part => `${path}${part}0`),
    ];
    if (peepholes) inputs.push(this.floats(`${path}P`, [1, 3 * m], this.#blocks(path, 'p', peepholes))); // OX-F3  P = (p_i; p_o; p_f)
    const outputs = [`${path}Y`, ...states.map(part => `${path}${part}T`)];
    this.node(op, inputs, outputs, { hidden_size: m, direction, ...attributes });
    for (const part of states) this.node('Squeeze', [`${path}${part}T`, axis0], [`sT.${path}${part}`]);
    this.node('Squeeze', [`${path}Y`, axis1], [y]);
  }

  /** The parameters of that letter, gate after gate, row after row. */
  #blocks(path: string, letter: string, gates: readonly string[]): Float64Array {
    const blocks = gates.map(k => {
      const { data, offset, rows, columns } = pick(this.#values, `${path}${letter}${k.replace(/^-?(?=.)/, '_')}`);
      const block = Float64Array.from(data.subarray(offset, offset + rows * columns));
      return k.startsWith('-') ? block.map(value => -value) : block; // OX-F4  U_i = −U_f, W_i = −W_f, b_i = −b_f where i = 1 − f
    });
    const all = new Float64Array(blocks.reduce((size, block) => size + block.length, 0));
    let at = 0;
    for (const block of blocks) {
      all.set(block, at);
      at += block.length;
    }
    return all;
  }

  /** Those of the input's side, then those of the recurrent one: zeros but for the one inside a GRU's reset. */
  #biases(path: string, gates: readonly string[], m: number): Float64Array {
    const biases = new Float64Array(2 * gates.length * m);
    biases.set(this.#blocks(path, 'b', gates));
    const inside = Object.hasOwn(this.#values, `${path}b_h`) ? this.#blocks(path, 'b', ['h']) : undefined;
    if (inside) biases.set(inside, biases.length - m); // OX-F5  B = (b_k; 0, 0, b_h): n is ONNX's last gate
    return biases;
  }
}

/** The text has no half of a surrogate pair, or throws ValueError: the strings of a model are UTF-8. */
function requireUtf8(argument: string, text: string): void {
  if (/\p{Surrogate}/u.test(text)) throw new ValueError(shown(argument), 'text that UTF-8 holds', shown(text));
}

function cellNamed(name: string): OnnxCell {
  const cell = Object.hasOwn(CELLS, name) ? CELLS[name] : undefined;
  if (!cell) throw new ValueError('layer', `cells that ONNX has: ${onnxCells.join(', ')}`, name);
  return cell;
}
