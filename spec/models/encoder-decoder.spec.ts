/** Encoder and decoder: every gradient end to end with unequal lengths on both sides, padding, decoding, planted mistakes. */
import fc from 'fast-check';
import { type AbstractMatrix, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { rnn } from '../../lib/cells/rnn.ts';
import { checkDirections } from '../../lib/check/directed.ts';
import type { GradientReport } from '../../lib/check/finite-differences.ts';
import { initialStates, innerStates, randomSequence, randomState } from '../../lib/check/problem.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { readout } from '../../lib/layers/readout.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { type EncoderDecoder, encoderDecoder } from '../../lib/models/encoder-decoder.ts';
import { pick } from '../../lib/params.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import type { Matrices } from '../../lib/shape.ts';
import { size } from '../arbitraries.ts';
import { randomSymbols, spoil } from '../layers/padding.ts';
import { deviation, flat, inner } from '../numbers.ts';

interface Sizes {
  readonly d?: number;
  readonly m?: number;
  readonly C?: number;
}

const model = (cell: Cell, { d = 3, m = 2, C = 3 }: Sizes = {}): EncoderDecoder =>
  encoderDecoder({
    encoder: stack({ cell: unroll(cell, { d, m }) }),
    decoder: stack({ cell: unroll(cell, { d: C, m }), readout: readout({ m, C }) }),
  });

/** Lengths of both sides that differ, and by themselves. */
function problem({ encoder, decoder, params }: EncoderDecoder, { T = 4, S = 3, B = 3, seed = 1 } = {}) {
  const rng = new Random(seed);
  normal(0.6)(params, rng);
  const upTo = (most: number) => Array.from({ length: B }, () => 1 + Math.floor(most * rng.uniform()));
  const target = randomSequence({ T: S, B, F: decoder.inputs, lengths: upTo(S) }, rng);
  return {
    source: randomSequence({ T, B, F: encoder.inputs, lengths: upTo(T) }, rng),
    target,
    s0: randomState(encoder, B, rng),
    dy: randomSequence({ ...target.extent(), F: decoder.outputs }, rng),
    dsT: randomState(decoder, B, rng),
  };
}

function check(net: EncoderDecoder, options = {}): GradientReport {
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
      tag: net.equations[name] ?? '',
    })),
    { name: 'source', values: source.rows(), gradient: dsource.rows() },
    { name: 'target', values: target.rows(), gradient: dtarget.rows() },
    ...initialStates({}, s0, ds0),
  ];
  return checkDirections(loss, tensors, {}, new Random(1));
}

const wrong = (net: EncoderDecoder, options = {}): string[] =>
  check(net, options)
    .tensors.filter(({ ok }) => !ok)
    .map(({ name }) => name);

