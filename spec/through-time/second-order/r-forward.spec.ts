/** R{·} of the forward pass: against differences of it, and where sequences have ended. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RnnTape } from '../../../lib/cells/rnn.ts';
import { rForward } from '../../../lib/through-time/second-order/r-forward.ts';
import { rnnTwice } from '../../../lib/through-time/second-order/rnn.ts';
import type { RTape } from '../../../lib/through-time/second-order/twice-cell.ts';
import { crossEntropyTwice } from '../../../lib/through-time/second-order/twice-loss.ts';
import { apart, DIFFERENCES, fixed, networks, norm, problem } from './problem.ts';

describe.each(networks)('R{·} of the forward pass of %s', (_, cell, loss) => {
  it('is the difference of every h_t and dL/do_t along v, zero at padding', () => {
    fc.assert(
      fc.property(problem(cell, loss), drawn => {
        fc.pre(norm(drawn.v) > 0);
        const run = (theta: readonly number[]) => rForward(drawn.net, theta, drawn.batch, drawn.v);
        const { Rh, RdO } = run(drawn.theta);
        expect(apart(Rh.rows(), drawn, theta => run(theta).outTape.h.rows())).toBeLessThan(DIFFERENCES);
        expect(apart(RdO, drawn, theta => loss.backward(run(theta).lossTape).rows())).toBeLessThan(DIFFERENCES);
        const padding = [Rh.rows(), RdO].map(R => R.to2DArray().filter((_, n) => !Rh.counts(n)));
        expect(padding.flat(2).every(value => value === 0)).toBe(true); // ROP-F3  R{y_t} = 0 where t > length
      }),
      { numRuns: 8 },
    );
  });
});

it('R{s_t} is not computed where a sequence has ended', () => {
  const { net, theta, batch, v } = fixed(rnnTwice, crossEntropyTwice);
  const { Rh, Rsteps } = rForward(net, theta, batch, v);
  const before = (Rsteps as readonly RTape<RnnTape>[]).map(({ hPrev }) => hPrev);
  expect(before.map(({ rows }) => rows)).toEqual([3, 3, 2, 2, 1]);
  expect(before[2]?.to2DArray()).toEqual([0, 2].map(b => Rh.at(1).getRow(b)));
  expect(before[4]?.to2DArray()).toEqual([Rh.at(3).getRow(0)]);
});

it.each([
  ['cell', 'rForward'],
  ['cell', 'rBackward'],
  ['loss', 'forward'],
  ['loss', 'backward'],
  ['loss', 'rBackward'],
] as const)('a %s without its %s is refused', (part, pass) => {
  const { net, theta, batch, v } = fixed(rnnTwice, crossEntropyTwice);
  const without = { ...net, [part]: { ...net[part], [pass]: undefined } };
  expect(() => rForward(without, theta, batch, v)).toThrow(`${part}.${pass}: expected a function, got undefined`);
});
