/** Pools over time: what they are on small numbers, every gradient, ties, padding, planted mistakes. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { rnn } from '../../lib/cells/rnn.ts';
import { checkLayer } from '../../lib/check/check-layer.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { lastStep, maxOverTime, meanOverTime, type PoolTape } from '../../lib/layers/pool.ts';
import { readout } from '../../lib/layers/readout.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { Sequence } from '../../lib/sequence.ts';
import { lengths, matrix, sequence, size } from '../arbitraries.ts';
import { deviation, flat } from '../numbers.ts';
import { touchedByPadding } from './padding.ts';

const pools = [
  ['last-step', 'PO-B1', lastStep, (x: number[]) => x[x.length - 1] ?? 0],
  ['mean-over-time', 'PO-B2', meanOverTime, (x: number[]) => x.reduce((a, b) => a + b) / x.length],
  ['max-over-time', 'PO-B3', maxOverTime, (x: number[]) => Math.max(...x)],
] as const;

const wrong = (layer: Layer, options = {}): string[] =>
  checkLayer(layer, options)
    .tensors.filter(({ ok }) => !ok)
    .map(({ name }) => name);

const problem = fc
  .tuple(size(7), size(4), size(3))
  .chain(([T, B, F]) => fc.tuple(fc.constant([T, B, F] as const), lengths(T, B)))
  .chain(([[T, B, F], own]) => fc.record({ x: sequence(T, B, F, own), dy: matrix(B, F) }));

/** Feature k of sequence b, over the steps that count. */
const column = (x: Sequence, b: number, k: number): number[] =>
  Array.from({ length: x.lengths?.[b] ?? x.T }, (_, t) => x.at(t).get(b, k));

const once = (x: Sequence, values: Matrix): Sequence => Sequence.dense(flat(values), { T: 1, B: x.B, F: x.F });

describe.each(pools)('%s', (name, tag, make, of) => {
  it('is that of each feature of each sequence, over the steps that count', () => {
    fc.assert(
      fc.property(problem, ({ x }) => {
        const { y, sT } = make(x.F).forward(x);
        const expected = Array.from({ length: x.B }, (_, b) =>
          Array.from({ length: x.F }, (_, k) => of(column(x, b, k))),
        );
        expect([y.T, y.B, y.lengths, sT]).toEqual([1, x.B, undefined, {}]);
        expect(deviation(y.rows(), new Matrix(expected))).toBeLessThan(1e-15);
      }),
    );
  });

  it('has an adjoint whose terms over the steps add up to dy, and for which y is ⟨weights, x⟩', () => {
    fc.assert(
      fc.property(problem, ({ x, dy }) => {
        const layer = make(x.F);
        const { y, tape } = layer.forward(x);
        const { dx } = layer.backward(tape, once(x, dy));
        for (let b = 0; b < x.B; b++) {
          for (let k = 0; k < x.F; k++) {
            const [xs, dxs] = [column(x, b, k), column(dx, b, k)];
            const product = xs.reduce((sum, xt, t) => sum + xt * (dxs[t] ?? Number.NaN), 0);
            expect(product).toBeCloseTo(dy.get(b, k) * y.at(0).get(b, k), 12);
            expect(dxs.reduce((sum, dxt) => sum + dxt)).toBeCloseTo(dy.get(b, k), 12);
          }
        }
      }),
    );
  });

  it('passes the gradient check, alone and between a network and a readout', () => {
    for (const [T, B] of [
      [5, 3],
      [1, 2],
      [7, 1],
    ] as const)
      expect(wrong(make(3), { T, B })).toEqual([]);
    const net = stack({ rnn: unroll(rnn, { d: 2, m: 3 }), pool: make(3), readout: readout({ m: 3, C: 2 }) });
    expect(wrong(net)).toEqual([]);
    expect(checkLayer(make(2)).tensors.map(({ name, tag }) => `${name} ${tag}`)).toEqual([`x ${tag}`]);
  });

  it('takes nothing from padding', () => {
    fc.assert(
      fc.property(size(6), size(4), size(1000), fc.boolean(), (T, B, seed, oneHot) => {
        expect(touchedByPadding(make(3), { T, B, seed, oneHot })).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('has no parameters, and refuses what does not fit', () => {
    const layer = make(2);
    expect([layer.name, layer.params.size, layer.params.named(), layer.state]).toEqual([name, 0, {}, {}]);
    const { tape } = layer.forward(Sequence.zeros({ T: 3, B: 2, F: 2 }));
    const dy = Sequence.zeros({ T: 1, B: 2, F: 2 });
    expect(() => layer.forward(Sequence.zeros({ T: 3, F: 1 }))).toThrow(/^x: expected 2 features/);
    expect(() => layer.forward(Sequence.zeros({ T: 3, F: 2 }), { h: Matrix.zeros(1, 2) })).toThrow(/^s0: expected/);
    expect(() => layer.backward(tape, Sequence.zeros({ T: 3, B: 2, F: 2 }))).toThrow(
      'dy: expected T=1 B=2, got T=3 B=2',
    );
    expect(() => layer.backward(tape, dy, { h: Matrix.zeros(2, 2) })).toThrow(ShapeError);
    expect(() => make(0)).toThrow(ValueError);
  });
});

describe('the maximum', () => {
  it('gives the gradient to the earliest of equal steps, and to one alone', () => {
    const x = Sequence.dense([1, 3, 2, 3, 3, 5], { T: 6, F: 1, lengths: [5] }); // PO-D1  t* = min arg max_{t ≤ τ} x_t
    const layer = maxOverTime(1);
    const { y, tape } = layer.forward(x);
    expect([...y.data]).toEqual([3]);
    expect([...layer.backward(tape, Sequence.dense([7], { T: 1, F: 1 })).dx.data]).toEqual([0, 7, 0, 0, 0, 0]);
  });

  it('is a subgradient there: no change of x raises it less than PO-B3 says', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 2, maxLength: 6 }), size(100), (xs, seed) => {
        const T = xs.length;
        const layer = maxOverTime(1);
        const max = (values: number[]) =>
          layer
            .forward(Sequence.dense(values, { T, F: 1 }))
            .y.at(0)
            .get(0, 0);
        const { tape } = layer.forward(Sequence.dense(xs, { T, F: 1 }));
        const g = [...layer.backward(tape, Sequence.dense([1], { T: 1, F: 1 })).dx.data];
        const v = xs.map((_, t) => Math.sin(seed * (t + 1)));
        const rise = g.reduce((sum, gt, t) => sum + gt * (v[t] ?? Number.NaN), 0);
        expect(max(xs.map((xt, t) => xt + (v[t] ?? Number.NaN)))).toBeGreaterThanOrEqual(max(xs) + rise - 1e-12);
      }),
    );
  });

  it('of negative numbers is not 0', () => {
    const x = Sequence.dense([-3, -1, -2], { T: 3, F: 1 });
    expect([...maxOverTime(1).forward(x).y.data]).toEqual([-1]);
  });
});

