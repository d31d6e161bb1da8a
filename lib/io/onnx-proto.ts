/**
 * The messages of an ONNX file: the few of its protocol buffers that a recurrent network needs.
 *
 * Source: github.com/onnx/onnx, onnx/onnx.proto, for the names and numbers of the fields.
 */
import protobuf from 'protobufjs/light.js';

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

/** One operation; an input that is left out is ''. */
export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, number | string | readonly string[]>>;
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

const ATTRIBUTE = { int: 2, string: 3, strings: 8 } as const;

/** A field by its number; `list` for one that is repeated. */
const one = (type: string, id: number) => ({ type, id });
const list = (type: string, id: number) => ({ rule: 'repeated', type, id });

const root = protobuf.Root.fromJSON({
  nested: {
    Model: {
      fields: {
        irVersion: one('int64', 1),
        producerName: one('string', 2),
        graph: one('Graph', 7),
        opsetImport: list('Opset', 8),
        metadataProps: list('Entry', 14),
      },
    },
    Opset: { fields: { domain: one('string', 1), version: one('int64', 2) } },
    Entry: { fields: { key: one('string', 1), value: one('string', 2) } },
    Graph: {
      fields: {
        node: list('Node', 1),
        name: one('string', 2),
        initializer: list('Tensor', 5),
        input: list('Value', 11),
        output: list('Value', 12),
      },
    },
    Node: {
      fields: {
        input: list('string', 1),
        output: list('string', 2),
        opType: one('string', 4),
        attribute: list('Attribute', 5),
      },
    },
    Attribute: {
      fields: {
        name: one('string', 1),
        i: one('int64', 3),
        s: one('bytes', 4),
        strings: list('bytes', 9),
        type: one('int32', 20),
      },
    },
    Tensor: {
      fields: { dims: list('int64', 1), dataType: one('int32', 2), name: one('string', 8), rawData: one('bytes', 9) },
    },
    Value: { fields: { name: one('string', 1), type: one('Type', 2) } },
    Type: { fields: { tensorType: one('TensorType', 1) } },
    TensorType: { fields: { elemType: one('int32', 1), shape: one('Shape', 2) } },
    Shape: { fields: { dim: list('Dimension', 1) } },
    Dimension: { fields: { dimValue: one('int64', 1), dimParam: one('string', 2) } },
  },
});

/** The bytes of the model's file. The same model gives the same bytes. */
export function encodeOnnx({ inputs, outputs, initializers, nodes, metadata }: OnnxGraph): Uint8Array {
  const Model = root.lookupType('Model');
  const message = Model.create({
    irVersion: IR_VERSION,
    producerName: 'bptt',
    opsetImport: [{ domain: '', version: OPSET }],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: 'network',
      input: inputs.map(valueInfo),
      output: outputs.map(valueInfo),
      initializer: initializers.map(({ name, element, dims, bytes }) => ({
        name,
        dataType: ELEMENT[element],
        dims,
        rawData: bytes,
      })),
      node: nodes.map(({ op, inputs, outputs, attributes }) => ({
        opType: op,
        input: inputs,
        output: outputs,
        attribute: Object.entries(attributes).map(([name, value]) => ({ name, ...attributeOf(value) })),
      })),
    },
  });
  return Model.encode(message).finish();
}

function valueInfo({ name, element, extents }: ValueInfo): object {
  const dim = extents.map(n => (typeof n === 'number' ? { dimValue: n } : { dimParam: n }));
  return { name, type: { tensorType: { elemType: ELEMENT[element], shape: { dim } } } };
}

function attributeOf(value: number | string | readonly string[]): object {
  const bytes = (text: string) => new TextEncoder().encode(text);
  if (typeof value === 'number') return { i: value, type: ATTRIBUTE.int };
  if (typeof value === 'string') return { s: bytes(value), type: ATTRIBUTE.string };
  return { strings: value.map(bytes), type: ATTRIBUTE.strings };
}
