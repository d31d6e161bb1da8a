/** Forward and backward of a recurrent layer: what every library has. */
import type { Cell } from '../../lib/cells/cell.ts';
import { gru } from '../../lib/cells/gru.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { rnn } from '../../lib/cells/rnn.ts';
import { dotTest } from '../../lib/check/dot-test.ts';
import { randomSequence, randomState } from '../../lib/check/problem.ts';
import type { Precision } from '../../lib/engine/precision.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { bidirectional } from '../../lib/layers/bidirectional.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { stack } from '../../lib/layers/stack.ts';
import { shardsOf } from '../../lib/parallel/shards.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import type { Matrices } from '../../lib/shape.ts';
import type { FlatMatrix } from '../../lib/views.ts';
import { type Backend, clocked, type Ours, reference } from '../backends.ts';
import type { Tensors } from '../tensors.ts';
import { against, DOT_TEST, EXACT, REFERENCE_PACE } from '../verify.ts';
import type { Case, CellName, LayerProblem, Opened, Place, Topology, Verification, Work } from './case.ts';
import { onThreads, Prepared } from './threads.ts';

const CELLS: Readonly<Record<CellName, Cell>> = { lstm: lstm as Cell, gru: gru as Cell, rnn: rnn as Cell };

interface Size {
  readonly cell: Cell;
  /** What other libraries call it; undefined where they do not have it. */
  readonly peers: CellName | undefined;
  readonly d: number;
  readonly m: number;
  readonly B: number;
  readonly T: number;
  readonly topology: Topology;
  /** Sequences from T down to a quarter of it. */
  readonly ragged: boolean;
}

/** A layer, as it is run on a backend. */
type Made = (backend: Backend, precision: Precision) => Layer;

/** How a case differs from one layer with sequences of the same length. */
export interface LayerOptions {
  readonly topology?: Topology;
  readonly ragged?: boolean;
  readonly full?: boolean;
  readonly series?: Place;
  /** Shares out the batch among so many threads. */
  readonly workers?: number;
}

/** The case of a layer of that cell, one that other libraries have or any other; d inputs, m units, B sequences, T steps. */
export function layerCase(
  which: CellName | Cell,
  [d, m, B, T]: readonly [d: number, m: number, B: number, T: number],
  { topology = 'one', ragged = false, full = false, series, workers }: LayerOptions = {},
): Case {
  const [cell, peers] = typeof which === 'string' ? [CELLS[which], which] : [which, undefined];
  const size: Size = { cell, peers, d, m, B, T, topology, ragged };
  const kind = [cell.name, ...(topology === 'one' ? [] : [topology]), ...(ragged ? ['ragged'] : [])].join('-');
  const name = series ? `scaling-${series.along}${series.at}` : `${kind}-d${d}-m${m}-B${B}-T${T}`;
  const shared = new Prepared<Layer>();
  const layer: Made = (backend, precision) => shared.of(backend, precision) ?? network(size, backend, precision);
  return {
    name,
    full,
    ...(series && { series }),
    work: workOf(size),
    ...(workers === undefined ? { gains: () => !series && shardsOf(B).length > 1 } : { workers }),
    prepare: backends =>
      shared.make(backends, (backend, precision) => {
        const count = workers ?? backend.threads?.count;
        return count === undefined
          ? undefined
          : onThreads(network(size, backend, precision), count, backend.engine(precision));
      }),
    open: () => open(size, series ? undefined : peers, layer),
  };
}

/** What a layer is run on. */
interface Numbers {
  readonly params: Float64Array;
  readonly x: Sequence;
  readonly dy: Sequence;
  readonly s0: Matrices;
  readonly dsT: Matrices;
}

function open(size: Size, peers: CellName | undefined, made: Made): Opened {
  const rng = new Random(1);
  const layer = network(size, reference, 'f64');
  normal(Math.min(0.5, 1 / Math.sqrt(size.m)))(layer.params, rng);
  const lengths = lengthsOf(size);
  const extent = { T: size.T, B: size.B, ...(lengths && { lengths }) };
  const all: Numbers = {
    params: layer.params.values.slice(),
    x: randomSequence({ ...extent, F: layer.inputs }, rng),
    dy: randomSequence({ ...extent, F: layer.outputs }, rng),
    s0: randomState(layer, size.B, rng),
    dsT: randomState(layer, size.B, rng),
  };
  const ours = (backend: Backend, precision: Precision) =>
    contender(made(backend, precision), precision === 'f32' ? single(all) : all);
  return {
    ...(peers && { problem: problemOf(size, peers, layer, all) }),
    ours,
    spotCheck: backend => spotCheck(size, () => made(backend, 'f64'), all),
  };
}

/** A third of a second's worth of first steps against the reference, and a dot test over all steps. */
function spotCheck(size: Size, made: () => Layer, all: Numbers): Verification {
  const steps = Math.min(size.T, Math.max(1, Math.floor((size.T * REFERENCE_PACE) / (3 * workOf(size).flops))));
  const few = { ...all, x: first(all.x, steps), dy: first(all.dy, steps) };
  const [ours, theirs] = [made(), network(size, reference, 'f64')].map(each => contender(each, few));
  const by = `${DOT_TEST}, and the reference over ${steps} steps`;
  const start = against(ours, theirs, EXACT, by);
  if (!start.ok) return start;
  const { ok, worst } = dotTest(made(), { T: size.T, B: size.B });
  return { ok, by, worst: Math.max(worst, start.worst), tensor: 'the whole gradient', bound: 1e-7 };
}

