/** What does the work, in this thread or in another: networks made again, one for every shard, and the tapes of theirs. */
import type { Cell } from '../cells/cell.ts';
import { cells } from '../cells/index.ts';
import type { Backend } from '../engine/options.ts';
import { networkOf } from '../io/network-json.ts';
import type { Dropout } from '../layers/dropout.ts';
import type { Layer } from '../layers/layer.ts';
import { type Extent, Sequence } from '../sequence.ts';
import type { Matrices } from '../shape.ts';
import { FlatMatrix } from '../views.ts';
import { putState } from './cutting.ts';
import { dropsOf, setDrops } from './drops.ts';
import { dataAt, numbersAt } from './memory.ts';
import type {
  Backward,
  Forward,
  InputGradient,
  Memory,
  NetworkRequest,
  Place,
  Request,
  SequencePlace,
  Work,
} from './work.ts';

/** What a network is made with: where its products are done, as it was made unless given, and cells beside the library's. */
export interface Equipment {
  readonly backend: Backend | undefined;
  readonly cells: Readonly<Record<string, Cell>>;
}

/** A tape, the output that came with it, and the gradient of x when there is one. */
interface Taken {
  readonly tape: unknown;
  readonly y: Sequence;
  found?: { readonly dx: Sequence };
}

/** What came out of the last shard: how many steps, and whether its numbers have 32 bits. */
export interface Came {
  readonly T: number;
  readonly narrow: boolean;
}

/** A network of one shard: its kernels' memory is its own, so that no pass has to make way for that of another shard. */
interface Replica {
  readonly layer: Layer;
  readonly drops: readonly Dropout[];
  readonly passes: Map<number, Taken>;
}

interface Network {
  readonly make: () => Layer;
  readonly replicas: Map<number, Replica>;
}

export class Hand {
  readonly #networks = new Map<number, Network>();

  /** Learns of a network. */
  learn({ network, json }: NetworkRequest, equipment: Equipment): void {
    this.#networks.set(network, { make: () => layerOf(json, equipment), replicas: new Map() });
  }

  /**
   * Does what is asked, shard by shard.
   *
   * @returns what came out of the last shard; undefined where nothing is to come out.
   */
  do(request: Exclude<Request, NetworkRequest>): Came | undefined {
    const { network } = request;
    if (request.kind === 'forget') {
      this.#networks.delete(network);
      return undefined;
    }
    const known = this.#networks.get(network);
    if (!known) throw new Error(`there is no network ${network}`);
    if (request.kind === 'release') {
      for (const replica of known.replicas.values()) release(replica, request.pass);
      return undefined;
    }
    let came: Sequence | undefined;
    for (const part of request.parts) came = work(replicaOf(known, part.shard), request, part);
    return came && { T: came.T, narrow: came.data instanceof Float32Array };
  }
}

function replicaOf({ make, replicas }: Network, shard: number): Replica {
  const known = replicas.get(shard);
  if (known) return known;
  const layer = make();
  const replica = { layer, drops: dropsOf(layer), passes: new Map() };
  replicas.set(shard, replica);
  return replica;
}

function release({ layer, passes }: Replica, pass: number): void {
  const taken = passes.get(pass);
  passes.delete(pass);
  if (taken) layer.release?.(taken.tape);
}

function work(replica: Replica, request: Work, part: Forward | Backward | InputGradient): Sequence | undefined {
  if (request.kind === 'forward') return forward(replica, request, part as Forward);
  if (request.kind === 'backward') return backward(replica, request, part as Backward);
  const dx = passOf(replica, request).found?.dx;
  if (dx) dataAt(request.memory, (part as InputGradient).dx).set(dx.data);
  return dx;
}

function forward(
  { layer, drops, passes }: Replica,
  work: Work & { readonly kind: 'forward' },
  part: Forward,
): Sequence {
  const { memory, pass, params } = work;
  const { T, lengths } = part;
  const B = part.to - part.from;
  layer.params.values.set(numbersAt(memory, params));
  setDrops(drops, work.drops, part.shard);
  const x = sequenceAt(memory, part.x, { T, B, ...(lengths && { lengths }) }, layer.inputs);
  const { y, sT, tape } = layer.forward(x, part.s0 && stateAt(memory, part.s0, B));
  passes.set(pass, { tape, y });
  dataAt(memory, part.y).set(y.data);
  putState(sT, part.sT, memory);
  return y;
}

function backward(replica: Replica, work: Work, part: Backward): Sequence | undefined {
  const { memory } = work;
  const { layer } = replica;
  const taken = passOf(replica, work);
  const dy = sequenceAt(memory, part.dy, taken.y.extent(), layer.outputs);
  layer.params.zeroGrads();
  const found = layer.backward(taken.tape, dy, part.dsT && stateAt(memory, part.dsT, dy.B)); // PAR-F2  G_n = Σ_b dL/dy ∂y/∂θ of the shard alone
  numbersAt(memory, part.grads).set(layer.params.grads);
  putState(found.ds0, part.ds0, memory);
  taken.found = found;
  if (part.dx) dataAt(memory, part.dx).set(found.dx.data);
  return part.dx && found.dx;
}

function passOf({ passes }: Replica, { pass }: Work): Taken {
  const taken = passes.get(pass);
  if (!taken) throw new Error(`there is no pass ${pass}`);
  return taken;
}

function sequenceAt(memory: Memory, place: SequencePlace, extent: Extent, F: number): Sequence {
  const data = dataAt(memory, place).slice(); // a tape may share it, and the memory is written to again
  return data instanceof Int32Array
    ? Sequence.oneHot(data, { ...extent, classes: F })
    : Sequence.over(data, { ...extent, F });
}

function stateAt(memory: Memory, places: Readonly<Record<string, Place>>, B: number): Matrices {
  const parts = Object.entries(places).map(([part, place]) => {
    return [part, new FlatMatrix(numbersAt(memory, place).slice(), B, place.count / B)] as const;
  });
  return Object.fromEntries(parts);
}

/** The network that was written as JSON. */
function layerOf(json: object, { backend, cells: own }: Equipment): Layer {
  const made = networkOf(backend ? withBackend(json, backend) : json, {
    cells: { ...cells, ...own },
    engine: undefined,
    numbers: Number.POSITIVE_INFINITY,
  });
  return made as Layer;
}

/** The same JSON, where what the engine computes is computed with a backend. */
function withBackend(json: unknown, backend: Backend): unknown {
  if (Array.isArray(json)) return json.map(part => withBackend(part, backend));
  if (typeof json !== 'object' || json === null) return json;
  const fields = Object.entries(json).map(([name, value]) => {
    const isEngine = name === 'engine' && value !== 'reference';
    return [name, isEngine ? { ...value, backend } : withBackend(value, backend)];
  });
  return Object.fromEntries(fields);
}
