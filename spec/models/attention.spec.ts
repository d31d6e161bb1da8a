/** Encoder–decoders with attention and bridges: every gradient end to end, padding, decoding, memory given back. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { gru } from '../../lib/cells/gru.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { rnn } from '../../lib/cells/rnn.ts';
import { checkDirections } from '../../lib/check/directed.ts';
import { initialStates, innerStates, randomSequence, randomState } from '../../lib/check/problem.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { normal } from '../../lib/init/initialisers.ts';
import type { Attentive } from '../../lib/layers/attention/attentive.ts';
import { bahdanau } from '../../lib/layers/attention/bahdanau.ts';
import { luong } from '../../lib/layers/attention/luong.ts';
import { bidirectional } from '../../lib/layers/bidirectional.ts';
import { bridge } from '../../lib/layers/bridge.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { readout } from '../../lib/layers/readout.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { type EncoderDecoder, type EncoderDecoderTape, encoderDecoder } from '../../lib/models/encoder-decoder.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import type { Matrices } from '../../lib/shape.ts';
import { size } from '../arbitraries.ts';
import { spoil } from '../layers/padding.ts';
import { deviation, flat, inner } from '../numbers.ts';

type Model = EncoderDecoder<Layer | Attentive>;
type Make = (cell: Cell, size: { d: number; m: number }) => Layer;

const [d, m, C] = [2, 3, 3];
const both = (make: Make, cell: Cell) =>
  bidirectional({ forward: make(cell, { d, m }), backward: make(cell, { d, m: 2 }) }) as Layer;

const models: Readonly<Record<string, (make: Make, cell: Cell) => Model>> = {
  'bahdanau, both directions, a bridge': (make, cell) => {
    const encoder = both(make, cell);
    const k = encoder.outputs;
    const decoder = bahdanau({ layer: make(cell, { d: C + k, m }), k, a: 4, top: readout({ m: m + k, C }) });
    return encoderDecoder({ encoder, decoder, bridge: bridge({ from: encoder, to: decoder }) }) as Model;
  },
  luong: (make, cell) =>
    encoderDecoder({
      encoder: make(cell, { d, m }),
      decoder: luong({ layer: make(cell, { d: C, m }), F: 4, top: readout({ m: 4, C }) }),
    }) as Model,
  'no attention, a bridge': (make, cell) => {
    const [encoder, decoder] = [both(make, cell), make(cell, { d: C, m: C })];
    return encoderDecoder({ encoder, decoder, bridge: bridge({ from: encoder, to: decoder }) }) as Model;
  },
};

function problem({ encoder, decoder, params }: Model, { T = 4, S = 3, B = 3, seed = 1 } = {}) {
  const rng = new Random(seed);
  normal(0.6)(params, rng);
  const upTo = (most: number) => Array.from({ length: B }, () => 1 + Math.floor(most * rng.uniform()));
  const target = randomSequence({ T: S, B, F: decoder.inputs, lengths: upTo(S) }, rng);
  return {
    source: randomSequence({ T, B, F: encoder.inputs, lengths: upTo(T) }, rng),
    target,
    s0: randomState(encoder, B, rng),
    dy: randomSequence({ ...target.extent(), F: decoder.outputs }, rng),
    dsT: randomState(decoder as Layer, B, rng),
  };
}

function wrong(net: Model, options = {}): string[] {
  const { source, target, s0, dy, dsT } = problem(net, options);
  const loss = () => {
    const { y, sT } = net.forward(source, target, s0);
    return inner(dy.rows(), y.rows()) + innerStates(dsT, sT);
  };
  net.params.zeroGrads();
  const { dsource, dtarget, ds0 } = net.backward(net.forward(source, target, s0).tape, dy, dsT);
  const grads: Matrices = net.params.namedGrads();
  const tensors = [
    ...Object.entries(net.params.named()).map(([name, values]) => ({
      name,
      values,
      gradient: grads[name] ?? Matrix.zeros(0, 0),
    })),
    { name: 'source', values: source.rows(), gradient: dsource.rows() },
    { name: 'target', values: target.rows(), gradient: dtarget.rows() },
    ...initialStates({}, s0, ds0),
  ];
  const report = checkDirections(loss, tensors, {}, new Random(1));
  return report.tensors.filter(({ ok }) => !ok).map(({ name }) => name);
}

describe.each(Object.entries(models))('%s', (_, make) => {
  it.each([gru, lstm] as unknown as Cell[])('has the gradients of finite differences, $name', cell => {
    fc.assert(
      fc.property(size(4), size(4), size(3), size(1000), (T, S, B, seed) => {
        expect(wrong(make(unroll, cell), { T, S, B, seed })).toEqual([]);
      }),
      { numRuns: 3 },
    );
  });

  it('takes nothing from padding on either side', () => {
    fc.assert(
      fc.property(size(5), size(5), size(4), size(1000), (T, S, B, seed) => {
        const net = make(unroll, rnn as unknown as Cell);
        const { source, target, s0, dy, dsT } = problem(net, { T, S, B, seed });
        const run = (change: (x: Sequence) => Sequence) => {
          net.params.zeroGrads();
          const { y, sT, weights, tape } = net.forward(change(source), change(target), s0);
          const { dsource, dtarget, ds0 } = net.backward(tape, change(dy), dsT);
          const parts = [sT, ds0].flatMap(s => Object.values(s).map(flat));
          const seen = weights ? [...weights.data] : [];
          return [[...y.data], seen, [...dsource.data], [...dtarget.data], [...net.params.grads], ...parts];
        };
        expect(run(spoil)).toEqual(run(x => x));
      }),
      { numRuns: 20 },
    );
  });

  it('is the same in the engine, step after step, tapes given back', () => {
    const results = [unroll as Make, recurrent as Make].map(layers => {
      const net = make(layers, gru as unknown as Cell);
      const numbers: number[] = [];
      for (const seed of [1, 2, 3]) {
        const { source, target, s0, dy, dsT } = problem(net, { T: 2 + seed, seed });
        const { y, tape } = net.forward(source, target, s0);
        net.params.zeroGrads();
        const { dsource, dtarget } = net.backward(tape, dy, dsT);
        numbers.push(...[y, dsource, dtarget].flatMap(x => flat(x.rows())), ...net.params.grads);
        net.release(tape);
      }
      return Matrix.rowVector(numbers);
    });
    expect(deviation(results[1] ?? Matrix.zeros(0, 0), results[0] ?? Matrix.zeros(0, 0))).toBeLessThan(1e-12);
  });

  it('writes in the engine what it writes in the reference, greedily and with a beam', () => {
    const written = [unroll as Make, recurrent as Make].map(layers => {
      const net = make(layers, gru as unknown as Cell);
      normal(1.2)(net.params, new Random(8));
      const source = randomSequence({ T: 4, B: 3, F: d, lengths: [4, 1, 3] }, new Random(2));
      const options = { start: 0, stop: 1, maxLength: 5 };
      return [net.decode(source, options), net.beam(source, options).map(best => best.map(({ symbols }) => symbols))];
    });
    expect(written[1]).toEqual(written[0]);
  });

  it('looks at nothing that it has given back', () => {
    const spoiling: Make = (cell, of) => {
      const layer = unroll(cell, of) as Layer;
      const outputs = new Map<unknown, Sequence>();
      return {
        ...layer,
        forward(x, s0) {
          const step = layer.forward(x, s0);
          outputs.set(step.tape, step.y);
          return step;
        },
        release(tape) {
          outputs.get(tape)?.data.fill(Number.NaN);
        },
      };
    };
    const written = [unroll as Make, spoiling].map(layers => {
      const net = make(layers, gru as unknown as Cell);
      normal(1.2)(net.params, new Random(8));
      const source = randomSequence({ T: 4, B: 2, F: d, lengths: [4, 3] }, new Random(2));
      const options = { start: 0, stop: 1, maxLength: 5 };
      return [net.decode(source, options), net.beam(source, options)];
    });
    expect(written[1]).toEqual(written[0]);
  });

  it('gives every tape back: on release, after decoding, and where the decoder fails', () => {
    const held = new Set<unknown>();
    let failing = false;
    const watched: Make = (cell, of) => {
      const layer = unroll(cell, of) as Layer;
      return {
        ...layer,
        forward(x, s0) {
          if (failing && of.d !== d) throw new Error('the decoder fails');
          const step = layer.forward(x, s0);
          held.add(step.tape);
          return step;
        },
        release: tape => {
          held.delete(tape);
        },
      };
    };
    const net = make(watched, rnn as unknown as Cell);
    const { source, target } = problem(net);
    const { tape } = net.forward(source, target);
    expect(held.size).toBeGreaterThan(1);
    net.release(tape);
    expect(held.size).toBe(0);
    net.decode(source, { start: 0, stop: 1, maxLength: 4 });
    net.beam(source, { start: 0, stop: 1, maxLength: 4, width: 3 });
    expect(held.size).toBe(0);
    failing = true;
    expect(() => net.forward(source, target)).toThrow('the decoder fails');
    expect(held.size).toBe(0);
  });
});

describe('the model', () => {
  it('names parameters by network, those of the bridge in between', () => {
    const net = models['bahdanau, both directions, a bridge']?.(unroll, rnn as unknown as Cell);
    expect(Object.keys(net?.params.shapes ?? {})).toEqual([
      ...['encoder.forward.W', 'encoder.forward.U', 'encoder.forward.b'],
      ...['encoder.backward.W', 'encoder.backward.U', 'encoder.backward.b'],
      ...['bridge.W_h', 'bridge.b_h'],
      ...['decoder.attention.W', 'decoder.attention.U', 'decoder.attention.v'],
      ...['decoder.layer.W', 'decoder.layer.U', 'decoder.layer.b', 'decoder.top.V', 'decoder.top.c'],
    ]);
    expect(net?.equations).toMatchObject({
      'bridge.W_h': 'BR-B2',
      'decoder.attention.U': 'BA-B7',
      'decoder.layer.W': 'RNN-B2',
      'decoder.top.V': 'RO-B1',
      s: 'ED-B1',
    });
  });

  it('refuses networks that do not fit', () => {
    const encoder = both(unroll, rnn as unknown as Cell);
    const layer = () => unroll(rnn, { d: C, m }) as unknown as Layer;
    const looking = luong({ layer: layer(), F: 2 });
    expect(() => encoderDecoder({ encoder, decoder: looking })).toThrow('decoder.attends: expected 5, got 3');
    expect(() => encoderDecoder({ encoder, decoder: layer() })).toThrow(/^decoder.state: expected the encoder’s/);
    const [there, back] = [bridge({ from: layer(), to: layer() }), bridge({ from: encoder, to: { state: { h: 9 } } })];
    expect(() => encoderDecoder({ encoder, decoder: layer(), bridge: there })).toThrow(
      'bridge.from: expected the encoder’s state, {forward.h: 3,backward.h: 2}, got {h: 3}',
    );
    expect(() => encoderDecoder({ encoder, decoder: layer(), bridge: back })).toThrow(
      /^bridge.to: expected the decoder/,
    );
  });

  it('refuses the tape of a model without its bridge', () => {
    const net = models['no attention, a bridge']?.(unroll, rnn as unknown as Cell);
    if (!net) throw new Error('there is one');
    const { source, target, dy } = problem(net);
    const { bridge: _, ...rest } = net.forward(source, target).tape;
    expect(() => net.backward(rest, dy)).toThrow('tape.bridge: expected that of the bridge, got none');
  });
});

describe('a planted mistake is caught', () => {
  const right = models.luong?.(unroll, rnn as unknown as Cell) as EncoderDecoder<Attentive>;
  const { encoder, decoder } = right;
  const planted = (change: (dmemory: Sequence) => Sequence): Model => {
    const broken: EncoderDecoder<Attentive> = {
      ...right,
      backward(tape: EncoderDecoderTape, dy, dsT) {
        const back = decoder.backward(tape.decoder, dy, dsT);
        const { dx: dsource, ds0 } = encoder.backward(tape.encoder, change(back.dmemory), back.ds0);
        return { dsource, dtarget: back.dx, ds0 };
      },
    };
    return broken as Model;
  };
  const fromEncoder = ['encoder.W', 'encoder.U', 'encoder.b', 'source', 'h0'];

  it.each<[string, readonly string[], Model]>([
    ['none', [], planted(x => x)],
    [
      'ATT-B4: the gradient in the encoder’s outputs dropped',
      fromEncoder,
      planted(x => Sequence.zeros({ ...x.extent(), F: x.F })),
    ],
    [
      'its sign',
      fromEncoder,
      planted(x =>
        Sequence.dense(
          flat(x.rows()).map(g => -g),
          { ...x.extent(), F: x.F },
        ),
      ),
    ],
    [
      'its steps in another order',
      fromEncoder,
      planted(x => Sequence.dense(flat(new Matrix(x.rows().to2DArray().reverse())), { ...x.extent(), F: x.F })),
    ],
  ])('%s', (_, spoilt, net) => {
    expect(wrong(net, { T: 3, S: 3, B: 2 })).toEqual(spoilt);
  });
});
