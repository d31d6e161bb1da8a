/** The window net: what it computes, its gradients through a readout and the loss, planted mistakes. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { checkGradients, type GradientReport } from '../../lib/check/finite-differences.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { readout } from '../../lib/layers/readout.ts';
import { crossEntropy } from '../../lib/losses/cross-entropy.ts';
import { type WindowNet, windowNet } from '../../lib/models/window-net.ts';
import { ParamSet } from '../../lib/params.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import type { Matrices } from '../../lib/shape.ts';
import { size } from '../arbitraries.ts';
import { flat } from '../numbers.ts';

/** Sizes, a text, and places in it, of which some come more than once and some are near its beginning. */
const problem = fc.tuple(size(4), size(4), size(4)).chain(([C, N, m]) =>
  fc.record({
    size: fc.constant({ C, N, m }),
    text: fc.array(fc.nat(C - 1), { minLength: 6, maxLength: 6 }).map(text => Int32Array.from(text)),
    places: fc.array(fc.nat(5), { minLength: 1, maxLength: 5 }).map(places => Int32Array.from(places)),
    seed: fc.nat(1000),
  }),
);

const drawn = (sizes: Parameters<typeof windowNet>[0], seed = 1): WindowNet => {
  const net = windowNet(sizes);
  normal(0.7)(net.params, new Random(seed));
  return net;
};

/** A net under a readout, foretelling a text at some places: every gradient against finite differences. */
function checked(
  net: WindowNet,
  { C, m }: { C: number; m: number },
  places = Int32Array.of(0, 1, 2, 7, 4, 4),
): GradientReport {
  const text = Int32Array.of(1, 0, 2, 2, 0, 1, 2, 1);
  const top = readout({ m, C });
  const params = ParamSet.join({ hidden: net.params, top: top.params });
  normal(0.7)(params, new Random(3));
  const right = places.map(place => text[place] ?? 0);
  const pass = () => {
    const { h, tape } = net.forward(text, places);
    const { y, tape: topTape } = top.forward(h);
    const { loss, tape: lossTape } = crossEntropy.forward(y, right);
    return { tape, topTape, loss, lossTape };
  };
  const { tape, topTape, lossTape } = pass();
  net.backward(tape, top.backward(topTape, crossEntropy.backward(lossTape)).dx);
  const tags: Readonly<Record<string, string>> = { 'hidden.E': 'WN-B2', 'hidden.b': 'WN-B3' };
  const grads: Matrices = params.namedGrads();
  const tensors = Object.entries(params.named()).map(([name, values]) => ({
    name,
    values,
    gradient: grads[name] ?? new Matrix(0, 0),
    tag: tags[name] ?? 'RO-B1',
  }));
  return checkGradients(() => pass().loss, tensors);
}

const wrong = ({ tensors }: GradientReport): string[] => tensors.filter(({ ok }) => !ok).map(({ name }) => name);

