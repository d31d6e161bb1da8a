/** Models in files: what is saved is loaded to the last bit, whatever it is made of, and nothing else is taken for one. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { cells } from '../../lib/cells/index.ts';
import { linear } from '../../lib/engine/linear.ts';
import { recurrent } from '../../lib/engine/recurrent.ts';
import { FormatError, ValueError } from '../../lib/errors.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { type Kept, load, type Models, save } from '../../lib/io/model-file.ts';
import type { Tensor } from '../../lib/io/safetensors.ts';
import { readSealed, writeSealed } from '../../lib/io/sealed.ts';
import { bahdanau } from '../../lib/layers/attention/bahdanau.ts';
import { luong } from '../../lib/layers/attention/luong.ts';
import { bidirectional } from '../../lib/layers/bidirectional.ts';
import { bridge } from '../../lib/layers/bridge.ts';
import { delay } from '../../lib/layers/delay.ts';
import { dropout } from '../../lib/layers/dropout.ts';
import { embedding } from '../../lib/layers/embedding.ts';
import type { Layer } from '../../lib/layers/layer.ts';
import { lastStep, maxOverTime, meanOverTime } from '../../lib/layers/pool.ts';
import { readout } from '../../lib/layers/readout.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { windowInput, windowOutput } from '../../lib/layers/windows.ts';
import { crossEntropy } from '../../lib/losses/cross-entropy.ts';
import { map } from '../../lib/matrix.ts';
import { encoderDecoder } from '../../lib/models/encoder-decoder.ts';
import { Vocabulary } from '../../lib/models/vocabulary.ts';
import { adagrad } from '../../lib/optim/adagrad.ts';
import { adam } from '../../lib/optim/adam.ts';
import type { Optimiser } from '../../lib/optim/optimiser.ts';
import { rmsprop } from '../../lib/optim/rmsprop.ts';
import { sgd } from '../../lib/optim/sgd.ts';
import type { ParamSet } from '../../lib/params.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { checkpointed } from '../../lib/through-time/checkpointed.ts';
import { examples } from '../../lib/training/examples.ts';
import { Scaler } from '../../lib/training/scaler.ts';
import { Training } from '../../lib/training/training.ts';

const FILE = 'model.bptt';
const { lstm, gru, rnn } = cells as Record<'lstm' | 'gru' | 'rnn', Cell>;

/** Some numbers for all parameters. */
function begun<M extends { readonly params: ParamSet }>(model: M, seed: number = 1): M {
  normal(0.5)(model.params, new Random(seed));
  return model;
}

/** Two sequences of unequal length, of numbers. */
function inputs(F: number, T: number = 4): Sequence {
  const rng = new Random(7);
  const data = Float64Array.from({ length: T * 2 * F }, () => rng.normal());
  return Sequence.dense(data, { T, B: 2, F, lengths: [T, T - 1] });
}

const outputsOf = (layer: Layer) => layer.forward(inputs(layer.inputs)).y.data.slice();

const LAYERS: Readonly<Record<string, () => Layer>> = {
  readout: () => readout({ m: 3, C: 2 }),
  linear: () => linear({ m: 3, C: 2 }),
  'linear in f32': () => linear({ m: 3, C: 2 }, { precision: 'f32' }),
  embedding: () => embedding({ C: 3, e: 2 }),
  dropout: () => dropout({ F: 40, rate: 0.5, seed: 9 }),
  'last step': () => lastStep(3),
  mean: () => meanOverTime(3),
  maximum: () => maxOverTime(3),
  delay: () => delay({ F: 3 }),
  'window of inputs': () => windowInput({ F: 2, N: 3 }),
  'window of outputs': () => windowOutput({ C: 2, N: 3, offset: 1, beta: 'learned' }),
  'uniform window of outputs': () => windowOutput({ C: 2, N: 3 }),
  stack: () => stack({ low: stack({ rnn: unroll(rnn, { d: 2, m: 3 }) }), out: readout({ m: 3, C: 2 }) }),
  bidirectional: () =>
    bidirectional({ forward: unroll(lstm, { d: 2, m: 3 }), backward: recurrent(gru, { d: 2, m: 2 }) }),
  'bidirectional sum': () =>
    bidirectional({ forward: unroll(rnn, { d: 2, m: 3 }), backward: unroll(gru, { d: 2, m: 3 }), merge: 'sum' }),
  checkpointed: () => checkpointed(stack({ rnn: unroll(rnn, { d: 2, m: 3 }) }), { every: 2 }),
  'checkpointed by memory': () => checkpointed(unroll(rnn, { d: 2, m: 3 }), { memory: 9 }),
};

