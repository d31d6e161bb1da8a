/** Exponential trace memory: its step, its closed form, the rate at which gradients decay, planted mistakes. */
import fc from 'fast-check';
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { type TraceTape, trace, traceFixed } from '../../lib/cells/trace.ts';
import { checkCell } from '../../lib/check/check-cell.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { addColumnSums, addTTimes, mul, mulRow, oneMinus, sigmoidSlope, tanhSlope, times } from '../../lib/matrix.ts';
import { Sequence } from '../../lib/sequence.ts';
import type { Matrices } from '../../lib/shape.ts';
import { matrix, sequence, size } from '../arbitraries.ts';
import { deviation, flat } from '../numbers.ts';

type Name = 'nu' | 'U' | 'b';
type Trace = Cell<Name, 'h', TraceTape>;

const sigma = (a: number): number => 1 / (1 + Math.exp(-a));
const zeros = (a: AbstractMatrix): Matrix => Matrix.zeros(a.rows, a.columns);
const zerosLike = ({ nu, U, b }: Matrices<Name>) => ({ nu: zeros(nu), U: zeros(U), b: zeros(b) });

/** Decays between 0 and 1, as σ(ν). */
const fixed = (nu: Matrix) => traceFixed(flat(nu).map(sigma));

/** T steps of B sequences with everything they depend on, and a cotangent. */
const problem = fc.tuple(size(8), size(3), size(4), size(5)).chain(([T, B, d, m]) =>
  fc.record({
    p: fc.record({ nu: matrix(1, m), U: matrix(m, d), b: matrix(1, m) }),
    x: sequence(T, B, d),
    h: matrix(B, m),
    dh: matrix(B, m),
  }),
);

describe.each([
  ['trace', (_: Matrix): Cell<string, 'h'> => trace as Cell<string, 'h'>],
  ['trace-fixed', (nu: Matrix): Cell<string, 'h'> => fixed(nu) as Cell<string, 'h'>],
] as const)('%s', (name, make) => {
  it('is a running mean, unit by unit, and goes back by its Jacobians', () => {
    fc.assert(
      fc.property(problem, ({ p, x, h, dh }) => {
        const cell = make(p.nu);
        const { next, tape } = cell.forward(p, x.at(0), { h });
        const { dx, dprev } = cell.backward(p, tape, { h: dh }, zerosLike(p));
        for (let n = 0; n < x.B; n++) {
          const mu = flat(p.nu).map(sigma);
          const xn = x.at(0).getRowVector(n).transpose();
          const u = flat(p.U.mmul(xn).add(p.b.transpose())).map(Math.tanh);
          const mean = u.map((un, j) => (mu[j] ?? 0) * h.get(n, j) + (1 - (mu[j] ?? 0)) * un);
          expect(deviation(next.h.getRowVector(n), new Matrix([mean]))).toBeLessThan(1e-14);
          const byU = Matrix.diag(mu.map((v, j) => (1 - v) * (1 - (u[j] ?? 0) ** 2))); // ETM-D2  ∂h_t/∂u_t = diag(1−μ)
          const byH = Matrix.diag(mu); // ETM-D2  ∂h_t/∂h_{t−1} = diag(μ)
          expect(deviation(dprev.h.getRowVector(n), dh.getRowVector(n).mmul(byH))).toBeLessThan(1e-14);
          expect(deviation(dx.getRowVector(n), dh.getRowVector(n).mmul(byU).mmul(p.U))).toBeLessThan(1e-13);
        }
      }),
    );
  });

  it('adds into the gradients, twice the same to the last bit, and changes nothing else', () => {
    fc.assert(
      fc.property(problem, ({ p, x, h, dh }) => {
        const cell = make(p.nu);
        const before = JSON.stringify([p, flat(x.rows()), h, dh]);
        const { tape } = cell.forward(p, x.at(0), { h });
        const kept = JSON.stringify(tape);
        const [once, fresh] = [zerosLike(p), zerosLike(p)];
        const first = cell.backward(p, tape, { h: dh }, once);
        const twice = { nu: once.nu.clone(), U: once.U.clone(), b: once.b.clone() };
        expect(cell.backward(p, tape, { h: dh }, fresh)).toEqual(first);
        expect(fresh).toEqual(once);
        cell.backward(p, tape, { h: dh }, twice);
        for (const key of ['nu', 'U', 'b'] as const) {
          expect(deviation(twice[key], Matrix.mul(once[key], 2))).toBeLessThan(1e-14);
        }
        expect(JSON.stringify(tape)).toBe(kept);
        expect(JSON.stringify([p, flat(x.rows()), h, dh])).toBe(before);
      }),
    );
  });

  it('has the closed form μ^t h_0 + Σ μ^{t−k}(1−μ) u_k', () => {
    fc.assert(
      fc.property(problem, ({ p, x, h }) => {
        const { y } = run(make(p.nu), p, x, h);
        for (let t = 1; t <= x.T; t++) {
          for (let n = 0; n < x.B; n++) {
            const expected = flat(p.nu).map((v, j) => {
              const mu = sigma(v);
              let trace = mu ** t * h.get(n, j); // ETM-D1  μ^t h_0 + Σ μ^{t−k}(1−μ) u_k
              for (let k = 1; k <= t; k++) {
                const a =
                  p.b.get(0, j) +
                  x
                    .at(k - 1)
                    .getRowVector(n)
                    .dot(p.U.getRowVector(j));
                trace += mu ** (t - k) * (1 - mu) * Math.tanh(a);
              }
              return trace;
            });
            expect(deviation(y.at(t - 1).getRowVector(n), new Matrix([expected]))).toBeLessThan(1e-14);
          }
        }
      }),
    );
  });

  it('lets gradients decay at exactly the rate μ, whatever the input', () => {
    fc.assert(
      fc.property(problem, ({ p, x, h, dh }) => {
        const { layer, tape } = run(make(p.nu), p, x, h);
        const { ds0 } = layer.backward(tape, Sequence.zeros({ T: x.T, B: x.B, F: h.columns }), { h: dh });
        const rate = new Matrix([flat(p.nu).map(v => sigma(v) ** x.T)]); // ETM-D3  ∂h_T/∂h_0 = diag(μ)^T
        const actual = ds0.h ?? Matrix.zeros(1, 1);
        expect(deviation(actual, mulRow(dh, rate))).toBeLessThan(1e-14);
        flat(actual).forEach((v, i) => {
          expect(Math.abs(v)).toBeLessThanOrEqual(Math.abs(flat(dh)[i] ?? 0));
        });
      }),
    );
  });

  it('passes the gradient check, each tensor under the tag of its equation', () => {
    const cell = make(new Matrix([[-2, -1, 0, 1, 4]]));
    const { ok, restsOn, tensors } = checkCell(cell);
    expect({ ok, restsOn }).toEqual({ ok: true, restsOn: 'proof' });
    expect(cell.name).toBe(name);
    const tags = ['U ETM-B2', 'b ETM-B3', 'V RO-B1', 'c RO-B2', 'x ETM-B5', 'h0 ETM-B6'];
    const own = tensors.map(({ name, tag }) => `${name} ${tag}`);
    expect(own).toEqual(name === 'trace' ? ['nu ETM-B4', ...tags] : tags);
    for (const { maxRel } of tensors) expect(maxRel).toBeGreaterThan(0);
  });
});

