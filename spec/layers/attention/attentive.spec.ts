/** What a layer with attention is, and what it says of itself. */
import { describe, expect, it } from 'vitest';
import { rnn } from '../../../lib/cells/rnn.ts';
import { attention } from '../../../lib/layers/attention/attention.ts';
import { type Attentive, isAttentive, requireAttentive } from '../../../lib/layers/attention/attentive.ts';
import { bahdanau } from '../../../lib/layers/attention/bahdanau.ts';
import { luong } from '../../../lib/layers/attention/luong.ts';
import { delay } from '../../../lib/layers/delay.ts';
import type { Layer } from '../../../lib/layers/layer.ts';
import { readout } from '../../../lib/layers/readout.ts';
import { unroll } from '../../../lib/layers/unroll.ts';
import { Sequence } from '../../../lib/sequence.ts';
import { fading } from '../../toys.ts';
import { watched } from '../held.ts';

const cell = () => unroll(rnn, { d: 5, m: 3 }) as Layer;
const over = (layer = cell(), top?: Layer) => bahdanau({ layer, k: 3, a: 4, ...(top && { top }) });

it('attention by itself is named by its score, and says which equations give its gradients', () => {
  expect(attention({ score: 'additive', m: 2, k: 2, a: 4 })).toMatchObject({
    ...{ name: 'attention(additive)', inputs: 2, attends: 2 },
    equations: { W: 'BA-B5', U: 'BA-B7', v: 'BA-B1', x: 'BA-B6', memory: 'ATT-B4' },
  });
  const { name, inputs, attends, equations } = attention({ score: 'dot', m: 2 });
  expect([name, inputs, attends]).toEqual(['attention(dot)', 2, 2]);
  expect(equations).toEqual({ x: 'LU-B1', memory: 'ATT-B4' });
});

describe('a layer with attention', () => {
  it('is a layer that attends', () => {
    expect(isAttentive(over())).toBe(true);
    expect(isAttentive(cell())).toBe(false);
    for (const none of [undefined, null, 3, 'attends']) expect(isAttentive(none as never)).toBe(false);
    const net = over() as Attentive;
    expect(requireAttentive('decoder', net)).toBe(net);
    expect(() => requireAttentive('decoder', { ...net, attends: 0 })).toThrow('decoder.attends: expected a positive');
    expect(() => requireAttentive('decoder', { ...net, forward: 1 } as never)).toThrow('decoder.forward: expected');
  });

  it('says which parts of its state count, where the layer below does', () => {
    expect(over(unroll(fading, { d: 5, m: 3 }) as Layer).counts).toEqual(['t']);
    expect(luong({ layer: unroll(fading, { d: 5, m: 3 }) as Layer, F: 4 }).counts).toEqual(['t']);
    for (const net of [over(), luong({ layer: cell(), F: 4 })]) expect(net).not.toHaveProperty('counts');
  });

  it('is named by its parts, and so are its parameters, equations and states', () => {
    const plain = over();
    expect([plain.name, plain.inputs, plain.attends, plain.outputs]).toEqual(['bahdanau(rnn)', 2, 3, 6]);
    const topped = over(cell(), readout({ m: 6, C: 2 }) as Layer);
    expect([topped.name, topped.outputs]).toEqual(['bahdanau(rnn)+readout', 2]);
    const [below, above] = [{ attention: ['W', 'U', 'v'], layer: ['W', 'U', 'b'] }, { top: ['V', 'c'] }];
    const names = (parts: Record<string, string[]>) =>
      Object.entries(parts).flatMap(([part, own]) => own.map(name => `${part}.${name}`));
    expect(Object.keys(plain.params.shapes)).toEqual(names(below));
    expect(Object.keys(topped.params.shapes)).toEqual(names({ ...below, ...above }));
    expect(topped.equations).toEqual({
      ...{ 'attention.W': 'BA-B5', 'attention.U': 'BA-B7', 'attention.v': 'BA-B1' },
      ...{ 'layer.W': 'RNN-B2', 'layer.U': 'RNN-B3', 'layer.b': 'RNN-B4', 'layer.x': 'RNN-B5', 'layer.h': 'RNN-B6' },
      ...{ 'top.V': 'RO-B1', 'top.c': 'RO-B2', 'top.x': 'RO-B3' },
      ...{ W: 'RNN-B2', U: 'RNN-B3', b: 'RNN-B4', h: 'BD-B2', x: 'BD-B1', memory: 'ATT-B4' },
    });
    const dotted = luong({ layer: cell(), F: 4, top: readout({ m: 4, C: 2 }) as Layer });
    expect([dotted.name, dotted.attends, dotted.outputs]).toEqual(['luong(rnn)+readout', 3, 2]);
    expect(dotted.equations).toMatchObject({
      'join.W_c': 'LD-B2',
      'top.V': 'RO-B1',
      'layer.W': 'RNN-B2',
      memory: 'ATT-B4',
    });
    expect(luong({ layer: cell(), F: 4 })).toMatchObject({ name: 'luong(rnn)', outputs: 4 });
  });

  it('fails by itself where the layer below has nothing to give back', () => {
    let steps = 0;
    const layer: Layer = {
      ...cell(),
      forward(x, s0) {
        steps += 1;
        if (steps > 1) throw new RangeError('no more');
        return cell().forward(x, s0);
      },
    };
    const [x, memory] = [Sequence.zeros({ T: 2, F: 2 }), Sequence.zeros({ T: 3, F: 3 })];
    expect(() => over(layer).forward(x, memory)).toThrow('no more');
    const failing: Layer = { ...delay({ F: 6 }), state: {}, forward: layer.forward };
    const below = unroll(rnn, { d: 2, m: 3 }) as Layer;
    expect(() => luong({ layer: below, F: 6, top: failing }).forward(x, memory)).toThrow('no more');
  });

  it('gives back what its top holds, too', () => {
    for (const make of [
      (top: Layer) => over(cell(), top),
      (top: Layer) => luong({ layer: unroll(rnn, { d: 2, m: 3 }) as Layer, F: 6, top }),
    ]) {
      const { layer: top, held } = watched(readout({ m: 6, C: 2 }) as Layer);
      const net = make(top);
      const { tape } = net.forward(Sequence.zeros({ T: 2, F: 2 }), Sequence.zeros({ T: 3, F: 3 }));
      expect(held.size).toBe(1);
      net.release?.(tape as never);
      expect(held.size).toBe(0);
    }
  });
});
