import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { requireSequence, Sequence } from '../lib/sequence.ts';
import type { FloatArray } from '../lib/views.ts';
import { lengths, size } from './arbitraries.ts';
import { flat } from './numbers.ts';

const sizes = fc.tuple(size(5), size(4), size(4));

/** A sequence that holds 0, 1, 2, … */
const counting = (T: number, B: number, F: number, Memory: typeof Float64Array | typeof Float32Array = Float64Array) =>
  Sequence.dense(new Memory(Array.from({ length: T * B * F }, (_, n) => n)), { T, B, F });

/** A one-hot sequence and its class indices. */
const oneHot = sizes.chain(([T, B, classes]) =>
  fc
    .array(fc.integer({ min: 0, max: classes - 1 }), { minLength: T * B, maxLength: T * B })
    .map(indices => ({ T, B, classes, indices, x: Sequence.oneHot(indices, { T, B, classes }) })),
);

/** Steps `from` to `to` of T, at least one of them. */
const range = (T: number) =>
  fc
    .tuple(fc.nat(T), fc.nat(T))
    .filter(([a, b]) => a !== b)
    .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);

describe('a dense sequence', () => {
  it('lies in memory step by step, sequence by sequence, feature by feature', () => {
    fc.assert(
      fc.property(sizes, fc.constantFrom(Float64Array, Float32Array), ([T, B, F], Memory) => {
        const x = counting(T, B, F, Memory);
        for (let t = 0; t < T; t++) {
          const expected = Matrix.zeros(B, F).to2DArray();
          expect(x.at(t).to2DArray()).toEqual(expected.map((row, b) => row.map((_, f) => (t * B + b) * F + f)));
        }
        expect([x.rows().rows, x.rows().columns]).toEqual([T * B, F]);
        expect(flat(x.rows())).toEqual(Array.from(x.data));
      }),
    );
  });

  it.each<[string, FloatArray]>([
    ['Float64Array', new Float64Array(12)],
    ['Float32Array', new Float32Array(12)],
  ])('shares a %s, and at() and rows() are windows of it', (_, data) => {
    const x = Sequence.dense(data, { T: 3, B: 2, F: 2 });
    expect(x.data).toBe(data);
    x.at(1).set(1, 0, 5);
    expect(data.indexOf(5)).toBe(6);
    x.rows().set(3, 0, 7);
    expect(x.at(1).get(1, 0)).toBe(7);
    data[6] = 9;
    expect([x.at(1).get(1, 0), x.rows().get(3, 0)]).toEqual([9, 9]);
  });

  it('copies a plain array', () => {
    const numbers = [1, 2];
    const x = Sequence.dense(numbers, { T: 2, F: 1 });
    x.at(0).set(0, 0, 3);
    expect(numbers).toEqual([1, 2]);
    expect(Array.from(x.data)).toEqual([3, 2]);
  });

  it('is one sequence where B is not given', () => {
    const made = [Sequence.zeros({ T: 2, F: 3 }), Sequence.oneHot([0, 1], { T: 2, classes: 3 })];
    for (const { T, B, F } of made) expect([T, B, F]).toEqual([2, 1, 3]);
  });
});

it('zeros are zeros that can be written to', () => {
  const x = Sequence.zeros({ T: 2, B: 2, F: 1 });
  expect(x.data).toEqual(new Float64Array(4));
  x.at(1).set(0, 0, 5);
  expect(Array.from(x.data)).toEqual([0, 0, 5, 0]);
});

describe('a one-hot sequence', () => {
  it('reads as the dense one', () => {
    fc.assert(
      fc.property(oneHot, ({ T, B, classes, indices, x }) => {
        const rows = indices.flatMap(k => Array.from({ length: classes }, (_, c) => (c === k ? 1 : 0)));
        const dense = Sequence.dense(rows, { T, B, F: classes });
        for (let t = 0; t < T; t++) expect(x.at(t).to2DArray()).toEqual(dense.at(t).to2DArray());
        expect(x.rows().to2DArray()).toEqual(dense.rows().to2DArray());
      }),
    );
  });

  it('shares an Int32Array, and at() and rows() are windows of it', () => {
    const indices = Int32Array.of(0, 1, 2, 0);
    const x = Sequence.oneHot(indices, { T: 2, B: 2, classes: 3 });
    const [block, rows] = [x.at(1), x.rows()];
    expect(x.data).toBe(indices);
    indices[2] = 1;
    expect(block.to2DArray()).toEqual([
      [0, 1, 0],
      [1, 0, 0],
    ]);
    expect(rows.getRow(2)).toEqual([0, 1, 0]);
  });

  it('copies a plain array', () => {
    const numbers = [0, 1];
    const x = Sequence.oneHot(numbers, { T: 2, classes: 2 });
    x.data[0] = 1;
    expect(numbers).toEqual([0, 1]);
  });
});

