/** Whether a layer looks at what stands behind the end of a sequence. */
import { parameters, raggedLengths, randomSequence, randomState } from '../../lib/check/problem.ts';
import { normal } from '../../lib/init/initialisers.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import type { Matrices } from '../../lib/shape.ts';
import { flat } from '../numbers.ts';

/** The problem: sequences of the batch differ in length where T > 1. */
export interface Problem {
  readonly T: number;
  readonly B: number;
  readonly oneHot?: boolean;
  readonly seed: number;
}

/**
 * What changes, by a bit, when padding of input and cotangent is filled with other numbers and the cotangent comes
 * without lengths; and what is not 0 at padding itself. Nothing, of a layer that heeds its lengths. The layer's
 * parameters are overwritten.
 */
export function touchedByPadding(layer: Layer, { T, B, oneHot = false, seed }: Problem): string[] {
  const rng = new Random(seed);
  const lengths = raggedLengths(T, B);
  normal(0.5)(layer.params, rng);
  const x = oneHot
    ? randomSymbols(layer.inputs, { T, B, lengths }, rng)
    : randomSequence({ T, B, F: layer.inputs, lengths }, rng);
  const s0 = randomState(layer, B, rng);
  const { y } = layer.forward(x, s0);
  const dy = randomSequence({ ...y.extent(), F: y.F }, rng);
  const dsT = randomState(layer, B, rng);
  const run = (input: Sequence, cotangent: Sequence) => {
    layer.params.zeroGrads();
    const { y, sT, tape } = layer.forward(input, s0);
    const { dx, ds0 } = layer.backward(tape, cotangent, dsT);
    return { y, dx, numbers: tensors(layer, { y, sT, dx, ds0 }) };
  };
  const clean = run(x, dy);
  const { numbers: spoilt } = run(spoil(x), withoutLengths(spoil(dy)));
  return [
    ...Object.keys(clean.numbers).filter(name => String(clean.numbers[name]) !== String(spoilt[name])),
    ...(['y', 'dx'] as const).filter(name => !zeroAtPadding(clean[name])).map(name => `${name} at padding`),
  ];
}

/** A one-hot sequence of random symbols. */
export function randomSymbols(
  classes: number,
  { T, B, lengths }: { readonly T: number; readonly B: number; readonly lengths?: readonly number[] },
  rng: Random,
): Sequence {
  const symbols = Array.from({ length: T * B }, () => Math.floor(classes * rng.uniform()));
  return Sequence.oneHot(symbols, { T, B, classes, ...(lengths && { lengths }) });
}

/** The same sequence with other numbers, or other symbols, at padding. */
export function spoil(x: Sequence): Sequence {
  const { data, F } = x;
  const symbols = data instanceof Int32Array;
  const width = symbols ? 1 : F;
  const other = data.map((value, i) => {
    if (x.counts(Math.floor(i / width))) return value;
    return symbols ? (value + 1) % F : 100 + i;
  });
  return other instanceof Int32Array
    ? Sequence.oneHot(other, { ...x.extent(), classes: F })
    : Sequence.dense(other, { ...x.extent(), F });
}

function tensors(
  layer: Layer,
  { y, sT, dx, ds0 }: { readonly y: Sequence; readonly sT: Matrices; readonly dx: Sequence; readonly ds0: Matrices },
): Record<string, number[]> {
  const state = (prefix: string, s: Matrices) =>
    Object.entries(s).map(([name, part]) => [`${prefix}${name}`, flat(part)] as const);
  const own = parameters(layer).map(({ name, gradient }) => [`d${name}`, flat(gradient)] as const);
  return Object.fromEntries([
    ['y', flat(y.rows())],
    ['dx', flat(dx.rows())],
    ...state('s_T ', sT),
    ...state('ds_0 ', ds0),
    ...own,
  ]);
}

function withoutLengths(x: Sequence): Sequence {
  return Sequence.dense(flat(x.rows()), { T: x.T, B: x.B, F: x.F });
}

function zeroAtPadding(x: Sequence): boolean {
  return x.data.every((value, i) => value === 0 || x.counts(Math.floor(i / x.F)));
}
