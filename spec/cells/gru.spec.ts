/** Both GRUs: their derivation, the convention of z, where they are one, planted mistakes. */
import fc from 'fast-check';
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { gru, swapUpdateGate } from '../../lib/cells/gru.ts';
import { gruResetBefore } from '../../lib/cells/gru-reset-before.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { add, mul, oneMinus } from '../../lib/matrix.ts';
import type { Matrices } from '../../lib/shape.ts';
import { deviation, flat, inner } from '../numbers.ts';
import { assigned, stepOf, zerosLike } from './problems.ts';
import { describeCheck, describeDerivation, describeMistakes } from './proven.ts';

type AnyGru = Cell<'W_z' | 'U_z' | 'b_z', 'h', { readonly z: AbstractMatrix; readonly n: AbstractMatrix }>;

const GATES = ['r', 'z', 'n'] as const;

const tagged = (prefix: string, ...others: readonly string[]) => [
  ...GATES.map(k => `W_${k} ${prefix}-B5`),
  ...GATES.map(k => `U_${k} ${prefix}-B6`),
  ...GATES.map(k => `b_${k} ${prefix}-B7`),
  ...others,
];

describe.each([
  ['gru', gru as Cell as AnyGru, 'GRU', tagged('GRU', 'b_h GRU-B8', 'V RO-B1', 'c RO-B2', 'x GRU-B9', 'h0 GRU-B10')],
  [
    'gru-reset-before',
    gruResetBefore as Cell as AnyGru,
    'GRB',
    tagged('GRB', 'V RO-B1', 'c RO-B2', 'x GRB-B8', 'h0 GRB-B9'),
  ],
] as const)('%s', (_, cell, prefix, tags) => {
  describeDerivation(cell as Cell, { file: 'gru', prefix });

  describeCheck(cell as Cell, tags);

  it('is the other convention, in which z takes the new state, once the update gate is swapped', () => {
    fc.assert(
      fc.property(stepOf(cell), ({ p, x, prev }) => {
        const { z } = cell.forward(p, x, prev).tape;
        const swapped = copied(p);
        swapUpdateGate(swapped);
        const { next, tape } = cell.forward(swapped, x, prev);
        expect(deviation(tape.z, oneMinus(z))).toBeLessThan(1e-14); // GRU-D1  1−σ(a) = σ(−a)
        expect(deviation(next.h, add(mul(oneMinus(z), prev.h), mul(z, tape.n)))).toBeLessThan(1e-14);
      }),
    );
  });
});

/** The same numbers in matrices of their own. */
function copied<P extends Matrices>(p: P): { readonly [name in keyof P]: Matrix } {
  const copies = Object.entries(p).map(([name, a]) => [name, new Matrix(a.to2DArray())]);
  return Object.fromEntries(copies) as { readonly [name in keyof P]: Matrix };
}

describe('swapUpdateGate', () => {
  it('is its own inverse to the last bit, in the memory of a layer, and touches only the update gate', () => {
    const { params } = unroll(gru, { d: 2, m: 3 });
    params.values.forEach((_, i) => {
      params.values[i] = Math.sin(i % 7); // zeros among them
    });
    const before = params.values.slice();
    swapUpdateGate(params.named());
    const changed = Object.entries(params.named()).flatMap(([name, a]) => flat(a).map((v, i) => ({ name, i, v })));
    for (const [n, { name, v }] of changed.entries()) {
      expect(v).toBe((name.endsWith('_z') ? -1 : 1) * (before[n] ?? Number.NaN));
    }
    swapUpdateGate(params.named());
    expect(params.values).toEqual(before);
  });

  it('changes nothing where one of them is no matrix', () => {
    const { params } = unroll(gru, { d: 2, m: 3 });
    params.values.fill(1);
    const p = { ...params.named(), b_z: [1, 1, 1] as unknown as Matrix };
    expect(() => swapUpdateGate(p)).toThrow(/^p: expected a matrix/);
    expect(params.values.every(value => value === 1)).toBe(true);
  });

  it('carries gradients over with the parameters: dz/da changes its sign', () => {
    fc.assert(
      fc.property(stepOf(gru), ({ p, x, prev, dnext }) => {
        const swapped = copied(p);
        swapUpdateGate(swapped);
        const { tape } = gru.forward(swapped, x, prev);
        const dp = zerosLike(p);
        gru.backward(swapped, tape, dnext, dp);
        swapUpdateGate(dp);
        const at = (shift: number) => {
          const moved = copied(p);
          moved.b_z.set(0, 0, p.b_z.get(0, 0) + shift);
          swapUpdateGate(moved);
          return inner(gru.forward(moved, x, prev).next.h, dnext.h);
        };
        expect(dp.b_z.get(0, 0)).toBeCloseTo((at(1e-5) - at(-1e-5)) / 2e-5, 7);
      }),
    );
  });
});

