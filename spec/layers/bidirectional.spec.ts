/** Both directions: the reversal and its adjoint, every gradient, the layer as its two halves, planted mistakes. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { lstm } from '../../lib/cells/lstm.ts';
import { rnn } from '../../lib/cells/rnn.ts';
import { checkLayer } from '../../lib/check/check-layer.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { type BidirectionalTape, bidirectional } from '../../lib/layers/bidirectional.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { lastStep } from '../../lib/layers/pool.ts';
import { readout } from '../../lib/layers/readout.ts';
import { reverseWithinLengths } from '../../lib/layers/reversal.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { addTo } from '../../lib/matrix.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { lengths, sequence, size } from '../arbitraries.ts';
import { deviation, flat, inner } from '../numbers.ts';
import { fading } from '../toys.ts';
import { watched } from './held.ts';
import { touchedByPadding } from './padding.ts';

type Both = Layer<BidirectionalTape>;

const both = (merge: 'concat' | 'sum', d = 2, m = 3, m2 = m): Both =>
  bidirectional({ forward: unroll(rnn, { d, m }), backward: unroll(rnn, { d, m: m2 }), merge });

const wrong = (layer: Layer, options = {}): string[] =>
  checkLayer(layer, options)
    .tensors.filter(({ ok }) => !ok)
    .map(({ name }) => name);

/** Two sequences of one extent, with or without lengths. */
const pair = fc
  .tuple(size(7), size(4), size(3))
  .chain(([T, B, F]) => fc.tuple(fc.constant([T, B, F] as const), lengths(T, B)))
  .chain(([[T, B, F], own]) => fc.tuple(sequence(T, B, F, own), sequence(T, B, F, own)));

describe('the reversal', () => {
  it('takes step t to τ + 1 − t and leaves padding where it is', () => {
    const x = Sequence.dense([1, 10, 2, 20, 3, 30, 4, 40], { T: 4, B: 2, F: 1, lengths: [4, 3] });
    expect(flat(reverseWithinLengths(x).rows())).toEqual([4, 30, 3, 20, 2, 10, 1, 40]);
    const symbols = Sequence.oneHot([0, 2, 1, 1, 2, 0], { T: 3, B: 2, classes: 3, lengths: [3, 2] });
    expect(reverseWithinLengths(symbols).data).toEqual(Int32Array.of(2, 1, 1, 2, 0, 0));
    expect(reverseWithinLengths(symbols).lengths).toEqual(symbols.lengths);
  });

  it('is its own inverse and its own adjoint, and changes nothing it is given', () => {
    fc.assert(
      fc.property(pair, ([x, dy]) => {
        const before = x.data.slice();
        const [Px, Pdy] = [reverseWithinLengths(x), reverseWithinLengths(dy)];
        expect(reverseWithinLengths(Px).data).toEqual(x.data); // BI-D1  P P = I
        expect(inner(dy.rows(), Px.rows())).toBeCloseTo(inner(Pdy.rows(), x.rows()), 12); // BI-D1  Pᵀ = P
        expect(x.data).toEqual(before);
      }),
    );
  });

  it('keeps float32 memory, and refuses what is no sequence', () => {
    const x = Sequence.dense(Float32Array.of(1, 2), { T: 2, F: 1 });
    expect(reverseWithinLengths(x).data).toEqual(Float32Array.of(2, 1));
    const whatever = Sequence.zeros({ T: 2, F: 1 });
    whatever.data.set([1, Number.NaN]);
    expect(flat(reverseWithinLengths(whatever).rows())).toEqual([Number.NaN, 1]);
    const symbols = Sequence.oneHot([0, 2], { T: 2, classes: 3 });
    symbols.data[1] = 3;
    expect(() => reverseWithinLengths(symbols)).toThrow(/^x\[1\]: expected/);
    const none = [1, 2] as unknown as Sequence;
    expect(() => reverseWithinLengths(none)).toThrow(/^x: expected a Sequence, got Array/);
  });
});

