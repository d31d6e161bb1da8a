import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { rnn, rnnRelu } from '../../lib/cells/rnn.ts';
import { checkDirections } from '../../lib/check/directed.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { delay } from '../../lib/layers/delay.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { readout } from '../../lib/layers/readout.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import type { Matrices } from '../../lib/shape.ts';
import { entries, lengths, matrix, sequence, size } from '../arbitraries.ts';
import { flat, inner } from '../numbers.ts';
import { fading } from '../toys.ts';
import { watched } from './held.ts';

const deep = (d: number, m: number, C: number) =>
  stack({ low: unroll(rnn, { d, m }), high: unroll(rnn, { d: m, m: m + 1 }), out: readout({ m: m + 1, C }) });

const problem = fc
  .tuple(size(5), size(3), size(3), size(3), size(3))
  .chain(([T, B, d, m, C]) => fc.tuple(fc.constant([T, B, d, m, C] as const), lengths(T, B)))
  .chain(([[T, B, d, m, C], own]) => {
    const net = deep(d, m, C);
    return fc.record({
      net: entries(net.params.size).map(numbers => {
        net.params.values.set(numbers);
        return net;
      }),
      x: sequence(T, B, d, own),
      dy: sequence(T, B, C, own),
      low: matrix(B, m),
      high: matrix(B, m + 1),
      dlow: matrix(B, m),
      dhigh: matrix(B, m + 1),
    });
  });

describe('a stack', () => {
  it('has the gradients of finite differences in every parameter, x and both initial states', () => {
    fc.assert(
      fc.property(problem, ({ net, x, dy, low, high, dlow, dhigh }) => {
        const s0 = { 'low.h': low, 'high.h': high };
        const loss = () => {
          const { y, sT } = net.forward(x, s0);
          const final = (name: string) => sT[name] ?? Matrix.zeros(0, 0);
          return inner(dy.rows(), y.rows()) + inner(dlow, final('low.h')) + inner(dhigh, final('high.h'));
        };
        net.params.zeroGrads();
        const { dx, ds0 } = net.backward(net.forward(x, s0).tape, dy, { 'low.h': dlow, 'high.h': dhigh });
        const grads: Matrices = net.params.namedGrads();
        const none = Matrix.zeros(0, 0);
        const tensors = [
          ...Object.entries(net.params.named()).map(([name, values]) => ({
            name,
            values,
            gradient: grads[name] ?? none,
          })),
          { name: 'x', values: x.rows(), gradient: dx.rows() },
          { name: 'low.h', values: low, gradient: ds0['low.h'] ?? none },
          { name: 'high.h', values: high, gradient: ds0['high.h'] ?? none },
        ];
        const report = checkDirections(loss, tensors, {}, new Random(1));
        expect(report.tensors.flatMap(({ name, failures }) => failures.map(f => ({ name, ...f })))).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('is its layers one after the other', () => {
    fc.assert(
      fc.property(problem, ({ net, x, low, high }) => {
        const [d, m] = [net.inputs, low.columns];
        const [first, second, out] = [
          unroll(rnn, { d, m }),
          unroll(rnn, { d: m, m: m + 1 }),
          readout({ m: m + 1, C: net.outputs }),
        ];
        let offset = 0;
        for (const { params } of [first, second, out]) {
          params.values.set(net.params.values.subarray(offset, offset + params.size));
          offset += params.size;
        }
        const one = first.forward(x, { h: low });
        const two = second.forward(one.y, { h: high });
        const { y, sT } = net.forward(x, { 'low.h': low, 'high.h': high });
        expect(flat(y.rows())).toEqual(flat(out.forward(two.y).y.rows()));
        expect(sT).toEqual({ 'low.h': one.sT.h, 'high.h': two.sT.h });
      }),
    );
  });

  it('names parameters, states and equations by layer, in one buffer', () => {
    const net = deep(2, 3, 4);
    expect(Object.keys(net.params.shapes).join()).toBe('low.W,low.U,low.b,high.W,high.U,high.b,out.V,out.c');
    expect(net.state).toEqual({ 'low.h': 3, 'high.h': 4 });
    expect(net.equations).toMatchObject({ 'low.W': 'RNN-B2', 'high.h': 'RNN-B6', 'out.V': 'RO-B1', x: 'RNN-B5' });
    expect(net.name).toBe('rnn+rnn+readout');
  });

  it('starts from zeros where no state is given, and takes all or none of its parts', () => {
    const net = deep(2, 3, 4);
    net.params.values.fill(0.3);
    const x = Sequence.dense([1, 2, 3, 4], { T: 2, F: 2 });
    const zero = { 'low.h': Matrix.zeros(1, 3), 'high.h': Matrix.zeros(1, 4) };
    expect(flat(net.forward(x).y.rows())).toEqual(flat(net.forward(x, zero).y.rows()));
    expect(() => net.forward(x, { 'low.h': Matrix.zeros(1, 3) })).toThrow(/^s0\.high\.h: expected a 1×4 matrix/);
    expect(() => net.forward(x, { ...zero, 'other.h': Matrix.zeros(1, 1) })).toThrow(ShapeError);
  });

  it('says which parts of its state count, where any does', () => {
    const net = stack({ a: unroll(rnn, { d: 2, m: 3 }), b: unroll(fading, { d: 3, m: 2 }) });
    expect(net.counts).toEqual(['b.t']);
    expect(deep(2, 3, 4)).not.toHaveProperty('counts');
  });

  it('gives every tape back, on release and where a layer further up fails', () => {
    const [low, high] = [2, 3].map(d => watched(unroll(rnn, { d, m: 3 }) as Layer));
    if (!low || !high) throw new Error('there are two');
    let fails = false;
    const failing = (): Layer => ({
      ...delay({ F: 3 }),
      forward: (x, s0) => {
        if (fails) throw new RangeError('no more');
        return delay({ F: 3 }).forward(x, s0);
      },
    });
    const net = stack({ low: low.layer, high: high.layer, top: failing() });
    const x = Sequence.zeros({ T: 2, F: 2 });
    const { tape } = net.forward(x);
    expect([low.held.size, high.held.size]).toEqual([1, 1]);
    net.release?.(tape);
    expect([low.held.size, high.held.size]).toEqual([0, 0]);
    fails = true;
    expect(() => net.forward(x)).toThrow('no more');
    expect([low.held.size, high.held.size]).toEqual([0, 0]);
    const nothing = stack({ low: unroll(rnn, { d: 2, m: 3 }) as Layer, top: failing() });
    expect(() => nothing.forward(x)).toThrow('no more'); // there is nothing to give back
    expect(() => net.release?.({ ...tape, tapes: [] })).toThrow('tape.tapes: expected 3 tapes of layers');
  });

  it('refuses to be empty, and layers that do not fit', () => {
    expect(() => stack({})).toThrow(ValueError);
    const misfit = { low: unroll(rnn, { d: 2, m: 3 }), high: unroll(rnnRelu, { d: 4, m: 2 }) };
    expect(() => stack(misfit)).toThrow('layers.high.inputs: expected 3, got 4');
  });
});

it.each(['1', '0', '', 'a.b', '__proto__'])(
  '%j names no layer: it would not run in its turn, or share its states',
  name => {
    const [below, above] = [unroll(rnn, { d: 2, m: 2 }), unroll(rnn, { d: 2, m: 2 })];
    const layers = Object.fromEntries([
      ['a', below],
      [name, above],
    ]);
    expect(() => stack(layers)).toThrow(expect.objectContaining({ name: 'ValueError', argument: 'layers' }));
    expect(stack({ a: below, b: above }).outputs).toBe(2); // nothing was joined before
  },
);
