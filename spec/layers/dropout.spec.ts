/** Dropout: its mask, its mean, the identity, the gradient under one mask, determinism by seed, planted mistakes. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { rnn } from '../../lib/cells/rnn.ts';
import { checkLayer } from '../../lib/check/check-layer.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { bidirectional } from '../../lib/layers/bidirectional.ts';
import { type Dropout, type DropoutTape, dropout } from '../../lib/layers/dropout.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { readout } from '../../lib/layers/readout.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { Random, streamSeed } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { lengths, sequence, size } from '../arbitraries.ts';
import { inner } from '../numbers.ts';
import { touchedByPadding } from './padding.ts';

const wrong = (layer: Layer, options = {}): string[] =>
  checkLayer(layer, options)
    .tensors.filter(({ ok }) => !ok)
    .map(({ name }) => name);

const input = fc
  .tuple(size(6), size(4), size(4))
  .chain(([T, B, F]) => fc.tuple(fc.constant([T, B, F] as const), lengths(T, B)))
  .chain(([[T, B, F], own]) => fc.tuple(sequence(T, B, F, own), sequence(T, B, F, own)));

const ones = (T: number, B: number, F: number) => Sequence.dense(new Float64Array(T * B * F).fill(1), { T, B, F });

describe('the mask', () => {
  it('is 0 or 1/(1−ρ), features dropped with probability ρ', () => {
    const [rate, n] = [0.3, 40_000];
    const { y } = dropout({ F: 40, rate, seed: 1 }).forward(ones(100, 10, 40));
    const dropped = y.data.filter(r => r === 0).length;
    expect(y.data.every(r => r === 0 || r === 1 / (1 - rate))).toBe(true);
    expect(Math.abs(dropped / n - rate)).toBeLessThan(3 * Math.sqrt((rate * (1 - rate)) / n));
  });

  it('keeps the mean and has the variance ρ/(1−ρ), within three standard errors', () => {
    for (const rate of [0.1, 0.5, 0.9]) {
      const n = 40_000;
      const data = [...dropout({ F: 40, rate, seed: 2 }).forward(ones(100, 10, 40)).y.data];
      const mean = data.reduce((sum, r) => sum + r, 0) / n;
      const variance = rate / (1 - rate); // DR-D1  E[r] = 1, Var[r] = ρ/(1−ρ)
      expect(Math.abs(mean - 1)).toBeLessThan(3 * Math.sqrt(variance / n)); // DR-D1  E[r] = 1, Var[r] = ρ/(1−ρ)
      const squares = data.reduce((sum, r) => sum + (r - 1) ** 2, 0) / n;
      expect(Math.abs(squares / variance - 1)).toBeLessThan(0.05);
    }
  });

  it('differs from feature to feature, step to step and sequence to sequence', () => {
    const { y } = dropout({ F: 30, rate: 0.5, seed: 3 }).forward(ones(2, 2, 30));
    const rows = y.rows().to2DArray().map(String);
    expect(new Set(rows).size).toBe(4);
    expect(rows.every(row => row.includes('0') && row.includes('2'))).toBe(true);
  });

  it('is drawn a feature after the other, at padding too, where it is 0', () => {
    const x = Sequence.dense(new Float64Array(3 * 2 * 4).fill(1), { T: 3, B: 2, F: 4, lengths: [3, 1] });
    const { tape } = dropout({ F: 4, rate: 0.25, seed: 5 }).forward(x);
    const rng = new Random(streamSeed(5, 'dropout '));
    const drawn = Array.from({ length: 24 }, () => (rng.uniform() < 0.25 ? 0 : 1 / 0.75));
    expect([...tape.R.data]).toEqual(drawn.map((r, i) => (x.counts(Math.floor(i / 4)) ? r : 0)));
  });

  it('is that of the seed, call after call, until it is resampled; then that of the given generator', () => {
    const x = ones(5, 2, 8);
    const [one, other] = [5, 5].map(seed => dropout({ F: 8, rate: 0.5, seed }));
    const masks = (rng: Random) =>
      [one, other].map(layer => {
        const before = String(layer?.forward(x).y.data);
        expect(String(layer?.forward(x).y.data)).toBe(before);
        layer?.resample(Random.fromState(rng.state()));
        const after = String(layer?.forward(x).y.data);
        expect(after).not.toBe(before);
        return [before, after];
      });
    const [first, second] = masks(new Random(9));
    expect(first).toEqual(second);
    expect(
      dropout({ F: 8, rate: 0.5, seed: one?.seed ?? 0 })
        .forward(x)
        .y.data.join(),
    ).toBe(first?.[1]);
    expect(String(dropout({ F: 8, rate: 0.5, seed: 6 }).forward(x).y.data)).not.toBe(first?.[0]);
  });

  it('does not depend on the lengths where a step counts', () => {
    const layer = dropout({ F: 3, rate: 0.5, seed: 1 });
    const whole = layer.forward(ones(4, 2, 3)).y;
    const ragged = layer.forward(
      Sequence.dense(ones(4, 2, 3).data as Float64Array, { T: 4, B: 2, F: 3, lengths: [2, 4] }),
    ).y;
    const expected = [...whole.data].map((v, i) => (ragged.counts(Math.floor(i / 3)) ? v : 0));
    expect([...ragged.data]).toEqual(expected);
  });
});

describe('layers of one seed', () => {
  const [T, B, F] = [50, 4, 50];
  /** Which features each of some layers keeps. */
  const kept = (layers: readonly Dropout[]) =>
    layers.map(layer => [...layer.forward(ones(T, B, F)).y.data].map(y => (y === 0 ? -1 : 1)));
  const drop = () => dropout({ F, rate: 0.5, seed: 1 });
  const correlation = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, x, n) => sum + x * (b[n] ?? 0), 0) / a.length;
  /** Two within an inner stack, one beside it, two in both directions of another: all of one seed. */
  const network = () => {
    const layers = [drop(), drop(), drop(), drop(), drop()] as const;
    const [a, b, c, there, back] = layers;
    const both = bidirectional({ forward: there, backward: back, merge: 'sum' });
    const net = stack({ inner: stack({ a, b }), c, both });
    return { layers, net };
  };

  it('have independent masks in one network', () => {
    const masks = kept(network().layers);
    masks.forEach((a, i) => {
      for (const b of masks.slice(i + 1)) expect(Math.abs(correlation(a, b))).toBeLessThan(4 / Math.sqrt(T * B * F));
    });
  });

  it('and go on having them when they are resampled alike', () => {
    const { layers } = network();
    const before = kept(layers);
    for (const layer of layers) layer.resample(new Random(7));
    const masks = kept(layers);
    masks.forEach((a, i) => {
      for (const b of [...before, ...masks.slice(i + 1)]) {
        expect(Math.abs(correlation(a, b))).toBeLessThan(4 / Math.sqrt(T * B * F));
      }
    });
  });

  it('have the same bits in the same network again, and after a stop with the seeds they stood at', () => {
    const [first, second] = [network(), network()];
    expect(kept(second.layers)).toEqual(kept(first.layers));
    const rng = new Random(3);
    for (const layer of first.layers) layer.resample(rng);
    const resumed = first.layers.map(({ seed }) => dropout({ F, rate: 0.5, seed })) as unknown as typeof first.layers;
    const [a, b, c, there, back] = resumed;
    stack({ inner: stack({ a, b }), c, both: bidirectional({ forward: there, backward: back, merge: 'sum' }) });
    expect(kept(resumed)).toEqual(kept(first.layers));
  });

  it('do not repeat what their seed draws elsewhere', () => {
    const rng = new Random(1);
    const drawn = Array.from({ length: T * B * F }, () => (rng.uniform() < 0.5 ? -1 : 1));
    for (const mask of kept([drop(), ...network().layers])) {
      expect(Math.abs(correlation(drawn, mask))).toBeLessThan(4 / Math.sqrt(T * B * F));
    }
  });
});