describe('a layer', () => {
  it.each(Object.entries(LAYERS))('%s is loaded as it was, and saved again to the same bytes', (_, make) => {
    const layer = begun(make());
    const bytes = save(layer);
    const { model } = load(bytes);
    expect(outputsOf(model)).toEqual(outputsOf(layer));
    expect(model.name).toBe(layer.name);
    expect(save(model)).toEqual(bytes);
  });

  it.each(Object.keys(cells))('of the cell %s is loaded as it was, unrolled and in the engine', name => {
    const cell = cells[name] as Cell;
    for (const make of [unroll, recurrent]) {
      const layer = begun(make(cell, { d: 3, m: 3 }));
      expect(outputsOf(load(save(layer)).model)).toEqual(outputsOf(layer));
    }
  });

  it('is computed in another way where that is asked for', () => {
    const bytes = save(begun(stack({ lstm: recurrent(lstm, { d: 2, m: 3 }), out: linear({ m: 3, C: 2 }) })));
    const own = outputsOf(load(bytes).model);
    const [plain, single] = (['reference', { precision: 'f32' }] as const).map(engine =>
      outputsOf(load(bytes, { engine }).model),
    );
    expect(plain).not.toEqual(single);
    for (const [n, y] of own.entries()) {
      expect(plain?.[n]).toBeCloseTo(y, 12);
      expect(single?.[n]).toBeCloseTo(y, 4);
    }
  });

  it('that drops features is loaded with its present mask, on or off', () => {
    const layer = stack({ drop: dropout({ F: 40, rate: 0.5, seed: 9 }), out: readout({ m: 40, C: 1 }) });
    const drop = dropout({ F: 40, rate: 0.5, seed: 9 });
    drop.resample(new Random(3));
    const dropped = outputsOf(drop);
    expect(outputsOf(load(save(drop)).model)).toEqual(dropped);
    drop.training = false;
    expect(outputsOf(load(save(drop)).model)).toEqual(outputsOf(drop));
    expect(outputsOf(drop)).not.toEqual(dropped);
    expect(outputsOf(load(save(begun(layer))).model)).toEqual(outputsOf(layer));
  });

  it('of any parts is loaded as it was', () => {
    const { layer } = fc.letrec<{ layer: (d: number) => Layer }>(tie => ({
      layer: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom<(d: number) => Layer>(
          d => recurrent(gru, { d, m: 3 }),
          d => unroll(lstm, { d, m: 2 }),
          d => readout({ m: d, C: 4 }),
          F => delay({ F }),
          F => dropout({ F, rate: 0.3, seed: 4 }),
          F => windowInput({ F, N: 2 }),
        ),
        fc.array(tie('layer'), { minLength: 1, maxLength: 3 }).map(makers => (d: number) => {
          const parts: [string, Layer][] = [];
          for (const [n, make] of makers.entries()) parts.push([`l${n}`, make(parts.at(-1)?.[1].outputs ?? d)]);
          return stack(Object.fromEntries(parts));
        }),
        fc.tuple(tie('layer'), tie('layer')).map(
          ([forward, backward]) =>
            (d: number) =>
              bidirectional({ forward: forward(d), backward: backward(d) }),
        ),
      ),
    }));
    fc.assert(
      fc.property(layer, make => {
        const net = begun(make(2));
        expect(outputsOf(load(save(net)).model)).toEqual(outputsOf(net));
      }),
      { numRuns: 40 },
    );
  });
});

