/** One step of the LSTM: its equations against the slides' column form, its three notations, its planted mistakes. */
import fc from 'fast-check';
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { type LstmTape, lstm } from '../../lib/cells/lstm.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { add, mul, sigmoidSlope, tanhSlope, times } from '../../lib/matrix.ts';
import { ParamSet } from '../../lib/params.ts';
import { Random } from '../../lib/random.ts';
import type { Matrices } from '../../lib/shape.ts';
import { FlatMatrix } from '../../lib/views.ts';
import { size } from '../arbitraries.ts';
import { deviation, flat } from '../numbers.ts';
import {
  applied,
  assigned,
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
  rewritten,
  type Scope,
  squashSlope,
  stepOf,
  withoutFirst,
  zerosLike,
} from './gated.ts';

const GATES = ['f', 'i', 'o', 'g'] as const;

/** Matrices on top of each other. */
const stacked = (matrices: readonly AbstractMatrix[]): Matrix => new Matrix(matrices.flatMap(a => a.to2DArray()));

describe('lstm', () => {
  it('is the slides, sample by sample, in column vectors and stacked matrices', () => {
    fc.assert(
      fc.property(stepOf(lstm), ({ p, x, prev, dnext }) => {
        const { next, tape } = lstm.forward(p, x, prev);
        const dp = zerosLike(p);
        const { dx, dprev } = lstm.backward(p, tape, dnext, dp);
        const m = prev.h.columns;
        const W_all = stacked(GATES.map(k => p[`W_${k}`]));
        const U_all = stacked(GATES.map(k => p[`U_${k}`]));
        const b_all = stacked(GATES.map(k => p[`b_${k}`].transpose()));
        const sums = { W: Matrix.zeros(4 * m, m), U: Matrix.zeros(4 * m, x.columns), b: Matrix.zeros(4 * m, 1) };
        const E = (n: number) => Matrix.zeros(m, 4 * m).setSubMatrix(Matrix.eye(m), 0, (n - 1) * m);
        for (let n = 0; n < x.rows; n++) {
          const [h, c, xn] = [column(prev.h, n), column(prev.c, n), column(x, n)];
          const a = W_all.mmul(h).add(U_all.mmul(xn)).add(b_all); // LSTM-D1  a_t = W_all h_{t−1} + U_all x_t + b_all
          const f = applied(E(1).mmul(a), logistic); // LSTM-D1  af_t = E_1 a_t
          const i = applied(E(2).mmul(a), logistic); // LSTM-D1  ai_t = E_2 a_t
          const o = applied(E(3).mmul(a), logistic); // LSTM-D1  ao_t = E_3 a_t
          const g = applied(E(4).mmul(a), Math.tanh); // LSTM-D1  ag_t = E_4 a_t
          const cNext = Matrix.mul(f, c).add(Matrix.mul(i, g));
          const tc = applied(cNext, Math.tanh);
          expect(deviation(next.c.getRowVector(n), cNext.transpose())).toBeLessThan(1e-14);
          expect(deviation(next.h.getRowVector(n), Matrix.mul(o, tc).transpose())).toBeLessThan(1e-14);

          const byGate = {
            f: diagonal(f, logisticSlope), // LSTM-D3  ∂f_t/∂af_t = diag(f(1−f)), and so i, o; ∂g_t/∂ag_t = diag(1−g²)
            i: diagonal(i, logisticSlope),
            o: diagonal(o, logisticSlope),
            g: diagonal(g, squashSlope),
          };
          const cBy = { f: diagonal(c), c: diagonal(f), i: diagonal(g), g: diagonal(i) }; // LSTM-D4  ∂⁺c_t/∂f_t = diag(c_{t−1}), …
          const hBy = { o: diagonal(tc), c: diagonal(o).mmul(diagonal(tc, squashSlope)) }; // LSTM-D5  ∂h_t/∂o_t, ∂h_t/∂c_t
          const dh = dnext.h.getRowVector(n);
          const dc = Matrix.add(dnext.c.getRowVector(n), dh.mmul(hBy.c));
          const da = new Matrix([
            [
              dc.mmul(cBy.f).mmul(byGate.f),
              dc.mmul(cBy.i).mmul(byGate.i),
              dh.mmul(hBy.o).mmul(byGate.o),
              dc.mmul(cBy.g).mmul(byGate.g),
            ].flatMap(flat),
          ]);
          expect(deviation(dprev.c.getRowVector(n), dc.mmul(cBy.c))).toBeLessThan(1e-13);
          expect(deviation(dprev.h.getRowVector(n), da.mmul(W_all))).toBeLessThan(1e-13);
          expect(deviation(dx.getRowVector(n), da.mmul(U_all))).toBeLessThan(1e-13);
          const I = Matrix.eye(4 * m);
          sums.W.add(Matrix.from1DArray(4 * m, m, flat(da.mmul(I.kroneckerProduct(h.transpose())))));
          sums.U.add(Matrix.from1DArray(4 * m, x.columns, flat(da.mmul(I.kroneckerProduct(xn.transpose())))));
          sums.b.add(da.transpose());
        }
        expect(deviation(stacked(GATES.map(k => dp[`W_${k}`])), sums.W)).toBeLessThan(1e-13);
        expect(deviation(stacked(GATES.map(k => dp[`U_${k}`])), sums.U)).toBeLessThan(1e-13);
        expect(deviation(stacked(GATES.map(k => dp[`b_${k}`].transpose())), sums.b)).toBeLessThan(1e-13);
      }),
    );
  });

  it('has its gates from concatenated matrices and vectors as from their own', () => {
    fc.assert(
      fc.property(stepOf(lstm), ({ p, x, prev }) => {
        const { tape } = lstm.forward(p, x, prev);
        const rows = GATES.map(k => {
          const W = new Matrix(p[`W_${k}`].to2DArray().map((row, n) => [...row, ...p[`U_${k}`].getRow(n)]));
          const hx = new Matrix(prev.h.to2DArray().map((row, n) => [...row, ...x.getRow(n)]));
          return hx.to2DArray().map(both => {
            const a = W.mmul(Matrix.columnVector(both)).add(p[`b_${k}`].transpose()); // LSTM-D2  a_t = W·[h_{t−1}, x_t] + b
            return flat(a).map(k === 'g' ? Math.tanh : logistic);
          });
        });
        GATES.forEach((k, n) => {
          expect(deviation(tape[k], new Matrix(rows[n] ?? []))).toBeLessThan(1e-14);
        });
      }),
    );
  });

  it('keeps the parameters of its gates one after the other in memory: as W_all, U_all and b_all', () => {
    fc.assert(
      fc.property(size(6), size(6), (d, m) => {
        const params = ParamSet.of(lstm.params({ d, m }));
        normal(1)(params, new Random(1));
        const p = params.named();
        const W_all = new FlatMatrix(params.values, 4 * m, m); // LSTM-D1  W_all = (W_f; W_i; W_o; W_g), …
        const U_all = new FlatMatrix(params.values, 4 * m, d, 4 * m * m);
        const b_all = new FlatMatrix(params.values, 4, m, 4 * m * (m + d));
        expect(W_all.to2DArray()).toEqual(GATES.flatMap(k => p[`W_${k}`].to2DArray()));
        expect(U_all.to2DArray()).toEqual(GATES.flatMap(k => p[`U_${k}`].to2DArray()));
        expect(b_all.to2DArray()).toEqual(GATES.flatMap(k => p[`b_${k}`].to2DArray()));
        expect(params.size).toBe(4 * m * (m + d + 1));
      }),
    );
  });

  it('has ∂c_t/∂c_{t−1} = diag(f_t) over one step alone: over two, c also acts through h', () => {
    const [d, m] = [2, 3];
    const params = ParamSet.of(lstm.params({ d, m }));
    const rng = new Random(1);
    normal(1)(params, rng);
    const p = params.named();
    const sameRows = (columns: number): Matrix => {
      const row = Array.from({ length: columns }, () => 2 * rng.uniform() - 1);
      return new Matrix(Array.from({ length: m }, () => row));
    };
    const first = lstm.forward(p, sameRows(d), { h: sameRows(m), c: sameRows(m) });
    const second = lstm.forward(p, sameRows(d), first.next);
    const back = (tape: LstmTape, ds: Matrices<'h' | 'c'>) => lstm.backward(p, tape, ds, params.namedGrads()).dprev;
    const once = back(second.tape, { h: Matrix.zeros(m, m), c: Matrix.eye(m) }); // a unit vector in each row
    const diag = (f: AbstractMatrix): Matrix => Matrix.diag(f.getRow(0));
    expect(deviation(once.c, diag(second.tape.f))).toBe(0); // LSTM-D4  ∂⁺c_t/∂c_{t−1} = diag(f_t)
    const rest = Matrix.sub(back(first.tape, once).c, diag(mul(second.tape.f, first.tape.f)));
    expect(flat(rest).every(value => Math.abs(value) > 1e-3)).toBe(true);
  });

  describePurity(lstm);

  describeCheck(lstm, [
    ...['W_f', 'W_i', 'W_o', 'W_g'].map(name => `${name} LSTM-B7`),
    ...['U_f', 'U_i', 'U_o', 'U_g'].map(name => `${name} LSTM-B8`),
    ...['b_f', 'b_i', 'b_o', 'b_g'].map(name => `${name} LSTM-B9`),
    'V RO-B1',
    'c RO-B2',
    'x LSTM-B10',
    'h0 LSTM-B11',
    'c0 LSTM-B6',
  ]);
});

