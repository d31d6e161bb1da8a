/** Gradients that are right for some losses only: of a loss that looks at a part of the state, or from a state of zeros. */
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { rnn } from '../../lib/cells/rnn.ts';
import { slstm } from '../../lib/cells/slstm.ts';
import { checkCell } from '../../lib/check/check-cell.ts';
import { format } from '../../lib/check/format.ts';
import { proveCell } from '../../lib/check/prove-cell.ts';
import { ValueError } from '../../lib/errors.ts';
import { add, mul, scale } from '../../lib/matrix.ts';

/** The sLSTM that takes its stabiliser for constant: what it is handed of dm is what SLSTM-D5 says. */
const constant: typeof slstm = {
  ...slstm,
  backward: (p, tape, dnext, dp) =>
    slstm.backward(p, tape, { ...dnext, m: add(mul(dnext.c, tape.c), mul(dnext.n, tape.n)) }, dp),
};

/** The sLSTM that sends nothing through its stabiliser at all, not even to the first one. */
const held: typeof slstm = {
  ...constant,
  backward(p, tape, dnext, dp) {
    const { dx, dprev } = constant.backward(p, tape, dnext, dp);
    return { dx, dprev: { ...dprev, m: scale(dprev.m, 0) } };
  },
};

const SMALL = { T: 4, B: 2, d: 2, m: 2, C: 2 };

describe('a loss that looks at a part of the state', () => {
  it('is what a constant stabiliser is right for, with the first one given, or from zeros without', () => {
    expect(proveCell(constant).verdict).toBe('wrong');
    expect(proveCell(constant, { initial: 'zero' }).verdict).toBe('wrong');
    expect(proveCell(constant, { cotangents: [] }).verdict).toBe('proven');
    expect(proveCell(held, { cotangents: [] }).tensors.filter(({ ok }) => !ok)).toEqual([{ name: 'm0', ok: false }]);
    const { verdict, chance, tensors } = proveCell(held, { cotangents: ['h'], initial: 'zero' });
    expect(verdict).toBe('proven');
    expect(chance).toBeLessThan(1e-9);
    expect(tensors.map(({ name }) => name)).not.toContain('m0');
  });

  it('is checked so by differences and the dot test too, and the report says so', () => {
    const report = checkCell(held, { ...SMALL, cotangents: ['h'], initial: 'zero' });
    expect(report).toMatchObject({ ok: true, restsOn: 'proof', scope: { cotangents: ['h'], initial: 'zero' } });
    expect(report.laws.filter(({ name }) => name.startsWith('⟨dy'))).toHaveLength(3);
    expect(format(report)).toMatch(/^of a loss in every output, h_T, from a state of zeros:\nproven exactly: /);
    expect(format(checkCell(rnn, { ...SMALL, initial: 'zero' }))).toMatch(
      /^of a loss in every output and the final state, from a state of zeros:\n/,
    );
    expect(checkCell(rnn, SMALL).scope).toBeUndefined();
  });

  it('does not hide what is wrong for it', () => {
    const wrong: typeof rnn = {
      ...rnn,
      backward: (p, tape, dnext, dp) => rnn.backward(p, { ...tape, hPrev: tape.h }, dnext, dp),
    };
    const narrow = { cotangents: [], initial: 'zero' } as const;
    expect(proveCell(wrong, narrow).tensors.filter(({ ok }) => !ok)).toEqual([{ name: 'W', ok: false }]);
    const { verdict, smallest } = checkCell(wrong, { ...SMALL, ...narrow });
    expect({ verdict, T: smallest?.problem.T }).toEqual({ verdict: 'wrong', T: 1 });
  });

  it('leaves out what no such loss sees: of a cell that is wrong only in what its state begins with', () => {
    const wrong: typeof rnn = {
      ...rnn,
      backward(p, tape, dnext, dp) {
        const { dx, dprev } = rnn.backward(p, tape, dnext, dp);
        const first = tape.hPrev
          .to2DArray()
          .flat()
          .every(h => h === 0);
        return { dx, dprev: first ? { h: Matrix.mul(dprev.h, 2) } : dprev };
      },
    };
    expect(checkCell(wrong, { ...SMALL, initial: 'zero' }).tensors.every(({ ok }) => ok)).toBe(true);
  });

  it('is asked for by parts of the state, and refused otherwise', () => {
    for (const check of [checkCell, proveCell]) {
      expect(() => check(slstm, { cotangents: ['q'] })).toThrow(
        /^cotangents: expected parts of the state \(h, c, n, m\), got "q"$/,
      );
      expect(() => check(slstm, { cotangents: 'h' as never })).toThrow(ValueError);
      expect(() => check(slstm, { initial: 'none' as never })).toThrow(
        /^initial: expected random or zero, got "none"$/,
      );
    }
  });
});
