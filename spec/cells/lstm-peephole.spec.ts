/** The LSTM with peepholes: its equations in columns, what it is without them, its planted mistakes. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { lstm } from '../../lib/cells/lstm.ts';
import { type LstmPeepholeTape, lstmPeephole } from '../../lib/cells/lstm-peephole.ts';
import { ShapeError } from '../../lib/errors.ts';
import { add, mul, mulRow, sigmoidSlope, tanhSlope, times } from '../../lib/matrix.ts';
import { matrix, size } from '../arbitraries.ts';
import { runCell } from '../layers/pytorch.ts';
import { deviation } from '../numbers.ts';
import {
  apart,
  applied,
  assigned,
  backThroughGates,
  column,
  columnSums,
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

const GATES = ['f', 'i', 'o', 'g'] as const;

describe('lstm-peephole', () => {
  it('is its equations, sample by sample, in column vectors and diagonal matrices', () => {
    fc.assert(
      fc.property(stepOf(lstmPeephole), ({ p, x, prev, dnext }) => {
        const { next, tape } = lstmPeephole.forward(p, x, prev);
        const dp = zerosLike(p);
        const { dx, dprev } = lstmPeephole.backward(p, tape, dnext, dp);
        const sums = zerosLike(p);
        const P = { f: diagonal(p.p_f), i: diagonal(p.p_i), o: diagonal(p.p_o) }; // LPH-D1  ∂af_t/∂c_{t−1} = diag(p_f), …
        for (let n = 0; n < x.rows; n++) {
          const [h, c, xn] = [column(prev.h, n), column(prev.c, n), column(x, n)];
          const f = applied(preActivation(p, 'f', h, xn).add(P.f.mmul(c)), logistic);
          const i = applied(preActivation(p, 'i', h, xn).add(P.i.mmul(c)), logistic);
          const g = applied(preActivation(p, 'g', h, xn), Math.tanh);
          const cNext = Matrix.mul(f, c).add(Matrix.mul(i, g));
          const o = applied(preActivation(p, 'o', h, xn).add(P.o.mmul(cNext)), logistic);
          const tc = applied(cNext, Math.tanh);
          expect(deviation(next.c.getRowVector(n), cNext.transpose())).toBeLessThan(1e-14);
          expect(deviation(next.h.getRowVector(n), Matrix.mul(o, tc).transpose())).toBeLessThan(1e-14);

          const F = diagonal(f, logisticSlope);
          const I = diagonal(i, logisticSlope);
          const O = diagonal(o, logisticSlope);
          const hByC = Matrix.add(
            diagonal(o).mmul(diagonal(tc, squashSlope)),
            diagonal(tc).mmul(O).mmul(P.o), // LPH-D3  ∂h_t/∂c_t = diag(o(1−tanh²(c_t))) + diag(tanh(c_t)⊙o(1−o)⊙p_o)
          );
          const cByC = diagonal(f).add(diagonal(c).mmul(F).mmul(P.f)).add(diagonal(g).mmul(I).mmul(P.i)); // LPH-D4  ∂⁺c_t/∂c_{t−1} = diag(f + c_{t−1}⊙f(1−f)⊙p_f + g⊙i(1−i)⊙p_i)
          const dh = dnext.h.getRowVector(n);
          const dc = Matrix.add(dnext.c.getRowVector(n), dh.mmul(hByC));
          const da = {
            f: dc.mmul(diagonal(c)).mmul(F),
            i: dc.mmul(diagonal(g)).mmul(I),
            o: dh.mmul(diagonal(tc)).mmul(O),
            g: dc.mmul(diagonal(i)).mmul(diagonal(g, squashSlope)),
          };
          const back = backThroughGates(p, da, h, xn, sums);
          sums.p_f.add(da.f.mmul(diagonal(c))); // LPH-D2  ∂af_t/∂p_f = ∂ai_t/∂p_i = diag(c_{t−1}), ∂ao_t/∂p_o = diag(c_t)
          sums.p_i.add(da.i.mmul(diagonal(c)));
          sums.p_o.add(da.o.mmul(diagonal(cNext)));
          expect(deviation(dprev.c.getRowVector(n), dc.mmul(cByC))).toBeLessThan(1e-13);
          expect(deviation(dprev.h.getRowVector(n), back.dhPrev)).toBeLessThan(1e-13);
          expect(deviation(dx.getRowVector(n), back.dx)).toBeLessThan(1e-13);
        }
        for (const name of Object.keys(p) as (keyof typeof p)[]) {
          expect(deviation(dp[name], sums[name])).toBeLessThan(1e-13);
        }
      }),
    );
  });

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

  describePurity(lstmPeephole);

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

describe('mulRow', () => {
  it('is the product with a diagonal matrix', () => {
    const drawn = fc.tuple(size(5), size(5)).chain(([n, p]) => fc.tuple(matrix(n, p), matrix(1, p)));
    fc.assert(
      fc.property(drawn, ([a, b]) => {
        expect(deviation(mulRow(a, b), a.mmul(Matrix.diag(b.getRow(0))))).toBe(0);
      }),
    );
  });

  it('wants a row as wide as the matrix', () => {
    expect(() => mulRow(Matrix.zeros(2, 3), Matrix.zeros(1, 2))).toThrow(ShapeError);
    expect(() => mulRow(Matrix.zeros(2, 3), Matrix.zeros(2, 3))).toThrow(ShapeError);
  });
});

type Peephole = 'p_f' | 'p_i' | 'p_o';
type Name = LstmName<(typeof GATES)[number], LstmPeepholeTape> | Peephole | `d${Peephole}`;

const lines = {
  dao: ({ dh, tc, o }) => mul(dh, tc, sigmoidSlope(o)),
  dc: ({ dcNext, dh, o, tc, dao, p_o }) => add(dcNext, mul(dh, o, tanhSlope(tc)), mulRow(dao, p_o)),
  daf: ({ dc, cPrev, f }) => mul(dc, cPrev, sigmoidSlope(f)),
  dai: ({ dc, g, i }) => mul(dc, g, sigmoidSlope(i)),
  dag: ({ dc, i, g }) => mul(dc, i, tanhSlope(g)),
  dcPrev: ({ dc, f, daf, p_f, dai, p_i }) => add(mul(dc, f), mulRow(daf, p_f), mulRow(dai, p_i)),
  dp_f: ({ daf, cPrev }) => columnSums(mul(daf, cPrev)),
  dp_i: ({ dai, cPrev }) => columnSums(mul(dai, cPrev)),
  dp_o: ({ dao, c }) => columnSums(mul(dao, c)),
  ...gateLines(GATES),
} satisfies Lines<Name>;

/** The cell with other lines in its backward pass. */
const planted = (changed: Lines<Name>) => rewritten(lstmPeephole, { ...lines, ...changed });

