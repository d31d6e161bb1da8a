/**
 * Padding is never read. Whatever stands behind a sequence's end, in inputs, targets, cotangents, masks and weights: the
 * same bits come out of every layer, every loss and every way through time, and what comes out at padding is 0.
 */
import { AbstractMatrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import * as bptt from '../lib/index.ts';
import { reversed } from '../lib/layers/reversal.ts';
import type { Weighting } from '../lib/losses/loss.ts';
import { isWhole } from './fuzz/api.ts';
import { stateOf } from './fuzz/inputs.ts';
import { modules } from './fuzz/modules.ts';
import { digest, isRecord } from './fuzz/values.ts';

const { Sequence } = bptt;
type Sequence = bptt.Sequence;
type Layer = bptt.Layer;

/** What stands at padding: numbers that spoil every sum, and indices that are none. */
const NUMBERS = [Number.NaN, Number.POSITIVE_INFINITY, 1e300, -1];
const INDICES = [-1, 5_000_000, -(2 ** 31), 7];

/** The same sequence with something else at padding; with the lengths of another where it has none. */
function foul(s: Sequence, which: number, like: Sequence = s): Sequence {
  const { T, B, F, lengths } = s;
  const data = s.data.slice();
  const width = data.length / (T * B);
  const [number = 0, index = 0] = [NUMBERS[which], INDICES[which]];
  for (let n = 0; n < T * B; n++) {
    if (!like.counts(n)) data.fill(data instanceof Int32Array ? index : number, n * width, (n + 1) * width);
  }
  const extent = { T, B, ...(lengths && { lengths }) };
  return data instanceof Int32Array
    ? Sequence.oneHot(data, { ...extent, classes: F })
    : Sequence.over(data, { ...extent, F });
}

const EXTENT = { T: 5, B: 3, lengths: [2, 5, 4] };
const symbols = (classes: number): Sequence =>
  Sequence.oneHot(
    Array.from({ length: 15 }, (_, n) => (n * 3) % classes),
    { ...EXTENT, classes },
  );
const numbers = (F: number, phase = 0): Sequence =>
  Sequence.dense(
    Array.from({ length: 15 * F }, (_, n) => Math.sin(n + phase)),
    { ...EXTENT, F },
  );
const single = (s: Sequence): Sequence => Sequence.dense(Float32Array.from(s.data), { ...s.extent(), F: s.F });
const withoutLengths = ({ data, T, B, F }: Sequence): Sequence => Sequence.over(data as Float64Array, { T, B, F });

const allCells: readonly bptt.Cell[] = [
  ...Object.values<bptt.Cell>(bptt.cells),
  bptt.traceFixed(0.7) as bptt.Cell,
  bptt.conditioned(bptt.lstm, { k: 2 }) as bptt.Cell,
  bptt.conditioned(bptt.gru, { k: 1, when: 'first' }) as bptt.Cell,
];
const size = { d: 4, m: 3 };
const engine = (cell: bptt.Cell, precision: bptt.Precision = 'f64') =>
  bptt.recurrent(cell, size, { precision }) as Layer;
const unrolled = (cell: bptt.Cell = bptt.lstm as bptt.Cell) => bptt.unroll(cell, size) as Layer;

const layers: Readonly<Record<string, () => Layer>> = {
  ...Object.fromEntries(allCells.map(cell => [`unroll ${cell.name}`, () => unrolled(cell)])),
  ...Object.fromEntries(allCells.map(cell => [`recurrent ${cell.name}`, () => engine(cell)])),
  ...Object.fromEntries(allCells.map(cell => [`recurrent ${cell.name} f32`, () => engine(cell, 'f32')])),
  linear: () => bptt.linear({ m: 4, C: 3 }) as Layer,
  'linear f32': () => bptt.linear({ m: 4, C: 5 }, { precision: 'f32' }) as Layer,
  readout: () => bptt.readout({ m: 4, C: 3 }) as Layer,
  embedding: () => bptt.embedding({ C: 4, e: 3 }) as Layer,
  delay: () => bptt.delay({ F: 4 }),
  dropout: () => bptt.dropout({ F: 4, rate: 0.5, seed: 2 }),
  lastStep: () => bptt.lastStep(4),
  meanOverTime: () => bptt.meanOverTime(4),
  maxOverTime: () => bptt.maxOverTime(4),
  windowInput: () => bptt.windowInput({ F: 4, N: 3 }),
  windowOutput: () => bptt.windowOutput({ C: 2, N: 2, offset: 1, beta: 'learned' }),
  'reversed unroll': () => reversed(unrolled()),
  'reversed recurrent': () => reversed(engine(bptt.gru as bptt.Cell)),
  'reversed stack': () => reversed(bptt.stack({ low: engine(bptt.gru as bptt.Cell) })),
  stack: () =>
    bptt.stack({ embed: bptt.embedding({ C: 4, e: 4 }) as Layer, cell: unrolled(), out: bptt.delay({ F: 3 }) }),
  'stack of the engine’s': () =>
    bptt.stack({ cell: engine(bptt.lstm as bptt.Cell), out: bptt.linear({ m: 3, C: 2 }) as Layer }),
  bidirectional: () => bptt.bidirectional({ forward: unrolled(), backward: unrolled() }),
  'bidirectional, summed': () =>
    bptt.bidirectional({ forward: unrolled(), backward: engine(bptt.gru as bptt.Cell), merge: 'sum' }),
  checkpointed: () => bptt.checkpointed(unrolled(), { every: 2 }) as Layer,
  'checkpointed, of the engine’s': () => bptt.checkpointed(engine(bptt.gru as bptt.Cell), { every: 2 }) as Layer,
};

/** All that both passes give, as text; y and dx apart, whose padding is looked at. */
function bothPasses(layer: Layer, x: Sequence, dyOf: (y: Sequence) => Sequence) {
  layer.params.zeroGrads();
  const { y, sT, tape } = layer.forward(x, stateOf(layer.state, x.B));
  const { dx, ds0 } = layer.backward(tape, dyOf(y), stateOf(layer.state, x.B));
  return { y, dx, text: digest({ y: y.data, sT, dx: dx.data, ds0, grads: layer.params.grads }) };
}

/** Layers turned round by hand, whose cotangents come with lengths: no user meets them but in `bidirectional`. */
const turned = ['reversed unroll', 'reversed stack'];

describe.each(Object.entries(layers))('%s', (name, make) => {
  const layer = make();
  const given = !turned.includes(name);
  bptt.normal(0.5)(layer.params, new bptt.Random(1));
  const inputs = { numbers: numbers(4), 'numbers of 32 bits': single(numbers(4)), symbols: symbols(4) };

  it.each(Object.entries(inputs))('of %s', (_, x) => {
    const cotangent = (y: Sequence) =>
      Sequence.dense(
        Float64Array.from(y.data, (_, n) => Math.cos(n)),
        { ...y.extent(), F: y.F },
      );
    const clean = bothPasses(layer, x, cotangent);
    for (const s of [clean.y, clean.dx]) {
      expect(s.data.every((value, i) => value === 0 || s.counts(Math.floor(i / s.F)))).toBe(true);
    }
    for (const which of NUMBERS.keys()) {
      const spoilt = bothPasses(layer, foul(x, which), y => foul(cotangent(y), which));
      expect(spoilt.text).toBe(clean.text);
      if (!given) continue;
      const bare = bothPasses(layer, foul(x, which), y => foul(withoutLengths(cotangent(y)), which, y));
      expect(bare.text).toBe(clean.text);
    }
  });
});

describe('the loss', () => {
  const labels = [0, 2, 1, 0, 1, 2, 2, 2, 1, 0, 0, 1, 2, 0, 1];
  const targets = Sequence.dense(
    Array.from({ length: 45 }, (_, n) => (n % 5) / 4),
    { ...EXTENT, F: 3 },
  );
  const at = (bad: number) => labels.map((k, n) => (numbers(3).counts(n) ? k : bad));
  const losses: readonly (readonly [bptt.Loss<never>, (which: number | undefined) => unknown])[] = [
    [bptt.crossEntropy as bptt.Loss<never>, which => (which === undefined ? labels : at(NUMBERS[which] ?? 0))],
    [
      bptt.crossEntropy as bptt.Loss<never>,
      which => Int32Array.from(which === undefined ? labels : at(INDICES[which] ?? 0)),
    ],
    ...(['s', 'm'] as const).map(kind => {
      const loss = bptt.rankingLoss({ kind, lambda: 2 }) as bptt.Loss<never>;
      return [loss, (which: number | undefined) => (which === undefined ? labels : at(NUMBERS[which] ?? 0))] as const;
    }),
    [bptt.squaredError as bptt.Loss<never>, which => (which === undefined ? targets : foul(targets, which))],
    [bptt.squaredError as bptt.Loss<never>, which => (which === undefined ? symbols(3) : foul(symbols(3), which))],
    [
      bptt.squaredError as bptt.Loss<never>,
      which => (which === undefined ? targets : foul(withoutLengths(targets), which, targets)),
    ],
    [bptt.binaryCrossEntropy as bptt.Loss<never>, which => (which === undefined ? targets : foul(targets, which))],
  ];

  it.each(losses.map(([loss, target], n) => [`${loss.name} (${n})`, loss, target] as const))(
    '%s',
    (_, loss, target) => {
      const run = (which: number | undefined) => {
        const o = which === undefined ? numbers(3) : foul(numbers(3), which);
        const bad = which === undefined ? 1 : (NUMBERS[which] ?? 0);
        const weighting: Weighting = {
          mask: labels.map((_, n) => (o.counts(n) ? n !== 4 : bad)),
          weights: labels.map((_, n) => (o.counts(n) ? 1 + (n % 3) : bad)),
          reduction: 'mean',
        };
        const { loss: value, count, tape } = loss.forward(o, target(which) as never, weighting);
        const dO = loss.backward(tape, 0.5);
        expect(dO.data.every((d, i) => d === 0 || o.counts(Math.floor(i / 3)))).toBe(true);
        return digest([value, count, dO.data]);
      };
      const clean = run(undefined);
      for (const which of NUMBERS.keys()) expect(run(which)).toBe(clean);
    },
  );
});

describe('an encoder and a decoder', () => {
  const model = bptt.encoderDecoder({ encoder: unrolled(), decoder: engine(bptt.lstm as bptt.Cell) });
  bptt.normal(0.5)(model.params, new bptt.Random(2));

  it('read each to its end', () => {
    const run = (source: Sequence, target: Sequence, dy: Sequence) => {
      model.params.zeroGrads();
      const { y, sT, tape } = model.forward(source, target);
      const { dsource, dtarget, ds0 } = model.backward(tape, dy);
      const written = model.decode(source, { start: 0, stop: 2, maxLength: 4 });
      return digest([y.data, sT, dsource.data, dtarget.data, ds0, model.params.grads, written]);
    };
    const clean = run(symbols(4), numbers(4), numbers(3));
    for (const which of NUMBERS.keys()) {
      expect(run(foul(symbols(4), which), foul(numbers(4), which), foul(numbers(3), which))).toBe(clean);
    }
  });
});

describe('to second order', () => {
  it.each([
    ['the Hessian', bptt.hessianVector],
    ['the Gauss–Newton matrix', bptt.gaussNewtonVector],
  ])('%s', (_, product) => {
    const net = { cell: bptt.lstmTwice, loss: bptt.crossEntropyTwice, d: 4, m: 2, C: 3 };
    const P = 4 * (2 * 2 + 2 * 4 + 2) + 3 * 2 + 3;
    const [theta, v] = [Math.sin, Math.cos].map(f => Float64Array.from({ length: P }, (_, n) => f(n))) as [
      Float64Array,
      Float64Array,
    ];
    const y = Array.from({ length: 15 }, (_, n) => n % 3);
    for (const x of [numbers(4), symbols(4)]) {
      const clean = product(net as never, theta, { x, y }, v);
      for (const which of NUMBERS.keys())
        expect(product(net as never, theta, { x: foul(x, which), y }, v)).toEqual(clean);
    }
  });
});

/** The sequences with lengths in what is given, three deep, with something else at padding. */
function fouled(value: unknown, which: number, depth = 0): unknown {
  if (value instanceof Sequence) return value.lengths ? foul(value, which) : value;
  if (depth > 3 || value instanceof AbstractMatrix || isWhole(value)) return value;
  if (Array.isArray(value)) return value.map(item => fouled(item, which, depth + 1));
  if (!isRecord(value)) return value;
  const fields = Object.getOwnPropertyDescriptors(value);
  if (Object.values(fields).some(({ get, value }) => get || typeof value === 'function')) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, fouled(field, which, depth + 1)]));
}

