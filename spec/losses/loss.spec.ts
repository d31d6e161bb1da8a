/** Which steps count and how much: the factors, and what cross-entropy makes of them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkLoss } from '../../lib/check/check-loss.ts';
import { binaryCrossEntropy } from '../../lib/losses/binary-cross-entropy.ts';
import { crossEntropy } from '../../lib/losses/cross-entropy.ts';
import { type Loss, stepFactors, type Weighting } from '../../lib/losses/loss.ts';
import { rankingLoss } from '../../lib/losses/ranking.ts';
import { squaredError } from '../../lib/losses/squared-error.ts';
import type { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { lengths, sequence, size } from '../arbitraries.ts';

/** A hundredth between 0 and 2, often 0. */
const weight = fc.oneof(
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 200 }).map(n => n / 100) },
);

const problem = fc
  .tuple(size(5), size(3), size(4))
  .chain(([T, B, C]) => fc.tuple(fc.constant([T, B, C] as const), lengths(T, B)))
  .chain(([[T, B, C], own]) => {
    const each = { minLength: T * B, maxLength: T * B };
    return fc.record({
      logits: sequence(T, B, C, own),
      y: fc.array(fc.nat(C - 1), each),
      mask: fc.option(fc.array(fc.boolean(), each), { nil: undefined }),
      weights: fc.option(fc.array(weight, each), { nil: undefined }),
    });
  });

/** The arguments that are given. */
const given = ({ mask, weights }: { mask: boolean[] | undefined; weights: number[] | undefined }): Weighting => ({
  ...(mask && { mask }),
  ...(weights && { weights }),
});

describe('the factor of a step', () => {
  it('is its weight where it counts, and 0 where it is masked or padding', () => {
    fc.assert(
      fc.property(problem, ({ logits, mask, weights }) => {
        const { factors, count } = stepFactors(logits, given({ mask, weights }));
        const expected = Array.from({ length: logits.T * logits.B }, (_, n) =>
          logits.counts(n) && (mask?.[n] ?? true) ? (weights?.[n] ?? 1) : 0,
        );
        expect(Array.from(factors)).toEqual(expected);
        expect(count).toBe(expected.filter(w => w > 0).length);
      }),
    );
  });

  it('adds up to 1 in a mean, where steps are in proportion as in a sum', () => {
    fc.assert(
      fc.property(problem, ({ logits, mask, weights }) => {
        const sum = stepFactors(logits, given({ mask, weights }));
        fc.pre(sum.count > 0);
        const mean = stepFactors(logits, { ...given({ mask, weights }), reduction: 'mean' });
        const total = sum.factors.reduce((a, b) => a + b, 0);
        expect(mean.count).toBe(sum.count);
        expect(mean.factors.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 13);
        sum.factors.forEach((w, n) => {
          expect(mean.factors[n]).toBeCloseTo(w / total, 14);
        });
      }),
    );
  });

  it('is not asked for where a step does not count', () => {
    const o = Sequence.zeros({ T: 3, F: 1, lengths: [2] });
    const { factors, count } = stepFactors(o, { mask: [0, 1, 1], weights: [Number.NaN, 3, -1] });
    expect([Array.from(factors), count]).toEqual([[0, 3, 0], 1]);
  });

  it('is refused where it is none, naming it', () => {
    const o = Sequence.zeros({ T: 2, F: 1 });
    const refused = (weighting: unknown) => expect(() => stepFactors(o, weighting as Weighting));
    refused({ mask: [1] }).toThrow(/^mask: expected 2 booleans/);
    refused({ weights: [1, 2, 3] }).toThrow(/^weights: expected 2 numbers/);
    refused({ weights: [1, -1] }).toThrow(/^weights\[1\]: expected a number ≥ 0, got -1$/);
    refused({ weights: [Number.NaN, 1] }).toThrow(/^weights\[0\]: expected a finite number/);
    refused({ reduction: 'max' }).toThrow(/^reduction: expected sum or mean, got "max"$/);
    refused({ mask: [0, 0], reduction: 'mean' }).toThrow(/^mask: expected at least one step that counts/);
    refused({ weights: [0, 0], reduction: 'mean' }).toThrow(/^mask: expected at least one step that counts/);
    expect(stepFactors(o, { mask: [0, 0] }).count).toBe(0);
  });
});