describe('the gradient check passes', () => {
  it.each<[string, Layer]>([
    ['concat', both('concat', 2, 3, 4)],
    ['sum', both('sum')],
    ['over LSTMs', bidirectional({ forward: unroll(lstm, { d: 2, m: 2 }), backward: unroll(lstm, { d: 2, m: 3 }) })],
    [
      'in a stack of two, under a readout',
      stack({ low: both('concat'), high: both('sum', 6, 2), out: readout({ m: 2, C: 2 }) }),
    ],
    [
      'of stacks that end in the last step',
      bidirectional({
        forward: stack({ rnn: unroll(rnn, { d: 2, m: 3 }), last: lastStep(3) }),
        backward: stack({ rnn: unroll(rnn, { d: 2, m: 2 }), last: lastStep(2) }),
      }),
    ],
  ])('%s', (_, layer) => {
    for (const [T, B, oneHot] of [
      [5, 3, false],
      [1, 2, false],
      [4, 3, true],
    ] as const) {
      expect(wrong(layer, { T, B, oneHot })).toEqual([]);
    }
  });

  it('for every size, each tensor under the tag of its equation', () => {
    fc.assert(
      fc.property(size(5), size(3), size(3), size(3), size(1000), (T, B, d, m, seed) => {
        expect(wrong(both('concat', d, m, m + 1), { T, B, seed })).toEqual([]);
      }),
      { numRuns: 15 },
    );
    const { tensors } = checkLayer(both('concat'));
    const names = (direction: string) => ['W RNN-B2', 'U RNN-B3', 'b RNN-B4'].map(name => `${direction}.${name}`);
    expect(tensors.map(({ name, tag }) => `${name} ${tag}`)).toEqual([
      ...names('forward'),
      ...names('backward'),
      'x BI-B4',
      'forward.h0 RNN-B6',
      'backward.h0 RNN-B6',
    ]);
    for (const { maxRel } of tensors) expect(maxRel).toBeGreaterThan(0);
  });
});