/** The cell through time, with the parameters that it has. */
function run(cell: Cell<string, 'h'>, p: Matrices<Name>, x: Sequence, h: Matrix) {
  const layer = unroll(cell, { d: x.F, m: h.columns });
  for (const [name, own] of Object.entries(layer.params.named())) own.add(p[name as Name]);
  return { layer, ...layer.forward(x, { h }) };
}

describe('traceFixed', () => {
  it('takes one decay for all units', () => {
    fc.assert(
      fc.property(problem, ({ p, x, h }) => {
        const each = traceFixed(Array.from({ length: h.columns }, () => 0.9)).forward(p, x.at(0), { h });
        expect(traceFixed(0.9).forward(p, x.at(0), { h })).toEqual(each);
      }),
    );
    expect(checkCell(traceFixed(0.9))).toMatchObject({ ok: true, restsOn: 'proof' });
  });

  it('keeps the decays it was given', () => {
    const decays = [0.5];
    const cell = traceFixed(decays);
    decays[0] = 0.1;
    const p = { U: Matrix.zeros(1, 1), b: Matrix.zeros(1, 1) };
    expect(flat(cell.forward(p, new Matrix([[1]]), { h: new Matrix([[1]]) }).next.h)).toEqual([0.5]);
  });

  it.each([
    ['a decay of 0', 0, 'mu: expected a number between 0 and 1, exclusive, got 0'],
    ['of 1', 1, 'mu: expected a number between 0 and 1, exclusive, got 1'],
    ['NaN', Number.NaN, 'mu: expected a number between 0 and 1, exclusive, got NaN'],
    ['one of several', [0.5, -0.1], 'mu[1]: expected a number between 0 and 1, exclusive, got -0.1'],
    [
      'a number as text',
      ['0.5'] as unknown as number[],
      'mu[0]: expected a number between 0 and 1, exclusive, got "0.5"',
    ],
    ['none', [], 'mu: expected a decay, or a list of decays, got Array of length 0'],
    ['no number', ['a'] as unknown as number[], 'mu[0]: expected a number between 0 and 1, exclusive, got "a"'],
    ['nothing', undefined as unknown as number, 'mu: expected a decay, or a list of decays, got undefined'],
  ])('refuses %s', (_, mu, message) => {
    expect(() => traceFixed(mu)).toThrow(ValueError);
    expect(() => traceFixed(mu)).toThrow(message);
  });

  it('refuses another number of units than it has decays for', () => {
    const error = new ShapeError('mu', '3 decays, one for each unit', '2');
    expect(() => unroll(traceFixed([0.5, 0.9]), { d: 1, m: 3 })).toThrow(error);
    expect(() => traceFixed([0.5, 0.9]).state({ d: 1, m: 3 })).toThrow(error);
  });
});

