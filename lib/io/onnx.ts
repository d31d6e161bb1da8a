/**
 * A network as an ONNX model, which other programs run. Derived in `derivations/exchange.md`.
 *
 * | name       | shape            | meaning |
 * |------------|------------------|---------|
 * | `x`        | [T, B, d] of float, or [T, B] of int64 | the input: numbers, or classes, made one-hot in the model or looked up in an embedding |
 * | `lengths`  | [B] of int32     | steps that count, per sequence; where it is asked for |
 * | `s0.NAME`  | [B, its columns] | every part of the state before the first step, under its name here: `s0.h`, `s0.cell.c` |
 * | `y`        | [T, B, outputs]  | what the layer puts out; of a network with a readout on top, logits. Once pooled, [1, B, outputs] |
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
import { addCell, type Values } from './onnx-cells.ts';
import { type Direction, Nodes } from './onnx-nodes.ts';
import { addPool } from './onnx-pools.ts';
import { encodeOnnx, type OnnxGraph, type ValueInfo } from './onnx-proto.ts';
import { type BidirectionalPart, type EmbeddingPart, type Part, partsOf, placeOf, type ReadoutPart } from './parts.ts';
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

/**
 * The bytes of an ONNX model that computes what the layer does when nothing is dropped: cells, embeddings, readouts, pools, both
 * directions of these, layers on top of each other.
 *
 * @throws ValueError naming what ONNX lacks and its place, a parameter that 32 bits do not hold, or a text that UTF-8 does not.
 */
export function toOnnx(layer: Layer, options: OnnxOptions = {}): Uint8Array {
  return encodeOnnx(onnxGraph(layer, options));
}

/** The same before it is written. */
export function onnxGraph(layer: Layer, options: OnnxOptions): OnnxGraph {
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
  const values = layer.params.named();
  requireNumbers(values);
  const nodes = new Nodes();
  const network = { nodes, values, lengths: lengths ? 'lengths' : '', classes: input === 'classes' ? layer.inputs : 0 };
  const steps = addParts(network, parts, { x: 'x', y: 'y', direction: 'forward', steps: 'T' });
  const value = (name: string, element: ValueInfo['element'], ...extents: readonly (string | number)[]) => ({
    name,
    element,
    extents,
  });
  const states = Object.entries(layer.state);
  return {
    inputs: [
      input === 'classes' ? value('x', 'int64', 'T', 'B') : value('x', 'float', 'T', 'B', layer.inputs),
      ...(lengths ? [value('lengths', 'int32', 'B')] : []),
      ...states.map(([name, columns]) => value(`s0.${name}`, 'float', 'B', columns)),
    ],
    outputs: [
      value('y', 'float', steps, 'B', layer.outputs),
      ...states.map(([name, columns]) => value(`sT.${name}`, 'float', 'B', columns)),
    ],
    initializers: nodes.initializers,
    nodes: nodes.list,
    metadata,
  };
}

/** Parameters are finite, of 32 bits, and have names of UTF-8, or this throws ValueError. */
export function requireNumbers(values: Values): void {
  for (const [name, { data, offset, rows, columns }] of Object.entries(values)) {
    const numbers = data.subarray(offset, offset + rows * columns);
    requireUtf8('layer.params', name);
    requireFinite(name, numbers);
    requireSingle(name, numbers);
  }
}

/** A model that is being made. */
interface Network {
  readonly nodes: Nodes;
  readonly values: Values;
  /** The name of the lengths, or ''. */
  readonly lengths: string;
  /** How many classes `x` is of; 0 where it is numbers. */
  readonly classes: number;
}

/** Where parts are in a model: between which values, and how they go through time. */
interface Place {
  readonly x: string;
  readonly y: string;
  readonly direction: Direction;
  /** How many steps x has: one, once it was pooled. */
  readonly steps: Steps;
}

type Steps = 'T' | 1;

/** Adds the parts one after the other, from `x` to `y`. Against time, each of them goes against time. Returns the steps of y. */
function addParts(network: Network, parts: readonly Part[], place: Place): Steps {
  let { x, steps } = place;
  for (const [n, part] of parts.entries()) {
    const y = n === parts.length - 1 ? place.y : `${place.y}.${n}`;
    steps = addPart(network, part, { ...place, x, y, steps });
    x = y;
  }
  return steps;
}

function addPart(network: Network, part: Part, place: Place): Steps {
  const { nodes, values, classes } = network;
  const { y, direction, steps } = place;
  if (part.kind === 'bidirectional') return addDirections(network, part, place);
  if (part.kind === 'embedding' && place.x === 'x' && classes > 0) {
    nodes.add('Gather', [embeddingOf(network, part), 'x'], y, { axis: 0 }); // OX-F6  y_t = Eᵀ e_k, the row k of E
    return steps;
  }
  const x = place.x === 'x' && classes > 0 ? oneHot(nodes, classes) : place.x;
  const lengths = steps === 1 ? '' : network.lengths;
  switch (part.kind) {
    case 'cell':
      addCell(nodes, part, values, { x, y, direction, lengths });
      return steps;
    case 'readout':
      addReadout(network, part, x, y);
      return steps;
    case 'embedding':
      nodes.add('MatMul', [x, embeddingOf(network, part)], y);
      return steps;
    case 'dropout':
      nodes.add('Identity', [x], y);
      return steps;
    case 'pool':
      if (steps === 1) nodes.add('Identity', [x], y);
      else addPool(nodes, part, { x, y, direction, lengths });
      return 1;
  }
}

function addDirections(network: Network, part: BidirectionalPart, { x, y, direction, steps }: Place): Steps {
  const { forward, backward, merge, path } = part;
  const [there, back] = [`${y}.forward`, `${y}.backward`];
  const other = direction === 'forward' ? 'reverse' : 'forward';
  const thereSteps = addParts(network, forward, { x, y: there, direction, steps });
  const backSteps = addParts(network, backward, { x, y: back, direction: other, steps });
  if (thereSteps !== backSteps) {
    throw new ValueError(placeOf(path), 'both directions pooled, or neither', 'one of them');
  }
  if (merge === 'concat') network.nodes.add('Concat', [there, back], y, { axis: 2 });
  else network.nodes.add('Add', [there, back], y);
  return thereSteps;
}

function addReadout({ nodes, values }: Network, { path, m, C }: ReadoutPart, x: string, y: string): void {
  const V = pick(values, `${path}V`).transpose().to1DArray();
  const c = pick(values, `${path}c`).to1DArray();
  nodes.add('MatMul', [x, nodes.floats(`${path}V`, [m, C], V)], `${path}Vh`);
  nodes.add('Add', [`${path}Vh`, nodes.floats(`${path}c`, [C], c)], y);
}

/** E; its name. */
function embeddingOf({ nodes, values }: Network, { path, C, e }: EmbeddingPart): string {
  return nodes.floats(`${path}E`, [C, e], pick(values, `${path}E`).to1DArray());
}

/** The classes of `x`, one-hot; its name. */
function oneHot(nodes: Nodes, classes: number): string {
  return nodes.once('x.one-hot', name =>
    nodes.add('OneHot', ['x', nodes.ints(classes), nodes.floats('off-on', [2], [0, 1])], name),
  );
}

/** The text has no half of a surrogate pair, or throws ValueError: the strings of a model are UTF-8. */
function requireUtf8(argument: string, text: string): void {
  if (/\p{Surrogate}/u.test(text)) throw new ValueError(shown(argument), 'text that UTF-8 holds', shown(text));
}
