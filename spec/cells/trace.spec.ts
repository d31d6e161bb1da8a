/** Exponential trace memory: its derivation, its closed form, the rate at which gradients decay, planted mistakes. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { trace, traceFixed } from '../../lib/cells/trace.ts';
import { checkCell } from '../../lib/check/check-cell.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { mulRow } from '../../lib/matrix.ts';
import { Sequence } from '../../lib/sequence.ts';
import type { Matrices } from '../../lib/shape.ts';
import { matrix, sequence, size } from '../arbitraries.ts';
import { deviation, flat } from '../numbers.ts';
import { assigned, everything } from './problems.ts';
import { describeDerivation, describeMistakes } from './proven.ts';

type Name = 'nu' | 'U' | 'b';

const sigma = (a: number): number => 1 / (1 + Math.exp(-a));

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

describe('trace', () => {
  describeDerivation(trace as Cell);
});

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

  it('says which equations give its gradients', () => {
    expect(traceFixed(0.5).equations).toEqual({ U: 'ETM-B2', b: 'ETM-B3', x: 'ETM-B5', h: 'ETM-B6' });
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

const changes = ['U', 'b', 'x'];
const all = everything(trace);

describeMistakes(trace as Cell, [
  ['dau without 1−μ', changes, { 'mul(mulRow(dh, oneMinus(mu)), tanhSlope(u))': 'mul(dh, tanhSlope(u))' }],
  ['μ for 1−μ in dau', changes, { 'mulRow(dh, oneMinus(mu))': 'mulRow(dh, mu)' }],
  ['dau without its slope', changes, { 'mul(mulRow(dh, oneMinus(mu)), tanhSlope(u))': 'mulRow(dh, oneMinus(mu))' }],
  ['the sign of dν', ['nu'], { 'sub(hPrev, u)': 'sub(u, hPrev)' }],
  ['dν without u', ['nu'], { 'sub(hPrev, u)': 'hPrev' }],
  ['dν without its slope', ['nu'], { 'mulRow(mul(dh, sub(hPrev, u)), sigmoidSlope(mu))': 'mul(dh, sub(hPrev, u))' }],
  ['h_t for h_{t−1} in dν', ['nu'], { 'sub(hPrev, u)': 'sub(decay(mu as Matrix, p, x, hPrev).h, u)' }],
  ['no decay in dh_{t−1}', all, { 'mulRow(dh, mu)': 'copy(dh)' }],
  ['1−μ for μ in dh_{t−1}', all, { 'mulRow(dh, mu);': 'mulRow(dh, oneMinus(mu));' }],
  ['the recurrent term dropped', all, { 'mulRow(dh, mu);': 'scale(dh, 0);' }],
  ['dν assigned where it must be added', ['nu'], assigned(trace, 'nu')],
  ['dU assigned where it must be added', ['U'], assigned(trace, 'U')],
  ['db assigned where it must be added', ['b'], assigned(trace, 'b')],
]);