describe('a model that is no layer', () => {
  const encoder = () => bidirectional({ forward: unroll(gru, { d: 3, m: 2 }), backward: unroll(gru, { d: 3, m: 2 }) });
  const attending = () =>
    bahdanau({ layer: recurrent(gru, { d: 3 + 4, m: 3 }), k: 4, a: 2, top: linear({ m: 3 + 4, C: 3 }) });

  it.each<[string, () => Models['encoder-decoder']]>([
    ['plain', () => encoderDecoder({ encoder: unroll(lstm, { d: 3, m: 2 }), decoder: unroll(lstm, { d: 2, m: 2 }) })],
    [
      'Bahdanau’s',
      () => {
        const both = { encoder: encoder(), decoder: attending() };
        return encoderDecoder({ ...both, bridge: bridge({ from: both.encoder, to: both.decoder }) });
      },
    ],
    [
      'Luong’s',
      () => {
        const decoder = luong({ layer: recurrent(lstm, { d: 4, m: 2 }), F: 4 });
        return encoderDecoder({ encoder: recurrent(lstm, { d: 3, m: 2 }), decoder });
      },
    ],
  ])('an encoder–decoder, %s, writes what it wrote', (_, make) => {
    const model = begun(make());
    const bytes = save(model);
    const { model: loaded } = load(bytes, { as: 'encoder-decoder' });
    expect(load(bytes, { as: 'any' }).model.name).toBe(model.name);
    const target = inputs(model.decoder.inputs);
    expect(loaded.forward(inputs(3), target).y.data).toEqual(model.forward(inputs(3), target).y.data);
    expect(save(loaded)).toEqual(bytes);
    expect(() => load(bytes)).toThrow(
      /expected model to be one to be loaded as layer, got one of kind encoder-decoder/,
    );
  });

  it('a decoder that attends is loaded by itself', () => {
    const decoder = begun(attending());
    const { model } = load(save(decoder), { as: 'attentive' });
    expect(model.forward(inputs(3), inputs(4)).y.data).toEqual(decoder.forward(inputs(3), inputs(4)).y.data);
  });

  it('a bridge is none by itself', () => {
    const over = bridge({ from: unroll(rnn, { d: 1, m: 2 }), to: unroll(rnn, { d: 1, m: 3 }) });
    expect(() => save(over as never)).toThrow('model: expected a whole one, got a part of one, a bridge');
  });
});

describe('a cell of one’s own', () => {
  const mine: Cell = { ...rnn, name: 'mine' };
  const other: Cell = { ...mine, forward: (cells['rnn-relu'] as Cell).forward };
  const net = () => begun(stack({ cell: recurrent(mine, { d: 2, m: 3 }), out: linear({ m: 3, C: 2 }) }));

  it('is given by its name', () => {
    const layer = net();
    expect(outputsOf(load(save(layer), { cells: { mine } }).model)).toEqual(outputsOf(layer));
  });

  it('is in the file, as its equations: it computes the same bits where its module is not, and is saved from there again', () => {
    const layer = net();
    const bytes = save(layer);
    const { model } = load(bytes);
    expect(outputsOf(model)).toEqual(outputsOf(layer));
    expect(save(model)).toEqual(bytes);
  });

  it('that cannot be written down and is not given, or is another, is refused', () => {
    const opaque: Cell = { ...mine, forward: (p, x, prev) => rnn.forward(p as never, map(x, Math.sin), prev as never) };
    const bytes = save(net());
    expect(() => load(save(begun(unroll(opaque, { d: 2, m: 3 }))), { file: FILE })).toThrow(
      /^model\.bptt: expected model\.cell to be a cell of the library, or one of your own .*, got "mine"$/,
    );
    expect(() => load(bytes, { file: FILE, cells: { mine: other } })).toThrow(/got other equations$/);
  });

  it('that is called as one of the library’s is neither saved nor loaded', () => {
    const named = unroll({ ...mine, name: 'rnn' }, { d: 2, m: 3 });
    expect(() => save(named)).toThrow("model.cell: expected the library's rnn, or a cell with a name of its own");
    expect(() => load(save(net()), { cells: { rnn: mine } })).toThrow(ValueError);
  });
});

