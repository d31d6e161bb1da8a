/**
 * Reads and runs ONNX models in plain numbers, with the few operations that this library writes: an oracle that shares no
 * line with it. Bytes are taken apart as protocol buffers are written; operations are as the operators' documents have them
 * (github.com/onnx/onnx, docs/Operators.md: RNN, LSTM and GRU of version 14).
 */

/** Numbers of any rank, row after row. */
export interface Values {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

/** An input or output: extents are numbers, or names where they are free. */
export interface Declared {
  readonly name: string;
  readonly element: number;
  readonly extents: readonly (number | string)[];
}

type Attribute = number | string | readonly string[] | readonly number[];

interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

/** What a file holds. */
export interface Decoded {
  readonly irVersion: number;
  readonly opset: number;
  readonly inputs: readonly Declared[];
  readonly outputs: readonly Declared[];
  readonly initializers: ReadonlyMap<string, Values>;
  readonly nodes: readonly Node[];
  readonly metadata: ReadonlyMap<string, string>;
}

/** The fields of a message by number, each as often as it is there: an integer, or bytes. */
type Message = ReadonlyMap<number, readonly (number | Uint8Array)[]>;

/** The model in a file's bytes. */
export function decodeOnnx(bytes: Uint8Array): Decoded {
  const model = messageOf(bytes);
  const graph = messageOf(bytesAt(model, 7));
  return {
    irVersion: integer(model, 1),
    opset: integer(messageOf(bytesAt(model, 8)), 2),
    inputs: all(graph, 11).map(declared),
    outputs: all(graph, 12).map(declared),
    initializers: new Map(all(graph, 5).map(tensor)),
    nodes: all(graph, 1).map(node),
    metadata: new Map(all(model, 14).map(entry => [text(entry, 1), text(entry, 2)])),
  };
}

/** Runs a model: its outputs by name. Throws Error when a value is missing or an operation is none of these. */
export function runOnnx(bytes: Uint8Array, feeds: Readonly<Record<string, Values>>): Record<string, Values> {
  const { inputs, outputs, initializers, nodes } = decodeOnnx(bytes);
  const values = new Map(initializers);
  for (const { name, extents } of inputs) {
    const given = feeds[name];
    if (given?.dims.length !== extents.length) throw new Error(`${name} is not of rank ${extents.length}`);
    values.set(name, given);
  }
  for (const { op, inputs: from, outputs: to, attributes } of nodes) {
    const operation = OPERATIONS[op];
    if (!operation) throw new Error(`there is no ${op}`);
    const taken = from.map(name => (name === '' ? undefined : found(values, name)));
    operation(taken, attributes).forEach((value, n) => {
      values.set(to[n] ?? '', value);
    });
  }
  return Object.fromEntries(outputs.map(({ name }) => [name, found(values, name)]));
}

type Operation = (inputs: readonly (Values | undefined)[], attributes: Node['attributes']) => readonly Values[];

const OPERATIONS: Readonly<Record<string, Operation>> = {
  OneHot([indices, depth, values]) {
    const [C = 0] = depth?.data ?? [];
    const [off = 0, on = 0] = values?.data ?? [];
    const data = (indices?.data ?? []).flatMap(k => Array.from({ length: C }, (_, j) => (j === k ? on : off)));
    return [{ dims: [...(indices?.dims ?? []), C], data }];
  },
  Unsqueeze([x, axes]) {
    const dims = (axes?.data ?? []).reduce((all, axis) => all.toSpliced(axis, 0, 1), [...(x?.dims ?? [])]);
    return [{ dims, data: x?.data ?? [] }];
  },
  Squeeze([x, axes]) {
    const axis = axes?.data[0] ?? 0;
    if (x?.dims[axis] !== 1) throw new Error('only an extent of 1 can be squeezed');
    return [{ dims: x.dims.toSpliced(axis, 1), data: x.data }];
  },
  Concat(all, attributes) {
    const axis = attributes.get('axis');
    const [first] = all;
    if (axis !== (first?.dims.length ?? 0) - 1) throw new Error('the last axis only');
    const outer = (x: Values | undefined) => x?.dims.slice(0, -1) ?? [];
    if (all.some(x => outer(x).join() !== outer(first).join())) throw new Error('extents differ');
    const rows = all.map(x => chunks(x?.data ?? [], x?.dims.at(-1) ?? 0));
    const data = (rows[0] ?? []).flatMap((_, n) => rows.flatMap(own => own[n] ?? []));
    return [{ dims: [...outer(first), all.reduce((sum, x) => sum + (x?.dims.at(-1) ?? 0), 0)], data }];
  },
  MatMul([x, M]) {
    const [m = 0, C = 0] = M?.dims ?? [];
    if (x?.dims.at(-1) !== m) throw new Error('the columns of the one are not the rows of the other');
    const columns = Array.from({ length: C }, (_, j) => Array.from({ length: m }, (_, i) => M?.data[i * C + j] ?? 0));
    const data = chunks(x.data, m).flatMap(row => columns.map(column => dot(row, column)));
    return [{ dims: [...x.dims.slice(0, -1), C], data }];
  },
  Add: elementwise((a, b) => a + b),
  Div: elementwise((a, b) => a / b),
  LessOrEqual: elementwise((a, b) => Number(a <= b)),
  Equal: elementwise((a, b) => Number(a === b)),
  Where: elementwise((which, a, b) => (which === 1 ? a : b)),
  Tanh: elementwise(Math.tanh),
  Identity: elementwise(a => a),
  Cast: elementwise(a => a),
  Shape([x]) {
    return [{ dims: [x?.dims.length ?? 0], data: x?.dims ?? [] }];
  },
  Range([start, limit, step]) {
    const [first = 0, end = 0, by = 1] = [start, limit, step].map(scalar);
    const data = Array.from({ length: Math.ceil((end - first) / by) }, (_, n) => first + n * by);
    return [{ dims: [data.length], data }];
  },
  Gather([x, indices], attributes) {
    if (attributes.get('axis') !== 0) throw new Error('axis 0 only');
    const [count = 0, ...inner] = x?.dims ?? [];
    const rows = chunks(x?.data ?? [], product(inner));
    const data = (indices?.data ?? []).flatMap(k => {
      const row = rows[k < 0 ? k + count : k];
      if (!row) throw new Error(`there is no ${k}`);
      return row;
    });
    return [{ dims: [...(indices?.dims ?? []), ...inner], data }];
  },
  ReduceSum([x, axes]) {
    return reduced(x, axes?.data, column => column.reduce((sum, value) => sum + value, 0));
  },
  ReduceMean([x], attributes) {
    return reduced(x, attributes.get('axes'), column => column.reduce((sum, value) => sum + value, 0) / column.length);
  },
  ReduceMax([x], attributes) {
    return reduced(x, attributes.get('axes'), column => Math.max(...column));
  },
  RNN: recurrent((gates, { h }, attributes) => {
    const [activation] = attributes.get('activations') as readonly string[];
    return { h: h.map((_, i) => (activation === 'Relu' ? Math.max(0, gates.sum(0, i)) : Math.tanh(gates.sum(0, i)))) };
  }),
  LSTM: recurrent((gates, { h, c = [] }, _, P) => {
    const m = h.length;
    const peephole = (n: number, i: number, cell: number) => (P ? (P[n * m + i] ?? 0) * cell : 0);
    const next = c.map((cell, i) => {
      const input = sigmoid(gates.sum(0, i) + peephole(0, i, cell));
      const forget = sigmoid(gates.sum(2, i) + peephole(2, i, cell));
      return forget * cell + input * Math.tanh(gates.sum(3, i));
    });
    return { h: next.map((cell, i) => sigmoid(gates.sum(1, i) + peephole(1, i, cell)) * Math.tanh(cell)), c: next };
  }),
  GRU: recurrent((gates, { h }, attributes) => {
    const z = h.map((_, i) => sigmoid(gates.sum(0, i)));
    const r = h.map((_, i) => sigmoid(gates.sum(1, i)));
    const reset = h.map((value, i) => value * (r[i] ?? 0));
    const before = attributes.get('linear_before_reset') === 0;
    const proposed = h.map((_, i) => {
      const recurrent = before ? gates.recurrent(2, i, reset) : (r[i] ?? 0) * gates.recurrent(2, i, h);
      return Math.tanh(gates.input(2, i) + recurrent);
    });
    return { h: h.map((value, i) => (1 - (z[i] ?? 0)) * (proposed[i] ?? 0) + (z[i] ?? 0) * value) };
  }),
};

/** An operation element by element: extents are aligned at their ends, and what is 1 of them is repeated. */
function elementwise(f: (...numbers: number[]) => number): Operation {
  return inputs => {
    const given = inputs.map(x => x ?? { dims: [], data: [] });
    const rank = Math.max(...given.map(({ dims }) => dims.length));
    const aligned = given.map(({ dims }) => [...Array.from({ length: rank - dims.length }, () => 1), ...dims]);
    const dims = Array.from({ length: rank }, (_, axis) => Math.max(...aligned.map(own => own[axis] ?? 1)));
    if (aligned.some(own => own.some((n, axis) => n !== 1 && n !== dims[axis]))) throw new Error('extents differ');
    const data = Array.from({ length: product(dims) }, (_, n) => {
      const numbers = given.map(({ data }, k) => data[offsetIn(aligned[k] ?? [], dims, n)] ?? Number.NaN);
      return f(...numbers);
    });
    return [{ dims, data }];
  };
}

/** Where the n-th element of extents `dims` is in what is repeated to be of them. */
function offsetIn(own: readonly number[], dims: readonly number[], n: number): number {
  let [rest, offset, stride] = [n, 0, 1];
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    const [extent, mine] = [dims[axis] ?? 1, own[axis] ?? 1];
    if (mine !== 1) offset += (rest % extent) * stride;
    stride *= mine;
    rest = Math.floor(rest / extent);
  }
  return offset;
}

