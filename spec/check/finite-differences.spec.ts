import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { agrees, checkGradients } from '../../lib/check/finite-differences.ts';
import { format } from '../../lib/check/format.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { entry, matrix, size } from '../arbitraries.ts';
import { flat } from '../numbers.ts';

/** L = Σ sin(w_ij) · (i + 1) + w_00², with its gradient. */
const problem = fc
  .tuple(size(4), size(4))
  .chain(([n, k]) => matrix(n, k))
  .map(w => {
    const loss = () => {
      let sum = w.get(0, 0) ** 2;
      for (let i = 0; i < w.rows; i++) for (const x of w.getRow(i)) sum += Math.sin(x) * (i + 1);
      return sum;
    };
    const gradient = new Matrix(w.to2DArray().map((row, i) => row.map(x => Math.cos(x) * (i + 1))));
    gradient.set(0, 0, gradient.get(0, 0) + 2 * w.get(0, 0));
    return { w, loss, gradient };
  });

describe('checkGradients', () => {
  it('passes a right gradient and puts every value back to the last bit', () => {
    fc.assert(
      fc.property(problem, ({ w, loss, gradient }) => {
        const before = flat(w);
        const { ok, tensors } = checkGradients(loss, [{ name: 'w', values: w, gradient, tag: 'T-B1' }]);
        expect(ok).toBe(true);
        expect(tensors).toMatchObject([{ name: 'w', ok: true, tag: 'T-B1', elements: before.length, failed: 0 }]);
        expect(flat(w)).toEqual(before);
      }),
    );
  });

  it('fails one wrong element among many, and names it with both values', () => {
    fc.assert(
      fc.property(problem, fc.nat(), fc.constantFrom(1e-6, -0.1, 3), ({ w, loss, gradient }, place, error) => {
        const [i, j] = [place % w.rows, place % w.columns];
        const right = gradient.get(i, j);
        gradient.set(i, j, right + error);
        const { ok, tensors } = checkGradients(loss, [{ name: 'w', values: w, gradient }]);
        expect(ok).toBe(false);
        expect(tensors[0]?.failed).toBe(1);
        expect(tensors[0]?.failures).toMatchObject([{ index: [i, j], analytic: right + error }]);
        expect(Math.abs((tensors[0]?.failures[0]?.numeric ?? Number.NaN) - right)).toBeLessThan(1e-8);
      }),
    );
  });

  it('bounds every element by itself: a large one does not excuse a small one', () => {
    const w = new Matrix([[1, 1]]);
    const loss = () => 1e6 * w.get(0, 0) + 1e-3 * w.get(0, 1);
    const wrong = new Matrix([[1e6, 1.1e-3]]);
    expect(checkGradients(loss, [{ name: 'w', values: w, gradient: wrong }]).tensors[0]?.failures).toMatchObject([
      { index: [0, 1] },
    ]);
    expect(agrees(1e-3, 1e-3 + 0.99e-8)).toBe(true);
    expect(agrees(1e-3, 1e-3 + 1.1e-8)).toBe(false);
    expect(agrees(Number.NaN, 1)).toBe(false);
  });

  it('takes a smaller step where a kink is near, and finds the slope on this side of it', () => {
    for (const distance of [5e-4, 5e-5, 5e-6]) {
      const w = new Matrix([[distance]]);
      const loss = () => Math.max(0, w.get(0, 0)) + w.get(0, 0) ** 2;
      const check = (slope: number) =>
        checkGradients(loss, [{ name: 'w', values: w, gradient: new Matrix([[slope + 2 * distance]]) }]).ok;
      expect([check(1), check(0), check(0.5)]).toEqual([true, false, false]);
    }
  });

  it('says where an element stands at a kink: right between the two slopes, wrong outside of them', () => {
    fc.assert(
      fc.property(
        entry,
        entry,
        fc.integer({ min: -50, max: 150 }).map(n => n / 100),
        (left, right, part) => {
          fc.pre(Math.abs(right - left) > 0.1 && Math.min(Math.abs(part), Math.abs(part - 1)) > 0.01);
          const w = new Matrix([[1, 0.3]]);
          const loss = () => {
            const a = w.get(0, 0) - 1;
            return (a > 0 ? right : left) * a + Math.sin(a) + w.get(0, 1) ** 2;
          };
          const gradient = new Matrix([[left + part * (right - left) + 1, 0.6]]);
          const report = checkGradients(loss, [{ name: 'w', values: w, gradient }]);
          const { ok, tensors } = report;
          const central = Math.abs(part - 0.5) < 1e-6;
          const inside = part > 0 && part < 1;
          expect(ok).toBe(inside);
          expect(tensors[0]).toMatchObject({ kinks: inside && !central ? 1 : 0, elements: 2 });
          if (inside && !central) expect(format(report)).toContain('ok, 1 at a kink');
        },
      ),
    );
  });

  it('takes no steep or strongly bent function for a kink', () => {
    for (const k of [1e2, 1e3]) {
      const w = new Matrix([[0.01 / k]]);
      const tensor = (slope: number) => [{ name: 'w', values: w, gradient: new Matrix([[slope]]) }];
      const loss = () => Math.tanh(k * w.get(0, 0)) + k * w.get(0, 0) ** 2;
      expect(checkGradients(loss, tensor(0.9 * k)).tensors[0]).toMatchObject({ ok: false, kinks: 0 });
    }
  });

  it('lists the first five failures and counts the rest', () => {
    const w = Matrix.ones(3, 3);
    const report = checkGradients(() => w.sum(), [{ name: 'w', values: w, gradient: Matrix.zeros(3, 3) }]);
    expect(report.tensors[0]).toMatchObject({ failed: 9, elements: 9, ok: false });
    expect(report.tensors[0]?.failures).toHaveLength(5);
    expect(format(report)).toContain('… and 4 more');
  });

  it('reports elements under the names it is given', () => {
    const w = Matrix.ones(2, 1);
    const tensor = {
      name: 'x',
      values: w,
      gradient: Matrix.zeros(2, 1),
      tag: 'T-B9',
      index: (n: number, j: number) => [7, n, j],
    };
    expect(format(checkGradients(() => 2 * w.sum(), [tensor]))).toBe(
      [
        'x   T-B9        2 elements  max |a−n| 2.0e+0  relative 1.0e+0  WRONG: nothing arrives',
        '    dx[7,0,0] (T-B9): analytic 0, numeric 2 — nothing arrives',
        '    dx[7,1,0] (T-B9): analytic 0, numeric 2 — nothing arrives',
      ].join('\n'),
    );
  });

  it('puts values back when the loss throws, and refuses a loss that is not finite', () => {
    const w = new Matrix([[1]]);
    const tensor = { name: 'w', values: w, gradient: new Matrix([[0]]) };
    const throwing = () => {
      if (w.get(0, 0) > 1) throw new Error('no further');
      return 0;
    };
    expect(() => checkGradients(throwing, [tensor])).toThrow('no further');
    expect(w.get(0, 0)).toBe(1);
    expect(() => checkGradients(() => Number.NaN, [tensor])).toThrow(ValueError);
  });

  it('refuses nothing to check, a gradient of another shape, and numbers that are none', () => {
    const w = new Matrix([[1]]);
    expect(() => checkGradients(() => 0, [])).toThrow(/^tensors: expected at least one/);
    expect(() => checkGradients(() => 0, [{ name: 'w', values: w, gradient: Matrix.zeros(1, 2) }])).toThrow(ShapeError);
    expect(() => checkGradients(() => 0, [{ name: 'w', values: w, gradient: new Matrix([[Number.NaN]]) }])).toThrow(
      /^dw\[0,0\]/,
    );
    expect(() => checkGradients(() => 0, [{ name: 'w', values: new Matrix([[Number.NaN]]), gradient: w }])).toThrow(
      /^w\[0,0\]/,
    );
  });
});