describe('what the library did not make', () => {
  it('is named by its place', () => {
    const own: Layer = { ...readout({ m: 3, C: 2 }), name: 'my-own' };
    expect(() => save(own)).toThrow('model: expected a part of the library, as it was made, got "my-own"');
    const net = stack({ low: stack({ a: unroll(rnn, { d: 2, m: 3 }), b: own }) });
    expect(() => save(net)).toThrow('model.layers.low.layers.b: expected a part of the library');
  });

  it('is not written: an optimiser of other parameters, one that was changed, a number that is not finite', () => {
    const net = begun(readout({ m: 3, C: 2 }));
    const another = adam(readout({ m: 3, C: 2 }).params, { learningRate: 1 });
    expect(() => save(net, { optimiser: another })).toThrow('optimiser: expected that of the model’s parameters');
    const changed = { ...adam(net.params, { learningRate: 1 }), step: () => {} };
    expect(() => save(net, { optimiser: changed })).toThrow('optimiser: expected one of adam, adagrad, rmsprop, sgd');
    net.params.values[1] = Number.NaN;
    expect(() => save(net)).toThrow('model.params.V[0,1]: expected a finite number');
    expect(() => save(readout({ m: 1, C: 1 }), { note: () => 1 })).toThrow('note: expected what JSON can hold');
    expect(() => save(readout({ m: 1, C: 1 }), { scalar: 1 } as Kept)).toThrow('kept: expected no names but');
  });
});

describe('what belongs to a model', () => {
  it.each<[string, (params: ParamSet) => Optimiser]>([
    ['adam', params => adam(params, { learningRate: 0.1, beta1: 0.8, weightDecay: 0.1 })],
    ['adagrad', params => adagrad(params, { learningRate: 0.1, epsilon: 1e-3 })],
    ['rmsprop', params => rmsprop(params, { learningRate: 0.1, decay: 0.5 })],
    ['momentum', params => sgd(params, { learningRate: 0.1, momentum: 0.9, nesterov: true })],
    ['gradient descent', params => sgd(params, { learningRate: 0.1 })],
    ['gradient descent of any parameters', () => sgd({ learningRate: 0.1 })],
  ])('the optimiser goes on to the last bit: %s', (_, make) => {
    const model = begun(readout({ m: 3, C: 2 }));
    const optimiser = make(model.params);
    const step = (net: Layer, by: Optimiser) => {
      normal(1)(net.params, new Random(5)); // stands for a gradient
      net.params.grads.set(net.params.values);
      by.step(net.params);
    };
    step(model, optimiser);
    optimiser.learningRate = 0.05;
    const loaded = load(save(model, { optimiser }));
    for (let n = 0; n < 3; n++) {
      step(model, optimiser);
      step(loaded.model, loaded.optimiser as Optimiser);
      expect(loaded.model.params.values).toEqual(model.params.values);
    }
    expect(loaded.optimiser?.learningRate).toBe(0.05);
  });

  it('an optimiser whose schedule has come to 0', () => {
    const model = readout({ m: 1, C: 1 });
    const optimiser = adam(model.params, { learningRate: 1 });
    optimiser.learningRate = 0;
    expect(load(save(model, { optimiser })).optimiser?.learningRate).toBe(0);
  });

  it('scaler, vocabulary with its marks, and a note', () => {
    const scaler = Scaler.fit([
      [1, 5],
      [4, 5],
    ]);
    const vocabulary = Vocabulary.ofTokens(['b', 'a'], { unknown: '<unk>', stop: '<stop>' });
    const loaded = load(save(readout({ m: 1, C: 1 }), { scaler, vocabulary, note: { classes: ['x', 'y'] } }));
    expect(JSON.stringify(loaded.scaler)).toBe(JSON.stringify(scaler));
    expect(loaded.vocabulary).toMatchObject({ symbols: vocabulary.symbols, marks: vocabulary.marks });
    expect(loaded.note).toEqual({ classes: ['x', 'y'] });
    expect(load(save(readout({ m: 1, C: 1 })))).toMatchObject({
      ...{ optimiser: undefined, scaler: undefined, vocabulary: undefined, training: undefined, note: null },
    });
  });

  it('where a training stands: it goes on to the last bit', () => {
    const data = examples({ x: [[0, 1, 1], [1, 0], [0], [1, 1, 0]], classes: 2, y: [0, 1, 0, 1] });
    const net = () =>
      begun(stack({ gru: recurrent(gru, { d: 2, m: 3 }), last: lastStep(3), out: linear({ m: 3, C: 2 }) }));
    const options = { loss: crossEntropy, epochs: 6, batch: 3, validation: data };
    const training = new Training(net(), data, options);
    for (let n = 0; n < 5; n++) training.step();
    const { model, training: state } = load(save(training.model, { training: training.state() }));
    const resumed = new Training(model, data, options);
    if (state) resumed.resume(state);
    expect([...resumed]).toEqual([...training]);
    expect(model.params.values).toEqual(training.model.params.values);
  });
});

