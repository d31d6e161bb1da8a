/**
 * Two copies of the library in one program: the sources, and the bundle that the tests of the command run. What one makes the
 * other takes for what it is. ml-matrix is there twice as well, as `import` and as `require` find it.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Matrix as MlMatrix } from 'ml-matrix';
import { beforeAll, describe, expect, test } from 'vitest';
import { ownName } from '../lib/cells/index.ts';
import { format } from '../lib/check/format.ts';
import { checkCell, checkLayer } from '../lib/check/index.ts';
import * as ours from '../lib/index.ts';
import { toTorch } from '../lib/io/index.ts';
import { makingOf } from '../lib/layers/made.ts';
import { isMatrix } from '../lib/require.ts';
import { ROOT } from './examples.ts';

type Library = typeof ours;

let theirs: Library;
const { Matrix } = createRequire(import.meta.url)('ml-matrix') as { readonly Matrix: typeof MlMatrix };

beforeAll(async () => {
  theirs = (await import(/* @vite-ignore */ pathToFileURL(join(ROOT, '.build/dist/lib/index.js')).href)) as Library;
});

test('they are two', () => {
  expect(theirs.lstm).not.toBe(ours.lstm);
  expect(theirs.Sequence).not.toBe(ours.Sequence);
  expect(new Matrix(1, 1) instanceof ours.FlatMatrix).toBe(false);
});

const both = (): readonly (readonly [Library, Library])[] => [
  [ours, theirs],
  [theirs, ours],
];

describe('a thing of one is a thing of the other', () => {
  test('sequences, parameters, generators, matrices, errors', () => {
    for (const [one, other] of both()) {
      expect(one.Sequence.dense([1, 2], { T: 2, F: 1 })).toBeInstanceOf(other.Sequence);
      expect(one.ParamSet.of({ W: [1, 1] })).toBeInstanceOf(other.ParamSet);
      expect(new one.Random(1)).toBeInstanceOf(other.Random);
      const x = one.Sequence.oneHot([1, 0], { T: 2, classes: 2 });
      expect(x.rows()).toBeInstanceOf(other.OneHotMatrix);
      expect(x.rows()).not.toBeInstanceOf(other.FlatMatrix);
      for (const name of ['ShapeError', 'ValueError', 'FormatError', 'FileError', 'MemoryError'] as const) {
        const error = new one[name]('x', 'this', 'that');
        expect(error).toBeInstanceOf(other[name]);
        expect(error).toBeInstanceOf(other.BpttError);
        expect(new one.BpttError('x', 'this', 'that')).not.toBeInstanceOf(other[name]);
      }
      expect(new one.ShapeError('x', 'this', 'that')).not.toBeInstanceOf(other.ValueError);
      expect(new one.DivergenceError(1, 'W', [], 'NaN')).toBeInstanceOf(other.ValueError);
    }
  });

  test('and what is none is none', () => {
    class Mine extends ours.ValueError {}
    expect(new Mine('x', 'this', 'that')).toBeInstanceOf(theirs.ValueError);
    expect(new theirs.ValueError('x', 'this', 'that')).not.toBeInstanceOf(Mine);
    const params = theirs.ParamSet.of({ W: [1, 1] });
    const forged = { constructor: theirs.Sequence, data: new Float64Array(1), T: 1, B: 1, F: 1 };
    for (const [value, Class] of [
      [new Proxy(params, {}), ours.ParamSet],
      [new Proxy(new theirs.Random(1), {}), ours.Random],
      [Object.create(theirs.Sequence.prototype), ours.Sequence],
      [forged, ours.Sequence],
      [Object.create(null), ours.Sequence],
      [null, ours.BpttError],
      [undefined, ours.BpttError],
    ] as const) {
      expect(value).not.toBeInstanceOf(Class);
    }
    expect(isMatrix({ klass: 'Matrix' })).toBe(false);
    expect(isMatrix(new Matrix(1, 2))).toBe(true);
  });
});

