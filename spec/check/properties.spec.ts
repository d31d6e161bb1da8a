import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { cells } from '../../lib/cells/index.ts';
import { rnn } from '../../lib/cells/rnn.ts';
import { cellProperty, layerProperty, lossProperty } from '../../lib/check/properties.ts';
import { dropout } from '../../lib/layers/dropout.ts';
import { readout } from '../../lib/layers/readout.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { crossEntropy } from '../../lib/losses/cross-entropy.ts';
import { Sequence } from '../../lib/sequence.ts';
import { leastUnits } from '../units.ts';

describe('a property', () => {
  it.each([cells.rnn, cells.gru, cells['min-gru']] as readonly Cell[])('holds of $name', cell => {
    fc.assert(cellProperty(cell, { leastUnits: leastUnits(cell) }), { numRuns: 4 });
  });

  it('holds of layers and losses', () => {
    fc.assert(layerProperty(unroll(rnn, { d: 2, m: 3 })), { numRuns: 3 });
    fc.assert(layerProperty(readout({ m: 2, C: 3 }), { oneHot: true }), { numRuns: 3 });
    fc.assert(layerProperty(dropout({ F: 8, rate: 0.5, seed: 1 }), { independent: false }), { numRuns: 3 });
    const classes = lossProperty(crossEntropy, ({ T, B, F }, rng) =>
      Array.from({ length: T * B }, () => Math.floor(F * rng.uniform())),
    );
    fc.assert(classes, { numRuns: 5 });
  });

  it('that fails shrinks to the smallest problem, shows its report, and is replayed by its seed and path', () => {
    const wrong: typeof rnn = {
      ...rnn,
      backward: (p, tape, dnext, dp) => rnn.backward(p, { ...tape, hPrev: tape.h }, dnext, dp),
    };
    const details = fc.check(cellProperty(wrong), { seed: 7 });
    expect(details.failed).toBe(true);
    const [problem] = details.counterexample ?? [];
    expect(problem).toMatchObject({ T: 1, B: 1, d: 1, m: 1, C: 1 });
    expect((details.errorInstance as Error).message).toMatch(/^rnn is wrong\n[\s\S]*dW\[0,0\] \(RNN-B2, via RNN-B1\)/);
    const again = fc.check(cellProperty(wrong), { seed: 7, path: details.counterexamplePath ?? '' });
    expect(again.counterexample).toEqual(details.counterexample);
  });

  it('knows its options', () => {
    expect(() => cellProperty(rnn, { leastUnit: 2 } as never)).toThrow(
      'options: expected no names but oracle, leastUnits',
    );
    expect(() => cellProperty(rnn, { leastUnits: 0 })).toThrow('leastUnits: expected a positive integer, got 0');
  });

  it('fails of a wrong layer and a wrong loss', () => {
    const right = unroll(rnn, { d: 2, m: 3 });
    const mute = {
      ...right,
      backward: (_: unknown, dy: Sequence) => ({ dx: zeros(dy, 2), ds0: { h: Matrix.zeros(dy.B, 3) } }),
    };
    expect(fc.check(layerProperty(mute)).failed).toBe(true);
    const half: typeof crossEntropy = { ...crossEntropy, backward: tape => crossEntropy.backward(tape, 0.5) };
    expect(fc.check(lossProperty(half, ({ T, B }) => new Array<number>(T * B).fill(1))).failed).toBe(true);
  });
});

const zeros = (s: Sequence, F: number): Sequence => Sequence.zeros({ ...s.extent(), F });