interface Contents {
  readonly tensors: Map<string, Tensor>;
  readonly metadata: Record<string, string>;
}

const whole = (() => {
  const net = begun(stack({ gru: recurrent(gru, { d: 2, m: 3 }), out: linear({ m: 3, C: 2 }) }));
  const optimiser = adam(net.params, { learningRate: 0.1 });
  const training = new Training(net, examples({ x: [[0, 1]], classes: 2, y: [[0, 1]] }), {
    loss: crossEntropy,
  }).state();
  return save(net, { optimiser, scaler: Scaler.fit([[1], [2]]), vocabulary: Vocabulary.of('ab'), training, note: [1] });
})();

function changed(change: (contents: Contents) => void): Uint8Array {
  const { tensors, metadata } = readSealed(whole);
  const contents = { tensors, metadata: Object.fromEntries(metadata) };
  change(contents);
  return writeSealed(contents.tensors, contents.metadata);
}

/** Changes the JSON of a field of the metadata. */
const edit =
  (key: string, change: (json: never) => unknown) =>
  ({ metadata }: Contents): void => {
    metadata[key] = JSON.stringify(change(JSON.parse(metadata[key] ?? '') as never));
  };

type Part = Record<string, unknown> & { readonly layers: [string, Record<string, unknown>][] };
const cell = (change: Record<string, unknown>) =>
  edit('model', (model: Part) => {
    Object.assign(model.layers[0]?.[1] ?? {}, change);
    return model;
  });