it('both are one where W_n is diagonal and b_h zero, and only there', () => {
  fc.assert(
    fc.property(stepOf(gru), ({ p, x, prev }) => {
      const W_n = Matrix.diag(p.W_n.diagonal()); // GRB-D1  r⊙(W_n h) = W_n(r⊙h)
      const alike = { ...p, W_n, b_h: Matrix.zeros(1, p.b_h.columns) };
      const expected = gruResetBefore.forward(alike, x, prev).next.h;
      expect(deviation(gru.forward(alike, x, prev).next.h, expected)).toBeLessThan(1e-15);
    }),
  );
  const [zero, o] = [Matrix.zeros(2, 2), Matrix.zeros(1, 2)];
  const p = { W_r: zero, W_z: zero, W_n: zero.clone().set(0, 1, 1), U_r: zero, U_z: zero, U_n: zero };
  const biases = { b_r: new Matrix([[1, -1]]), b_z: o, b_n: o, b_h: o };
  const unit0 = (cell: Cell<string, 'h'>) =>
    cell.forward({ ...p, ...biases }, o, { h: new Matrix([[0, 1]]) }).next.h.get(0, 0);
  const sigmoid = (a: number) => 1 / (1 + Math.exp(-a));
  expect(unit0(gru as Cell<string, 'h'>)).toBeCloseTo(0.5 * Math.tanh(sigmoid(1)), 14); // unit 0 of r resets what goes into unit 0
  expect(unit0(gruResetBefore as Cell<string, 'h'>)).toBeCloseTo(0.5 * Math.tanh(sigmoid(-1)), 14); // unit 1, what comes from unit 1
});

const gates = (...names: readonly string[]) => ['W', 'U', 'b'].flatMap(kind => names.map(k => `${kind}_${k}`));

/** What a step spoils that is wrong in dan, in daz or in dar. */
const byN = [...gates('r', 'n'), 'b_h', 'x', 'h0'];
const byZ = [...gates('z'), 'x', 'h0'];
const byR = [...gates('r'), 'x', 'h0'];

const assignedIn = (cell: Cell) =>
  Object.keys(cell.params({ d: 1, m: 1 })).map(
    name => [`d${name} assigned where it must be added`, [name], assigned(cell, name)] as const,
  );

describeMistakes(gru as Cell, [
  ['dan without 1−z', byN, { 'mul(dh, oneMinus(z), tanhSlope(n))': 'mul(dh, tanhSlope(n))' }],
  ['dan without its slope', byN, { 'mul(dh, oneMinus(z), tanhSlope(n))': 'mul(dh, oneMinus(z))' }],
  ['z for 1−z in dan', byN, { 'mul(dh, oneMinus(z), tanhSlope(n))': 'mul(dh, z, tanhSlope(n))' }],
  ['the sign of daz', byZ, { 'sub(hPrev, n)': 'sub(n, hPrev)' }],
  ['daz without n', byZ, { 'sub(hPrev, n)': 'hPrev' }],
  ['h_t for h_{t−1} in daz', byZ, { 'sub(hPrev, n)': 'sub(add(mul(oneMinus(z), n), mul(z, hPrev)), n)' }],
  ['tanh’s slope for σ’s in daz', byZ, { 'sigmoidSlope(z)': 'tanhSlope(z)' }],
  ['dar without the product', byR, { 'mul(dan, q, sigmoidSlope(r))': 'mul(dan, sigmoidSlope(r))' }],
  ['dar without b_h', byR, { 'mul(dan, q, ': 'mul(dan, timesT(hPrev, p.W_n), ' }],
  ['dar without its slope', byR, { 'mul(dan, q, sigmoidSlope(r))': 'mul(dan, q)' }],
  ['the recurrent side without r', ['W_n', 'b_h', 'h0'], { 'mul(dan, r);': 'copy(dan);' }],
  ['h reset in dW_n', ['W_n'], { 'n: dq };': 'n: mul(dan, r, r) };' }],
  ['dW_k transposed', gates('r', 'z', 'n').slice(0, 3), { 'recurrent[k], hPrev)': 'hPrev, recurrent[k])' }],
  ['db_h as db_n', ['b_h'], { 'addColumnSums(dp.b_h, dq)': 'addColumnSums(dp.b_h, dan)' }],
  ['dx without the reset gate', ['x'], { 'add(times(dar, p.U_r), ': 'add(' }],
  ['the reset in dx', ['x'], { 'times(dan, p.U_n)': 'times(dq, p.U_n)' }],
  ['dh_{t−1} without dh⊙z', ['h0'], { 'add(mul(dh, z), ': 'add(' }],
  ['1−z for z in dh_{t−1}', ['h0'], { 'add(mul(dh, z), ': 'add(mul(dh, oneMinus(z)), ' }],
  ['dh_{t−1} without the update gate', ['h0'], { 'times(daz, p.W_z), ': '' }],
  ['W_n not transposed in dh_{t−1}', ['h0'], { 'times(dq, p.W_n)': 'timesT(dq, p.W_n)' }],
  ...assignedIn(gru as Cell),
]);

describeMistakes(gruResetBefore as Cell, [
  ['dar without h_{t−1}', byR, { 'mul(drh, hPrev, sigmoidSlope(r))': 'mul(drh, sigmoidSlope(r))' }],
  ['dar past W_n', byR, { 'mul(drh, hPrev, ': 'mul(dan, hPrev, ' }],
  ['dar without its slope', byR, { 'mul(drh, hPrev, sigmoidSlope(r))': 'mul(drh, hPrev)' }],
  ['W_n not transposed', byR, { 'times(dan, p.W_n)': 'timesT(dan, p.W_n)' }],
  ['dW_n with the state not reset', ['W_n'], { 'n: rh };': 'n: hPrev };' }],
  ['dh_{t−1} without the reset', ['h0'], { 'mul(drh, r), ': 'drh, ' }],
  ['dh_{t−1} without the reset gate', ['h0'], { 'times(dar, p.W_r), ': '' }],
  ...assignedIn(gruResetBefore as Cell),
]);
