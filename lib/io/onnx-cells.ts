/** The cells that ONNX has, as its RNN, LSTM and GRU. Derived in `derivations/exchange.md`. */
import { ValueError } from '../errors.ts';
import { pick } from '../params.ts';
import type { FlatMatrix } from '../views.ts';
import type { Direction, Nodes } from './onnx-nodes.ts';
import type { OnnxNode } from './onnx-proto.ts';
import { type CellPart, placeOf } from './parts.ts';

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

/** Where a cell is in a model. */
export interface CellPlace {
  readonly x: string;
  readonly y: string;
  readonly direction: Direction;
  /** The name of the lengths that it keeps to, or ''. */
  readonly lengths: string;
}

/** The parameters of a network, by name. */
export type Values = Readonly<Record<string, FlatMatrix>>;

/**
 * Adds a cell through time, between `s0.…` and `sT.…`.
 *
 * @throws ValueError when ONNX has no such cell, naming it and its place.
 */
export function addCell(nodes: Nodes, { cell, path, d, m }: CellPart, values: Values, place: CellPlace): void {
  const { op, gates, peepholes, attributes = {} } = operationOf(cell.name, path);
  const [axis0, axis1] = [nodes.ints(0), nodes.ints(1)];
  const states = Object.keys(cell.state({ d, m }));
  for (const part of states) nodes.add('Unsqueeze', [`s0.${path}${part}`, axis0], `${path}${part}0`);
  const G = gates.length;
  const inputs = [
    place.x,
    nodes.floats(`${path}W`, [1, G * m, d], blocks(values, path, 'U', gates)), // OX-F1  W̄ = [U_1; …; U_G], k in ONNX's order
    nodes.floats(`${path}R`, [1, G * m, m], blocks(values, path, 'W', gates)), // OX-F2  R̄ = [W_1; …; W_G]
    nodes.floats(`${path}B`, [1, 2 * G * m], biases(values, path, gates, m)),
    place.lengths,
    ...states.map(part => `${path}${part}0`),
  ];
  if (peepholes) inputs.push(nodes.floats(`${path}P`, [1, 3 * m], blocks(values, path, 'p', peepholes))); // OX-F3  p̄ = [p_i; p_o; p_f]
  const outputs = [`${path}Y`, ...states.map(part => `${path}${part}T`)];
  nodes.add(op, inputs, outputs, { hidden_size: m, direction: place.direction, ...attributes });
  for (const part of states) nodes.add('Squeeze', [`${path}${part}T`, axis0], `sT.${path}${part}`);
  nodes.add('Squeeze', [`${path}Y`, axis1], place.y);
}

/** The parameters of that letter, gate after gate, row after row. */
function blocks(values: Values, path: string, letter: string, gates: readonly string[]): Float64Array {
  const all = gates.map(k => {
    const { data, offset, rows, columns } = pick(values, `${path}${letter}${k.replace(/^-?(?=.)/, '_')}`);
    const block = Float64Array.from(data.subarray(offset, offset + rows * columns));
    return k.startsWith('-') ? block.map(value => -value) : block; // OX-F4  U_i = −U_f, W_i = −W_f, b_i = −b_f where i = 1 − f
  });
  const whole = new Float64Array(all.reduce((size, block) => size + block.length, 0));
  let at = 0;
  for (const block of all) {
    whole.set(block, at);
    at += block.length;
  }
  return whole;
}

/** Those of the input's side, then those of the recurrent one: zeros but for the one inside a GRU's reset. */
function biases(values: Values, path: string, gates: readonly string[], m: number): Float64Array {
  const both = new Float64Array(2 * gates.length * m);
  both.set(blocks(values, path, 'b', gates));
  const inside = Object.hasOwn(values, `${path}b_h`) ? blocks(values, path, 'b', ['h']) : undefined;
  if (inside) both.set(inside, both.length - m); // OX-F5  b̄ = [b_1; …; b_G], and then 0, but for b_h of n, which is ONNX's last gate
  return both;
}

function operationOf(name: string, path: string): OnnxCell {
  const cell = Object.hasOwn(CELLS, name) ? CELLS[name] : undefined;
  if (!cell) throw new ValueError(placeOf(path), `cells that ONNX has: ${onnxCells.join(', ')}`, name);
  return cell;
}
