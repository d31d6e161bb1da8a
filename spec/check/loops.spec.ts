/** A loop through time that is at fault: no line of the cell is named, and where the cell is known to be right that is said. */
import { describe, expect, it } from 'vitest';
import { gru } from '../../lib/cells/gru.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { checkLayer } from '../../lib/check/check-layer.ts';
import { format } from '../../lib/check/format.ts';
import { ValueError } from '../../lib/errors.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { stack } from '../../lib/layers/stack.ts';
import { type UnrollTape, unroll } from '../../lib/layers/unroll.ts';
import { scale } from '../../lib/matrix.ts';
import type { Matrices } from '../../lib/shape.ts';

const SIZES = { T: 2, B: 2 };
const right = () => unroll(lstm, { d: 2, m: 2 }) as unknown as Layer;

/** A loop that does not hand on what the final c is given. */
const forgetful = (layer: Layer): Layer['backward'] => {
  const { backward } = layer;
  return (tape, dy, dsT = {}) => backward(tape as UnrollTape<unknown>, dy, without(dsT));
};
const without = ({ c, ...others }: Matrices): Matrices => ({ ...others, ...(c && { c: scale(c, 0) }) });

/** The layer as one of the user's, whose passes nobody knows. */
const foreign = ({ name, params, inputs, outputs, state, equations, ...passes }: Layer): Layer => ({
  ...{ name, params, inputs, outputs, state, equations },
  forward: (x, s0) => passes.forward(x, s0),
  backward: (tape, dy, dsT) => passes.backward(tape, dy, dsT),
});

const LOOP = /^look at the loop through time: every step of lstm is proven$/m;

describe('a wrong loop over a right cell', () => {
  it('of which the cell is known is named beside it, and no line is', () => {
    const copied = { ...right() };
    const changed = right();
    Object.assign(changed, { backward: forgetful(changed) });
    for (const layer of [{ ...copied, backward: forgetful(copied) }, changed]) {
      const report = checkLayer(layer, SIZES);
      expect(report.smallest).toMatchObject({ problem: { T: 1, B: 1 }, suspects: [], provenStep: 'lstm' });
      expect(format(report)).toMatch(LOOP);
      expect(format(report)).not.toMatch(/^look at LSTM/m);
    }
  });

  it('of which nothing is known is not named, unless it is said which cell it is over', () => {
    const layer = foreign({ ...right(), backward: forgetful(right()) });
    const halved: Layer = {
      ...layer,
      backward(tape, dy, dsT) {
        const { dx, ds0 } = right().backward(tape, dy, dsT);
        return { dx, ds0: { ...ds0, ...(ds0.h && { h: scale(ds0.h, 0.5) }) } };
      },
    };
    for (const one of [layer, halved, stack({ low: layer })]) {
      const { verdict, smallest } = checkLayer(one, SIZES);
      expect({ verdict, suspects: smallest?.suspects }).toEqual({ verdict: 'wrong', suspects: [] });
      expect(smallest?.provenStep).toBeUndefined();
    }
    expect(format(checkLayer(layer, { ...SIZES, cell: lstm }))).toMatch(LOOP);
    expect(() => checkLayer(layer, { cell: {} as typeof lstm })).toThrow(ValueError);
  });
});

it('a wrong cell in the loop of the library is named by its line, and in a loop of the user’s none is said to be right', () => {
  const wrong: typeof gru = {
    ...gru,
    backward(p, tape, dnext, dp) {
      const { dx, dprev } = gru.backward(p, tape, dnext, dp);
      return { dx: scale(dx, 2), dprev };
    },
  };
  const layer = unroll(wrong, { d: 2, m: 2 }) as unknown as Layer;
  expect(checkLayer(layer, SIZES).smallest?.suspects).toEqual(['GRU-B9']);
  const { smallest } = checkLayer(foreign(layer), { ...SIZES, cell: wrong });
  expect(smallest).toMatchObject({ suspects: [] });
  expect(smallest?.provenStep).toBeUndefined();
});