describe('the layer', () => {
  it('is, sequence by sequence, the one network on x_1 … x_τ and the other on x_τ … x_1', () => {
    fc.assert(
      fc.property(pair, size(1000), ([x], seed) => {
        const halves = [unroll(rnn, { d: x.F, m: 2 }), unroll(rnn, { d: x.F, m: 3 })] as const;
        const [there, back] = halves;
        const layer = bidirectional({ forward: there, backward: back });
        normal(0.5)(layer.params, new Random(seed));
        const { y, sT } = layer.forward(x);
        for (let b = 0; b < x.B; b++) {
          const steps = Array.from({ length: x.lengths?.[b] ?? x.T }, (_, t) => x.at(t).getRow(b));
          const run = (half: Layer, rows: number[][]) =>
            half.forward(Sequence.dense(rows.flat(), { T: rows.length, F: x.F }));
          const [ahead, behind] = [run(there, steps), run(back, steps.toReversed())];
          steps.forEach((_, t) => {
            const expected = [...ahead.y.at(t).getRow(0), ...behind.y.at(steps.length - 1 - t).getRow(0)];
            expect(y.at(t).getRow(b)).toEqual(expected);
          });
          expect(sT['forward.h']?.getRow(b)).toEqual(ahead.sT.h?.getRow(0));
          expect(sT['backward.h']?.getRow(b)).toEqual(behind.sT.h?.getRow(0));
        }
      }),
      { numRuns: 40 },
    );
  });

  it('takes nothing from padding, and puts zeros there', () => {
    fc.assert(
      fc.property(size(6), size(4), size(1000), fc.boolean(), (T, B, seed, oneHot) => {
        expect(touchedByPadding(both('concat', 3), { T, B, seed, oneHot })).toEqual([]);
        expect(touchedByPadding(both('sum', 3), { T, B, seed, oneHot })).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('names what it has by direction, in one buffer', () => {
    const layer = bidirectional({ forward: unroll(lstm, { d: 2, m: 2 }), backward: unroll(rnn, { d: 2, m: 3 }) });
    expect(layer.state).toEqual({ 'forward.h': 2, 'forward.c': 2, 'backward.h': 3 });
    expect(Object.keys(layer.params.shapes).slice(-3)).toEqual(['backward.W', 'backward.U', 'backward.b']);
    expect([layer.name, layer.inputs, layer.outputs]).toEqual(['bidirectional(lstm, rnn)', 2, 5]);
    expect(layer.equations).toMatchObject({ 'forward.W_f': 'LSTM-B7', 'backward.h': 'RNN-B6', x: 'BI-B4' });
    expect(both('sum').outputs).toBe(3);
  });

  it('says which parts of its state count, where any does', () => {
    const layer = bidirectional({ forward: unroll(rnn, { d: 2, m: 3 }), backward: unroll(fading, { d: 2, m: 3 }) });
    expect(layer.counts).toEqual(['backward.t']);
    expect(both('sum')).not.toHaveProperty('counts');
  });

  it('gives both tapes back, on release, where one way fails and where the two do not fit', () => {
    const one = () => watched(unroll(rnn, { d: 2, m: 3 }) as Layer);
    const [there, back, low, full] = [one(), one(), one(), one()];
    let fails = false;
    const backward: Layer = {
      ...back.layer,
      forward(x, s0) {
        if (fails) throw new RangeError('no more');
        return back.layer.forward(x, s0);
      },
    };
    const layer = bidirectional({ forward: there.layer, backward });
    const x = Sequence.zeros({ T: 2, F: 2 });
    const { tape } = layer.forward(x);
    expect([there.held.size, back.held.size]).toEqual([1, 1]);
    layer.release?.(tape);
    expect([there.held.size, back.held.size]).toEqual([0, 0]);
    fails = true;
    expect(() => layer.forward(x)).toThrow('no more');
    expect([there.held.size, back.held.size]).toEqual([0, 0]);
    const last = stack({ rnn: low.layer, last: lastStep(3) });
    const uneven = bidirectional({ forward: last, backward: full.layer });
    expect(() => uneven.forward(x)).toThrow('backward.y: expected T=1 B=1, got T=2 B=1');
    expect([low.held.size, full.held.size]).toEqual([0, 0]);
    const plain = bidirectional({
      forward: unroll(rnn, { d: 2, m: 3 }),
      backward: { ...one().layer, forward: backward.forward },
    });
    expect(() => plain.forward(x)).toThrow('no more'); // one way has nothing to give back
    expect(() => both('sum').release?.(both('sum').forward(x).tape)).not.toThrow(); // and neither of these
  });

  it('adds into the gradients, and changes neither tape nor cotangents', () => {
    const layer = both('concat');
    normal(0.5)(layer.params, new Random(1));
    const x = Sequence.dense([1, -2, 3, 4, -5, 6, 7, 8], { T: 2, B: 2, F: 2, lengths: [2, 1] });
    const { y, tape } = layer.forward(x);
    const kept = JSON.stringify([tape, y]);
    layer.backward(tape, y);
    const once = Matrix.rowVector([...layer.params.grads]);
    layer.backward(tape, y);
    expect(deviation(Matrix.rowVector([...layer.params.grads]), once.mul(2))).toBeLessThan(1e-14);
    expect(JSON.stringify([tape, y])).toBe(kept);
  });

  it('refuses what does not fit, naming it', () => {
    const [there, back] = [unroll(rnn, { d: 2, m: 3 }), unroll(rnn, { d: 2, m: 4 })];
    expect(() => bidirectional({ forward: there, backward: back, merge: 'sum' })).toThrow(
      'backward.outputs: expected 3, for a sum, got 4',
    );
    expect(() => bidirectional({ forward: there, backward: unroll(rnn, { d: 3, m: 3 }) })).toThrow(
      'backward.inputs: expected 2, got 3',
    );
    expect(() => bidirectional({ forward: there, backward: there })).toThrow(ValueError);
    const merge = 'mean' as unknown as 'sum';
    expect(() => bidirectional({ forward: there, backward: back, merge })).toThrow(/^merge: expected concat or sum/);
    const layer = bidirectional({ forward: there, backward: back });
    const x = Sequence.zeros({ T: 2, F: 2 });
    const { tape } = layer.forward(x);
    const dy = Sequence.zeros({ T: 2, F: 7 });
    expect(() => layer.forward(Sequence.zeros({ T: 2, F: 3 }))).toThrow(/^x: expected 2 features/);
    expect(() => layer.forward(x, { 'forward.h': Matrix.zeros(1, 3) })).toThrow(/^s0\.backward\.h: expected a 1×4/);
    expect(() => layer.backward(tape, Sequence.zeros({ T: 2, F: 3 }))).toThrow(/^dy: expected 7 features/);
    expect(() => layer.backward(tape, Sequence.zeros({ T: 1, F: 7 }))).toThrow(ShapeError);
    expect(() => layer.backward(tape, dy, { 'forward.h': Matrix.zeros(1, 3) })).toThrow(/^dsT\.backward\.h/);
    const uneven = bidirectional({
      forward: stack({ rnn: unroll(rnn, { d: 2, m: 3 }), last: lastStep(3) }),
      backward: unroll(rnn, { d: 2, m: 3 }),
    });
    expect(() => uneven.forward(x)).toThrow('backward.y: expected T=1 B=1, got T=2 B=1');
  });
});

/** What a wrong backward pass does with the sequences on its way. */
interface Mistakes {
  readonly dyThere?: (dy: Sequence) => Sequence;
  readonly dyBack?: (dy: Sequence) => Sequence;
  readonly reverseIn?: (dy: Sequence) => Sequence;
  readonly reverseOut?: (dx: Sequence) => Sequence;
  readonly there?: number;
  readonly back?: number;
}

/** The layer with a backward pass of the spec's own, right where no mistake is planted. */
function planted({ dyThere = first, dyBack = last, ...mistakes }: Mistakes): Layer {
  const { reverseIn = reverseWithinLengths, reverseOut = reverseWithinLengths, there = 1, back = 1 } = mistakes;
  const [ahead, behind] = [unroll(rnn, { d: 2, m: 3 }), unroll(rnn, { d: 2, m: 3 })];
  const right = bidirectional({ forward: ahead, backward: behind });
  const none = Matrix.zeros(0, 0);
  const layer: Both = {
    ...right,
    backward(tape, dy, dsT = {}) {
      const one = ahead.backward(tape.there as never, dyThere(dy), { h: dsT['forward.h'] ?? none });
      const two = behind.backward(tape.back as never, reverseIn(dyBack(dy)), { h: dsT['backward.h'] ?? none });
      const dx = Sequence.zeros({ ...tape.x.extent(), F: 2 });
      addTo(dx.rows(), Matrix.mul(new Matrix(one.dx.rows().to2DArray()), there));
      addTo(dx.rows(), Matrix.mul(new Matrix(reverseOut(two.dx).rows().to2DArray()), back));
      return { dx, ds0: { 'forward.h': one.ds0.h, 'backward.h': two.ds0.h } as never };
    },
  };
  return layer;
}

const half = (from: number) => (dy: Sequence) =>
  Sequence.dense(flat(dy.rows().subMatrix(0, dy.T * dy.B - 1, from, from + 2)), { ...dy.extent(), F: 3 });
const first = half(0);
const last = half(3);
const unreversed = (x: Sequence) => x;

/** The mistake that reversing within lengths avoids. */
const allSteps = (x: Sequence) =>
  Sequence.dense(flat(reverseWithinLengths(Sequence.dense(flat(x.rows()), { T: x.T, B: x.B, F: x.F })).rows()), {
    ...x.extent(),
    F: x.F,
  });

describe('a planted mistake is caught, and named by the tensor it spoils', () => {
  const there = ['forward.W', 'forward.U', 'forward.b'];
  const back = ['backward.W', 'backward.U', 'backward.b'];

  it.each<[string, readonly string[], Mistakes]>([
    ['none', [], {}],
    ['dy not reversed for the backward layer', [...back, 'x', 'backward.h0'], { reverseIn: unreversed }],
    ['dx not reversed back', ['x'], { reverseOut: unreversed }],
    ['dy reversed over all T', [...back, 'x', 'backward.h0'], { reverseIn: allSteps }],
    ['dx reversed over all T', ['x'], { reverseOut: allSteps }],
    ['the halves exchanged', [...there, ...back, 'x', 'forward.h0', 'backward.h0'], { dyThere: last, dyBack: first }],
    ['the forward half for both', [...back, 'x', 'backward.h0'], { dyBack: first }],
    ['dx of the backward layer dropped', ['x'], { back: 0 }],
    ['dx of the forward layer dropped', ['x'], { there: 0 }],
    ['dx of the backward layer subtracted', ['x'], { back: -1 }],
  ])('%s', (_, spoilt, mistakes) => {
    expect(wrong(planted(mistakes))).toEqual(spoilt);
  });

  it('a reversal over all T in both passes, which is an honest gradient of something else', () => {
    const right = both('concat');
    const whole = (x: Sequence) => Sequence.dense(flat(x.rows()), { T: x.T, B: x.B, F: x.F });
    const layer: Layer = { ...right, forward: (x, s0) => right.forward(whole(x), s0) } as Both;
    expect(wrong(layer)).toEqual([]);
    expect(touchedByPadding(layer, { T: 5, B: 3, seed: 1 })).toContain('dbackward.W');
  });
});
