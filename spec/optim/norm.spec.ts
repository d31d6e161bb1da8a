/** Norms at the ends of the range of numbers, where squares overflow or vanish. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { clippingOf } from '../../lib/flow/clipping.ts';
import { clipByGlobalNorm, clipByNorm, clipByValue } from '../../lib/optim/clip.ts';
import { frobenius, norm } from '../../lib/optim/norm.ts';
import { ParamSet } from '../../lib/params.ts';
import { entries } from '../arbitraries.ts';

/** Powers of two: what they multiply is as exact as it was. */
const exponent = fc.integer({ min: -1010, max: 1010 });

const near = (a: number, b: number) => expect(Math.abs(a - b)).toBeLessThanOrEqual(1e-14 * Math.abs(b));

describe('a norm', () => {
  it('is the same times any power of two', () => {
    fc.assert(
      fc.property(entries(7), exponent, (numbers, e) => {
        const wanted = Math.hypot(...numbers) * 2 ** e;
        const scaled = Float64Array.from(numbers, x => x * 2 ** e);
        near(norm(scaled), wanted);
        near(frobenius(new Matrix([Array.from(scaled)])), wanted);
      }),
    );
  });

  it('counts what is small beside what is large, and does not vanish or overflow before the result does', () => {
    near(norm(Float64Array.of(3e-200, 4e-200)), 5e-200);
    near(norm(Float64Array.of(3e200, 4e200)), 5e200);
    near(norm(new Float64Array(10_000).fill(1e-161)), 1e-159);
    near(norm(new Float64Array(10_000).fill(1e152)), 1e154);
    expect(norm(Float64Array.of(5e-324))).toBe(5e-324);
    expect(norm(Float64Array.of(-Number.MAX_VALUE))).toBe(Number.MAX_VALUE);
    expect(norm(Float64Array.of(Number.MAX_VALUE, Number.MAX_VALUE))).toBe(Number.POSITIVE_INFINITY);
  });

  it('is 0 of nothing and of zeros, and no number or infinite where a number is', () => {
    for (const none of [[], [0, -0, 0, 0, 0]]) expect(norm(Float64Array.from(none))).toBe(0);
    expect(norm(Float64Array.of(1, Number.NaN, 1e200))).toBeNaN();
    expect(norm(Float64Array.of(Number.NEGATIVE_INFINITY, 1))).toBe(Number.POSITIVE_INFINITY);
    expect(norm(Float64Array.of(Number.POSITIVE_INFINITY, Number.NaN))).toBeNaN();
    expect(frobenius(Matrix.zeros(0, 3))).toBe(0);
    expect(frobenius(new Matrix([[Number.NaN, 1e200]]))).toBeNaN();
  });
});

describe('clipping', () => {
  const withGrads = (numbers: readonly number[]) => {
    const params = ParamSet.of({ W: [1, 2], b: [1, 1] });
    params.grads.set(numbers);
    return params;
  };

  it('keeps the direction of gradients of any size, and tells their norm', () => {
    for (const scale of [1e-250, 1e-200, 1e-160, 1, 1e160, 1e200, 1e300]) {
      for (const part of [1e-3, 0.5]) {
        const whole = withGrads([2 * scale, -3 * scale, 6 * scale]);
        near(clipByGlobalNorm(whole, 7 * part * scale), 7 * scale);
        [2, -3, 6].forEach((g, i) => {
          near(whole.grads[i] ?? Number.NaN, g * part * scale);
        });
        const each = withGrads([3 * scale, -4 * scale, 6 * scale]);
        const norms = clipByNorm(each, 5 * part * scale);
        near(norms.W ?? Number.NaN, 5 * scale);
        near(norms.b ?? Number.NaN, 6 * scale);
        near(each.grads[1] ?? Number.NaN, -4 * part * scale);
        near(each.grads[2] ?? Number.NaN, 5 * part * scale);
        const values = withGrads([3 * scale, -4 * scale, 6 * scale]);
        clipByValue(values, 4 * scale);
        expect(Array.from(values.grads)).toEqual([3 * scale, -4 * scale, 4 * scale]);
      }
    }
  });

  it('brings the largest gradients down to the smallest norms', () => {
    const params = withGrads([3e300, -4e300, 0]);
    expect(clipByGlobalNorm(params, 1e-20)).toBe(5e300);
    near(params.grads[0] ?? Number.NaN, 6e-21);
    near(params.grads[1] ?? Number.NaN, -8e-21);
    const each = withGrads([3e300, -4e300, 0]);
    clipByNorm(each, 1e-20);
    near(each.grads[1] ?? Number.NaN, -8e-21);
  });

  it('leaves what is shorter as it is, bit for bit, however small', () => {
    const params = withGrads([1e-200, -1e-310, 0]);
    near(clipByGlobalNorm(params, 1), 1e-200);
    expect(Array.from(params.grads)).toEqual([1e-200, -1e-310, 0]);
  });

  it('is described alike whatever the gradients’ size', () => {
    for (const scale of [1e-250, 1, 1e250]) {
      const { before, after, bites, cosine } = clippingOf(withGrads([3 * scale, 4 * scale, 12 * scale]), p =>
        clipByValue(p, 4 * scale),
      );
      near(before, 13 * scale);
      near(after, Math.sqrt(41) * scale);
      expect(bites).toBe(true);
      near(cosine, 73 / (13 * Math.sqrt(41)));
    }
  });
});
