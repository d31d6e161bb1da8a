import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { checkLayer } from '../../lib/check/check-layer.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { delay } from '../../lib/layers/delay.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { Sequence } from '../../lib/sequence.ts';
import { flat } from '../numbers.ts';

describe('a delay', () => {
  it('puts out its state, then its inputs one step late, each sequence to its own end', () => {
    const x = Sequence.dense([1, 10, 2, 99, 3, 99], { T: 3, B: 2, F: 1, lengths: [3, 1] });
    const { y, sT } = delay({ F: 1 }).forward(x, { past: new Matrix([[7], [8]]) });
    expect([...y.data]).toEqual([7, 8, 1, 0, 2, 0]);
    expect(flat(sT.past ?? Matrix.zeros(0, 0))).toEqual([3, 10]);
    expect([...delay({ F: 1 }).forward(x).y.data]).toEqual([0, 0, 1, 0, 2, 0]);
  });

  it('sends every gradient back one step', () => {
    const layer = delay({ F: 1 });
    const { tape } = layer.forward(Sequence.dense([1, 10, 2, 99, 3, 99], { T: 3, B: 2, F: 1, lengths: [3, 1] }));
    const dy = Sequence.dense([4, 40, 5, 99, 6, 99], { T: 3, B: 2, F: 1 });
    const { dx, ds0 } = layer.backward(tape, dy, { past: new Matrix([[0.5], [0.25]]) });
    expect([...dx.data]).toEqual([5, 0.25, 6, 0, 0.5, 0]);
    expect(flat(ds0.past ?? Matrix.zeros(0, 0))).toEqual([4, 40]);
  });

  it('does so without lengths too', () => {
    const layer = delay({ F: 1 });
    const { y, sT, tape } = layer.forward(Sequence.dense([1, 2, 3], { T: 3, F: 1 }), { past: new Matrix([[7]]) });
    expect([...y.data, ...flat(sT.past ?? Matrix.zeros(0, 0))]).toEqual([7, 1, 2, 3]);
    const { dx, ds0 } = layer.backward(tape, Sequence.dense([4, 5, 6], { T: 3, F: 1 }), { past: new Matrix([[0.5]]) });
    expect([...dx.data, ...flat(ds0.past ?? Matrix.zeros(0, 0))]).toEqual([5, 6, 0.5, 4]);
  });

  it('says which equations give its gradients', () => {
    expect(delay({ F: 1 }).equations).toEqual({ x: 'DL-B2', past: 'DL-B3' });
  });

  it('has the gradients of finite differences', () => {
    expect(checkLayer(delay({ F: 3 }))).toMatchObject({ ok: true, tensors: [{ name: 'x' }, { name: 'past0' }] });
  });

  it('is caught where it forgets the last input, or does not delay its gradient', () => {
    const right = delay({ F: 2 });
    const wrong = (backward: Layer['backward']): Layer => ({ ...right, backward });
    const forgets = wrong((tape, dy) => right.backward(tape as Parameters<typeof right.backward>[0], dy));
    const keepsUp = wrong((tape, dy, dsT) => ({ ...right.backward(tape as never, dy, dsT), dx: dy }));
    expect(checkLayer(forgets).tensors.map(({ ok }) => ok)).toEqual([false, true]);
    expect(checkLayer(keepsUp).tensors.map(({ ok }) => ok)).toEqual([false, true]);
  });

  it('refuses what does not fit', () => {
    expect(() => delay({ F: 0 })).toThrow(ValueError);
    expect(() => delay({ F: 2 }).forward(Sequence.zeros({ T: 1, F: 3 }))).toThrow(ShapeError);
    expect(() => delay({ F: 2 }).forward(Sequence.zeros({ T: 1, F: 2 }), { h: Matrix.zeros(1, 2) })).toThrow(/^s0:/);
  });
});
