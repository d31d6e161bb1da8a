/**
 * The messages of an ONNX file: the few of its protocol buffers that a recurrent network needs.
 *
 * Source: github.com/onnx/onnx, onnx/onnx.proto, for the names and numbers of the fields.
 */
import { encodeMessage, type FieldValue, type Message } from './protobuf.ts';

/** A kind of number, as ONNX counts them. */
export const ELEMENT = { float: 1, int32: 6, int64: 7 } as const;

/** Extents of a tensor: a number where it is fixed, a name where it is given when the model is run. */
export type Extents = readonly (number | string)[];

/** An input or output of a model. */
export interface ValueInfo {
  readonly name: string;
  readonly element: keyof typeof ELEMENT;
  readonly extents: Extents;
}

/** A tensor that is part of a model: its numbers little-endian, row after row. */
export interface Initializer {
  readonly name: string;
  readonly element: keyof typeof ELEMENT;
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
}

/** What an attribute says: an integer, a text, texts, or integers. */
export type Attribute = number | string | readonly string[] | readonly number[];

/** One operation; an input that is left out is ''. */
export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A model: nodes in the order in which they can be run. */
export interface OnnxGraph {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly initializers: readonly Initializer[];
  readonly nodes: readonly OnnxNode[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** The version of the file format, and of the operations: RNN, LSTM and GRU are those of 14, known since 2021. */
const IR_VERSION = 7;
const OPSET = 14;

const ATTRIBUTE = { int: 2, string: 3, ints: 7, strings: 8 } as const;

/** The bytes of the model's file. The same model gives the same bytes. */
export function encodeOnnx({ inputs, outputs, initializers, nodes, metadata }: OnnxGraph): Uint8Array {
  const graph = message(
    ...nodes.map(node => [1, nodeMessage(node)] as const),
    [2, 'network'],
    ...initializers.map(initializer => [5, tensorMessage(initializer)] as const),
    ...inputs.map(input => [11, valueMessage(input)] as const),
    ...outputs.map(output => [12, valueMessage(output)] as const),
  );
  const model = message(
    [1, IR_VERSION], // ir_version
    [2, 'bptt'], // producer_name
    [7, graph],
    [8, message([2, OPSET])], // opset_import, of the standard's domain
    ...Object.entries(metadata).map(([key, value]) => [14, message([1, key], [2, value])] as const), // metadata_props
  );
  return encodeMessage(model);
}

const message = (...fields: readonly (readonly [field: number, value: FieldValue])[]): Message => ({ fields });

/** NodeProto. */
function nodeMessage({ op, inputs, outputs, attributes }: OnnxNode): Message {
  return message(
    ...inputs.map(name => [1, name] as const),
    ...outputs.map(name => [2, name] as const),
    [4, op],
    ...Object.entries(attributes).map(([name, value]) => [5, attributeMessage(name, value)] as const),
  );
}

/** AttributeProto. */
function attributeMessage(name: string, value: Attribute): Message {
  if (typeof value === 'number') return message([1, name], [3, value], [20, ATTRIBUTE.int]);
  if (typeof value === 'string') return message([1, name], [4, value], [20, ATTRIBUTE.string]);
  if (!isTexts(value)) return message([1, name], [8, value], [20, ATTRIBUTE.ints]);
  return message([1, name], ...value.map(text => [9, text] as const), [20, ATTRIBUTE.strings]);
}

function isTexts(list: readonly string[] | readonly number[]): list is readonly string[] {
  return typeof list[0] === 'string';
}

/** TensorProto, whose extents are packed. */
function tensorMessage({ name, element, dims, bytes }: Initializer): Message {
  return message([1, dims], [2, ELEMENT[element]], [8, name], [9, bytes]);
}

/** ValueInfoProto, with its TypeProto and TensorShapeProto. */
function valueMessage({ name, element, extents }: ValueInfo): Message {
  const dimensions = extents.map(n => [1, message(typeof n === 'number' ? [1, n] : [2, n])] as const);
  return message([1, name], [2, message([1, message([1, ELEMENT[element]], [2, message(...dimensions)])])]);
}
