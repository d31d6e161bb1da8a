/** The LSTM without a forget gate: its derivation, what it is of the LSTM, its planted mistakes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lstm } from '../../lib/cells/lstm.ts';
import { lstmNoForget } from '../../lib/cells/lstm-no-forget.ts';
import { runCell } from '../layers/pytorch.ts';
import { apart, assigned, everything, problemOf } from './problems.ts';
import { describeCheck, describeDerivation, describeMistakes } from './proven.ts';

describe('lstm-no-forget', () => {
  it('is the LSTM whose forget gate stands open, through time, in every output and gradient', () => {
    fc.assert(
      fc.property(problemOf(lstm), given => {
        const { W_f = [], U_f = [], b_f = [], ...params } = given.params;
        const almost = (values: readonly number[]) => values.map(value => value / 100);
        const open = { W_f: almost(W_f), ...pickKind(params, 'W'), U_f: almost(U_f), ...pickKind(params, 'U') };
        const b_open = { b_f: b_f.map(() => 40), ...pickKind(params, 'b') }; // LNF-D1  f_t = 1, as for b_f → ∞
        const { dW_f, dU_f, db_f, ...rest } = runCell(lstm, { ...given, params: { ...open, ...b_open } });
        expect(apart(runCell(lstmNoForget, { ...given, params }), rest)).toBeLessThan(1e-12);
        for (const gone of [dW_f, dU_f, db_f]) expect(gone?.every(value => Math.abs(value) < 1e-12)).toBe(true);
      }),
    );
  });

  describeDerivation(lstmNoForget);

  describeCheck(lstmNoForget, [
    ...['W_i', 'W_o', 'W_g'].map(name => `${name} LNF-B6`),
    ...['U_i', 'U_o', 'U_g'].map(name => `${name} LNF-B7`),
    ...['b_i', 'b_o', 'b_g'].map(name => `${name} LNF-B8`),
    'V RO-B1',
    'c RO-B2',
    'x LNF-B9',
    'h0 LNF-B10',
    'c0 LNF-B5',
  ]);
});

/** The parameters whose names begin with this letter. */
function pickKind<V>(params: Readonly<Record<string, V>>, kind: 'W' | 'U' | 'b'): Record<string, V> {
  return Object.fromEntries(Object.entries(params).filter(([name]) => name.startsWith(kind)));
}

const all = everything(lstmNoForget);

describeMistakes(lstmNoForget, [
  // LNF-T1  dL/dh_{t−1} taken as 0
  [
    'the truncated gradient of 1997',
    all,
    { 'return { dx, dprev: { h: dhPrev, ': 'return { dx, dprev: { h: scale(dhPrev, 0), ' },
  ],
  ['dc_{t−1} from dc_{t+1} alone', all, { 'copy(dc)': 'copy(dcNext)' }],
  ['a forget gate in dc_{t−1}', all, { 'copy(dc)': 'mul(dc, i)' }],
  ['dc_{t+1} left out of dc', all, { 'add(dcNext, mul(dh, o, tanhSlope(tc)))': 'mul(dh, o, tanhSlope(tc))' }],
  ['dh left out of dc', all, { 'add(dcNext, mul(dh, o, tanhSlope(tc)))': 'copy(dcNext)' }],
  ['the slope of tanh(c) left out of dc', all, { 'mul(dh, o, tanhSlope(tc))': 'mul(dh, o)' }],
  ['no slope in dao', all, { 'mul(dh, tc, sigmoidSlope(o))': 'mul(dh, tc)' }],
  ['no slope in dai', all, { 'mul(dc, g, sigmoidSlope(i))': 'mul(dc, g)' }],
  ['tanh’s slope in dai', all, { 'sigmoidSlope(i)': 'tanhSlope(i)' }],
  ['no slope in dag', all, { 'mul(dc, i, tanhSlope(g))': 'mul(dc, i)' }],
  ['the sign of dag', all, { 'mul(dc, i, tanhSlope(g))': 'scale(mul(dc, i, tanhSlope(g)), -1)' }],
  ['W_g transposed in dh_{t−1}', all, { 'times(dag, p.W_g)': 'timesT(dag, p.W_g)' }],
  ['gates mixed up in dx', ['x'], { 'times(dai, p.U_i), times(dao, p.U_o)': 'times(dai, p.U_o), times(dao, p.U_i)' }],
  ['dU_g assigned where it must be added', ['U_g'], assigned(lstmNoForget, 'U_g')],
]);