describe.each<[string, Cell]>([
  ['rnn', rnn],
  ['lstm', lstm],
])('encoder and decoder of %s', (_, cell) => {
  it('have the gradients of finite differences in all parameters, source, target and s_0', () => {
    fc.assert(
      fc.property(size(4), size(4), size(3), size(3), size(1000), (T, S, B, m, seed) => {
        expect(wrong(model(cell, { m }), { T, S, B, seed })).toEqual([]);
      }),
      { numRuns: 10 },
    );
    for (const { name, maxRel } of check(model(cell)).tensors) expect([name, maxRel]).not.toEqual([name, 0]);
  });

  it('take nothing from padding on either side', () => {
    fc.assert(
      fc.property(size(5), size(5), size(4), size(1000), (T, S, B, seed) => {
        const net = model(cell);
        const { source, target, s0, dy, dsT } = problem(net, { T, S, B, seed });
        const run = (change: (x: Sequence) => Sequence) => {
          net.params.zeroGrads();
          const { y, sT, tape } = net.forward(change(source), change(target), s0);
          const { dsource, dtarget, ds0 } = net.backward(tape, change(dy), dsT);
          const parts = [sT, ds0].flatMap(s => Object.values(s).map(flat));
          return [[...y.data], [...dsource.data], [...dtarget.data], [...net.params.grads], ...parts];
        };
        expect(run(spoil)).toEqual(run(x => x));
      }),
      { numRuns: 40 },
    );
  });

  it('are one network over source and target, where both have the same parameters and outputs are looked at late', () => {
    const [T, S, B, d, m] = [4, 3, 2, 3, 2];
    const net = encoderDecoder({ encoder: unroll(cell, { d, m }), decoder: unroll(cell, { d, m }) });
    const one = unroll(cell, { d, m });
    normal(0.6)(one.params, new Random(1));
    net.encoder.params.values.set(one.params.values);
    net.decoder.params.values.set(one.params.values);
    const x = randomSequence({ T: T + S, B, F: d }, new Random(2));
    const dy = randomSequence({ T: T + S, B, F: m }, new Random(3));
    dy.data.fill(0, 0, T * B * m);
    const whole = one.forward(x);
    const back = one.backward(whole.tape, dy);
    const { y, sT, tape } = net.forward(x.slice(0, T), x.slice(T, T + S));
    const { dsource, dtarget, ds0 } = net.backward(tape, dy.slice(T, T + S));
    expect([...y.data]).toEqual([...whole.y.slice(T, T + S).data]);
    expect(sT).toEqual(whole.sT);
    expect([...dsource.data, ...dtarget.data]).toEqual([...back.dx.data]);
    expect(ds0).toEqual(back.ds0);
    const sum = net.encoder.params.grads.map((g, i) => g + (net.decoder.params.grads[i] ?? Number.NaN));
    expect(deviation(Matrix.rowVector([...sum]), Matrix.rowVector([...one.params.grads]))).toBeLessThan(1e-14);
  });
});

describe('decoding', () => {
  const options = { start: 0, stop: 1, maxLength: 5 };

  const drawn = (seed: number, B: number) => {
    const net = model(lstm, { C: 4, m: 3 });
    const rng = new Random(seed);
    normal(1.5)(net.params, rng);
    const lengths = Array.from({ length: B }, () => 1 + Math.floor(4 * rng.uniform()));
    return { net, source: randomSymbols(3, { T: 4, B, lengths }, rng) };
  };

  /** Sequence b by itself, without its padding. */
  const alone = (x: Sequence, b: number) => {
    const symbols = Array.from({ length: x.lengths?.[b] ?? x.T }, (_, t) => x.data[t * x.B + b] ?? 0);
    return Sequence.oneHot(symbols, { T: symbols.length, classes: x.F });
  };

  it('writes what teacher forcing with the written gives as most probable, until it stops', () => {
    const outcomes: boolean[] = [];
    fc.assert(
      fc.property(size(10_000), size(4), (seed, B) => {
        const { net, source } = drawn(seed, B);
        const written = net.decode(source, options);
        expect(written).toHaveLength(B);
        written.forEach((symbols, b) => {
          const target = [options.start, ...symbols].slice(0, options.maxLength);
          const { y } = net.forward(alone(source, b), Sequence.oneHot(target, { T: target.length, classes: 4 }));
          const best = y
            .rows()
            .to2DArray()
            .map(o => o.indexOf(Math.max(...o)));
          const ended = symbols.length < options.maxLength;
          expect(best).toEqual(ended ? [...symbols, options.stop] : symbols);
          expect(symbols).not.toContain(options.stop);
          outcomes.push(ended);
        });
      }),
    );
    for (const outcome of [true, false]) expect(outcomes.filter(ended => ended === outcome).length).toBeGreaterThan(10);
  });

  it('writes at most maxLength symbols, the first of a longer text', () => {
    const { net, source } = drawn(3, 4);
    const long = net.decode(source, { ...options, maxLength: 9 });
    expect(net.decode(source, { ...options, maxLength: 2 })).toEqual(long.map(symbols => symbols.slice(0, 2)));
  });

  it('changes nothing, and needs no gradient', () => {
    const { net, source } = drawn(1, 2);
    net.params.grads.fill(7);
    const before = [net.params.values.slice(), net.params.grads.slice()];
    expect(net.decode(source, options)).toEqual(net.decode(source, options));
    expect([net.params.values, net.params.grads]).toEqual(before);
  });

  it('finds the most probable of more classes than a function takes arguments, and gives every tape back', () => {
    const C = 150_000;
    const net = model(rnn, { d: 3, m: 1, C });
    const held = new Set<unknown>();
    for (const layer of [net.encoder, net.decoder]) {
      const { forward } = layer;
      layer.forward = (x, s0) => {
        const step = forward(x, s0);
        held.add(step.tape);
        return step;
      };
      layer.release = tape => held.delete(tape);
    }
    pick(net.decoder.params.named(), 'readout.c').set(0, C - 2, 1);
    const source = Sequence.oneHot([0, 1], { T: 2, classes: 3 });
    expect(net.decode(source, { start: 0, stop: 1, maxLength: 2 })).toEqual([[C - 2, C - 2]]);
    expect(held.size).toBe(0);
  });

  it('refuses options out of range, and outputs that it cannot read', () => {
    const { net, source } = drawn(1, 1);
    expect(() => net.decode(source, { ...options, start: 4 })).toThrow(/^start: expected an integer in 0…3, got 4/);
    expect(() => net.decode(source, { ...options, stop: -1 })).toThrow(/^stop: expected an integer in 0…3/);
    expect(() => net.decode(source, { ...options, maxLength: 0 })).toThrow(/^maxLength: expected a positive integer/);
    expect(() => net.decode(Sequence.zeros({ T: 1, F: 2 }), options)).toThrow(/^source: expected 3 features/);
    const wide = encoderDecoder({ encoder: unroll(rnn, { d: 2, m: 3 }), decoder: unroll(rnn, { d: 2, m: 3 }) });
    expect(() => wide.decode(Sequence.zeros({ T: 1, F: 2 }), options)).toThrow(
      'decoder.outputs: expected at most 2, got 3',
    );
  });
});