describe('cross-entropy', () => {
  it('is the weighted sum, or mean, of what its steps are by themselves', () => {
    fc.assert(
      fc.property(
        problem,
        fc.constantFrom('sum' as const, 'mean' as const),
        ({ logits, y, mask, weights }, reduction) => {
          const { factors } = stepFactors(logits, given({ mask, weights }));
          const total = factors.reduce((a, b) => a + b, 0);
          fc.pre(total > 0);
          let expected = 0;
          factors.forEach((factor, n) => {
            const alone = Sequence.dense(logits.rows().getRow(n), { T: 1, F: logits.F });
            expected += factor * crossEntropy.forward(alone, [y[n] ?? -1]).loss;
          });
          if (reduction === 'mean') expected /= total;
          const { loss } = crossEntropy.forward(logits, y, { ...given({ mask, weights }), reduction });
          expect(Math.abs(loss - expected)).toBeLessThan(1e-13 * Math.max(1, expected));
        },
      ),
    );
  });

  it('has a mean over the steps that count, not over all', () => {
    const logits = Sequence.zeros({ T: 4, F: 2, lengths: [3] });
    const { loss, count } = crossEntropy.forward(logits, [0, 1, 0, 1], { mask: [1, 0, 1, 1], reduction: 'mean' });
    expect([loss, count]).toEqual([Math.LN2, 2]);
  });

  const target = ({ T, B, F }: { T: number; B: number; F: number }, rng: Random) =>
    Array.from({ length: T * B }, () => Math.floor(F * rng.uniform()));

  it.each([1, 2, 3])('passes the gradient check as a sum and as a mean, seed %d', seed => {
    const { ok, tensors } = checkLoss(crossEntropy, { target, seed });
    expect(ok).toBe(true);
    expect(tensors.map(({ name, tag }) => `${name} ${tag}`)).toEqual(['o (sum) CE-B1', 'o (mean) CE-B1']);
    for (const { maxRel } of tensors) expect(maxRel).toBeGreaterThan(0);
  });

  const { backward } = crossEntropy;
  it.each<[string, string[], typeof backward]>([
    [
      'weights dropped',
      ['o (sum)', 'o (mean)'],
      (tape, dloss) => backward({ ...tape, factors: tape.factors.map(Math.sign) }, dloss),
    ],
    [
      'a mean over half as much as counts',
      ['o (mean)'],
      (tape, dloss) => {
        const whole = tape.factors.reduce((a, b) => a + b, 0);
        const scale = Math.abs(whole - 1) < 1e-9 ? 2 : 1; // only a mean has factors that add up to 1
        return backward({ ...tape, factors: tape.factors.map(w => w * scale) }, dloss);
      },
    ],
    [
      'a gradient where a step does not count',
      ['o (sum)', 'o (mean)'],
      (tape, dloss) => backward({ ...tape, factors: tape.factors.map(w => w || 1) }, dloss),
    ],
    ['dL/dloss dropped', ['o (sum)', 'o (mean)'], tape => backward(tape)],
    ['the wrong sign', ['o (sum)', 'o (mean)'], (tape, dloss = 1) => backward(tape, -dloss)],
  ])('with a planted mistake is caught: %s', (_, spoilt, wrong) => {
    const { tensors } = checkLoss({ ...crossEntropy, backward: wrong }, { target });
    expect(tensors.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(spoilt);
  });
});

it('weights have a mean, small as they may be', () => {
  const o = Sequence.zeros({ T: 4, F: 1 });
  const { factors } = stepFactors(o, { weights: [5e-324, 0, 1e-323, 5e-324], reduction: 'mean' });
  expect(Array.from(factors)).toEqual([0.25, 0, 0.5, 0.25]);
});

describe('weights whose sum is beyond all numbers', () => {
  const [one, other] = [Math.log(3), Math.log(7)];
  const o = Sequence.dense([one, 0, 0, 0, other, 0], { T: 3, F: 2 });
  const unit = Sequence.dense([1, 0, 0, 1, 1, 0], { T: 3, F: 2 });

  it.each([[[1e308, 1e308, 1e308]], [[1e308, 5e307, 1.7e308]], [[1.7e308, 0, 1.7e308]], [[1e308, 1, 1e308]]])(
    'have a mean: %j',
    weights => {
      const small = weights.map(weight => weight / 1e308);
      const mean = (loss: Loss<unknown>, target: unknown, weights: readonly number[]) => {
        const { loss: value, tape } = loss.forward(o, target, { weights, reduction: 'mean' });
        return [value, ...loss.backward(tape).data];
      };
      for (const [loss, target] of [
        [crossEntropy, [0, 1, 0]],
        [squaredError, unit],
        [binaryCrossEntropy, unit],
        [rankingLoss({ kind: 's', lambda: 2 }), [0, 0, 1]],
        [rankingLoss({ kind: 'm', lambda: 2 }), [0, 0, 1]],
      ] as [Loss<unknown>, unknown][]) {
        const [got, want] = [mean(loss, target, weights), mean(loss, target, small)];
        got.forEach((x, n) => {
          expect(x).toBeCloseTo(want[n] ?? Number.NaN, 14);
        });
        expect(got[0]).not.toBe(0);
      }
    },
  );
});

describe('a mask', () => {
  const o = Sequence.zeros({ T: 2, F: 2 });

  it('is of true and false, or 1 and 0', () => {
    for (const mask of [[true, false], [1, 0], Uint8Array.of(1, 0), [1, -0]]) {
      expect(stepFactors(o, { mask: mask as ArrayLike<number> }).factors).toEqual(Float64Array.of(1, 0));
    }
  });

  it.each([0.5, 2, -1, Number.NaN, '0', '', null, undefined, 1n])(
    'has no %s in it, which would count as one or the other',
    bad => {
      const mask = [1, bad] as unknown as number[];
      expect(() => stepFactors(o, { mask })).toThrow(
        expect.objectContaining({ name: 'ValueError', argument: 'mask[1]', expected: 'true, false, 1 or 0' }),
      );
    },
  );

  it('has to leave something for a mean', () => {
    for (const given of [{ mask: [false, false] }, { weights: [0, 0] }, { mask: [1, 0], weights: [0, 1] }]) {
      expect(() => stepFactors(o, { ...given, reduction: 'mean' })).toThrow(
        'mask: expected at least one step that counts',
      );
      expect(stepFactors(o, given).count).toBe(0);
    }
  });
});
