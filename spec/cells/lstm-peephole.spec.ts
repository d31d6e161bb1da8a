/** The LSTM with peepholes: its derivation, what it is without them, its planted mistakes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lstm } from '../../lib/cells/lstm.ts';
import { lstmPeephole } from '../../lib/cells/lstm-peephole.ts';
import { runCell } from '../layers/pytorch.ts';
import { apart, assigned, everything, problemOf } from './problems.ts';
import { describeCheck, describeDerivation, describeMistakes } from './proven.ts';

describe('lstm-peephole', () => {
  it('without peepholes is the LSTM, through time, in every output and gradient to the last bit', () => {
    fc.assert(
      fc.property(problemOf(lstm), given => {
        const none = Array.from({ length: given.m }, () => 0);
        const params = { ...given.params, p_f: none, p_i: none, p_o: none };
        const { dp_f, dp_i, dp_o, ...rest } = runCell(lstmPeephole, { ...given, params });
        expect(apart(rest, runCell(lstm, given))).toBe(0);
        expect([dp_f?.length, dp_i?.length, dp_o?.length]).toEqual([given.m, given.m, given.m]);
      }),
    );
  });

  describeDerivation(lstmPeephole);

  describeCheck(lstmPeephole, [
    ...['W_f', 'W_i', 'W_o', 'W_g'].map(name => `${name} LPH-B10`),
    ...['U_f', 'U_i', 'U_o', 'U_g'].map(name => `${name} LPH-B11`),
    ...['b_f', 'b_i', 'b_o', 'b_g'].map(name => `${name} LPH-B12`),
    'p_f LPH-B7',
    'p_i LPH-B8',
    'p_o LPH-B9',
    'V RO-B1',
    'c RO-B2',
    'x LPH-B13',
    'h0 LPH-B14',
    'c0 LPH-B6',
  ]);
});

const all = everything(lstmPeephole);

describeMistakes(lstmPeephole, [
  ['the peephole of o left out of dc', all, { ', mulRow(dao, p.p_o))': ')' }],
  [
    'the peephole of o added only after daf, dai and dag, to dc_{t−1}',
    all,
    { ', mulRow(dao, p.p_o))': ')', 'add(mul(dc, f), ': 'add(mul(add(dc, mulRow(dao, p.p_o)), f), ' },
  ],
  [
    'the peephole of o sent to c_{t−1}, as on the slide',
    all,
    { ', mulRow(dao, p.p_o))': ')', 'add(mul(dc, f), ': 'add(mul(dc, f), mulRow(dao, p.p_o), ' },
  ],
  ['the peephole of f left out of dc_{t−1}', all, { 'mulRow(daf, p.p_f), ': '' }],
  ['the peephole of i left out of dc_{t−1}', all, { ', mulRow(dai, p.p_i))': ')' }],
  [
    'the peepholes of f and i changing places',
    all,
    { 'mulRow(daf, p.p_f), mulRow(dai, p.p_i)': 'mulRow(daf, p.p_i), mulRow(dai, p.p_f)' },
  ],
  ['the sign of a peephole in dc', all, { 'mulRow(dao, p.p_o)': 'scale(mulRow(dao, p.p_o), -1)' }],
  ['c_{t−1} for c_t in dp_o', ['p_o'], { 'mul(dao, c))': 'mul(dao, cPrev))' }],
  ['tanh(c_t) for c_t in dp_o', ['p_o'], { 'mul(dao, c))': 'mul(dao, tc))' }],
  ['c_t for c_{t−1} in dp_f', ['p_f'], { 'mul(daf, cPrev))': 'mul(daf, c))' }],
  ['c_t for c_{t−1} in dp_i', ['p_i'], { 'mul(dai, cPrev))': 'mul(dai, c))' }],
  ['h_{t−1} for c_{t−1} in dp_f', ['p_f'], { 'mul(daf, cPrev))': 'mul(daf, hPrev))' }],
  ['dp_i assigned where it must be added', ['p_i'], assigned(lstmPeephole, 'p_i')],
  ['c_t for c_{t−1} in daf', all, { 'mul(dc, cPrev, ': 'mul(dc, c, ' }],
  ['no slope in dao', all, { 'mul(dh, tc, sigmoidSlope(o))': 'mul(dh, tc)' }],
  ['no slope in dai', all, { 'mul(dc, g, sigmoidSlope(i))': 'mul(dc, g)' }],
  ['dc_{t−1} without f', all, { 'add(mul(dc, f), ': 'add(dc, ' }],
  ['W_o transposed in dh_{t−1}', all, { 'times(dao, p.W_o)': 'timesT(dao, p.W_o)' }],
]);
