/** The LSTM with joined forget and input gate: its derivation, what it is of the LSTM, its planted mistakes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lstm } from '../../lib/cells/lstm.ts';
import { lstmCoupled } from '../../lib/cells/lstm-coupled.ts';
import { runCell } from '../layers/pytorch.ts';
import { flat } from '../numbers.ts';
import { apart, assigned, everything, problemOf, stepOf } from './problems.ts';
import { describeCheck, describeDerivation, describeMistakes } from './proven.ts';

describe('lstm-coupled', () => {
  it('is the LSTM whose input gate has the forget gate’s parameters negated, the gradients of the two subtracted', () => {
    fc.assert(
      fc.property(problemOf(lstmCoupled), given => {
        const {
          W_f = [],
          W_o = [],
          W_g = [],
          U_f = [],
          U_o = [],
          U_g = [],
          b_f = [],
          b_o = [],
          b_g = [],
        } = given.params;
        const [W_i, U_i, b_i] = [negated(W_f), negated(U_f), negated(b_f)]; // LCF-D2  W_i = −W_f, U_i = −U_f, b_i = −b_f
        const params = { W_f, W_i, W_o, W_g, U_f, U_i, U_o, U_g, b_f, b_i, b_o, b_g };
        const { dW_i = [], dU_i = [], db_i = [], dW_f, dU_f, db_f, ...rest } = runCell(lstm, { ...given, params });
        const joined = {
          dW_f: minus(dW_f, dW_i), // LCF-D3  dL/dW_f is the LSTM's dL/dW_f − dL/dW_i, and so for U and b
          dU_f: minus(dU_f, dU_i),
          db_f: minus(db_f, db_i),
        };
        expect(apart(runCell(lstmCoupled, given), { ...rest, ...joined })).toBeLessThan(1e-12);
      }),
    );
  });

  it('never has a memory larger than both 1 and what it began with', () => {
    fc.assert(
      fc.property(stepOf(lstmCoupled), ({ p, x, prev }) => {
        const { next } = lstmCoupled.forward(p, x, prev);
        const before = flat(prev.c);
        flat(next.c).forEach((c, n) => {
          expect(Math.abs(c)).toBeLessThanOrEqual(Math.max(1, Math.abs(before[n] ?? Number.NaN)));
        });
      }),
    );
  });

  describeDerivation(lstmCoupled);

  describeCheck(lstmCoupled, [
    ...['W_f', 'W_o', 'W_g'].map(name => `${name} LCF-B6`),
    ...['U_f', 'U_o', 'U_g'].map(name => `${name} LCF-B7`),
    ...['b_f', 'b_o', 'b_g'].map(name => `${name} LCF-B8`),
    'V RO-B1',
    'c RO-B2',
    'x LCF-B9',
    'h0 LCF-B10',
    'c0 LCF-B5',
  ]);
});

function negated(values: readonly number[]): number[] {
  return values.map(value => -value);
}

function minus(a: readonly number[] = [], b: readonly number[]): number[] {
  return a.map((value, n) => value - (b[n] ?? Number.NaN));
}

const all = everything(lstmCoupled);

describeMistakes(lstmCoupled, [
  ['the input side left out of daf', all, { 'sub(cPrev, g)': 'cPrev' }],
  ['the forget side left out of daf', all, { 'sub(cPrev, g)': 'scale(g, -1)' }],
  ['c_{t−1} + g in daf', all, { 'sub(cPrev, g)': 'add(cPrev, g)' }],
  ['c_t for c_{t−1} in daf', all, { 'sub(cPrev, g)': 'sub(add(mul(f, cPrev), mul(oneMinus(f), g)), g)' }],
  ['no slope in daf', all, { 'mul(dc, sub(cPrev, g), sigmoidSlope(f))': 'mul(dc, sub(cPrev, g))' }],
  ['f for 1 − f in dag', all, { 'mul(dc, oneMinus(f), ': 'mul(dc, f, ' }],
  ['no slope in dag', all, { 'mul(dc, oneMinus(f), tanhSlope(g))': 'mul(dc, oneMinus(f))' }],
  ['1 − f for f in dc_{t−1}', all, { 'mul(dc, f);': 'mul(dc, oneMinus(f));' }],
  ['dc_{t−1} without f', all, { 'mul(dc, f);': 'copy(dc);' }],
  ['dc_{t+1} left out of dc', all, { 'add(dcNext, mul(dh, o, tanhSlope(tc)))': 'mul(dh, o, tanhSlope(tc))' }],
  ['dh left out of dc', all, { 'add(dcNext, mul(dh, o, tanhSlope(tc)))': 'copy(dcNext)' }],
  ['no slope in dao', all, { 'mul(dh, tc, sigmoidSlope(o))': 'mul(dh, tc)' }],
  ['W_f transposed in dh_{t−1}', all, { 'times(daf, p.W_f)': 'timesT(daf, p.W_f)' }],
  ['gates mixed up in dx', ['x'], { 'times(daf, p.U_f), times(dao, p.U_o)': 'times(daf, p.U_o), times(dao, p.U_f)' }],
  ['db_g assigned where it must be added', ['b_g'], assigned(lstmCoupled, 'b_g')],
]);