/** Each column along the first axis as one number. */
function reduced(x: Values | undefined, axes: unknown, f: (column: readonly number[]) => number): readonly Values[] {
  if (!Array.isArray(axes) || axes.join() !== '0') throw new Error('axis 0 only');
  const [, ...inner] = x?.dims ?? [];
  const rows = chunks(x?.data ?? [], product(inner));
  const data = Array.from({ length: product(inner) }, (_, j) => f(rows.map(row => row[j] ?? Number.NaN)));
  return [{ dims: [1, ...inner], data }];
}

function scalar(x: Values | undefined): number {
  if (x?.dims.length !== 0) throw new Error('a number by itself only');
  return x.data[0] ?? Number.NaN;
}

function product(extents: readonly number[]): number {
  return extents.reduce((count, n) => count * n, 1);
}

/** What adds up to a gate's pre-activation, block by block, unit by unit. */
interface Gates {
  input(block: number, i: number): number;
  recurrent(block: number, i: number, h: readonly number[]): number;
  /** Both, from the state before the step. */
  sum(block: number, i: number): number;
}

type Parts = { readonly h: readonly number[]; readonly c?: readonly number[] };
type Step = (gates: Gates, state: Parts, attributes: Node['attributes'], P: readonly number[] | undefined) => Parts;

