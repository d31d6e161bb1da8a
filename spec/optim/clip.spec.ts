import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clipByGlobalNorm, clipByNorm, clipByValue } from '../../lib/optim/clip.ts';
import { ParamSet } from '../../lib/params.ts';
import { entries } from '../arbitraries.ts';

const shapes = { W: [2, 3], b: [1, 3], c: [1, 1] } as const;

/** Parameters with the given gradients, and values that clipping has no business with. */
const withGrads = (grads: ArrayLike<number>) => {
  const params = ParamSet.of(shapes);
  params.values.fill(7);
  params.grads.set(grads);
  return params;
};

/** The gradients of each parameter by itself. */
const blocks = ({ grads }: ParamSet) => ({
  W: Array.from(grads.slice(0, 6)),
  b: Array.from(grads.slice(6, 9)),
  c: Array.from(grads.slice(9)),
});

const grads = entries(10);
const threshold = fc.integer({ min: 1, max: 600 }).map(n => n / 100);

describe('clipByNorm', () => {
  it('is G θ/‖G‖ where ‖G‖ ≥ θ, for each parameter by itself, and tells the norms before', () => {
    fc.assert(
      fc.property(grads, threshold, (numbers, theta) => {
        const params = withGrads(numbers);
        const before = blocks(params);
        const norms = clipByNorm(params, theta);
        const after = blocks(params);
        expect(Object.keys(norms)).toEqual(['W', 'b', 'c']);
        for (const name of ['W', 'b', 'c'] as const) {
          const norm = Math.hypot(...before[name]);
          expect(norms[name]).toBeCloseTo(norm, 12);
          if (norm < theta - 1e-12) expect(after[name]).toEqual(before[name]);
          else {
            const expected = before[name].map(g => (g * theta) / norm);
            after[name].forEach((g, i) => {
              expect(g).toBeCloseTo(expected[i] ?? Number.NaN, 12);
            });
          }
        }
        expect(params.values).toEqual(new Float64Array(10).fill(7));
      }),
    );
  });

  it('clips one parameter and leaves another as it is, bit for bit', () => {
    const params = withGrads([0, 3, 0, 0, -4, 0, 0.1, -0.2, -0, 1]);
    expect(clipByNorm(params, 2)).toEqual({ W: 5, b: Math.sqrt(0.1 * 0.1 + 0.2 * 0.2), c: 1 });
    const { W, b, c } = blocks(params);
    expect(W.map(g => Number(g.toFixed(14)))).toEqual([0, 1.2, 0, 0, -1.6, 0]);
    expect([b, c]).toEqual([[0.1, -0.2, -0], [1]]);
  });

  it('leaves a gradient exactly at the threshold as long as it is', () => {
    const params = withGrads([0, 3, 0, 0, -4, 0, 0, 0, 0, 0]);
    clipByNorm(params, 5);
    expect(blocks(params).W).toEqual([0, 3, 0, 0, -4, 0]);
  });

  it('leaves zeros zeros', () => {
    const params = withGrads(new Float64Array(10));
    expect(clipByNorm(params, 1)).toEqual({ W: 0, b: 0, c: 0 });
    expect(params.grads).toEqual(new Float64Array(10));
  });
});

