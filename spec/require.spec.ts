/** Options, names of parts, and lists, as functions are given them. */
import { expect, describe as group, it } from 'vitest';
import * as bptt from '../lib/index.ts';
import { toOnnx, writeSafetensors, writeSealed } from '../lib/io/index.ts';
import {
  requireBoolean,
  requireClasses,
  requireKnown,
  requireList,
  requireNamed,
  requireStrings,
} from '../lib/require.ts';

const refusal = (argument: string, got: string) => expect.objectContaining({ name: 'ValueError', argument, got });

group('options', () => {
  const known = (options: object) => requireKnown<{ a?: number; b?: number }>('options', options, ['a', 'b']);

  it('are returned as they were given', () => {
    expect(known({ a: 1 })).toEqual({ a: 1 });
    expect(known(Object.freeze({ a: 1, b: 2 }))).toEqual({ a: 1, b: 2 });
    expect(known(Object.assign(Object.create(null), { b: 2 }))).toEqual({ b: 2 });
  });

  it('of an unknown name are refused, with the names there are', () => {
    expect(() => known({ a: 1, c: undefined })).toThrow('options: expected no names but a, b, got "c"');
    for (const name of ['A', 'a ', 'constructor', 'toString', '__proto__', '']) {
      expect(() => known(Object.fromEntries([[name, 1]]))).toThrow(refusal('options', JSON.stringify(name)));
    }
  });

  it.each<[unknown, string]>([
    [new Map([['a', 1]]), 'a Map'],
    [Promise.resolve({ a: 1 }), 'a Promise'],
    [new bptt.Random(1), 'an object with keys {}'],
    [Object.create({ a: 1 }), 'an object with keys {}'],
    [[1], 'Array of length 1'],
    ['a', '"a"'],
    [null, 'null'],
    [() => ({ a: 1 }), 'a function'],
  ])('are a plain object: %o is none, whose fields would not be seen', (options, got) => {
    expect(() => known(options as object)).toThrow(refusal('options', got));
  });

  it('are read once: what was checked is what is used', () => {
    let read = 0;
    const options = {
      get learningRate() {
        read += 1;
        return read === 1 ? 0.5 : Number.NaN;
      },
    };
    expect(bptt.sgd(options).learningRate).toBe(0.5);
    expect(read).toBe(1);
  });

  const params = bptt.ParamSet.of({ W: [1, 1] });
  const net = () => bptt.unroll(bptt.rnn, { d: 1, m: 1 });
  it.each<[string, string, () => unknown]>([
    ['learningrate', 'options', () => bptt.sgd({ learningRate: 0.1, learningrate: 1 } as { learningRate: number })],
    ['beta', 'options', () => bptt.adam(params, { learningRate: 0.1, beta: 0.9 } as bptt.AdamOptions)],
    ['bias', 'size', () => bptt.readout({ m: 1, C: 2, bias: false } as { m: number; C: number })],
    ['layers', 'size', () => bptt.recurrent(bptt.rnn, { d: 1, m: 1, layers: 2 } as bptt.CellSize)],
    ['dtype', 'options', () => bptt.recurrent(bptt.rnn, { d: 1, m: 1 }, { dtype: 'f32' } as bptt.EngineOptions)],
    [
      'Reduction',
      'weighting',
      () => {
        const y = bptt.Sequence.zeros({ T: 1, F: 2 });
        return bptt.crossEntropy.forward(y, [0], { Reduction: 'mean' } as bptt.Weighting);
      },
    ],
    [
      'clip',
      'options',
      () => new bptt.CharTrainer('abcabcabc', { chunk: 2, clip: 1 } as Partial<bptt.CharTrainerOptions>),
    ],
    [
      'mode',
      'layers',
      () =>
        bptt.bidirectional({ forward: net(), backward: net(), mode: 'sum' } as Parameters<
          typeof bptt.bidirectional
        >[0]),
    ],
    ['length', 'extent', () => bptt.Sequence.zeros({ T: 1, F: 2, length: [1] } as bptt.Extent & { F: number })],
  ])('%s is no option', (name, argument, make) => {
    expect(make).toThrow(refusal(argument, JSON.stringify(name)));
  });

  it.each<[string, () => unknown]>([
    ['fma', () => bptt.recurrent(bptt.rnn, { d: 1, m: 1 }, { fma: 'no' as unknown as boolean })],
    ['nesterov', () => bptt.sgd(params, { learningRate: 0.1, momentum: 0.5, nesterov: 0 as unknown as boolean })],
  ])('%s is true or false, and nothing that counts as either', (argument, make) => {
    expect(make).toThrow(expect.objectContaining({ name: 'ValueError', argument, expected: 'true or false' }));
    expect(requireBoolean('x', false)).toBe(false);
  });
});