/** A step run over every sequence, within its length, in the direction the attribute says. */
function recurrent(step: Step): Operation {
  return ([X, W, R, bias, lengths, h0, c0, P], attributes) => {
    const [T = 0, B = 0, d = 0] = X?.dims ?? [];
    const m = R?.dims[2] ?? 0;
    if (attributes.get('hidden_size') !== m) throw new Error('hidden_size is not that of R');
    if (W?.dims[2] !== d) throw new Error('the columns of W are not the inputs');
    const rows = W.dims[1] ?? 0;
    if (bias?.data.length !== 2 * rows || W.dims[0] !== 1) throw new Error('the biases are not those of W and R');
    const reverse = attributes.get('direction') === 'reverse';
    const Y = new Array<number>(T * B * m).fill(0);
    const finals: Parts[] = [];
    for (let b = 0; b < B; b++) {
      const own = (s: Values | undefined) => s?.data.slice(b * m, (b + 1) * m);
      const [h, c] = [own(h0), own(c0)];
      if (!h) throw new Error('there is no initial state');
      let state: Parts = c ? { h, c } : { h };
      const length = lengths?.data[b] ?? T;
      for (let n = 0; n < length; n++) {
        const t = reverse ? length - 1 - n : n;
        const x = X?.data.slice((t * B + b) * d, (t * B + b + 1) * d) ?? [];
        const before = state.h;
        const gates: Gates = {
          input: (block, i) => dot(row(W, block * m + i), x) + (bias.data[block * m + i] ?? 0),
          recurrent: (block, i, h) => dot(row(R, block * m + i), h) + (bias.data[rows + block * m + i] ?? 0),
          sum: (block, i) => gates.input(block, i) + gates.recurrent(block, i, before),
        };
        state = step(gates, state, attributes, P?.data);
        for (const [i, value] of state.h.entries()) Y[(t * B + b) * m + i] = value;
      }
      finals.push(state);
    }
    const final = (part: 'h' | 'c'): Values => ({ dims: [1, B, m], data: finals.flatMap(s => [...(s[part] ?? [])]) });
    return [{ dims: [T, 1, B, m], data: Y }, final('h'), ...(c0 ? [final('c')] : [])];
  };
}