describe('clipByGlobalNorm', () => {
  it('is g θ/‖g‖ where ‖g‖ ≥ θ, for all parameters together, and tells the norm before', () => {
    fc.assert(
      fc.property(grads, threshold, (numbers, theta) => {
        const params = withGrads(numbers);
        const norm = Math.hypot(...numbers);
        expect(clipByGlobalNorm(params, theta)).toBeCloseTo(norm, 12);
        if (norm < theta - 1e-12) expect(Array.from(params.grads)).toEqual(numbers);
        else {
          params.grads.forEach((g, i) => {
            expect(g).toBeCloseTo(((numbers[i] ?? Number.NaN) * theta) / norm, 12);
          });
          expect(Math.hypot(...params.grads)).toBeCloseTo(theta, 12);
        }
        expect(params.values).toEqual(new Float64Array(10).fill(7));
      }),
    );
  });

  it('clips where no parameter by itself is too long, and keeps their proportions', () => {
    const params = withGrads([0, 3, 0, 0, 0, 0, -4, 0, 0, 0]);
    expect(clipByGlobalNorm(params, 4.5)).toBe(5);
    const { W, b } = blocks(params);
    expect([W[1], b[0]].map(g => g?.toFixed(14))).toEqual(['2.70000000000000', '-3.60000000000000']);
    const alone = withGrads([0, 3, 0, 0, 0, 0, -4, 0, 0, 0]);
    clipByNorm(alone, 4.5);
    expect(blocks(alone).W[1]).toBe(3);
  });

  it('leaves gradients exactly at the threshold as long as they are, and zeros zeros', () => {
    const params = withGrads([0, 3, 0, 0, -4, 0, 0, 0, 0, 0]);
    expect(clipByGlobalNorm(params, 5)).toBe(5);
    expect(blocks(params).W).toEqual([0, 3, 0, 0, -4, 0]);
    const none = withGrads(new Float64Array(10));
    expect(clipByGlobalNorm(none, 1)).toBe(0);
    expect(none.grads).toEqual(new Float64Array(10));
  });
});

describe('clipByValue', () => {
  it('brings every element to within ±limit and leaves those inside bit for bit', () => {
    fc.assert(
      fc.property(grads, threshold, (numbers, limit) => {
        const params = withGrads(numbers);
        clipByValue(params, limit);
        params.grads.forEach((g, i) => {
          const before = numbers[i] ?? Number.NaN;
          expect(g).toBe(Math.abs(before) <= limit ? before : Math.sign(before) * limit);
        });
        expect(params.values).toEqual(new Float64Array(10).fill(7));
      }),
    );
  });

  it.each([5, 1e-170, 1e170])('is the same wherever it stands among many: limit %d', limit => {
    for (const at of [0, 255, 256, 511, 512, 599]) {
      for (const size of [1 - 2 ** -52, 1, 1 + 2 ** -52, 3]) {
        const params = ParamSet.of({ W: [1, 600] });
        params.grads.fill(limit / 1e3);
        params.grads[at] = -size * limit;
        const expected = params.grads.slice();
        expected[at] = -Math.min(size * limit, limit);
        clipByValue(params, limit);
        expect(params.grads).toEqual(expected);
      }
    }
  });

  it('clips just beyond the limit, and keeps −0', () => {
    const params = withGrads([1e300, -1e300, -0, 5, -5, 5.1, -5.1, 0, 1, -1]);
    clipByValue(params, 5);
    expect(Array.from(params.grads)).toEqual([5, -5, -0, 5, -5, 5, -5, 0, 1, -1]);
  });
});

it.each([Number.NaN, Number.POSITIVE_INFINITY])('a gradient of %d is refused, and nothing clipped', bad => {
  const params = withGrads([100, 0, 0, bad]);
  expect(() => clipByNorm(params, 1)).toThrow(/^‖dW‖: expected a finite number/);
  expect(() => clipByGlobalNorm(params, 1)).toThrow(/^‖grads‖: expected a finite number/);
  expect(() => clipByValue(params, 1)).toThrow(/^grads\[3\]: expected a finite number/);
  expect(params.grads[0]).toBe(100);
});

it('a norm that overflows is refused', () => {
  const most = Number.MAX_VALUE;
  expect(() => clipByNorm(withGrads([most, most]), 1)).toThrow(/^‖dW‖: expected a finite number, got Infinity/);
  expect(() => clipByGlobalNorm(withGrads([most, most]), 1)).toThrow(
    /^‖grads‖: expected a finite number, got Infinity/,
  );
});

it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('%d is no threshold', bad => {
  const params = withGrads([1, 2, 3]);
  const before = params.grads.slice();
  expect(() => clipByNorm(params, bad)).toThrow(expect.objectContaining({ name: 'ValueError', argument: 'theta' }));
  expect(() => clipByGlobalNorm(params, bad)).toThrow(
    expect.objectContaining({ name: 'ValueError', argument: 'theta' }),
  );
  expect(() => clipByValue(params, bad)).toThrow(expect.objectContaining({ name: 'ValueError', argument: 'limit' }));
  expect(params.grads).toEqual(before);
});
