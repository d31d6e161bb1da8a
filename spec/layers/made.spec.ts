/** What a part of a network says it is made of: by this files, exports and the command know it, whatever its name. */
import { describe, expect, it } from 'vitest';
import { lstm } from '../../lib/cells/lstm.ts';
import { rnn } from '../../lib/cells/rnn.ts';
import { bahdanau } from '../../lib/layers/attention/bahdanau.ts';
import { luong } from '../../lib/layers/attention/luong.ts';
import { bidirectional } from '../../lib/layers/bidirectional.ts';
import { bridge } from '../../lib/layers/bridge.ts';
import { delay } from '../../lib/layers/delay.ts';
import { dropout } from '../../lib/layers/dropout.ts';
import { embedding } from '../../lib/layers/embedding.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { type Made, type Making, makingOf, ownLoopOver } from '../../lib/layers/made.ts';
import { lastStep, maxOverTime, meanOverTime } from '../../lib/layers/pool.ts';
import { readout } from '../../lib/layers/readout.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { windowInput, windowOutput } from '../../lib/layers/windows.ts';
import { fading } from '../toys.ts';

const kept = <T>(value: T) => ({ ...value });

/** Layers of 2 inputs and 3 units, and one of 5 that attends: fresh, since a part's parameters are joined with others' once. */
const fresh = () => ({
  forward: unroll(rnn, { d: 2, m: 3 }) as Layer,
  backward: unroll(lstm, { d: 2, m: 3 }) as Layer,
  layer: unroll(lstm, { d: 5, m: 3 }) as Layer,
  top: readout({ m: 6, C: 2 }) as Layer,
});

describe('a part says how it was made', () => {
  it('of its own', () => {
    const alone: readonly (readonly [Made, Making])[] = [
      [unroll(rnn, { d: 2, m: 3 }), { kind: 'cell', cell: rnn as never, d: 2, m: 3, engine: 'reference' }],
      [readout({ m: 3, C: 2 }), { kind: 'readout', m: 3, C: 2, engine: 'reference' }],
      [embedding({ C: 4, e: 2 }), { kind: 'embedding', C: 4, e: 2 }],
      [delay({ F: 2 }), { kind: 'delay', F: 2 }],
      [lastStep(2), { kind: 'last-step', F: 2 }],
      [meanOverTime(2), { kind: 'mean-over-time', F: 2 }],
      [maxOverTime(2), { kind: 'max-over-time', F: 2 }],
      [windowInput({ F: 2, N: 3 }), { kind: 'window-input', F: 2, N: 3 }],
      [windowOutput({ C: 2, N: 3 }), { kind: 'window-output', C: 2, N: 3, offset: 0, beta: 'uniform' }],
      [
        windowOutput({ C: 2, N: 3, offset: -1, beta: 'learned' }),
        { kind: 'window-output', C: 2, N: 3, offset: -1, beta: 'learned' },
      ],
      [
        bridge({ from: fresh().backward, to: unroll(fading, { d: 2, m: 3 }) }),
        { kind: 'bridge', from: { state: { h: 3, c: 3 } }, to: { state: { h: 3, t: 1 }, counts: ['t'] } },
      ],
    ];
    for (const [part, making] of alone) expect(makingOf(part)).toStrictEqual(making);
  });

  it('of which layers: in both directions', () => {
    const { forward, backward } = fresh();
    const making = { kind: 'bidirectional', forward, backward, merge: 'concat' };
    expect(makingOf(bidirectional({ forward, backward }))).toStrictEqual(making);
    const other = fresh();
    const sum = bidirectional({ forward: other.forward, backward: other.backward, merge: 'sum' });
    expect(makingOf(sum)).toMatchObject({ merge: 'sum' });
  });

  it('of which layers: with attention', () => {
    const [one, two, three] = [fresh(), fresh(), fresh()];
    const [plain, asking] = [bahdanau({ layer: one.layer, k: 3, a: 4 }), { k: 3, a: 4, query: 'c' }];
    expect(makingOf(plain)).toStrictEqual({ kind: 'bahdanau', layer: one.layer, k: 3, a: 4, query: 'h' });
    const { layer, top } = two;
    expect(makingOf(bahdanau({ layer, top, ...asking }))).toStrictEqual({ kind: 'bahdanau', layer, top, ...asking });
    const dotted = makingOf(luong({ layer: one.forward, F: 4 }));
    expect(dotted).toStrictEqual({ kind: 'luong', layer: one.forward, F: 4 });
    const under = luong({ layer: three.forward, F: 6, top: three.top });
    expect(makingOf(under)).toStrictEqual({ kind: 'luong', layer: three.forward, F: 6, top: three.top });
  });

  it('a stack: its layers by name, from the bottom up', () => {
    const { forward } = fresh();
    const last = delay({ F: 3 });
    const making = makingOf(stack({ first: forward, last }));
    expect(making?.kind === 'stack' && making.layers).toEqual([
      ['first', forward],
      ['last', last],
    ]);
  });

  it('a dropout: as it is by now', () => {
    const layer = dropout({ F: 2, rate: 0.25, seed: 5 });
    expect(kept(makingOf(layer))).toEqual({ kind: 'dropout', F: 2, rate: 0.25, seed: 5, training: true });
    layer.seed = 6;
    layer.training = false;
    expect(kept(makingOf(layer))).toEqual({ kind: 'dropout', F: 2, rate: 0.25, seed: 6, training: false });
  });
});

describe('what is not as it was made', () => {
  const { forward, backward } = fresh();

  it('is not known: a copy, other passes', () => {
    expect(makingOf({ ...forward })).toBeUndefined();
    expect(makingOf({ forward: forward.forward, backward: forward.backward })).toBeUndefined();
    expect(makingOf(Object.assign(fresh().forward, { forward: backward.forward }))).toBeUndefined();
  });

  it('has a loop of its own where the pass back alone is another', () => {
    const own: Layer = { ...forward, backward: (tape, dy) => forward.backward(tape, dy) };
    expect(ownLoopOver(own)).toBe(rnn);
    expect(ownLoopOver(forward)).toBeUndefined();
    expect(ownLoopOver({ ...forward })).toBeUndefined();
    expect(ownLoopOver({ ...own, forward: (x, s0) => forward.forward(x, s0) })).toBeUndefined();
    const pool = lastStep(2) as Layer;
    expect(ownLoopOver({ ...pool, backward: (tape, dy) => pool.backward(tape, dy) })).toBeUndefined();
  });
});
