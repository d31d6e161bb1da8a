import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { rnn, rnnRelu } from '../../lib/cells/rnn.ts';
import { checkCell } from '../../lib/check/check-cell.ts';
import { ValueError } from '../../lib/errors.ts';
import { add } from '../../lib/matrix.ts';
import { size } from '../arbitraries.ts';

describe('checkCell', () => {
  it('passes the right cells whatever the shape and the seed', () => {
    const options = fc.record({ T: size(6), B: size(3), d: size(4), m: size(5), C: size(4), seed: fc.nat() });
    fc.assert(
      fc.property(options, fc.constantFrom(rnn, rnnRelu), (given, cell) => {
        const wrong = checkCell(cell, given).tensors.filter(({ ok }) => !ok);
        expect(wrong).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('is the same report for the same seed, and another for another', () => {
    expect(checkCell(rnn, { seed: 3 })).toEqual(checkCell(rnn, { seed: 3 }));
    expect(checkCell(rnn, { seed: 3 })).not.toEqual(checkCell(rnn, { seed: 4 }));
  });

  it('looks further back than one step: a cell that sends nothing to the past is caught', () => {
    const forgetful: typeof rnn = {
      ...rnn,
      backward: (p, tape, dnext, dp) => ({ ...rnn.backward(p, tape, dnext, dp), dprev: { h: Matrix.zeros(3, 5) } }),
    };
    expect(checkCell(forgetful, { B: 3, m: 5 }).ok).toBe(false);
  });

  it('looks at the initial state: a gradient that is right only from zeros is caught', () => {
    const fromZero: typeof rnn = {
      ...rnn,
      forward(p, x, prev) {
        const { next, tape } = rnn.forward(p, x, prev);
        return { next: { h: add(next.h, prev.h, prev.h) }, tape };
      },
    };
    expect(
      checkCell(fromZero)
        .tensors.filter(({ ok }) => !ok)
        .map(({ name }) => name),
    ).toContain('h0');
  });

  it('refuses sizes that are none', () => {
    expect(() => checkCell(rnn, { T: 0 })).toThrow(ValueError);
    expect(() => checkCell(rnn, { C: -1 })).toThrow(/^C: expected a positive integer/);
    expect(() => checkCell(rnn, { seed: 0.5 })).toThrow(/^seed:/);
  });
});