describe('what is no model: a FormatError that names the file', () => {
  it('bytes cut off or altered', () => {
    for (let end = 0; end < whole.length; end += 37) expect(() => load(whole.subarray(0, end))).toThrow(FormatError);
    for (let n = 0; n < whole.length; n += 41) {
      expect(() => load(whole.map((byte, k) => (k === n ? byte ^ 1 : byte)))).toThrow(FormatError);
    }
  });

  it('of a newer version, saying who wrote it', () => {
    const newer = changed(({ metadata }) => Object.assign(metadata, { version: '2', library: 'bptt 9.1.0' }));
    expect(() => load(newer, { file: FILE })).toThrow(
      /^model\.bptt: expected version 1, which bptt \d+\.\d+\.\d+ reads, got version "2", which bptt 9\.1\.0 wrote$/,
    );
  });

  it.each<[string, (contents: Contents) => unknown]>([
    ['no format', ({ metadata }) => delete metadata.format],
    ['another format', ({ metadata }) => Object.assign(metadata, { format: 'bptt-char-model' })],
    ...['model', 'note'].map((key): [string, (contents: Contents) => unknown] => [
      `no ${key}`,
      ({ metadata }) => delete metadata[key],
    ]),
    ...['model', 'optimiser', 'scaler', 'vocabulary'].flatMap((key): [string, (contents: Contents) => unknown][] => [
      [`a ${key} that is not JSON`, ({ metadata }) => Object.assign(metadata, { [key]: '{' })],
      [`a ${key} that is null`, edit(key, () => null)],
      [`a ${key} that is a list`, edit(key, () => [])],
      [`a ${key} with another field`, edit(key, (json: object) => ({ ...json, more: 1 }))],
    ]),
    ['an unknown kind', edit('model', (model: Part) => ({ ...model, kind: 'toString' }))],
    ['layers that are no list', edit('model', (model: Part) => ({ ...model, layers: 7 }))],
    ['layers without names', edit('model', (model: Part) => ({ ...model, layers: [[{}]] }))],
    ['an unknown cell', cell({ cell: 'constructor' })],
    ['a cell that is no text', cell({ cell: {} })],
    ['a size that is text', cell({ d: '2' })],
    ['another size', cell({ m: 4 })],
    ['an engine that is none', cell({ engine: { backend: 'gpu' } })],
    ['a parameter less', ({ tensors }) => tensors.delete('param.gru.W_z')],
    ['a parameter of another shape', ({ tensors }) => tensors.set('param.out.c', tensor([2, 1]))],
    ['a parameter more', ({ tensors }) => tensors.set('param.out.d', tensor([1, 2]))],
    ['a parameter that is not finite', ({ tensors }) => tensors.get('param.out.c')?.data.fill(Number.NaN)],
    ['an unknown optimiser', edit('optimiser', (json: object) => ({ ...json, name: 'newton' }))],
    ['an option that is none', edit('optimiser', (json: object) => ({ ...json, options: { beta3: 1 } }))],
    ['a learning rate below 0', edit('optimiser', (json: object) => ({ ...json, learningRate: -1 }))],
    ['no memory', ({ tensors }) => tensors.delete('optimiser.m')],
    ['memory cut short', ({ tensors }) => tensors.set('optimiser.v', tensor([2]))],
    ['memory that is not finite', ({ tensors }) => tensors.get('optimiser.t')?.data.fill(Number.NaN)],
    ['a deviation below 0', edit('scaler', (json: object) => ({ ...json, deviations: [-1] }))],
    ['a symbol twice', edit('vocabulary', (json: object) => ({ ...json, symbols: ['a', 'a'] }))],
    ['an array of a training that is not there', ({ tensors }) => tensors.delete('training.values')],
  ])('%s', (_, change) => {
    expect(() => load(changed(change), { file: FILE })).toThrow(
      expect.objectContaining({ name: 'FormatError', argument: FILE }),
    );
  });

  it.each<[string, object]>([
    ['a readout', { kind: 'readout', m: 1e5, C: 1e5, engine: 'reference' }],
    ['a cell', { kind: 'cell', cell: 'lstm', d: 2, m: 1e5, engine: {} }],
    ['an embedding', { kind: 'embedding', C: 1e9, e: 1 }],
    ['a window', { kind: 'window-output', C: 1, N: 1e9, offset: 0, beta: 'learned' }],
    ['sizes without end', { kind: 'readout', m: 1e200, C: 1e200, engine: 'reference' }],
    ['a bridge', { kind: 'bridge', from: { state: { h: 1e5 } }, to: { state: { h: 1e5 } } }],
    ['a bridge between nothing', { kind: 'bridge' }],
    [
      'an attention',
      { kind: 'bahdanau', layer: { kind: 'cell', cell: 'rnn', d: 2, m: 1, engine: {} }, k: 1, a: 1e9, query: 'h' },
    ],
    ['a join', { kind: 'luong', layer: { kind: 'cell', cell: 'rnn', d: 2, m: 1, engine: {} }, F: 1e9 }],
    ['attention over nothing', { kind: 'luong', F: 1 }],
  ])('%s of more parameters than the file has is refused at once', (_, model) => {
    const bytes = changed(edit('model', () => model));
    const before = process.memoryUsage().arrayBuffers;
    expect(() => load(bytes, { file: FILE })).toThrow(expect.objectContaining({ name: 'FormatError', argument: FILE }));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
  });
});

function tensor(shape: readonly number[]): Tensor {
  return { shape, data: new Float64Array(shape.reduce((count, n) => count * n, 1)) };
}
