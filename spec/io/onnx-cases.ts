/** Networks that ONNX has, with what is put through them, for whatever runs ONNX models: an oracle, or the real thing. */
import type { Cell } from '../../lib/cells/cell.ts';
import { cells } from '../../lib/cells/index.ts';
import { raggedLengths, randomSequence, randomState } from '../../lib/check/problem.ts';
import { linear } from '../../lib/engine/linear.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { type OnnxOptions, toOnnx } from '../../lib/io/onnx.ts';
import { bidirectional } from '../../lib/layers/bidirectional.ts';
import { dropout } from '../../lib/layers/dropout.ts';
import { embedding } from '../../lib/layers/embedding.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { lastStep, maxOverTime, meanOverTime } from '../../lib/layers/pool.ts';
import { readout } from '../../lib/layers/readout.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import type { Values } from './onnx-interpreter.ts';

/** What a model takes: numbers, or integers of some size. */
export type Feeds = Readonly<Record<string, Values & { readonly element: 'float' | 'int32' | 'int64' }>>;

/** A network, and how it is exported. */
export interface OnnxCase {
  readonly name: string;
  readonly net: (cell: Cell) => Layer;
  readonly options: OnnxOptions;
}

/** A case with numbers in it. */
export interface OnnxProblem {
  readonly net: Layer;
  readonly model: Uint8Array;
  readonly feeds: Feeds;
  /** What the library puts out. */
  readonly expected: Readonly<Record<string, Values>>;
  /** Which rows of y count. */
  readonly counts: readonly boolean[];
}

/** Extents of every case: more steps than one, sequences of unequal length where lengths are asked for. */
export const EXTENT = { T: 5, B: 3 };

const small = (cell: Cell, d: number, m: number): Layer => unroll(cell, { d, m });

/** The topologies; each is tried with every cell. */
export const onnxCases: readonly OnnxCase[] = [
  { name: 'a cell', net: cell => small(cell, 3, 4), options: {} },
  { name: 'a cell, unequal lengths', net: cell => recurrent(cell, { d: 3, m: 4 }), options: { lengths: true } },
  {
    name: 'layers on top of each other and a readout, classes',
    net: cell => stack({ low: small(cell, 5, 4), high: recurrent(cell, { d: 4, m: 3 }), out: linear({ m: 3, C: 5 }) }),
    options: { input: 'classes' },
  },
  {
    name: 'both directions of two layers and a readout, unequal lengths',
    net: cell =>
      stack({
        low: bidirectional({ forward: small(cell, 3, 4), backward: small(cell, 3, 2) }),
        high: bidirectional({ forward: small(cell, 6, 2), backward: small(cell, 6, 3) }),
        out: readout({ m: 5, C: 4 }),
      }),
    options: { lengths: true },
  },
  {
    name: 'both directions of a stack that has both directions',
    net: cell => {
      const both = () => bidirectional({ forward: small(cell, 2, 2), backward: small(cell, 2, 3) });
      const branch = () => stack({ low: both(), high: small(cell, 5, 2) });
      return bidirectional({ forward: branch(), backward: branch() });
    },
    options: { lengths: true },
  },
  {
    name: 'an embedding, dropout, and the sum of both directions, classes',
    net: cell =>
      stack({
        embedding: embedding({ C: 5, e: 3 }),
        both: bidirectional({ forward: small(cell, 3, 4), backward: small(cell, 3, 4), merge: 'sum' }),
        dropout: still(4),
        out: readout({ m: 4, C: 2 }),
      }),
    options: { input: 'classes' },
  },
  {
    name: 'an embedding of numbers, unequal lengths',
    net: cell => stack({ embedding: embedding({ C: 4, e: 3 }), cell: small(cell, 3, 2) }),
    options: { lengths: true },
  },
  ...[{}, { lengths: true }].flatMap((options): OnnxCase[] => [
    {
      name: `the last step of both directions, and another cell${options.lengths ? ', unequal lengths' : ''}`,
      net: cell => {
        const branch = () => stack({ cell: small(cell, 3, 2), last: lastStep(2) });
        return stack({ both: bidirectional({ forward: branch(), backward: branch() }), cell: small(cell, 4, 3) });
      },
      options,
    },
    ...[lastStep, meanOverTime, maxOverTime].map((pool): OnnxCase => {
      const { name } = pool(1);
      return {
        name: `${name}, and a readout${options.lengths ? ', unequal lengths' : ''}`,
        net: cell => stack({ cell: small(cell, 3, 4), pool: pool(4), out: readout({ m: 4, C: 2 }) }),
        options,
      };
    }),
  ]),
  {
    name: 'classes pooled as they are, in both directions',
    net: cell =>
      bidirectional({
        forward: stack({ pool: meanOverTime(4), again: maxOverTime(4), cell: small(cell, 4, 2) }),
        backward: stack({ pool: lastStep(4), out: readout({ m: 4, C: 2 }) }),
      }),
    options: { input: 'classes', lengths: true },
  },
];