describe('mulRow', () => {
  it('is the product with a diagonal matrix, and refuses what does not fit', () => {
    fc.assert(
      fc.property(problem, ({ p, h }) => {
        expect(deviation(mulRow(h, p.nu), h.mmul(Matrix.diag(flat(p.nu))))).toBeLessThan(1e-15);
      }),
    );
    expect(() => mulRow(Matrix.zeros(2, 3), Matrix.zeros(1, 2))).toThrow(ShapeError);
    expect(() => mulRow(Matrix.zeros(2, 3), Matrix.zeros(2, 3))).toThrow(ShapeError);
  });
});

/** What the equations of a backward step read. */
type Read = TraceTape & { readonly dh: AbstractMatrix; readonly p: Matrices<Name> };

/** The backward pass, equation by equation, each replaceable by a wrong one. */
interface Equations {
  readonly dau: (s: Read) => AbstractMatrix;
  readonly dnu: (s: Read) => AbstractMatrix;
  readonly dhPrev: (s: Read) => AbstractMatrix;
}

const right: Equations = {
  dau: ({ dh, mu, u }) => mul(mulRow(dh, oneMinus(mu)), tanhSlope(u)),
  dnu: ({ dh, hPrev, u, mu }) => mulRow(mul(dh, Matrix.sub(hPrev, u)), sigmoidSlope(mu)),
  dhPrev: ({ dh, mu }) => mulRow(dh, mu),
};

const planted = (wrong: Partial<Equations>): Trace => {
  const e = { ...right, ...wrong };
  return {
    ...trace,
    backward(p, tape, { h: dh }, dp) {
      const s = { ...tape, p, dh };
      const dau = e.dau(s);
      addColumnSums(dp.nu, e.dnu(s));
      addTTimes(dp.U, dau, tape.x);
      addColumnSums(dp.b, dau);
      return { dx: times(dau, p.U), dprev: { h: e.dhPrev(s) } };
    },
  };
};

/** The cell that forgets what it gathered of one parameter before each step. */
const assigned = (name: Name): Trace => ({
  ...trace,
  backward(p, tape, dnext, dp) {
    dp[name].mul(0);
    return trace.backward(p, tape, dnext, dp);
  },
});

const late: Trace = {
  ...trace,
  forward(p, x, prev) {
    const { next, tape } = trace.forward(p, x, prev);
    return { next, tape: { ...tape, hPrev: next.h } };
  },
};

describe('a planted mistake is caught, and named by the tensors it spoils', () => {
  const all = ['nu', 'U', 'b', 'x', 'h0'];
  const mistakes: readonly (readonly [string, readonly string[], Trace])[] = [
    ['nothing', [], planted({})],
    ['dau without 1−μ', ['U', 'b', 'x'], planted({ dau: ({ dh, u }) => mul(dh, tanhSlope(u)) })],
    ['μ for 1−μ in dau', ['U', 'b', 'x'], planted({ dau: ({ dh, mu, u }) => mul(mulRow(dh, mu), tanhSlope(u)) })],
    ['dau without its slope', ['U', 'b', 'x'], planted({ dau: ({ dh, mu }) => mulRow(dh, oneMinus(mu)) })],
    ['the sign of dν', ['nu'], planted({ dnu: s => Matrix.mul(right.dnu(s), -1) })],
    ['dν without u', ['nu'], planted({ dnu: ({ dh, hPrev, mu }) => mulRow(mul(dh, hPrev), sigmoidSlope(mu)) })],
    ['dν without its slope', ['nu'], planted({ dnu: ({ dh, hPrev, u }) => mul(dh, Matrix.sub(hPrev, u)) })],
    ['h_t for h_{t−1} in dν', ['nu'], late],
    ['no decay in dh_{t−1}', all, planted({ dhPrev: ({ dh }) => dh })],
    ['1−μ for μ in dh_{t−1}', all, planted({ dhPrev: ({ dh, mu }) => mulRow(dh, oneMinus(mu)) })],
    ['ν for μ in dh_{t−1}', all, planted({ dhPrev: ({ dh, p }) => mulRow(dh, p.nu) })],
    ['the recurrent term dropped', all, planted({ dhPrev: ({ dh }) => zeros(dh) })],
    ['dν assigned where it must be added', ['nu'], assigned('nu')],
    ['dU assigned where it must be added', ['U'], assigned('U')],
    ['db assigned where it must be added', ['b'], assigned('b')],
  ];

  it.each(mistakes)('%s', (_, spoilt, cell) => {
    const { tensors } = checkCell(cell);
    expect(tensors.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(spoilt);
  });
});