/** What is returned, but for a tape, which holds what was given; of sequences what counts. */
function seen(value: unknown): unknown {
  if (value instanceof Sequence) {
    return Array.from(value.rows().to2DArray()).filter((_, n) => value.counts(n));
  }
  if (!isRecord(value)) return value;
  const kept = Object.keys(value).filter(key => key !== 'tape');
  return Object.fromEntries(kept.map(key => [key, seen(value[key])]));
}

it('every function that takes a sequence with lengths', () => {
  const tried: string[] = [];
  for (const { calls } of modules) {
    for (const [name, make] of Object.entries(calls)) {
      const right = make();
      const spoilt = fouled(right.args, 0) as readonly unknown[];
      if (digest(spoilt) === digest(right.args)) continue;
      tried.push(name);
      const clean = digest([seen(right.f(...right.args)), right.keeps]);
      for (const which of NUMBERS.keys()) {
        const { f, args, keeps } = make();
        expect(digest([seen(f(...(fouled(args, which) as readonly unknown[]))), keeps]), name).toBe(clean);
      }
    }
  }
  expect(tried.length).toBeGreaterThan(30);
  expect(tried).toContain('rtrl.gradient');
  expect(tried).toContain('lstmPaths');
});

describe('a sequence is made', () => {
  it('of what a list or a typed array holds at padding, which is not looked at', () => {
    const extent = { T: 2, B: 2, lengths: [2, 1] };
    for (const bad of [Number.NaN, 'x', undefined, Symbol('s'), 1n, -1, 0.5, 2 ** 40]) {
      const x = Sequence.dense([1, 2, 3, bad as number], { ...extent, F: 1 });
      expect([0, 1, 2].map(n => x.rows().get(n, 0))).toEqual([1, 2, 3]);
      const hot = Sequence.oneHot([0, 1, 2, bad as number], { ...extent, classes: 3 });
      expect(Array.from(hot.data.subarray(0, 3))).toEqual([0, 1, 2]);
    }
    const shared = Float32Array.of(1, 2, 3, Number.NaN);
    expect(Sequence.dense(shared, { ...extent, F: 1 }).data).toBe(shared);
    const indices = Int32Array.of(0, 1, 2, -1);
    expect(Sequence.oneHot(indices, { ...extent, classes: 3 }).data).toBe(indices);
  });

  it('of what is right where it counts only', () => {
    const extent = { T: 2, B: 2, lengths: [2, 1] };
    expect(() => Sequence.dense([1, 2, Number.NaN, 0], { ...extent, F: 1 })).toThrow(
      'data[2]: expected a finite number',
    );
    expect(() => Sequence.oneHot([0, 1, 3, 9], { ...extent, classes: 3 })).toThrow(
      'indices[2]: expected an integer in 0…2',
    );
  });
});

describe('a sequence beside another', () => {
  it('may not end before it: its padding would have to be read', () => {
    const short = Sequence.dense(new Float64Array(45), { T: 5, B: 3, F: 3, lengths: [2, 4, 4] });
    const message = 'lengths[1]: expected at least 5, got 4';
    for (const layer of [unrolled(), engine(bptt.lstm as bptt.Cell)]) {
      const { tape } = layer.forward(numbers(4));
      expect(() => layer.backward(tape, short)).toThrow(`dy.${message}`);
    }
    expect(() => bptt.squaredError.forward(numbers(3), short)).toThrow(`y.${message}`);
  });
});
