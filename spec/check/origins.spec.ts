/** The equations that a report names: declared ones, and those that are read off the cells that a layer is made of. */
import { describe, expect, test } from 'vitest';
import { lstm } from '../../lib/cells/lstm.ts';
import { rnn } from '../../lib/cells/rnn.ts';
import { checkCell } from '../../lib/check/check-cell.ts';
import { checkLayer } from '../../lib/check/check-layer.ts';
import { originsOfLayer } from '../../lib/check/origins.ts';
import { PassError } from '../../lib/check/watched.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { bidirectional } from '../../lib/layers/bidirectional.ts';
import { readout } from '../../lib/layers/readout.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { addColumnSums, addTTimes, mul, scale, tanhSlope, times } from '../../lib/matrix.ts';

const undeclared: typeof rnn = { ...rnn, name: 'mine', equations: undefined };

/** The vanilla network with the wrong sign in dL/dx, and nothing declared. */
const wrong: typeof rnn = {
  ...undeclared,
  backward(p, { x, hPrev, h }, { h: dh }, dp) {
    const da = mul(dh, tanhSlope(h)); // RNN-B1
    addTTimes(dp.W, da, hPrev); // RNN-B2
    addTTimes(dp.U, da, x); // RNN-B3
    addColumnSums(dp.b, da); // RNN-B4
    const dx = scale(times(da, p.U), -1); // RNN-B5
    const dhPrev = times(da, p.W); // RNN-B6
    return { dx, dprev: { h: dhPrev } };
  },
};

const SMALL = { T: 2, B: 2, d: 2, m: 2, C: 2 };

describe('a cell that declares no equations', () => {
  test('has the report of one that does', () => {
    const { tensors, ...report } = checkCell(undeclared, SMALL);
    const tags = (all: typeof tensors) => all.map(({ name, tag }) => `${name} ${tag}`);
    expect(report).toMatchObject({ ok: true, verdict: 'ok' });
    expect(tags(tensors)).toEqual(tags(checkCell(rnn, SMALL).tensors));
    expect(tensors[0]).toMatchObject({ name: 'W', tag: 'RNN-B2', via: ['RNN-B1'] });
  });

  test('is suspected by the tags of its lines', () => {
    expect(checkCell(wrong, SMALL).smallest?.suspects).toEqual(['RNN-B5']);
  });

  test('is named by them where it gives what is not finite', () => {
    const overflowing = { ...undeclared, backward: infinite };
    expect(() => checkCell(overflowing, SMALL)).toThrow(PassError);
    expect(() => checkCell(overflowing, SMALL)).toThrow(
      /^mine\.backward: dx\[0,0\] \(RNN-B5\): expected a finite number/,
    );
  });

  test('may declare some, which stand before what is read', () => {
    const some = { ...undeclared, equations: { x: 'MY-B9' } };
    const { tensors } = checkCell(some, SMALL);
    expect(tensors.find(({ name }) => name === 'x')).toMatchObject({ tag: 'MY-B9', via: ['RNN-B5', 'RNN-B1'] });
    expect(tensors.find(({ name }) => name === 'W')).toMatchObject({ tag: 'RNN-B2' });
  });
});

describe('a layer', () => {
  const size = { d: 2, m: 3 };

  test('of a cell has its equations, on the engine too', () => {
    for (const layer of [unroll(lstm, size), recurrent(lstm, size)]) {
      const { W_f } = originsOfLayer(layer);
      expect(W_f).toEqual({ tag: 'LSTM-B7', via: ['LSTM-B3', 'LSTM-B2'] });
    }
  });

  test('of layers has theirs under their names; what comes from below went through all above', () => {
    const both = bidirectional({ forward: unroll(rnn, size), backward: unroll(lstm, size) });
    const net = stack({ both, top: unroll(rnn, { d: 6, m: 2 }), out: readout({ m: 2, C: 2 }) });
    const origins = originsOfLayer(net);
    const above = ['RNN-B5', 'RNN-B1', 'RO-B3'];
    expect(origins['out.V']).toEqual({ tag: 'RO-B1', via: [] });
    expect(origins['top.W']).toEqual({ tag: 'RNN-B2', via: ['RNN-B1', 'RO-B3'] });
    expect(origins['both.forward.W']).toEqual({ tag: 'RNN-B2', via: ['RNN-B1', 'RNN-B5', 'RO-B3'] });
    expect(origins['both.backward.W_o']).toEqual({ tag: 'LSTM-B7', via: ['LSTM-B1', ...above] });
    expect(origins.x).toMatchObject({ tag: 'BI-B4', via: expect.arrayContaining(['LSTM-B10', 'LSTM-B2', ...above]) });
  });

  test('of a wrong cell below another is suspected by its tag, and one above another by its', () => {
    const right = () => unroll(lstm, { d: 2, m: 2 });
    const below = checkLayer(stack({ low: unroll(wrong, { d: 2, m: 2 }), high: right() }), { T: 1, B: 1 });
    expect(below.smallest?.suspects).toEqual(['RNN-B5']);
    const above = checkLayer(stack({ low: right(), high: unroll(wrong, { d: 2, m: 2 }) }), { T: 1, B: 1 });
    expect(above.smallest?.suspects).toEqual(['RNN-B5']);
  });

  test('that somebody changed has what it declares alone', () => {
    const changed = { ...unroll(lstm, size) };
    expect(originsOfLayer(changed).W_f).toEqual({ tag: 'LSTM-B7', via: [] });
  });
});

/** dL/dx that is not finite in numbers, and a line like any other in symbols. */
const infinite: typeof rnn.backward = (p, { x, hPrev, h }, { h: dh }, dp) => {
  const da = mul(dh, tanhSlope(h)); // RNN-B1
  addTTimes(dp.W, da, hPrev); // RNN-B2
  addTTimes(dp.U, da, x); // RNN-B3
  addColumnSums(dp.b, da); // RNN-B4
  const dx = scale(scale(times(da, p.U), 1e300), 1e300); // RNN-B5
  return { dx, dprev: { h: times(da, p.W) } };
};
