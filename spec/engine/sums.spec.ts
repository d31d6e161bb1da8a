/** The parameters' gradients of very many rows: in 32 bits they are those of 64, to 1e-4, however many are added up. */
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { conditioned } from '../../lib/cells/conditioned.ts';
import { gru } from '../../lib/cells/gru.ts';
import { cells } from '../../lib/cells/index.ts';
import { lstmPeephole } from '../../lib/cells/lstm-peephole.ts';
import { trace } from '../../lib/cells/trace.ts';
import { linear } from '../../lib/engine/linear.ts';
import type { Precision } from '../../lib/engine/precision.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { greatest } from '../../lib/extremes.ts';
import { normal } from '../../lib/init/initialisers.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { flat } from '../numbers.ts';

type Make = (precision: Precision) => Layer;

/** What is summed: numbers of one sign, almost alike, which rounding takes the same way again and again. */
interface Problem {
  readonly T: number;
  readonly B: number;
  readonly lengths?: readonly number[];
  readonly oneHot?: boolean;
  readonly passes?: number;
}

/** So many numbers about one, no two neighbours the same. */
function about(one: number, count: number): Float32Array {
  const numbers = new Float32Array(count);
  for (let n = 0; n < count; n++) numbers[n] = one + 0.003 * (n % 11);
  return numbers;
}

/**
 * The largest deviation of a gradient from that in f64, over the largest of its tensor; where that is small because its terms
 * cancel, over a hundredth of the largest of all.
 */
function deviation(make: Make, { T, B, lengths, oneHot = false, passes = 1 }: Problem): number {
  const [narrow, wide] = (['f32', 'f64'] as const).map(precision => {
    const layer = make(precision);
    const extent = { T, B, ...(lengths && { lengths }) };
    normal(0.5)(layer.params, new Random(1));
    const F = layer.inputs;
    const x = oneHot
      ? Sequence.oneHot(new Int32Array(T * B), { ...extent, classes: F })
      : Sequence.dense(about(0.3, T * B * F), { ...extent, F });
    const dy = Sequence.dense(about(0.1, T * B * layer.outputs), { ...extent, F: layer.outputs });
    for (let n = 0; n < passes; n++) {
      const { tape } = layer.forward(x);
      layer.backward(tape, dy);
      layer.release?.(tape);
    }
    return Object.values(layer.params.namedGrads()).map(matrix => flat(matrix));
  });
  const largest = (numbers: readonly number[]) => greatest(numbers.map(Math.abs));
  const least = largest((wide ?? []).flat()) / 100;
  const worst = (wide ?? []).map((theirs, k) => {
    const off = largest(theirs.map((value, i) => value - (narrow?.[k]?.[i] ?? Number.NaN)));
    return off / Math.max(largest(theirs), least);
  });
  return greatest(worst);
}

const of =
  (cell: Cell, m: number = 3, d: number = 1): Make =>
  precision =>
    recurrent(cell, { d, m }, { precision }) as Layer;
const all = [...Object.values<Cell>(cells), conditioned(gru, { k: 1 }) as Cell];
const readout: Make = precision => linear({ m: 1, C: 2 }, { precision }) as Layer;

describe('20,000 rows', () => {
  it.each(all)('of $name, in one step, and in ragged ones', cell => {
    expect(deviation(of(cell), { T: 1, B: 20_000 })).toBeLessThan(1e-4);
    expect(
      deviation(of(cell), { T: 5, B: 2000, lengths: Array.from({ length: 2000 }, (_, b) => 1 + (b % 5)) }),
    ).toBeLessThan(1e-4);
  });

  it.each(all)('of $name, all of them one class', cell => {
    expect(deviation(of(cell, 3, 2), { T: 2, B: 10_000, oneHot: true })).toBeLessThan(1e-4);
  });

  it('of a readout', () => {
    expect(deviation(readout, { T: 1, B: 20_000 })).toBeLessThan(1e-4);
    expect(deviation(readout, { T: 100, B: 200 })).toBeLessThan(1e-4);
  });
});

describe('very many rows', () => {
  it.each<[string, Make, Problem]>([
    ['of a readout', readout, { T: 1, B: 1_000_000 }],
    ['of one class', readout, { T: 1, B: 300_000, oneHot: true }],
    ['of traces', of(trace as Cell, 1), { T: 1, B: 700_000 }],
    ['of peepholes', of(lstmPeephole as Cell, 1), { T: 2, B: 100_000 }],
    ['of one long sequence, several times', of(gru as Cell, 1), { T: 50_000, B: 1, passes: 5 }],
  ])('%s', (_, make, problem) => {
    expect(deviation(make, problem)).toBeLessThan(1e-4);
  });
});

it('many passes over many spans', () => {
  expect(deviation(of(gru as Cell, 16, 3), { T: 300, B: 16, passes: 40 })).toBeLessThan(1e-4);
});