/** Dropout that is over. */
function still(F: number): Layer {
  const layer = dropout({ F, rate: 0.5, seed: 1 });
  layer.training = false;
  return layer;
}

/** The cell of that name. */
export function cellOf(name: string): Cell {
  const cell = cells[name];
  if (!cell) throw new Error(`there is no ${name}`);
  return cell;
}

/** A case with parameters, an input and a state that is not zero; what it comes to here; and its model. */
export function problemOf({ net: make, options }: OnnxCase, cell: Cell): OnnxProblem {
  const net = make(cell);
  const rng = new Random(7);
  normal(0.7)(net.params, rng);
  const { T, B } = EXTENT;
  const lengths = options.lengths ? raggedLengths(T, B) : undefined;
  const extent = { T, B, ...(lengths && { lengths }) };
  const classes = Array.from({ length: T * B }, (_, n) => (3 * n + 1) % net.inputs);
  const x =
    options.input === 'classes'
      ? Sequence.oneHot(classes, { ...extent, classes: net.inputs })
      : randomSequence({ ...extent, F: net.inputs }, rng);
  const s0 = randomState(net, B, rng);
  const { y, sT } = net.forward(x, s0);
  const feeds: Feeds = {
    x:
      options.input === 'classes'
        ? { element: 'int64', dims: [T, B], data: classes }
        : { element: 'float', dims: [T, B, net.inputs], data: x.rows().to1DArray() },
    ...(lengths && { lengths: { element: 'int32' as const, dims: [B], data: lengths } }),
    ...Object.fromEntries(
      Object.entries(s0).map(([name, part]) => [
        `s0.${name}`,
        { element: 'float' as const, dims: [B, part.columns], data: part.to1DArray() },
      ]),
    ),
  };
  const expected: Record<string, Values> = {
    y: { dims: [y.T, B, net.outputs], data: y.rows().to1DArray() },
    ...Object.fromEntries(
      Object.entries(sT).map(([name, part]) => [`sT.${name}`, { dims: [B, part.columns], data: part.to1DArray() }]),
    ),
  };
  return { net, model: toOnnx(net, options), feeds, expected, counts: y.countedRows() };
}

/**
 * The largest deviation of an output: max|a − b| over max|b|, or over 1 where b is smaller than that, what is behind a
 * sequence's end apart; NaN where extents differ or an output is missing.
 */
export function deviationOf(
  actual: Readonly<Record<string, Values>>,
  { expected, counts }: Pick<OnnxProblem, 'expected' | 'counts'>,
): number {
  const deviations = Object.entries(expected).map(([name, { dims, data }]) => {
    const own = actual[name];
    if (own?.dims.join() !== dims.join()) return Number.NaN;
    const counted = (i: number) => name !== 'y' || counts[Math.floor(i / (dims[2] ?? 1))] === true;
    const distances = data.map((value, i) => (counted(i) ? Math.abs(value - (own.data[i] ?? Number.NaN)) : 0));
    return Math.max(...distances) / Math.max(1, ...data.map(Math.abs));
  });
  return Math.max(...deviations);
}
