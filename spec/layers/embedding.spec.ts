/** The embedding: gather and scatter-add, every gradient, the input matrix it is the transpose of, planted mistakes. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { rnn } from '../../lib/cells/rnn.ts';
import { checkLayer } from '../../lib/check/check-layer.ts';
import { raggedLengths } from '../../lib/check/problem.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { type EmbeddingTape, embedding } from '../../lib/layers/embedding.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { addTo } from '../../lib/matrix.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { size } from '../arbitraries.ts';
import { deviation, flat } from '../numbers.ts';
import { randomSymbols, touchedByPadding } from './padding.ts';

const wrong = (layer: Layer, options = {}): string[] =>
  checkLayer(layer, options)
    .tensors.filter(({ ok }) => !ok)
    .map(({ name }) => name);

const drawn = (C: number, e: number, seed = 1) => {
  const layer = embedding({ C, e });
  normal(0.5)(layer.params, new Random(seed));
  return layer;
};

describe('the embedding', () => {
  it('puts out the row of each symbol, and adds each gradient to the row it came from', () => {
    const layer = embedding({ C: 3, e: 2 });
    layer.params.values.set([1, 2, 10, 20, 100, 200]);
    const x = Sequence.oneHot([2, 0, 2, 2], { T: 4, classes: 3 });
    const { y, tape } = layer.forward(x);
    expect([...y.data]).toEqual([100, 200, 1, 2, 100, 200, 100, 200]);
    layer.params.grads.fill(1000);
    layer.backward(tape, Sequence.dense([1, 2, 3, 4, 5, 6, 7, 8], { T: 4, F: 2 }));
    expect([...layer.params.grads]).toEqual([1003, 1004, 1000, 1000, 1013, 1016]); // symbol 2 comes three times
  });

  it('gives the same for one-hot inputs and for the dense ones they stand for', () => {
    fc.assert(
      fc.property(size(6), size(3), size(4), size(3), size(1000), (T, B, C, e, seed) => {
        const layer = drawn(C, e, seed);
        const symbols = randomSymbols(C, { T, B, lengths: raggedLengths(T, B) }, new Random(seed));
        const dense = Sequence.dense(flat(symbols.rows()), { ...symbols.extent(), F: C });
        const [one, other] = [symbols, dense].map(x => {
          layer.params.zeroGrads();
          const { y, tape } = layer.forward(x);
          const { dx } = layer.backward(tape, y);
          return [y.rows(), dx.rows(), Matrix.rowVector([...layer.params.grads])].map(flat);
        });
        expect(one).toEqual(other);
      }),
    );
  });

  it('is the input matrix transposed: U x_t, with the gradients of U', () => {
    const [T, B, C, e] = [5, 3, 4, 4];
    const layer = drawn(C, e);
    const linear = unroll({ ...rnn, forward: (p, x, prev) => rnn.forward(p, x, prev) }, { d: C, m: e });
    const { E } = layer.params.named();
    const U = linear.params.named().U;
    addTo(U, new Matrix(E.to2DArray()).transpose()); // EM-D1  U = Eᵀ
    const x = randomSymbols(C, { T, B }, new Random(2));
    const h = linear.forward(x);
    const { y, tape } = layer.forward(x);
    expect(deviation(new Matrix(h.y.rows().to2DArray()), Matrix.tanh(new Matrix(y.rows().to2DArray())))).toBeLessThan(
      1e-15,
    );
    const dy = Sequence.dense(
      flat(h.y.rows()).map((_, i) => Math.cos(i)),
      { T, B, F: e },
    );
    const slope = (n: number) => 1 - (h.y.data[n] ?? 0) ** 2;
    const da = Sequence.dense(
      [...dy.data].map((v, n) => v * slope(n)),
      { T, B, F: e },
    );
    const { dx } = layer.backward(tape, da);
    const other = linear.backward(h.tape, dy);
    const dE = new Matrix(layer.params.namedGrads().E.to2DArray());
    expect(deviation(dE.transpose(), linear.params.namedGrads().U)).toBeLessThan(1e-14); // EM-D1  U = Eᵀ
    expect(deviation(dx.rows(), other.dx.rows())).toBeLessThan(1e-14);
  });

  it('passes the gradient check, on symbols and on dense inputs, alone and under a network', () => {
    fc.assert(
      fc.property(size(5), size(3), size(4), size(3), size(1000), fc.boolean(), (T, B, C, e, seed, oneHot) => {
        expect(wrong(embedding({ C, e }), { T, B, seed, oneHot })).toEqual([]);
      }),
      { numRuns: 30 },
    );
    const net = stack({ embedding: embedding({ C: 3, e: 2 }), rnn: unroll(rnn, { d: 2, m: 3 }) });
    expect([wrong(net), wrong(net, { oneHot: true })]).toEqual([[], []]);
    expect(checkLayer(embedding({ C: 3, e: 2 })).tensors.map(({ name, tag }) => `${name} ${tag}`)).toEqual([
      'E EM-B1',
      'x EM-B2',
    ]);
  });

  it('takes nothing from padding, and puts zeros there', () => {
    fc.assert(
      fc.property(size(6), size(4), size(1000), fc.boolean(), (T, B, seed, oneHot) => {
        expect(touchedByPadding(embedding({ C: 4, e: 3 }), { T, B, seed, oneHot })).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('refuses what does not fit, naming it', () => {
    const layer = embedding({ C: 3, e: 2 });
    const x = Sequence.oneHot([0, 1], { T: 2, classes: 3 });
    const { tape } = layer.forward(x);
    expect(() => layer.forward(Sequence.oneHot([0], { T: 1, classes: 2 }))).toThrow(/^x: expected 3 features/);
    expect(() => layer.forward(x, { h: Matrix.zeros(1, 2) })).toThrow(/^s0: expected/);
    expect(() => layer.backward(tape, Sequence.zeros({ T: 2, F: 3 }))).toThrow(/^dy: expected 2 features/);
    expect(() => layer.backward(tape, Sequence.zeros({ T: 2, F: 2 }), { h: Matrix.zeros(1, 2) })).toThrow(ShapeError);
    expect(() => embedding({ C: 0, e: 2 })).toThrow(/^C: expected a positive integer/);
    expect(() => embedding({ C: 3, e: 0.5 })).toThrow(ValueError);
  });
});

describe('a planted mistake is caught, and named by the tensor it spoils', () => {
  const right = embedding({ C: 3, e: 3 });
  type Backward = Layer<EmbeddingTape>['backward'];

  /** The layer with another dE, made of what a right one adds. */
  const withE =
    (spoilt: (dE: Matrix, tape: EmbeddingTape, dy: Sequence) => Matrix): Backward =>
    (tape, dy) => {
      const before = right.params.grads.slice();
      const result = right.backward(tape, dy);
      const dE = right.params.namedGrads().E;
      const wanted = spoilt(new Matrix(dE.to2DArray()), tape, dy);
      right.params.grads.set(before);
      addTo(dE, wanted);
      return result;
    };

  it.each<[string, readonly string[], boolean, Backward]>([
    ['none', [], true, withE(dE => dE)],
    ['dE transposed', ['E'], true, withE(dE => dE.transpose())],
    ['the sign of dE', ['E'], true, withE(dE => dE.neg())],
    [
      'a repeated symbol assigned, not added',
      ['E'],
      true,
      withE((dE, { x }, dy) => {
        x.rows()
          .to2DArray()
          .forEach((row, n) => {
            if (x.counts(n)) dE.setRow(row.indexOf(1), dy.rows().getRow(n));
          });
        return dE;
      }),
    ],
    [
      'padding scattered too',
      ['E'],
      true,
      withE((_, { x }, dy) => new Matrix(x.rows().to2DArray()).transpose().mmul(new Matrix(dy.rows().to2DArray()))),
    ],
    [
      'E for Eᵀ in dx',
      ['x'],
      false,
      (tape, dy) => {
        const { dx } = right.backward(tape, dy);
        const { E } = right.params.named();
        for (let n = 0; n < dx.T * dx.B; n++) {
          const g = Matrix.rowVector(dy.rows().getRow(n));
          if (dx.counts(n)) dx.rows().setRow(n, g.mmul(E));
        }
        return { dx, ds0: {} };
      },
    ],
  ])('%s', (_, spoilt, oneHot, backward) => {
    const layer: Layer<EmbeddingTape> = { ...right, backward };
    expect(wrong(layer, { oneHot })).toEqual(spoilt);
  });
});
