/** The LSTM with joined forget and input gate: its equations in columns, what it is of the LSTM, its planted mistakes. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { lstm } from '../../lib/cells/lstm.ts';
import { type LstmCoupledTape, lstmCoupled } from '../../lib/cells/lstm-coupled.ts';
import { add, mul, oneMinus, sigmoidSlope, tanhSlope, times } from '../../lib/matrix.ts';
import { runCell } from '../layers/pytorch.ts';
import { deviation, flat } from '../numbers.ts';
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
  type Scope,
  squashSlope,
  stepOf,
  withoutFirst,
  zerosLike,
} from './gated.ts';

const GATES = ['f', 'o', 'g'] as const;

describe('lstm-coupled', () => {
  it('is its equations, sample by sample, in column vectors', () => {
    fc.assert(
      fc.property(stepOf(lstmCoupled), ({ p, x, prev, dnext }) => {
        const { next, tape } = lstmCoupled.forward(p, x, prev);
        const dp = zerosLike(p);
        const { dx, dprev } = lstmCoupled.backward(p, tape, dnext, dp);
        const sums = zerosLike(p);
        for (let n = 0; n < x.rows; n++) {
          const [h, c, xn] = [column(prev.h, n), column(prev.c, n), column(x, n)];
          const f = applied(preActivation(p, 'f', h, xn), logistic);
          const i = applied(preActivation(p, 'f', h, xn), a => logistic(-a)); // LCF-D2  i_t = 1 − f_t, for σ(−a) = 1 − σ(a)
          const o = applied(preActivation(p, 'o', h, xn), logistic);
          const g = applied(preActivation(p, 'g', h, xn), Math.tanh);
          const cNext = Matrix.mul(f, c).add(Matrix.mul(i, g));
          const tc = applied(cNext, Math.tanh);
          expect(deviation(next.c.getRowVector(n), cNext.transpose())).toBeLessThan(1e-14);
          expect(deviation(next.h.getRowVector(n), Matrix.mul(o, tc).transpose())).toBeLessThan(1e-14);

          const cBy = { f: diagonal(Matrix.sub(c, g)), c: diagonal(f), g: diagonal(i) }; // LCF-D1  ∂⁺c_t/∂f_t = diag(c_{t−1}−g_t), …
          const dh = dnext.h.getRowVector(n);
          const dc = Matrix.add(dnext.c.getRowVector(n), dh.mmul(diagonal(o)).mmul(diagonal(tc, squashSlope)));
          const da = {
            f: dc.mmul(cBy.f).mmul(diagonal(f, logisticSlope)),
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

  describePurity(lstmCoupled);

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

type Name = LstmName<(typeof GATES)[number], LstmCoupledTape>;

const lines = {
  dao: ({ dh, tc, o }) => mul(dh, tc, sigmoidSlope(o)),
  dc: ({ dcNext, dh, o, tc }) => add(dcNext, mul(dh, o, tanhSlope(tc))),
  daf: ({ dc, cPrev, g, f }) => mul(dc, Matrix.sub(cPrev, g), sigmoidSlope(f)),
  dag: ({ dc, f, g }) => mul(dc, oneMinus(f), tanhSlope(g)),
  dcPrev: ({ dc, f }) => mul(dc, f),
  ...gateLines(GATES),
} satisfies Lines<Name>;

/** The cell with other lines in its backward pass. */
const planted = (changed: Lines<Name>) => rewritten(lstmCoupled, { ...lines, ...changed });

const all = everything(lstmCoupled);
const cNow = ({ f, cPrev, g }: Scope<Name>) => add(mul(f, cPrev), mul(oneMinus(f), g));

describeMistakes(planted({}), [
  ['the input side left out of daf', all, planted({ daf: ({ dc, cPrev, f }) => mul(dc, cPrev, sigmoidSlope(f)) })],
  ['the forget side left out of daf', all, planted({ daf: ({ dc, g, f }) => mul(dc, g, sigmoidSlope(f)).mul(-1) })],
  ['c_{t−1} + g in daf', all, planted({ daf: ({ dc, cPrev, g, f }) => mul(dc, add(cPrev, g), sigmoidSlope(f)) })],
  ['c_t for c_{t−1} in daf', all, planted({ daf: s => mul(s.dc, Matrix.sub(cNow(s), s.g), sigmoidSlope(s.f)) })],
  ['no slope in daf', all, planted({ daf: ({ dc, cPrev, g }) => mul(dc, Matrix.sub(cPrev, g)) })],
  ['f for 1 − f in dag', all, planted({ dag: ({ dc, f, g }) => mul(dc, f, tanhSlope(g)) })],
  ['no slope in dag', all, planted({ dag: ({ dc, f }) => mul(dc, oneMinus(f)) })],
  ['1 − f for f in dc_{t−1}', all, planted({ dcPrev: ({ dc, f }) => mul(dc, oneMinus(f)) })],
  ['dc_{t−1} without f', all, planted({ dcPrev: ({ dc }) => dc })],
  ['dc_{t+1} left out of dc', all, planted({ dc: ({ dh, o, tc }) => mul(dh, o, tanhSlope(tc)) })],
  ['dh left out of dc', all, planted({ dc: ({ dcNext }) => dcNext })],
  ['no slope in dao', all, planted({ dao: ({ dh, tc }) => mul(dh, tc) })],
  ['W_f transposed in dh_{t−1}', all, planted({ dhPrev: s => lines.dhPrev({ ...s, W_f: s.W_f.transpose() }) })],
  ['gates mixed up in dx', ['x'], planted({ dx: s => lines.dx({ ...s, U_f: s.U_g, U_g: s.U_f }) })],
  ['dW_f transposed', ['W_f'], planted({ dW_f: ({ daf, hPrev }) => times(hPrev.transpose(), daf) })],
  ['h_t for h_{t−1} in dW_f', ['W_f'], planted({ dW_f: ({ daf, o, tc }) => times(daf.transpose(), mul(o, tc)) })],
  ['db_g assigned where it must be added', ['b_g'], assigned(lstmCoupled, 'b_g')],
  ['t = 1 dropped', all.filter(name => !['x', 'h0', 'c0'].includes(name)), withoutFirst(lstmCoupled)],
]);