describe('the window net', () => {
  it('adds, for every symbol it sees, the row of the symbol and the place, and squashes', () => {
    fc.assert(
      fc.property(problem, ({ size: { C, N, m }, text, places, seed }) => {
        const net = drawn({ C, N, m }, seed);
        const { E, b } = net.params.named();
        const { h } = net.forward(text, places);
        const expected = [...places].flatMap(place =>
          Array.from({ length: m }, (_, i) => {
            let a = b.get(0, i);
            for (let j = 0; j < N && j < place; j++) a += E.get(j * C + (text[place - 1 - j] ?? 0), i);
            return Math.tanh(a);
          }),
        );
        expect([h.T, h.B, h.F]).toEqual([1, places.length, m]);
        for (const [n, value] of flat(h.rows()).entries()) expect(value).toBeCloseTo(expected[n] ?? Number.NaN, 14);
      }),
    );
  });

  it('is an unrolled sum of one-hot products, E_j being U_jᵀ', () => {
    const net = drawn({ C: 3, N: 2, m: 4 });
    const { E, b } = net.params.named();
    const U = (j: number) => E.subMatrix(3 * j, 3 * j + 2, 0, 3).transpose();
    const oneHot = (k: number) => Matrix.columnVector([0, 1, 2].map(c => (c === k ? 1 : 0)));
    const a = U(0)
      .mmul(oneHot(2))
      .add(U(1).mmul(oneHot(1)))
      .add(b.transpose());
    const { h } = net.forward(Int32Array.of(1, 2, 0), Int32Array.of(2));
    expect(flat(h.rows())).toEqual(flat(a).map(x => expect.closeTo(Math.tanh(x), 14)));
  });

  it('passes the gradient check, under a readout and the cross-entropy, also where the text has just begun', () => {
    const report = checked(windowNet({ C: 3, N: 3, m: 4 }), { C: 3, m: 4 });
    expect(wrong(report)).toEqual([]);
    expect(report.tensors.map(({ name }) => name)).toEqual(['hidden.E', 'hidden.b', 'top.V', 'top.c']);
    for (const { largest } of report.tensors) expect(largest).toBeGreaterThan(1e-3);
  });

  it('adds into its gradients, twice the same to the last bit, and changes nothing else', () => {
    fc.assert(
      fc.property(problem, ({ size, text, places, seed }) => {
        const net = drawn(size, seed);
        const { h, tape } = net.forward(text, places);
        const dh = Sequence.dense(
          Float64Array.from(h.data, (x, n) => x + n / 7 - 1),
          { T: 1, B: h.B, F: h.F },
        );
        const before = JSON.stringify([text, places, h.data, dh.data, [...net.params.values]]);
        net.backward(tape, dh);
        const once = net.params.grads.slice();
        net.params.zeroGrads();
        net.backward(tape, dh);
        expect(net.params.grads).toEqual(once);
        net.backward(tape, dh);
        for (const [n, g] of net.params.grads.entries()) expect(g).toBeCloseTo(2 * (once[n] ?? 0), 12);
        expect(JSON.stringify([text, places, h.data, dh.data, [...net.params.values]])).toBe(before);
      }),
      { numRuns: 30 },
    );
  });

  it('does not see beyond its window, nor the symbol to be foretold', () => {
    const net = drawn({ C: 4, N: 2, m: 3 });
    const h = (...text: number[]) => [...net.forward(Int32Array.from(text), Int32Array.of(3)).h.data];
    expect(h(0, 1, 2, 3)).toEqual(h(3, 1, 2, 0));
    expect(h(0, 1, 2, 3)).not.toEqual(h(0, 2, 1, 3));
    expect(h(0, 1, 2, 3)).not.toEqual(h(0, 0, 2, 3));
  });

  it.each<[argument: string, run: () => unknown]>([
    ['C', () => windowNet({ C: 0, N: 1, m: 1 })],
    ['N', () => windowNet({ C: 2, N: 0, m: 1 })],
    ['m', () => windowNet({ C: 2, N: 1, m: 1.5 })],
    ['places.length', () => drawn({ C: 2, N: 1, m: 1 }).forward(Int32Array.of(0, 1), Int32Array.of())],
    ['places[1]', () => drawn({ C: 2, N: 1, m: 1 }).forward(Int32Array.of(0, 1), Int32Array.of(1, 3))],
    ['places[0]', () => drawn({ C: 2, N: 1, m: 1 }).forward(Int32Array.of(0, 1), Int32Array.of(-1))],
    ['text[1]', () => drawn({ C: 2, N: 1, m: 1 }).forward(Int32Array.of(0, 2), Int32Array.of(2))],
  ])('refuses a bad %s', (argument, run) => {
    expect(run).toThrow(expect.objectContaining({ name: 'ValueError', argument }));
  });

  it('refuses a gradient of another shape', () => {
    const net = drawn({ C: 2, N: 1, m: 3 });
    const { tape } = net.forward(Int32Array.of(0, 1), Int32Array.of(1));
    expect(() => net.backward(tape, Sequence.zeros({ T: 1, F: 2 }))).toThrow(
      expect.objectContaining({ name: 'ShapeError' }),
    );
  });
});

describe('a planted mistake is caught, and named by the tensor it spoils', () => {
  const SIZE = { C: 3, N: 3, m: 4 };
  type Backward = (net: WindowNet, ...args: Parameters<WindowNet['backward']>) => void;
  const mistakes: readonly (readonly [string, readonly string[], Backward])[] = [
    [
      'the slope dropped',
      ['hidden.E', 'hidden.b'],
      (net, { rows, h }, dh) => net.backward({ rows, h: Sequence.zeros({ T: 1, B: h.B, F: h.F }) }, dh),
    ],
    [
      'the rows of the places one further back',
      ['hidden.E'],
      (net, { rows, h }, dh) =>
        net.backward({ h, rows: rows.map(r => (r < 0 ? r : (r + SIZE.C) % (SIZE.N * SIZE.C))) }, dh),
    ],
    [
      'one matrix shared by all places',
      ['hidden.E'],
      (net, { rows, h }, dh) => net.backward({ h, rows: rows.map(r => (r < 0 ? r : r % SIZE.C)) }, dh),
    ],
    [
      'a symbol where there was none',
      ['hidden.E'],
      (net, { rows, h }, dh) => net.backward({ h, rows: rows.map(r => Math.max(0, r)) }, dh),
    ],
    [
      'the mean over the examples',
      ['hidden.E', 'hidden.b'],
      (net, tape, dh) =>
        net.backward(
          tape,
          Sequence.dense(
            Float64Array.from(dh.data, x => x / dh.B),
            { T: 1, B: dh.B, F: dh.F },
          ),
        ),
    ],
  ];

  it.each(mistakes)('%s', (_, spoilt, backward) => {
    const net = windowNet(SIZE);
    expect(wrong(checked({ ...net, backward: (tape, dh) => backward(net, tape, dh) }, SIZE))).toEqual(spoilt);
  });
});