describe('a cell written in the algebra of one', () => {
  const written = (
    { addColumnSums, addTTimes, affine, mul, scale, tanh, tanhSlope, times, rnn }: Library,
    sign = 1,
  ) => ({
    ...rnn,
    name: 'mine',
    equations: undefined,
    forward: ((p, x, { h: hPrev }) => {
      const h = tanh(affine(p.W, hPrev, p.U, x, p.b));
      return { next: { h }, tape: { x, hPrev, h } };
    }) as typeof rnn.forward,
    backward: ((p, { x, hPrev, h }, { h: dh }, dp) => {
      const da = mul(dh, tanhSlope(h)); // RNN-B1
      addTTimes(dp.W, da, hPrev); // RNN-B2
      addTTimes(dp.U, da, x); // RNN-B3
      addColumnSums(dp.b, da); // RNN-B4
      const dx = scale(times(da, p.U), sign); // RNN-B5
      return { dx, dprev: { h: times(da, p.W) } }; // RNN-B6
    }) as typeof rnn.backward,
  });

  test('is recorded by the other, runs fused, and gives the numbers that it gives in its own', () => {
    for (const [one, other] of both()) {
      const cell = written(one);
      expect(other.explain(cell, { d: 2, m: 3 })).toBe('runs fused: 2 products and 1 kernel a step');
      const outcome = ({ recurrent, normal, Random, Sequence }: Library) => {
        const layer = recurrent(cell, { d: 2, m: 3 });
        normal(0.5)(layer.params, new Random(1));
        const { y, tape } = layer.forward(Sequence.dense([1, 2, 3, 4], { T: 2, F: 2 }));
        const { dx } = layer.backward(tape, y);
        return [...y.data, ...dx.data, ...layer.params.grads];
      };
      expect(outcome(one)).toEqual(outcome(other));
    }
  });

  test('is checked, and named by its lines', () => {
    expect(checkCell(written(theirs))).toMatchObject({ ok: true });
    const { ok, smallest, ...report } = checkCell(written(theirs, -1), { T: 2, B: 1, d: 1, m: 1, C: 1 });
    expect(ok).toBe(false);
    expect(smallest?.suspects).toEqual(['RNN-B5']);
    expect(format({ ok, ...report, ...(smallest && { smallest }) })).toContain('dx[0,0,0] (RNN-B5, via RNN-B1)');
  });

  test('fails by itself with an error that both know', () => {
    const { rnn, ShapeError } = theirs;
    const cell: typeof rnn = {
      ...rnn,
      forward() {
        throw new ShapeError('mine.forward: x', 'more', 'less');
      },
    };
    expect(() => checkCell({ ...cell, name: 'mine' })).toThrow(ours.ShapeError);
  });

  test('or in ml-matrix of another copy, is checked', () => {
    const { rnn } = ours;
    const cell: typeof rnn = {
      ...rnn,
      backward(p, tape, dnext, dp) {
        const { dx, dprev } = rnn.backward(p, tape, dnext, dp);
        return { dx: new Matrix(dx.to2DArray()), dprev: { h: new Matrix(dprev.h.to2DArray()) } };
      },
    };
    expect(checkCell(cell).ok).toBe(true);
  });
});

describe('a layer of one', () => {
  test('is checked by the other, and named by what it is made of', () => {
    const { stack, unroll, readout, lstm, bidirectional, gru } = theirs;
    const net = stack({
      both: bidirectional({ forward: unroll(lstm, { d: 2, m: 2 }), backward: unroll(gru, { d: 2, m: 2 }) }),
      out: readout({ m: 4, C: 2 }),
    });
    expect(checkLayer(net, { T: 3, B: 2 }).ok).toBe(true);
    expect(makingOf(net)?.kind).toBe('stack');
  });

  test('stands in a stack of the other, whose parameters are its', () => {
    for (const [one, other] of both()) {
      const inner = one.stack({ rnn: one.unroll(one.rnn, { d: 2, m: 3 }) });
      const net = other.stack({ low: inner, out: other.linear({ m: 3, C: 2 }) });
      one.normal(0.5)(net.params, new other.Random(1));
      expect(inner.params.values.buffer).toBe(net.params.values.buffer);
      expect(inner.params.place).toBe('low');
      const x = one.Sequence.oneHot([1, 0], { T: 2, classes: 2 });
      const { y, tape } = net.forward(x);
      net.backward(tape, y);
      expect(inner.params.grads.some(value => value !== 0)).toBe(true);
      other.adagrad(inner.params, { learningRate: 0.1 }).step(inner.params);
      expect(() => other.stack({ again: inner })).toThrow(
        /^parts\.again: expected parameters that are part of no other/,
      );
    }
  });

  test('is exported by the other: its cells are those, not others that are called so', () => {
    const { stack, unroll, readout, lstm } = theirs;
    const net = (cell: typeof lstm) => stack({ cell: unroll(cell, { d: 2, m: 3 }), readout: readout({ m: 3, C: 2 }) });
    expect(toTorch(net(lstm)).size).toBeGreaterThan(0);
    const { forward } = lstm;
    const other: typeof lstm = {
      ...lstm,
      forward(p, x, { h, c }) {
        return forward(p, x, { h, c: theirs.scale(c, 2) });
      },
    };
    expect(() => toTorch(net(other))).toThrow(/another cell called lstm/);
  });
});

test('a cell of one is known to the other by its name, and a copy of it is not', () => {
  for (const [name, cell] of Object.entries(theirs.cells)) {
    expect(ownName(cell)).toBe(name);
    expect(ownName({ ...cell })).toBeUndefined();
  }
});