describe('a slice', () => {
  it('of a dense sequence is its steps, in the same memory', () => {
    const cases = sizes.chain(([T, B, F]) => fc.tuple(fc.constant(counting(T, B, F)), range(T)));
    fc.assert(
      fc.property(cases, ([x, [from, to]]) => {
        const part = x.slice(from, to);
        expect([part.T, part.B, part.F]).toEqual([to - from, x.B, x.F]);
        for (let t = from; t < to; t++) expect(part.at(t - from).to2DArray()).toEqual(x.at(t).to2DArray());
        part.at(0).set(0, 0, -1);
        expect(x.at(from).get(0, 0)).toBe(-1);
        x.at(to - 1).set(x.B - 1, x.F - 1, -2);
        expect(part.at(part.T - 1).get(x.B - 1, x.F - 1)).toBe(-2);
      }),
    );
  });

  it('of a one-hot sequence is its steps, in the same memory', () => {
    const cases = oneHot.chain(({ T, x }) => fc.tuple(fc.constant(x), range(T)));
    fc.assert(
      fc.property(cases, ([x, [from, to]]) => {
        const part = x.slice(from, to);
        expect([part.T, part.B, part.F]).toEqual([to - from, x.B, x.F]);
        for (let t = from; t < to; t++) expect(part.at(t - from).to2DArray()).toEqual(x.at(t).to2DArray());
        part.data.fill(x.F - 1);
        expect(x.at(from).get(0, x.F - 1)).toBe(1);
      }),
    );
  });
});

describe('lengths', () => {
  const cases = sizes.chain(([T, B, F]) => fc.tuple(fc.constant({ T, B, F }), lengths(T, B)));

  it('say which steps of which sequence count', () => {
    fc.assert(
      fc.property(cases, ([extent, own]) => {
        const x = Sequence.zeros({ ...extent, ...(own && { lengths: own }) });
        for (let t = 0; t < x.T; t++) {
          const counted = Array.from({ length: x.B }, (_, b) => own === undefined || t < (own[b] ?? 0));
          expect(x.active(t)).toEqual(own && counted);
          expect(counted.map((_, b) => x.counts(t * x.B + b))).toEqual(counted);
        }
      }),
    );
  });

  it('go with the extent to a sequence beside it', () => {
    fc.assert(
      fc.property(cases, ([extent, own]) => {
        const x = Sequence.zeros({ ...extent, ...(own && { lengths: own }) });
        const y = Sequence.oneHot(new Int32Array(x.T * x.B), { ...x.extent(), classes: 2 });
        expect([y.T, y.B, y.lengths]).toEqual([x.T, x.B, own && Int32Array.from(own)]);
      }),
    );
  });

  it('are copied', () => {
    const own = Int32Array.of(1, 2);
    const x = Sequence.zeros({ T: 2, B: 2, F: 1, lengths: own });
    own[0] = 2;
    expect(x.active(1)).toEqual([false, true]);
  });
});