group('strings by name', () => {
  const net = bptt.stack({ cell: bptt.unroll(bptt.rnn, { d: 1, m: 1 }) });
  const writers: Readonly<Record<string, (metadata: Record<string, string>) => unknown>> = {
    requireStrings: metadata => requireStrings('metadata', metadata),
    toOnnx: metadata => toOnnx(net, { metadata }),
    writeSafetensors: metadata => writeSafetensors(new Map(), metadata),
    writeSealed: metadata => writeSealed(new Map(), metadata),
  };

  it.each(Object.keys(writers))('%s refuses an object of another kind, whose strings would not be written', name => {
    for (const metadata of [
      new Map([['a', 'b']]),
      Promise.resolve(),
      Object(2),
      Object.create({ a: 'b' }),
      ['a'],
      'a',
    ]) {
      expect(() => writers[name]?.(metadata)).toThrow(
        expect.objectContaining({ name: 'ValueError', argument: 'metadata', expected: 'an object of strings by name' }),
      );
    }
  });

  it.each(Object.keys(writers))('%s names what is no string', name => {
    const metadata = { a: 'b', 'c.d': 1 } as unknown as Record<string, string>;
    expect(() => writers[name]?.(metadata)).toThrow(refusal('metadata["c.d"]', '1'));
  });

  it('are read once', () => {
    let read = 0;
    const metadata = {
      get a() {
        read += 1;
        return read === 1 ? 'b' : (1 as unknown as string);
      },
    };
    expect(requireStrings('metadata', metadata)).toEqual({ a: 'b' });
    for (const write of Object.values(writers)) {
      read = 0;
      write(metadata);
      expect(read).toBe(1);
    }
  });
});

group('names of parts', () => {
  it('keep their order', () => {
    expect(requireNamed('parts', { b: 1, a: 2, constructor: 3, '1st': 4, '-1': 5, '1e3': 6 })).toEqual([
      ['b', 1],
      ['a', 2],
      ['constructor', 3],
      ['1st', 4],
      ['-1', 5],
      ['1e3', 6],
    ]);
  });

  it.each(['0', '1', '10', '01', '', '__proto__', 'a.b', '.'])('%j is none', name => {
    const parts = Object.fromEntries([
      ['a', 1],
      [name, 2],
    ]);
    expect(() => requireNamed('parts', parts)).toThrow(refusal('parts', JSON.stringify(name)));
  });
});

group('lists', () => {
  const endless = Object.assign([0.5], { length: 2 ** 32 - 1 });
  const detached = () => {
    const array = Float64Array.of(1, 2);
    structuredClone(array.buffer, { transfer: [array.buffer] });
    return array;
  };

  it('that only look like one, or whose memory is gone, are refused', () => {
    expect(() => requireList('x', { length: 2 ** 32 - 1 })).toThrow(refusal('x', 'an object with keys {length}'));
    expect(() => requireList('x', Object.setPrototypeOf([1], null) as number[])).toThrow(
      refusal('x', 'Array of length 1'),
    );
    expect(() => requireList('x', detached())).toThrow(refusal('x', 'one whose memory is gone'));
    expect(requireList('x', new Float64Array(0))).toHaveLength(0);
    expect(() => requireClasses('x', Int32Array.of(0, 3), 3, 1)).toThrow(refusal('x[1]', '3'));
  });

  it.each<[string, () => unknown]>([
    ['mu[1]', () => bptt.traceFixed(endless)],
    ['mu[0]', () => bptt.traceFixed(new Array<number>(2 ** 32 - 1))],
    ['weights[1]', () => new bptt.Random(1).index(endless)],
    ['lengths', () => bptt.Sequence.zeros({ T: 1, F: 1, lengths: endless })],
    ['y', () => bptt.crossEntropy.forward(bptt.Sequence.zeros({ T: 1, F: 2 }), endless)],
    ['mask', () => bptt.crossEntropy.forward(bptt.Sequence.zeros({ T: 1, F: 2 }), [0], { mask: endless })],
    ['state', () => bptt.Random.fromState(endless)],
    ['keep', () => bptt.keepRows(bptt.Sequence.zeros({ T: 1, F: 2 }).at(0), endless as unknown as boolean[])],
  ])('of 2³²−1 places are not walked: %s', (argument, make) => {
    expect(make).toThrow(expect.objectContaining({ argument }));
  });
});
