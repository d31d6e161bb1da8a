/** A layer of the engine beside its reference: everything that both passes give, and how far apart it is. */
import { expect } from 'vitest';
import { raggedLengths, randomSequence, randomState } from '../../lib/check/problem.ts';
import { normal } from '../../lib/init/initialisers.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { flat } from '../numbers.ts';

/** A problem to run a layer on. */
export interface Drawn {
  readonly T: number;
  readonly B: number;
  readonly d: number;
  readonly m: number;
  readonly ragged: boolean;
  readonly oneHot: boolean;
  readonly seed: number;
  /** The parameters' standard deviation: ½ unless given. */
  readonly std?: number;
}

export type Tensors = Readonly<Record<string, readonly number[]>>;

/** Everything both passes give, tensor by tensor, after two backward passes into the same gradients. */
export function everything(
  layer: Layer,
  { T, B, ragged, oneHot, seed, std = 0.5 }: Drawn,
): Record<string, readonly number[]> {
  const rng = new Random(seed);
  normal(std)(layer.params, rng);
  const lengths = ragged ? raggedLengths(T, B).reverse() : undefined;
  const extent = { T, B, ...(lengths && { lengths }) };
  const x = oneHot
    ? Sequence.oneHot(
        Array.from({ length: T * B }, () => Math.floor(rng.uniform() * layer.inputs)),
        { ...extent, classes: layer.inputs },
      )
    : randomSequence({ ...extent, F: layer.inputs }, rng);
  const s0 = randomState(layer, B, rng);
  const { y, sT, tape } = layer.forward(x, s0);
  const dy = randomSequence({ ...extent, F: layer.outputs }, rng);
  const dsT = randomState(layer, B, rng);
  layer.params.zeroGrads();
  layer.backward(tape, dy, dsT);
  const { dx, ds0 } = layer.backward(tape, dy, dsT);
  const grads = Object.entries(layer.params.namedGrads()).map(([name, matrix]) => [`d${name}`, flat(matrix)]);
  const states = (s: object, suffix: string) =>
    Object.entries(s).map(([name, matrix]) => [name + suffix, flat(matrix)]);
  return Object.fromEntries([
    ['y', flat(y.rows())],
    ['dx', flat(dx.rows())],
    ...states(sT, '_T'),
    ...states(ds0, '0'),
    ...grads,
  ]);
}

/**
 * The largest deviation of a tensor over the tensor's largest number. Where sums cancel, as in a bias of one unit, both
 * orders of summation are off by the rounding of what was summed: a hundredth of the largest number of all is the least
 * that is divided by.
 */
export function apart(ours: Tensors, theirs: Tensors): Record<string, number> {
  expect(Object.keys(ours)).toEqual(Object.keys(theirs));
  const largestOf = (values: readonly number[]) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const least = largestOf(Object.values(theirs).flat()) / 100;
  return Object.fromEntries(
    Object.entries(theirs).map(([name, values]) => {
      const worst = largestOf(values.map((value, i) => value - (ours[name]?.[i] ?? Number.NaN)));
      return [name, worst === 0 ? 0 : worst / Math.max(largestOf(values), least)];
    }),
  );
}
