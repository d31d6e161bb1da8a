import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { crossEntropy } from '../../lib/losses/cross-entropy.ts';
import { squaredError } from '../../lib/losses/squared-error.ts';
import { Sequence } from '../../lib/sequence.ts';
import { bitsPerSymbol, mae, perplexity, rmse } from '../../lib/training/metrics.ts';
import { lengths, sequence, size } from '../arbitraries.ts';

const pairs = fc
  .tuple(size(4), size(3), size(3))
  .chain(([T, B, F]) =>
    lengths(T, B).chain(own =>
      fc.tuple(sequence(T, B, F, own), sequence(T, B, F), fc.array(fc.nat(3), { minLength: T * B, maxLength: T * B })),
    ),
  );

describe('errors of numbers', () => {
  it('are the root of the mean square, and the mean magnitude, of what counts', () => {
    fc.assert(
      fc.property(pairs, ([o, target]) => {
        const [a, b] = [
          o.unpack().flat(2),
          o
            .unpack()
            .flatMap((steps, n) => target.unpack()[n]?.slice(0, steps.length) ?? [])
            .flat(),
        ];
        const errors = a.map((x, i) => x - (b[i] ?? Number.NaN));
        expect(rmse(o, target)).toBeCloseTo(Math.sqrt(errors.reduce((sum, e) => sum + e * e, 0) / errors.length), 12);
        expect(mae(o, target)).toBeCloseTo(errors.reduce((sum, e) => sum + Math.abs(e), 0) / errors.length, 12);
        expect(mae(o, target)).toBeLessThanOrEqual(rmse(o, target) + 1e-12); // MT-D2
      }),
    );
  });

  it('weigh the steps as the loss does', () => {
    fc.assert(
      fc.property(pairs, ([o, target, weights]) => {
        fc.pre(weights.some((weight, n) => weight > 0 && o.counts(n)));
        const { loss } = squaredError.forward(o, target, { weights, reduction: 'mean' });
        expect(rmse(o, target, { weights }) ** 2).toBeCloseTo((2 * loss) / o.F, 10);
        const mask = weights.map(weight => weight > 0);
        const masked = squaredError.forward(o, target, { mask, reduction: 'mean' });
        expect(rmse(o, target, { mask }) ** 2).toBeCloseTo((2 * masked.loss) / o.F, 10);
      }),
    );
  });

  it('are 0 where nothing is wrong, and finite where a square is not', () => {
    const [large, none] = [Sequence.pack([[[3e200], [4e200]]]), Sequence.pack([[[0], [0]]])];
    expect([rmse(none, none), mae(none, none)]).toEqual([0, 0]);
    expect(rmse(large, none) / 1e200).toBeCloseTo(Math.sqrt(12.5), 12);
    expect(mae(none, large)).toBe(3.5e200);
  });

  it.each<[string, () => unknown, typeof ShapeError, string]>([
    [
      'another extent',
      () => rmse(Sequence.zeros({ T: 1, F: 1 }), Sequence.zeros({ T: 2, F: 1 })),
      ShapeError,
      'target: expected T=1 B=1',
    ],
    [
      'another width',
      () => mae(Sequence.zeros({ T: 1, F: 1 }), Sequence.zeros({ T: 1, F: 2 })),
      ShapeError,
      'target: expected 1 features',
    ],
    [
      'no steps',
      () => mae(Sequence.zeros({ T: 1, F: 1 }), Sequence.zeros({ T: 1, F: 1 }), { mask: [0] }),
      ValueError,
      'mask: expected at least one',
    ],
    [
      'a sum',
      () => rmse(Sequence.zeros({ T: 1, F: 1 }), Sequence.zeros({ T: 1, F: 1 }), { reduction: 'sum' } as never),
      ValueError,
      'weighting: expected no names but mask, weights, got "reduction"',
    ],
  ])('of %s: refused', (_, act, Kind, message) => {
    expect(act).toThrow(Kind);
    expect(act).toThrow(message);
  });
});

describe('the figures of text', () => {
  it('of a network that takes n symbols for as likely are log₂ n bits, a choice of n', () => {
    fc.assert(
      fc.property(size(50), n => {
        const { loss } = crossEntropy.forward(Sequence.zeros({ T: 2, F: n }), [0, n - 1], { reduction: 'mean' });
        expect(bitsPerSymbol(loss)).toBeCloseTo(Math.log2(n), 12);
        expect(perplexity(loss)).toBeCloseTo(n, 10);
        expect(2 ** bitsPerSymbol(loss)).toBeCloseTo(perplexity(loss), 10);
      }),
    );
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('of %d nats: refused', nats => {
    expect(() => bitsPerSymbol(nats)).toThrow(ValueError);
    expect(() => perplexity(nats)).toThrow(ValueError);
  });
});