describe('the model', () => {
  it('names parameters and equations by network, in one buffer', () => {
    const net = model(rnn);
    const names = Object.keys(net.params.shapes);
    expect(names.slice(0, 4)).toEqual(['encoder.cell.W', 'encoder.cell.U', 'encoder.cell.b', 'decoder.cell.W']);
    expect(names.map(name => net.equations[name])).toEqual([
      ...['RNN-B2', 'RNN-B3', 'RNN-B4'],
      ...['RNN-B2', 'RNN-B3', 'RNN-B4', 'RO-B1', 'RO-B2'],
    ]);
    expect([net.name, net.equations.s]).toEqual(['rnn→rnn+readout', 'ED-B1']);
    expect(net.params.size).toBe(net.encoder.params.size + net.decoder.params.size);
  });

  it('refuses networks whose states do not agree, and batches that do not', () => {
    const small = unroll(rnn, { d: 2, m: 2 });
    const refused: readonly (readonly [typeof small | ReturnType<typeof stack>, string])[] = [
      [unroll(rnn, { d: 2, m: 3 }), '{h: 3}'],
      [stack({ rnn: unroll(rnn, { d: 2, m: 2 }) }), '{rnn.h: 2}'],
      [readout({ m: 2, C: 2 }) as never, '{}'],
    ];
    for (const [decoder, got] of refused) {
      expect(() => encoderDecoder({ encoder: small, decoder })).toThrow(
        `decoder.state: expected the encoder’s, {h: 2}, with some part, got ${got}`,
      );
    }
    const stateless = () => readout({ m: 2, C: 2 });
    expect(() => encoderDecoder({ encoder: stateless(), decoder: stateless() })).toThrow(ValueError);
    expect(() => encoderDecoder({ encoder: small, decoder: small })).toThrow(ValueError);
    const net = model(rnn);
    const [source, target] = [Sequence.zeros({ T: 4, B: 2, F: 3 }), Sequence.zeros({ T: 2, B: 2, F: 3 })];
    expect(() => net.forward(source, Sequence.zeros({ T: 2, B: 1, F: 3 }))).toThrow('target: expected B=2, got B=1');
    expect(() => net.forward(Sequence.zeros({ T: 2, F: 1 }), target)).toThrow(/^source: expected 3 features/);
    expect(() => net.forward(source, Sequence.zeros({ T: 2, B: 2, F: 1 }))).toThrow(/^target: expected 3 features/);
    expect(() => net.forward(source, target, { h: Matrix.zeros(2, 2) })).toThrow(/^s0: expected/);
    const { tape } = net.forward(source, target);
    expect(() => net.backward(tape, Sequence.zeros({ T: 4, B: 2, F: 3 }))).toThrow(ShapeError);
    expect(() => net.backward(tape, target, { h: Matrix.zeros(2, 2) })).toThrow(/^dsT: expected/);
  });
});

