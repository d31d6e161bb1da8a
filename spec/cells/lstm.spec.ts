/** One step of the LSTM: its derivation, how its parameters lie, what a step is and what two are, its planted mistakes. */
import fc from 'fast-check';
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { type LstmTape, lstm } from '../../lib/cells/lstm.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { mul } from '../../lib/matrix.ts';
import { ParamSet } from '../../lib/params.ts';
import { Random } from '../../lib/random.ts';
import type { Matrices } from '../../lib/shape.ts';
import { FlatMatrix } from '../../lib/views.ts';
import { size } from '../arbitraries.ts';
import { deviation, flat } from '../numbers.ts';
import { assigned, everything } from './problems.ts';
import { describeCheck, describeDerivation, describeMistakes } from './proven.ts';

const GATES = ['f', 'i', 'o', 'g'] as const;

describe('lstm', () => {
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

  describeDerivation(lstm);

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

const all = everything(lstm);

describeMistakes(lstm, [
  ['c_t for c_{t−1} in daf', all, { 'mul(dc, cPrev, ': 'mul(dc, add(mul(f, cPrev), mul(i, g)), ' }],
  ['dc_{t+1} left out of dc', all, { 'add(dcNext, mul(dh, o, tanhSlope(tc)))': 'mul(dh, o, tanhSlope(tc))' }],
  ['dh left out of dc', all, { 'add(dcNext, mul(dh, o, tanhSlope(tc)))': 'copy(dcNext)' }],
  ['the slope of tanh(c) left out of dc', all, { 'mul(dh, o, tanhSlope(tc))': 'mul(dh, o)' }],
  ['c for tanh(c) in that slope', all, { 'tanhSlope(tc)': 'tanhSlope(add(mul(f, cPrev), mul(i, g)))' }],
  ['c for tanh(c) in dao', all, { 'mul(dh, tc, ': 'mul(dh, add(mul(f, cPrev), mul(i, g)), ' }],
  ['no slope in dao', all, { 'mul(dh, tc, sigmoidSlope(o))': 'mul(dh, tc)' }],
  ['no slope in daf', all, { 'mul(dc, cPrev, sigmoidSlope(f))': 'mul(dc, cPrev)' }],
  ['no slope in dai', all, { 'mul(dc, g, sigmoidSlope(i))': 'mul(dc, g)' }],
  ['no slope in dag', all, { 'mul(dc, i, tanhSlope(g))': 'mul(dc, i)' }],
  ['tanh’s slope in dao', all, { 'sigmoidSlope(o)': 'tanhSlope(o)' }],
  ['tanh’s slope in daf', all, { 'sigmoidSlope(f)': 'tanhSlope(f)' }],
  ['tanh’s slope in dai', all, { 'sigmoidSlope(i)': 'tanhSlope(i)' }],
  ['the logistic slope in dag', all, { 'tanhSlope(g)': 'sigmoidSlope(g)' }],
  [
    'f and i changing places in c',
    all,
    { 'mul(dc, i, tanhSlope(g))': 'mul(dc, f, tanhSlope(g))', 'mul(dc, f);': 'mul(dc, i);' },
  ],
  ['the sign of dai', all, { 'mul(dc, g, sigmoidSlope(i))': 'scale(mul(dc, g, sigmoidSlope(i)), -1)' }],
  ['dc_{t−1} without f', all, { 'mul(dc, f);': 'copy(dc);' }],
  ['dc_{t−1} from dc_{t+1} alone', all, { 'mul(dc, f);': 'mul(dcNext, f);' }],
  ['W_f transposed in dh_{t−1}', all, { 'times(daf, p.W_f)': 'timesT(daf, p.W_f)' }],
  ['a gate left out of dh_{t−1}', all, { 'times(dao, p.W_o), ': '' }],
  ['gates mixed up in dx', ['x'], { 'times(daf, p.U_f), times(dai, p.U_i)': 'times(daf, p.U_i), times(dai, p.U_f)' }],
  [
    'the order i, f, g, o in the parameters’ gradients',
    all.filter(name => !['x', 'h0', 'c0'].includes(name)),
    { '{ f: daf, i: dai, o: dao, g: dag }': '{ f: dai, i: daf, o: dag, g: dao }' },
  ],
  ['dW_k transposed', all.filter(name => name.startsWith('W')), { 'da[k], hPrev)': 'hPrev, da[k])' }],
  ['h_t for h_{t−1} in dW_k', all.filter(name => name.startsWith('W')), { 'da[k], hPrev)': 'da[k], mul(o, tc))' }],
  [
    'the mean over the batch in db_k',
    all.filter(name => name.startsWith('b')),
    { 'da[k]);': 'scale(da[k], 1 / x.rows));' },
  ],
  ['dW_i assigned where it must be added', ['W_i'], assigned(lstm, 'W_i')],
  ['dU_o assigned where it must be added', ['U_o'], assigned(lstm, 'U_o')],
]);