describe('bad input is refused by name:', () => {
  const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
  const ok = { T: 2, B: 2, F: 2 };
  const x = Sequence.zeros(ok);
  const zeros = (changed: Partial<typeof ok & { lengths: number[] }>) => () => Sequence.zeros({ ...ok, ...changed });
  const dense = (data: number[] | FloatArray, F = 1) => {
    return () => Sequence.dense(data, { T: 2, B: 1, F });
  };
  const hot = (indices: number[], changed = {}) => {
    return () => Sequence.oneHot(indices, { T: 2, B: 1, classes: 3, ...changed });
  };

  it.each<[name: string, argument: string, act: () => unknown]>([
    ['ShapeError', 'data', dense([1])],
    ['ShapeError', 'data', dense([1, 2, 3])],
    ['ShapeError', 'data', dense([])],
    ['ShapeError', 'indices', hot([0, 1, 2])],
    ['ShapeError', 'indices', hot([])],
    ['ValueError', 'data[1]', dense([1, nan])],
    ['ValueError', 'data[0]', dense(Float64Array.of(-infinity, 1))],
    ['ValueError', 'data[1]', dense(Float32Array.of(1, 1e39))],
    ['ValueError', 'indices[1]', hot([0, 3])],
    ['ValueError', 'indices[0]', hot([-1, 0])],
    ['ValueError', 'indices[1]', hot([0, 0.5])],
    ['ValueError', 'indices[0]', hot([nan, 0])],
    ['ShapeError', 'lengths', zeros({ lengths: [] })],
    ['ShapeError', 'lengths', zeros({ lengths: [1] })],
    ['ShapeError', 'lengths', zeros({ lengths: [1, 1, 1] })],
    ['ShapeError', 'lengths', hot([0, 0], { lengths: [1, 1] })],
    ['ValueError', 'lengths[1]', zeros({ lengths: [1, 0] })],
    ['ValueError', 'lengths[0]', zeros({ lengths: [3, 1] })],
    ['ValueError', 'lengths[0]', zeros({ lengths: [1.5, 1] })],
    ['ValueError', 'lengths[1]', zeros({ lengths: [1, nan] })],
    ['ValueError', 'lengths', () => Sequence.zeros({ ...ok, lengths: [2, 2] }).slice(0, 1)],
    ['MemoryError', 'T·B·F', zeros({ T: 2 ** 45 })],
    [
      'MemoryError',
      'T·B·F',
      () => Sequence.zeros({ ...ok, T: 2 ** 45 }, Sequence.over(new Float32Array(1), { T: 1, F: 1 })),
    ],
    ['ValueError', 't', () => x.at(-1)],
    ['ValueError', 't', () => x.at(2)],
    ['ValueError', 't', () => x.at(0.5)],
    ['ValueError', 'from', () => x.slice(-1, 1)],
    ['ValueError', 'from', () => x.slice(2, 3)],
    ['ValueError', 'to', () => x.slice(0, 3)],
    ['ValueError', 'to', () => x.slice(1, 1)],
    ['ValueError', 'to', () => x.slice(1, 0)],
    ['ValueError', 'to', () => x.slice(0, 1.5)],
  ])('%s: %s (%#)', (name, argument, act) => {
    expect(act).toThrow(expect.objectContaining({ name, argument }));
  });

  it.each([0, -1, 1.5, nan, infinity])('a size of %d', bad => {
    const made: [string, () => unknown][] = [
      ['T', zeros({ T: bad })],
      ['B', zeros({ B: bad })],
      ['F', zeros({ F: bad })],
      ['F', dense([1, 2], bad)],
      ['T', hot([0, 1], { T: bad })],
      ['B', hot([0, 1], { B: bad })],
      ['classes', hot([0, 1], { classes: bad })],
    ];
    for (const [argument, act] of made) expect(act).toThrow(expect.objectContaining({ name: 'ValueError', argument }));
  });

  it('what a layer is given instead of the sequence it needs', () => {
    const spoilt = Sequence.dense(Float64Array.of(1, 2), { T: 2, F: 1 });
    spoilt.data[1] = nan;
    expect(requireSequence('x', x, 2, Sequence.zeros({ ...ok, F: 5 }))).toBe(x);
    const made: [string, string, () => unknown][] = [
      ['ShapeError', 'x', () => requireSequence('x', [1, 2] as unknown as Sequence)],
      ['ShapeError', 'x', () => requireSequence('x', x, 3)],
      ['ShapeError', 'x', () => requireSequence('x', x, 2, Sequence.zeros({ ...ok, T: 3 }))],
      ['ShapeError', 'x', () => requireSequence('x', x, 2, Sequence.zeros({ ...ok, B: 3 }))],
      ['ValueError', 'x[1]', () => requireSequence('x', spoilt)],
    ];
    for (const [name, argument, act] of made) expect(act).toThrow(expect.objectContaining({ name, argument }));
  });
});