function row(M: Values | undefined, i: number): readonly number[] {
  const columns = M?.dims[2] ?? 0;
  return M?.data.slice(i * columns, (i + 1) * columns) ?? [];
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? Number.NaN), 0);
}

function sigmoid(a: number): number {
  return 1 / (1 + Math.exp(-a));
}

function chunks(data: readonly number[], size: number): readonly number[][] {
  return Array.from({ length: data.length / size }, (_, n) => data.slice(n * size, (n + 1) * size));
}

function found(values: ReadonlyMap<string, Values>, name: string): Values {
  const value = values.get(name);
  if (!value) throw new Error(`there is no ${name}`);
  return value;
}

/** Field by field: a key of number and kind, then an integer of 7 bits a byte, or a length and bytes. */
function messageOf(bytes: Uint8Array): Message {
  const fields = new Map<number, (number | Uint8Array)[]>();
  let at = 0;
  const varint = (): number => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('the message is cut off');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const kind = key & 7;
    if (kind !== 0 && kind !== 2) throw new Error(`fields of kind ${kind} are none of ours`);
    const value = varint();
    const field = kind === 0 ? value : bytes.subarray(at, at + value);
    if (typeof field !== 'number') at += value;
    fields.set(key >> 3, [...(fields.get(key >> 3) ?? []), field]);
  }
  return fields;
}

function all(message: Message, field: number): readonly Message[] {
  return (message.get(field) ?? []).map(value => messageOf(value as Uint8Array));
}

function bytesAt(message: Message, field: number): Uint8Array {
  const value = message.get(field)?.[0];
  if (!(value instanceof Uint8Array)) throw new Error(`there are no bytes in field ${field}`);
  return value;
}

function integer(message: Message, field: number): number {
  const value = message.get(field)?.[0];
  return typeof value === 'number' ? value : 0;
}

function strings(message: Message, field: number): readonly string[] {
  return (message.get(field) ?? []).map(value => new TextDecoder().decode(value as Uint8Array));
}

function text(message: Message, field: number): string {
  return strings(message, field)[0] ?? '';
}

/** Numbers may be one field each, or all packed in one, here of one byte each. */
function packed(message: Message, field: number): readonly number[] {
  return (message.get(field) ?? []).flatMap(value => (typeof value === 'number' ? [value] : [...value]));
}

function declared(info: Message): Declared {
  const type = messageOf(bytesAt(messageOf(bytesAt(info, 2)), 1));
  const extents = all(messageOf(bytesAt(type, 2)), 1).map(dim => (dim.has(2) ? text(dim, 2) : integer(dim, 1)));
  return { name: text(info, 1), element: integer(type, 1), extents };
}

function tensor(message: Message): [string, Values] {
  const dims = packed(message, 1);
  const raw = bytesAt(message, 9);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const size = product(dims);
  const float = integer(message, 2) === 1;
  if (!float && integer(message, 2) !== 7) throw new Error('float or int64 only');
  if (raw.length !== size * (float ? 4 : 8)) throw new Error(`${text(message, 8)} is not of its extents`);
  const data = Array.from({ length: size }, (_, i) =>
    float ? view.getFloat32(4 * i, true) : Number(view.getBigInt64(8 * i, true)),
  );
  return [text(message, 8), { dims, data }];
}

function node(message: Message): Node {
  const attributes = all(message, 5).map((attribute): [string, Attribute] => {
    const kinds = {
      2: integer(attribute, 3),
      3: text(attribute, 4),
      7: packed(attribute, 8),
      8: strings(attribute, 9),
    };
    const value = kinds[integer(attribute, 20) as keyof typeof kinds];
    if (value === undefined) throw new Error(`${text(attribute, 1)} is of a kind that is none of ours`);
    return [text(attribute, 1), value];
  });
  return {
    op: text(message, 4),
    inputs: strings(message, 1),
    outputs: strings(message, 2),
    attributes: new Map(attributes),
  };
}