type Name = LstmName<(typeof GATES)[number], LstmTape>;

const lines = {
  dao: ({ dh, tc, o }) => mul(dh, tc, sigmoidSlope(o)),
  dc: ({ dcNext, dh, o, tc }) => add(dcNext, mul(dh, o, tanhSlope(tc))),
  daf: ({ dc, cPrev, f }) => mul(dc, cPrev, sigmoidSlope(f)),
  dai: ({ dc, g, i }) => mul(dc, g, sigmoidSlope(i)),
  dag: ({ dc, i, g }) => mul(dc, i, tanhSlope(g)),
  dcPrev: ({ dc, f }) => mul(dc, f),
  ...gateLines(GATES),
} satisfies Lines<Name>;

/** The LSTM with other lines in its backward pass. */
const planted = (changed: Lines<Name>) => rewritten(lstm, { ...lines, ...changed });

const all = everything(lstm);
const cNow = ({ f, cPrev, i, g }: Scope<Name>) => add(mul(f, cPrev), mul(i, g));

describeMistakes(planted({}), [
  ['c_t for c_{t−1} in daf', all, planted({ daf: s => mul(s.dc, cNow(s), sigmoidSlope(s.f)) })],
  ['dc_{t+1} left out of dc', all, planted({ dc: ({ dh, o, tc }) => mul(dh, o, tanhSlope(tc)) })],
  ['dh left out of dc', all, planted({ dc: ({ dcNext }) => dcNext })],
  ['the slope of tanh(c) left out of dc', all, planted({ dc: ({ dcNext, dh, o }) => add(dcNext, mul(dh, o)) })],
  ['c for tanh(c) in that slope', all, planted({ dc: s => add(s.dcNext, mul(s.dh, s.o, tanhSlope(cNow(s)))) })],
  ['c for tanh(c) in dao', all, planted({ dao: s => mul(s.dh, cNow(s), sigmoidSlope(s.o)) })],
  ['no slope in dao', all, planted({ dao: ({ dh, tc }) => mul(dh, tc) })],
  ['no slope in daf', all, planted({ daf: ({ dc, cPrev }) => mul(dc, cPrev) })],
  ['no slope in dai', all, planted({ dai: ({ dc, g }) => mul(dc, g) })],
  ['no slope in dag', all, planted({ dag: ({ dc, i }) => mul(dc, i) })],
  ['tanh’s slope in dao', all, planted({ dao: ({ dh, tc, o }) => mul(dh, tc, tanhSlope(o)) })],
  ['tanh’s slope in daf', all, planted({ daf: ({ dc, cPrev, f }) => mul(dc, cPrev, tanhSlope(f)) })],
  ['tanh’s slope in dai', all, planted({ dai: ({ dc, g, i }) => mul(dc, g, tanhSlope(i)) })],
  ['the logistic slope in dag', all, planted({ dag: ({ dc, i, g }) => mul(dc, i, sigmoidSlope(g)) })],
  [
    'f and i changing places in c',
    all,
    planted({ dag: ({ dc, f, g }) => mul(dc, f, tanhSlope(g)), dcPrev: ({ dc, i }) => mul(dc, i) }),
  ],
  ['the sign of dai', all, planted({ dai: ({ dc, g, i }) => mul(dc, g, sigmoidSlope(i)).mul(-1) })],
  ['dc_{t−1} without f', all, planted({ dcPrev: ({ dc }) => dc })],
  ['dc_{t−1} from dc_{t+1} alone', all, planted({ dcPrev: ({ dcNext, f }) => mul(dcNext, f) })],
  ['W_f transposed in dh_{t−1}', all, planted({ dhPrev: s => lines.dhPrev({ ...s, W_f: s.W_f.transpose() }) })],
  ['a gate left out of dh_{t−1}', all, planted({ dhPrev: s => lines.dhPrev({ ...s, dao: zerosLike(s).dao }) })],
  ['gates mixed up in dx', ['x'], planted({ dx: s => lines.dx({ ...s, U_f: s.U_i, U_i: s.U_f }) })],
  [
    'the order i, f, g, o in dW',
    ['W_f', 'W_i', 'W_o', 'W_g'],
    planted({ dW_f: lines.dW_i, dW_i: lines.dW_f, dW_o: lines.dW_g, dW_g: lines.dW_o }),
  ],
  ['dW_g transposed', ['W_g'], planted({ dW_g: ({ dag, hPrev }) => times(hPrev.transpose(), dag) })],
  ['h_t for h_{t−1} in dW_o', ['W_o'], planted({ dW_o: ({ dao, o, tc }) => times(dao.transpose(), mul(o, tc)) })],
  ['the mean over the batch in db_f', ['b_f'], planted({ db_f: ({ daf }) => columnSums(daf).div(daf.rows) })],
  ['dW_i assigned where it must be added', ['W_i'], assigned(lstm, 'W_i')],
  ['dU_o assigned where it must be added', ['U_o'], assigned(lstm, 'U_o')],
  ['t = 1 dropped', all.filter(name => !['x', 'h0', 'c0'].includes(name)), withoutFirst(lstm)],
]);