describe('the layer', () => {
  it('is the identity, to the bit, at rate 0 and when it is not training, and so is its adjoint', () => {
    fc.assert(
      fc.property(input, ([x, dy]) => {
        const off = dropout({ F: x.F, rate: 0.9, seed: 1 });
        expect(off.training).toBe(true);
        off.training = false;
        expect(off.training).toBe(false);
        for (const layer of [dropout({ F: x.F, rate: 0, seed: 1 }), off]) {
          const { y, tape } = layer.forward(x);
          const same = (a: ArrayLike<number>, b: ArrayLike<number>) =>
            Array.from(a).every((v, i) => (x.counts(Math.floor(i / x.F)) ? Object.is(v, b[i]) : v === 0));
          expect(same(y.data, x.data)).toBe(true);
          expect(same(layer.backward(tape, dy).dx.data, dy.data)).toBe(true);
        }
      }),
    );
  });

  it('is linear under one mask, and symmetric: ⟨dy, J x⟩ = ⟨J dy, x⟩', () => {
    fc.assert(
      fc.property(input, size(1000), ([x, dy], seed) => {
        const layer = dropout({ F: x.F, rate: 0.4, seed });
        const { y, tape } = layer.forward(x);
        const { dx } = layer.backward(tape, dy);
        expect(inner(dx.rows(), x.rows())).toBeCloseTo(inner(dy.rows(), y.rows()), 12);
        expect(layer.forward(dy).y.data).toEqual(dx.data);
      }),
    );
  });

  it('passes the gradient check, alone and between two layers', () => {
    for (const rate of [0, 0.5, 0.9]) expect(wrong(dropout({ F: 4, rate, seed: 1 }))).toEqual([]);
    const drop = dropout({ F: 4, rate: 0.5, seed: 2 });
    const net = stack({ rnn: unroll(rnn, { d: 2, m: 4 }), drop, readout: readout({ m: 4, C: 2 }) });
    expect(wrong(net)).toEqual([]);
    drop.resample(new Random(3));
    expect(wrong(net)).toEqual([]);
    expect(checkLayer(drop).tensors.map(({ name, tag }) => `${name} ${tag}`)).toEqual(['x DR-B1']);
  });

  it('goes back through the mask it went forward with, whatever happens in between', () => {
    const layer = dropout({ F: 8, rate: 0.5, seed: 1 });
    const x = ones(3, 2, 8);
    const { y, tape } = layer.forward(x);
    layer.resample(new Random(2));
    layer.training = false;
    expect(layer.backward(tape, x).dx.data).toEqual(y.data);
  });

  it('takes nothing from padding, and puts zeros there', () => {
    fc.assert(
      fc.property(size(6), size(4), size(1000), (T, B, seed) => {
        expect(touchedByPadding(dropout({ F: 3, rate: 0.5, seed }), { T, B, seed })).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('refuses what does not fit, naming it', () => {
    const layer = dropout({ F: 2, rate: 0.5, seed: 1 });
    const x = Sequence.zeros({ T: 2, F: 2 });
    const { tape } = layer.forward(x);
    expect(() => layer.forward(Sequence.zeros({ T: 2, F: 3 }))).toThrow(ShapeError);
    expect(() => layer.forward(x, { h: Matrix.zeros(1, 2) })).toThrow(/^s0: expected/);
    expect(() => layer.backward(tape, Sequence.zeros({ T: 1, F: 2 }))).toThrow(/^dy: expected T=2/);
    expect(() => layer.backward(tape, x, { h: Matrix.zeros(1, 2) })).toThrow(/^dsT: expected/);
    for (const rate of [-0.1, 1, Number.NaN]) {
      expect(() => dropout({ F: 2, rate, seed: 1 })).toThrow(/^rate: expected a number in \[0, 1\)/);
    }
    expect(() => dropout({ F: 0, rate: 0.5, seed: 1 })).toThrow(ValueError);
    expect(() => dropout({ F: 2, rate: 0.5, seed: -1 })).toThrow(/^seed: expected an integer/);
    expect(() => layer.resample(1 as unknown as Random)).toThrow(/^rng: expected a Random/);
    expect(() => Object.assign(layer, { training: 'no' })).toThrow(/^training: expected true or false/);
  });
});

describe('a planted mistake is caught', () => {
  const right = dropout({ F: 4, rate: 0.5, seed: 1 });
  const other = dropout({ F: 4, rate: 0.5, seed: 2 });
  const planted = (change: Partial<Layer<DropoutTape>>): Layer => {
    const layer: Layer<DropoutTape> = { ...right, ...change };
    return layer;
  };
  const scaled = (dy: Sequence, factor: number) =>
    Sequence.dense(
      [...dy.data].map(v => v * factor),
      { ...dy.extent(), F: 4 },
    );

  it.each<[string, readonly string[], Layer]>([
    ['none', [], planted({})],
    [
      'another mask on the way back',
      ['x'],
      planted({ backward: (_, dy) => other.backward(other.forward(dy).tape, dy) }),
    ],
    ['the mask dropped', ['x'], planted({ backward: (_, dy) => ({ dx: dy, ds0: {} }) })],
    ['the scaling dropped', ['x'], planted({ backward: (tape, dy) => right.backward(tape, scaled(dy, 0.5)) })],
    ['the sign', ['x'], planted({ backward: (tape, dy) => right.backward(tape, scaled(dy, -1)) })],
    [
      'a fresh mask at each forward pass, under a gradient check',
      ['x'],
      (() => {
        const restless = dropout({ F: 4, rate: 0.5, seed: 1 });
        const rng = new Random(1);
        const layer: Layer<DropoutTape> = {
          ...restless,
          forward(x) {
            restless.resample(rng);
            return restless.forward(x);
          },
        };
        return layer;
      })(),
    ],
  ])('%s', (_, spoilt, layer) => {
    expect(wrong(layer)).toEqual(spoilt);
  });
});