const all = everything(lstmPeephole);

describeMistakes(planted({}), [
  [
    'the peephole of o left out of dc',
    all,
    planted({ dc: ({ dcNext, dh, o, tc }) => add(dcNext, mul(dh, o, tanhSlope(tc))) }),
  ],
  [
    'the peephole of o added only after daf, dai and dag, to dc_{t−1}',
    all,
    planted({
      dc: ({ dcNext, dh, o, tc }) => add(dcNext, mul(dh, o, tanhSlope(tc))),
      dcPrev: s => add(mul(add(s.dc, mulRow(s.dao, s.p_o)), s.f), mulRow(s.daf, s.p_f), mulRow(s.dai, s.p_i)),
    }),
  ],
  [
    'the peephole of o sent to c_{t−1}, as on the slide',
    all,
    planted({
      dc: ({ dcNext, dh, o, tc }) => add(dcNext, mul(dh, o, tanhSlope(tc))),
      dcPrev: s => add(lines.dcPrev(s), mulRow(s.dao, s.p_o)),
    }),
  ],
  [
    'the peephole of f left out of dc_{t−1}',
    all,
    planted({ dcPrev: ({ dc, f, dai, p_i }) => add(mul(dc, f), mulRow(dai, p_i)) }),
  ],
  [
    'the peephole of i left out of dc_{t−1}',
    all,
    planted({ dcPrev: ({ dc, f, daf, p_f }) => add(mul(dc, f), mulRow(daf, p_f)) }),
  ],
  [
    'the peepholes of f and i changing places',
    all,
    planted({ dcPrev: s => lines.dcPrev({ ...s, p_f: s.p_i, p_i: s.p_f }) }),
  ],
  ['the sign of a peephole in dc', all, planted({ dc: s => lines.dc({ ...s, p_o: Matrix.mul(s.p_o, -1) }) })],
  ['c_{t−1} for c_t in dp_o', ['p_o'], planted({ dp_o: ({ dao, cPrev }) => columnSums(mul(dao, cPrev)) })],
  ['tanh(c_t) for c_t in dp_o', ['p_o'], planted({ dp_o: ({ dao, tc }) => columnSums(mul(dao, tc)) })],
  ['c_t for c_{t−1} in dp_f', ['p_f'], planted({ dp_f: ({ daf, c }) => columnSums(mul(daf, c)) })],
  ['c_t for c_{t−1} in dp_i', ['p_i'], planted({ dp_i: ({ dai, c }) => columnSums(mul(dai, c)) })],
  ['h_{t−1} for c_{t−1} in dp_f', ['p_f'], planted({ dp_f: ({ daf, hPrev }) => columnSums(mul(daf, hPrev)) })],
  ['dp_i assigned where it must be added', ['p_i'], assigned(lstmPeephole, 'p_i')],
  ['c_t for c_{t−1} in daf', all, planted({ daf: ({ dc, c, f }) => mul(dc, c, sigmoidSlope(f)) })],
  ['no slope in dao', all, planted({ dao: ({ dh, tc }) => mul(dh, tc) })],
  ['no slope in dai', all, planted({ dai: ({ dc, g }) => mul(dc, g) })],
  ['dc_{t−1} without f', all, planted({ dcPrev: s => lines.dcPrev({ ...s, f: Matrix.ones(s.f.rows, s.f.columns) }) })],
  ['W_o transposed in dh_{t−1}', all, planted({ dhPrev: s => lines.dhPrev({ ...s, W_o: s.W_o.transpose() }) })],
  ['dW_o transposed', ['W_o'], planted({ dW_o: ({ dao, hPrev }) => times(hPrev.transpose(), dao) })],
  ['h_t for h_{t−1} in dW_i', ['W_i'], planted({ dW_i: ({ dai, o, tc }) => times(dai.transpose(), mul(o, tc)) })],
  ['t = 1 dropped', all.filter(name => !['x', 'h0', 'c0'].includes(name)), withoutFirst(lstmPeephole)],
]);
