/** The LSTM without a forget gate: its equations in the slides' column form, what it is of the LSTM, its planted mistakes. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { lstm } from '../../lib/cells/lstm.ts';
import { type LstmNoForgetTape, lstmNoForget } from '../../lib/cells/lstm-no-forget.ts';
import { add, mul, sigmoidSlope, tanhSlope, times } from '../../lib/matrix.ts';
import { runCell } from '../layers/pytorch.ts';
import { deviation } from '../numbers.ts';
import {
  apart,
  applied,
  assigned,
  backThroughGates,
  column,
  describeCheck,
  describeMistakes,
  describePurity,
  diagonal,
  everything,
  gateLines,
  type Lines,
  type LstmName,
  logistic,
  logisticSlope,
  preActivation,
  problemOf,
  rewritten,
  squashSlope,
  stepOf,
  withoutFirst,
  zerosLike,
} from './gated.ts';

const GATES = ['i', 'o', 'g'] as const;

describe('lstm-no-forget', () => {
  it('is its equations, sample by sample, in column vectors', () => {
    fc.assert(
      fc.property(stepOf(lstmNoForget), ({ p, x, prev, dnext }) => {
        const { next, tape } = lstmNoForget.forward(p, x, prev);
        const dp = zerosLike(p);
        const { dx, dprev } = lstmNoForget.backward(p, tape, dnext, dp);
        const sums = zerosLike(p);
        for (let n = 0; n < x.rows; n++) {
          const [h, c, xn] = [column(prev.h, n), column(prev.c, n), column(x, n)];
          const i = applied(preActivation(p, 'i', h, xn), logistic);
          const o = applied(preActivation(p, 'o', h, xn), logistic);
          const g = applied(preActivation(p, 'g', h, xn), Math.tanh);
          const cNext = Matrix.add(c, Matrix.mul(i, g));
          const tc = applied(cNext, Math.tanh);
          expect(deviation(next.c.getRowVector(n), cNext.transpose())).toBeLessThan(1e-14);
          expect(deviation(next.h.getRowVector(n), Matrix.mul(o, tc).transpose())).toBeLessThan(1e-14);

          const cBy = { c: Matrix.eye(c.rows), i: diagonal(g), g: diagonal(i) }; // LNF-D2  ∂⁺c_t/∂c_{t−1} = I, …
          const dh = dnext.h.getRowVector(n);
          const dc = Matrix.add(dnext.c.getRowVector(n), dh.mmul(diagonal(o)).mmul(diagonal(tc, squashSlope)));
          const da = {
            i: dc.mmul(cBy.i).mmul(diagonal(i, logisticSlope)),
            o: dh.mmul(diagonal(tc)).mmul(diagonal(o, logisticSlope)),
            g: dc.mmul(cBy.g).mmul(diagonal(g, squashSlope)),
          };
          const back = backThroughGates(p, da, h, xn, sums);
          expect(deviation(dprev.c.getRowVector(n), dc.mmul(cBy.c))).toBeLessThan(1e-13);
          expect(deviation(dprev.h.getRowVector(n), back.dhPrev)).toBeLessThan(1e-13);
          expect(deviation(dx.getRowVector(n), back.dx)).toBeLessThan(1e-13);
        }
        for (const name of Object.keys(p) as (keyof typeof p)[]) {
          expect(deviation(dp[name], sums[name])).toBeLessThan(1e-13);
        }
      }),
    );
  });

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

  describePurity(lstmNoForget);

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

type Name = LstmName<(typeof GATES)[number], LstmNoForgetTape>;

const lines = {
  dao: ({ dh, tc, o }) => mul(dh, tc, sigmoidSlope(o)),
  dc: ({ dcNext, dh, o, tc }) => add(dcNext, mul(dh, o, tanhSlope(tc))),
  dai: ({ dc, g, i }) => mul(dc, g, sigmoidSlope(i)),
  dag: ({ dc, i, g }) => mul(dc, i, tanhSlope(g)),
  dcPrev: ({ dc }) => dc,
  ...gateLines(GATES),
} satisfies Lines<Name>;

/** The cell with other lines in its backward pass. */
const planted = (changed: Lines<Name>) => rewritten(lstmNoForget, { ...lines, ...changed });

const all = everything(lstmNoForget);

describeMistakes(planted({}), [
  // LNF-T1  dL/dh_{t−1} taken as 0
  ['the truncated gradient of 1997', all, planted({ dhPrev: s => zerosLike(s).dh })],
  ['dc_{t−1} from dc_{t+1} alone', all, planted({ dcPrev: ({ dcNext }) => dcNext })],
  ['a forget gate in dc_{t−1}', all, planted({ dcPrev: ({ dc, i }) => mul(dc, i) })],
  ['dc_{t+1} left out of dc', all, planted({ dc: ({ dh, o, tc }) => mul(dh, o, tanhSlope(tc)) })],
  ['dh left out of dc', all, planted({ dc: ({ dcNext }) => dcNext })],
  ['the slope of tanh(c) left out of dc', all, planted({ dc: ({ dcNext, dh, o }) => add(dcNext, mul(dh, o)) })],
  ['no slope in dao', all, planted({ dao: ({ dh, tc }) => mul(dh, tc) })],
  ['no slope in dai', all, planted({ dai: ({ dc, g }) => mul(dc, g) })],
  ['tanh’s slope in dai', all, planted({ dai: ({ dc, g, i }) => mul(dc, g, tanhSlope(i)) })],
  ['no slope in dag', all, planted({ dag: ({ dc, i }) => mul(dc, i) })],
  ['the sign of dag', all, planted({ dag: ({ dc, i, g }) => mul(dc, i, tanhSlope(g)).mul(-1) })],
  ['W_g transposed in dh_{t−1}', all, planted({ dhPrev: s => lines.dhPrev({ ...s, W_g: s.W_g.transpose() }) })],
  ['gates mixed up in dx', ['x'], planted({ dx: s => lines.dx({ ...s, U_i: s.U_o, U_o: s.U_i }) })],
  ['dW_i transposed', ['W_i'], planted({ dW_i: ({ dai, hPrev }) => times(hPrev.transpose(), dai) })],
  ['h_t for h_{t−1} in dW_g', ['W_g'], planted({ dW_g: ({ dag, o, tc }) => times(dag.transpose(), mul(o, tc)) })],
  ['dU_g assigned where it must be added', ['U_g'], assigned(lstmNoForget, 'U_g')],
  ['t = 1 dropped', all.filter(name => !['x', 'h0', 'c0'].includes(name)), withoutFirst(lstmNoForget)],
]);