/** Forward and backward of a layer with the given parameters. */
function contender(layer: Layer, { params, x, dy, s0, dsT }: Numbers): Ours {
  layer.params.values.set(params);
  return {
    outside: 2 * (params.byteLength + x.data.byteLength + dy.data.byteLength), // with gradients, y and dx
    run: times =>
      clocked(times, () => {
        const { tape } = layer.forward(x);
        layer.params.zeroGrads();
        layer.backward(tape, dy);
        layer.release?.(tape);
      }),
    result({ states }) {
      const { y, sT, tape } = layer.forward(x, states ? s0 : undefined);
      layer.params.zeroGrads();
      const { dx, ds0 } = layer.backward(tape, dy, states ? dsT : undefined);
      const tensors = {
        y: Float64Array.from(y.data),
        dx: Float64Array.from(dx.data),
        ...named(layer.params.namedGrads(), 'd'),
        ...(states && { ...parts(sT, 'final '), ...parts(ds0, 'd initial ') }),
      };
      layer.release?.(tape);
      return tensors;
    },
  };
}

function network({ cell, d, m, topology }: Size, backend: Backend, precision: Precision): Layer {
  const layer = (inputs: number) => backend.recurrent(cell, { d: inputs, m }, precision);
  if (topology === 'stacked') return stack({ low: layer(d), high: layer(m) }) as Layer;
  if (topology === 'bidirectional') return bidirectional({ forward: layer(d), backward: layer(d) }) as Layer;
  return layer(d);
}

/**
 * A step of a layer has G gates of m units, each of m + d inputs: 2·G·m·(m + d) operations forward and twice that
 * backward, where the gradients of inputs and of parameters are products of the same size. What is kept of a step is
 * written once and read once: gates, their gradients and states; beside x, dx, y and dy. A cell has as many gates as its
 * matrices have the elements of.
 */
function workOf({ cell, d, m, B, T, topology, ragged }: Size): Work {
  const tokens = lengthsOf({ B, T, ragged })?.reduce((sum, length) => sum + length, 0) ?? T * B;
  const inputs = topology === 'one' ? [d] : [d, topology === 'stacked' ? m : d];
  let [flops, numbers] = [0, 0];
  for (const from of inputs) {
    const matrices = Object.values(cell.params({ d: from, m })).filter(([rows]) => rows > 1);
    const G = matrices.reduce((sum, [rows, columns]) => sum + rows * columns, 0) / (m * (m + from));
    const S = Object.values(cell.state({ d: from, m })).reduce((sum, columns) => sum + columns, 0) / m;
    flops += 6 * tokens * G * m * (m + from);
    numbers += 2 * G * m * (m + from + 1) + tokens * (3 * from + 2 * m + 4 * G * m + 2 * S * m);
  }
  return { flops, numbers, tokens };
}

function lengthsOf({ B, T, ragged }: Pick<Size, 'B' | 'T' | 'ragged'>): number[] | undefined {
  if (!ragged) return undefined;
  return Array.from({ length: B }, (_, b) => Math.ceil(T * (1 - (0.75 * b) / Math.max(1, B - 1))));
}

function problemOf(size: Size, cell: CellName, { params }: Layer, { x, dy }: Numbers): LayerProblem {
  const { d, m, B, T, topology } = size;
  const lengths = lengthsOf(size);
  const numbers = { params: named(params.named()), x: Float64Array.from(x.data), dy: Float64Array.from(dy.data) };
  return { kind: 'layer', cell, topology, d, m, B, T, ...(lengths && { lengths }), ...numbers };
}

/** The same with inputs and their gradients in 32 bits, as other libraries get them. */
function single(all: Numbers): Numbers {
  const rounded = (s: Sequence) => Sequence.dense(Float32Array.from(s.data), { ...s.extent(), F: s.F });
  return { ...all, x: rounded(all.x), dy: rounded(all.dy) };
}

/** The first steps of a sequence. */
function first(s: Sequence, steps: number): Sequence {
  const data = Float64Array.from(s.data.subarray(0, steps * s.B * s.F));
  const lengths = s.lengths?.map(length => Math.min(length, steps));
  return Sequence.dense(data, { T: steps, B: s.B, F: s.F, ...(lengths && { lengths }) });
}

/** Copies of matrices over flat memory. */
function named(matrices: Readonly<Record<string, FlatMatrix>>, prefix: string = ''): Tensors {
  return Object.fromEntries(
    Object.entries(matrices).map(([name, { data, offset, rows, columns }]) => [
      prefix + name,
      Float64Array.from(data.subarray(offset, offset + rows * columns)),
    ]),
  );
}

function parts(state: Matrices, prefix: string): Tensors {
  return Object.fromEntries(
    Object.entries(state).map(([name, part]) => [prefix + name, Float64Array.from(part.to1DArray())]),
  );
}