describe('a planted mistake is caught', () => {
  const [last, mean, max] = [lastStep(2), meanOverTime(2), maxOverTime(2)];
  const scaled = (layer: Layer<PoolTape>, factor: (x: Sequence, n: number) => number): Layer => {
    const spoilt: Layer<PoolTape> = {
      ...layer,
      backward(tape, dy) {
        const { dx } = layer.backward(tape, dy);
        const values = dx.data.map((value, i) => value * factor(dx, Math.floor(i / dx.F)));
        return { dx: Sequence.dense([...values], { ...dx.extent(), F: dx.F }), ds0: {} };
      },
    };
    return spoilt;
  };
  const withForward = (layer: Layer<PoolTape>, backward: Layer<PoolTape>['backward']): Layer => {
    const spoilt: Layer<PoolTape> = { ...layer, backward };
    return spoilt;
  };
  const whole = (x: Sequence) => {
    const numbers = flat(x.rows()).map((value, i) => (x.counts(Math.floor(i / x.F)) ? value : 9));
    return Sequence.dense(numbers, { T: x.T, B: x.B, F: x.F });
  };

  it.each<[string, Layer]>([
    ['the sign', scaled(last, () => -1)],
    ['1/T for 1/τ', scaled(mean, (x, n) => (x.lengths?.[n % x.B] ?? x.T) / x.T)],
    ['1/τ forgotten', scaled(mean, (x, n) => x.lengths?.[n % x.B] ?? x.T)],
    [
      'the first step for the last',
      withForward(last, ({ x }, dy) => {
        const { dx } = last.backward({ x }, dy);
        return { dx: Sequence.dense([...dx.data].reverse(), { ...dx.extent(), F: 2 }), ds0: {} };
      }),
    ],
    ['slot T for the last step that counts', withForward(last, ({ x }, dy) => last.backward({ x: whole(x) }, dy))],
    ['the mean’s gradient under the maximum', withForward(max, mean.backward)],
    ['a maximum that takes in padding', withForward(max, ({ x }, dy) => max.backward({ x: whole(x) }, dy))],
    [
      'one feature’s maximum for another’s',
      withForward(max, ({ x }, dy) => {
        const swapped = Sequence.zeros({ ...x.extent(), F: 2 });
        for (let n = 0; n < x.T * x.B; n++) swapped.rows().setRow(n, x.rows().getRow(n).reverse());
        return max.backward({ x: swapped }, dy);
      }),
    ],
  ])('%s', (_, layer) => {
    expect(wrong(layer, { T: 8 })).toEqual(['x']);
  });
});
