/** What a report says of a wrong cell: the equation to look at, and what kind of mistake it looks like. */
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { gru } from '../../lib/cells/gru.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { lstmPeephole } from '../../lib/cells/lstm-peephole.ts';
import { rnn } from '../../lib/cells/rnn.ts';
import { checkCell } from '../../lib/check/check-cell.ts';
import { format } from '../../lib/check/format.ts';
import {
  add,
  addColumnSums,
  addTTimes,
  mul,
  mulRow,
  scale,
  sigmoidSlope,
  sub,
  tanhSlope,
  times,
} from '../../lib/matrix.ts';
import { wrongLstm } from '../fixtures/wrong-lstm.ts';

const GATES = ['f', 'i', 'o', 'g'] as const;
type Intermediate = 'dao' | 'dc' | 'daf' | 'dai' | 'dag' | 'dcPrev';

/** The LSTM with one intermediate gradient a tenth too large. */
const enlarged = (wrong: Intermediate): typeof lstm => ({
  ...lstm,
  backward(p, { x, hPrev, cPrev, f, i, o, g, tc }, { h: dh, c: dcNext }, dp) {
    const line = (name: Intermediate, value: Matrix) => scale(value, name === wrong ? 1.1 : 1);
    const dao = line('dao', mul(dh, tc, sigmoidSlope(o))); // LSTM-B1
    const dc = line('dc', add(dcNext, mul(dh, o, tanhSlope(tc)))); // LSTM-B2
    const daf = line('daf', mul(dc, cPrev, sigmoidSlope(f))); // LSTM-B3
    const dai = line('dai', mul(dc, g, sigmoidSlope(i))); // LSTM-B4
    const dag = line('dag', mul(dc, i, tanhSlope(g))); // LSTM-B5
    const da = { f: daf, i: dai, o: dao, g: dag };
    for (const k of GATES) {
      addTTimes(dp[`W_${k}`], da[k], hPrev);
      addTTimes(dp[`U_${k}`], da[k], x);
      addColumnSums(dp[`b_${k}`], da[k]);
    }
    const sum = (kind: 'W' | 'U') => GATES.map(k => times(da[k], p[`${kind}_${k}`])).reduce((a, b) => add(a, b));
    return { dx: sum('U'), dprev: { h: sum('W'), c: line('dcPrev', mul(dc, f)) } };
  },
});

const SMALL = { T: 2, B: 2, d: 2, m: 3, C: 2 };

const guessOf = (report: ReturnType<typeof checkCell>, tensor: string) =>
  report.smallest?.tensors.find(({ name }) => name === tensor)?.guess;

describe('the suspect', () => {
  it.each<[Intermediate, string]>([
    ['dao', 'LSTM-B1'],
    ['dc', 'LSTM-B2'],
    ['daf', 'LSTM-B3'],
    ['dai', 'LSTM-B4'],
    ['dag', 'LSTM-B5'],
    ['dcPrev', 'LSTM-B6'],
  ])('of a wrong %s is %s alone', (wrong, tag) => {
    expect(checkCell(enlarged(wrong), SMALL).smallest?.suspects).toEqual([tag]);
  });

  it('of a wrong dx is the equation of dx, of a gradient assigned that of its parameter', () => {
    const backward: typeof gru.backward = (p, tape, dnext, dp) => {
      const { dx, dprev } = gru.backward(p, tape, dnext, dp);
      return { dx: Matrix.mul(dx, 2), dprev };
    };
    expect(checkCell({ ...gru, backward }, SMALL).smallest?.suspects).toEqual(['GRU-B9']);
    const assigned: typeof gru.backward = (p, tape, dnext, dp) => {
      dp.b_h.mul(0);
      return gru.backward(p, tape, dnext, dp);
    };
    expect(checkCell({ ...gru, backward: assigned }, SMALL).smallest).toMatchObject({
      problem: { T: 2 },
      suspects: ['GRU-B8'],
    });
  });

  it('stands in the text, with an element, both its values, the kind of mistake and what replays it', () => {
    const text = format(checkCell(wrongLstm));
    const number = '-?[\\d.]+(e-\\d+)?';
    const replay = 'T=1 B=1 d=1 m=1 C=1 seed=1';
    expect(text).toMatch(
      new RegExp(
        `^ {4}dW_i\\[0,0\\] \\(LSTM-B7, via LSTM-B4\\): analytic ${number}, numeric ${number} — sign; ${replay}$`,
        'm',
      ),
    );
    expect(text).toMatch(/^look at LSTM-B4: /m);
  });
});

describe('the guess', () => {
  it('is the wrong time index where h_t stands for h_{t−1}', () => {
    const report = checkCell(
      {
        ...rnn,
        backward: (p, tape, dnext, dp) => rnn.backward(p, { ...tape, hPrev: tape.h }, dnext, dp),
      },
      SMALL,
    );
    expect(guessOf(report, 'W')).toBe('wrong time index: h_t for h0');
  });

  it('is missing accumulation where a gradient is assigned', () => {
    const report = checkCell({
      ...rnn,
      backward(p, tape, dnext, dp) {
        dp.U.mul(0);
        return rnn.backward(p, tape, dnext, dp);
      },
    });
    expect(report.tensors.find(({ name }) => name === 'U')?.guess).toBe('missing accumulation');
  });

  it('is the term that is missing, of the wrong sign, or there twice', () => {
    const withTerm = (factor: number): typeof lstm => ({
      ...lstm,
      backward(p, tape, dnext, dp) {
        const { dx, dprev } = lstm.backward(p, tape, dnext, dp);
        const dao = mul(dnext.h, tape.tc, sigmoidSlope(tape.o));
        return { dx, dprev: { ...dprev, h: add(dprev.h, times(dao, p.W_o).mul(factor)) } };
      },
    });
    expect(guessOf(checkCell(withTerm(-1), SMALL), 'h0')).toBe('missing term db_o·W_o');
    expect(guessOf(checkCell(withTerm(-2), SMALL), 'h0')).toBe('sign of the term db_o·W_o');
    expect(guessOf(checkCell(withTerm(1), SMALL), 'h0')).toBe('too often the term db_o·W_o');
  });

  it('is a missing elementwise term too', () => {
    const withoutPeephole: typeof lstmPeephole = {
      ...lstmPeephole,
      backward(p, tape, dnext, dp) {
        const before = dp.b_f.clone();
        const { dx, dprev } = lstmPeephole.backward(p, tape, dnext, dp);
        const daf = sub(dp.b_f, before);
        return { dx, dprev: { ...dprev, c: sub(dprev.c, repeated(mulRow(daf, p.p_f), dprev.c.rows)) } };
      },
    };
    expect(guessOf(checkCell(withoutPeephole, SMALL), 'c0')).toBe('missing term db_f⊙p_f');
  });

  it('is none where several things are wrong', () => {
    const report = checkCell(
      {
        ...rnn,
        backward: (p, { x, hPrev, h }, { h: dh }, dp) => rnn.backward(p, { x, hPrev, h: mul(h, h) }, { h: dh }, dp),
      },
      SMALL,
    );
    expect(report.ok).toBe(false);
    expect(report.smallest?.tensors.find(({ name }) => name === 'h0')?.guess).toBeUndefined();
  });
});

/** A row, once for every sequence: what a peephole sends back in the only sequence there is. */
function repeated(row: Matrix, rows: number): Matrix {
  return new Matrix(Array.from({ length: rows }, () => row.getRow(0)));
}