describe('a planted mistake is caught, and named by the tensor it spoils', () => {
  const right = model(lstm, { d: 2, C: 2 });
  const { encoder, decoder } = right;
  const states = ['cell.h0', 'cell.c0'];
  const fromEncoder = [...Object.keys(encoder.params.shapes).map(name => `encoder.${name}`), 'source', ...states];

  /** The model with a backward pass of the spec's own, which hands over what `change` makes of dL/ds. */
  const planted = (change: (ds: Matrices, dsT: Matrices) => Matrices, encoded = 0): EncoderDecoder => ({
    ...right,
    backward(tape, dy, dsT = {}) {
      const { dx: dtarget, ds0: ds } = decoder.backward(tape.decoder, dy, dsT);
      const dh = Sequence.zeros({ ...tape.encoded.extent(), F: tape.encoded.F });
      dh.data.fill(encoded);
      const { dx: dsource, ds0 } = encoder.backward(tape.encoder, dh, change(ds, dsT));
      return { dsource, dtarget, ds0 };
    },
  });
  const times = (factor: number, name?: string) => (ds: Matrices) =>
    mapParts(ds, (part, own) => Matrix.mul(new Matrix(part.to2DArray()), name && name !== own ? 1 : factor));

  it.each<[string, readonly string[], EncoderDecoder]>([
    ['none', [], planted(ds => ds)],
    ['dL/ds not handed over', fromEncoder, planted(times(0))],
    ['the part h of it dropped', fromEncoder, planted(times(0, 'cell.h'))],
    ['the part c of it dropped', fromEncoder, planted(times(0, 'cell.c'))],
    ['its sign', fromEncoder, planted(times(-1))],
    ['its parts exchanged', fromEncoder, planted(ds => mapParts(ds, (_, own) => other(ds, own)))],
    ['dL/ds_T of the decoder in its place', fromEncoder, planted((_, dsT) => dsT)],
    ['the encoder’s outputs taken to be in the loss', fromEncoder, planted(ds => ds, 1)],
    [
      'the decoder begun with zeros',
      [...Object.keys(right.params.shapes).filter(name => name !== 'decoder.readout.c'), 'source', 'target', ...states],
      { ...right, forward: (source, target) => startless(right, source, target) },
    ],
  ])('%s', (_, spoilt, net) => {
    expect(wrong(net, { T: 3, S: 3, B: 2 })).toEqual(spoilt);
  });
});

function mapParts(s: Matrices, f: (part: AbstractMatrix, name: string) => AbstractMatrix): Matrices {
  return Object.fromEntries(Object.entries(s).map(([name, part]) => [name, f(part, name)]));
}

function other(s: Matrices, name: string): AbstractMatrix {
  return Object.entries(s).find(([own]) => own !== name)?.[1] ?? Matrix.zeros(0, 0);
}

/** A forward pass that keeps the state to itself, with the tape of the right one. */
function startless(net: EncoderDecoder, source: Sequence, target: Sequence): ReturnType<EncoderDecoder['forward']> {
  const { tape } = net.forward(source, target);
  const { y, sT } = net.decoder.forward(target);
  return { y, sT, tape };
}
