/** Files for and of PyTorch: what is written is read again, what is missing is found, and what lies is refused. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cellNamed } from '../../lib/cells/index.ts';
import { FormatError, ValueError } from '../../lib/errors.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { encodeCheckpoint } from '../../lib/io/checkpoint.ts';
import { readSafetensors, type Tensor, writeSafetensors } from '../../lib/io/safetensors.ts';
import { fromTorch, torchCells } from '../../lib/io/torch.ts';
import { decodeTorch, encodeTorch, type TorchFileOptions } from '../../lib/io/torch-file.ts';
import { readout } from '../../lib/layers/readout.ts';
import { stack } from '../../lib/layers/stack.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { type CharModel, charModel } from '../../lib/models/char-model.ts';
import { CharTrainer } from '../../lib/models/char-trainer.ts';
import { Vocabulary } from '../../lib/models/vocabulary.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';

const FILE = 'model.safetensors';
const TEXT = 'abracadabra 🎭';

function model(cell: string, m = 2, layers = 2): CharModel {
  const made = charModel({ vocabulary: Vocabulary.of(TEXT), cell: cellNamed(cell), m, layers });
  normal(1)(made.net.params, new Random(1));
  return made;
}

test.each(torchCells)('%s comes back whole', name => {
  const own = model(name);
  for (const [dtype, values] of [
    ['F64', own.net.params.values],
    ['F32', own.net.params.values.map(Math.fround)],
  ] as const) {
    const back = decodeTorch(encodeTorch(own, dtype), FILE);
    expect({ ...back, net: back.net.name }).toEqual({ ...own, net: own.net.name });
    expect(back.net.params.values).toEqual(values);
  }
});

test.each([
  [
    'words',
    Vocabulary.from(['the', 'cat']),
    'symbols[0]: expected different code points in ascending order, got "the"',
  ],
  [
    'characters in another order',
    Vocabulary.from(['b', 'a']),
    'symbols[1]: expected different code points in ascending',
  ],
  [
    'a mark',
    Vocabulary.from(['a', 'b'], { stop: 'b' }),
    'model.vocabulary: expected characters without marks, got a mark for',
  ],
])('a model of %s is not written, since it could not be read again', (_, vocabulary, message) => {
  const own = charModel({ vocabulary, cell: cellNamed('rnn'), m: 2, layers: 1 });
  expect(() => encodeTorch(own)).toThrow(message);
});

describe('what a file does not say', () => {
  const bare = (name: string): Uint8Array => writeSafetensors(readSafetensors(encodeTorch(model(name))).tensors, {});

  test.each([
    ['rnn', undefined, 'rnn'],
    ['rnn-relu', undefined, 'rnn'],
    ['rnn-relu', 'rnn-relu', 'rnn-relu'],
    ['lstm', undefined, 'lstm'],
    ['gru', undefined, 'gru'],
  ])('%s, asked for as %s, is %s', (name, cell, expected) => {
    expect(decodeTorch(bare(name), FILE, { cell, vocabulary: TEXT }).cell.name).toBe(expected);
  });

  test('the vocabulary has to be said', () => {
    const error = thrown(() => decodeTorch(bare('gru'), FILE));
    expect(error).toBeInstanceOf(ValueError);
    expect(error).toMatchObject({ argument: 'vocabulary' });
  });

  test('the modules are found whatever they are called', () => {
    const { tensors, metadata } = readSafetensors(
      readFileSync(new URL('../fixtures/torch/gru.safetensors', import.meta.url)),
    );
    const own = decodeTorch(writeSafetensors(tensors, Object.fromEntries(metadata)));
    for (const [rnn, readout] of [
      ['', 'fc'],
      ['net.0', 'net.1'],
      ['a', ''],
    ]) {
      const name = (old: string) =>
        old.replace(/^rnn\./, rnn === '' ? '' : `${rnn}.`).replace(/^readout\./, readout === '' ? '' : `${readout}.`);
      const renamed = new Map([...tensors].map(([old, tensor]) => [name(old), tensor]));
      const back = decodeTorch(writeSafetensors(renamed, Object.fromEntries(metadata)));
      expect(back.net.params.values).toEqual(own.net.params.values);
    }
  });
});

/** A network of PyTorch as its equations say: symbols to rows of E, a recurrent module, and an nn.Linear. */
describe('as PyTorch makes networks:', () => {
  const [C, e, m] = [7, 3, 4];
  const vocabulary = Vocabulary.of(TEXT);
  const symbols = vocabulary.encode(TEXT);
  const drawn = (shape: readonly number[], seed: number): Tensor => {
    const rng = new Random(seed);
    return { shape, data: Float64Array.from({ length: shape.reduce((size, n) => size * n, 1) }, () => rng.normal()) };
  };
  /** A state_dict of d inputs, with names as users give them. */
  const stateDict = (gates: number, d: number, layers = 1): Map<string, Tensor> => {
    const tensors = new Map<string, Tensor>();
    for (let l = 0; l < layers; l++) {
      tensors.set(`lstm.weight_ih_l${l}`, drawn([gates * m, l === 0 ? d : m], 4 * l + 1));
      tensors.set(`lstm.weight_hh_l${l}`, drawn([gates * m, m], 4 * l + 2));
      tensors.set(`lstm.bias_ih_l${l}`, drawn([gates * m], 4 * l + 3));
      tensors.set(`lstm.bias_hh_l${l}`, drawn([gates * m], 4 * l + 4));
    }
    return tensors.set('fc.weight', drawn([C, m], 91)).set('fc.bias', drawn([C], 92));
  };
  const read = (tensors: Map<string, Tensor>, metadata: Record<string, string> = {}): CharModel =>
    decodeTorch(writeSafetensors(tensors, metadata), FILE, { vocabulary: TEXT });
  /** What the logits are, by the reference's layers over the rows x. */
  const logitsOf = (tensors: Map<string, Tensor>, cell: string, layers: number, x: Sequence): Float64Array => {
    const levels = Array.from({ length: layers }, (_, l) => [
      `l${l}`,
      unroll(cellNamed(cell), { d: l === 0 ? x.F : m, m }),
    ]);
    const net = stack({ ...Object.fromEntries(levels), out: readout({ m, C }) });
    fromTorch(net, tensors, { rnn: 'lstm', readout: 'fc' });
    return net.forward(x).y.data as Float64Array;
  };
  const oneHot = Sequence.oneHot(symbols, { T: symbols.length, classes: C });
  const rowsOf = ({ shape: [, width = 0], data }: Tensor): Sequence =>
    Sequence.dense(
      [...symbols].flatMap(k => [...data.subarray(k * width, (k + 1) * width)]),
      {
        T: symbols.length,
        F: width,
      },
    );
  const expectLogits = (model: CharModel, expected: Float64Array): void => {
    const { y } = model.net.forward(oneHot);
    const deviation = expected.map((o, i) => Math.abs(o - (y.data[i] ?? NaN)));
    expect(Math.max(...deviation)).toBeLessThan(1e-12);
    expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(0.5);
  };
  const zeroed = (tensors: Map<string, Tensor>, pattern: RegExp): Map<string, Tensor> =>
    new Map(
      [...tensors].map(([name, { shape, data }]) => [
        name,
        { shape, data: pattern.test(name) ? data.map(() => 0) : data },
      ]),
    );
  const without = (tensors: Map<string, Tensor>, pattern: RegExp): Map<string, Tensor> =>
    new Map([...tensors].filter(([name]) => !pattern.test(name)));

  const GATES = [
    [1, 'rnn'],
    [3, 'gru'],
    [4, 'lstm'],
  ] as const;

  test.each(GATES)('bias=False, of the recurrent module, of the linear one, and of both (%i blocks)', (gates, cell) => {
    const whole = stateDict(gates, C, 2);
    for (const pattern of [/bias_[ih]h/, /fc\.bias/, /bias/]) {
      expectLogits(read(without(whole, pattern)), logitsOf(zeroed(whole, pattern), cell, 2, oneHot));
    }
  });

  test.each(GATES)('an embedding below is rows of it times weight_ih (%i blocks)', (gates, cell) => {
    const tensors = stateDict(gates, e, 2);
    const E = drawn([C, e], 77);
    const expected = logitsOf(tensors, cell, 2, rowsOf(E));
    for (const name of ['embedding', 'encoder', 'net.emb']) {
      expectLogits(read(new Map([[`${name}.weight`, E], ...tensors])), expected);
    }
    // Neither has a bias: shapes tell them apart.
    const bare = without(tensors, /fc\.bias/);
    expectLogits(read(new Map([['a.weight', E], ...bare])), logitsOf(zeroed(tensors, /fc\.bias/), cell, 2, rowsOf(E)));
  });

  test('an embedding whose weight is the linear one’s is in the file once, under either name', () => {
    const tensors = stateDict(4, m);
    const E = tensors.get('fc.weight') as Tensor;
    const expected = logitsOf(tensors, 'lstm', 1, rowsOf(E));
    expectLogits(read(tensors), expected);
    expectLogits(read(tensors, { 'embedding.weight': 'fc.weight' }), expected); // as safetensors' save_model leaves it
    const other = new Map([...without(tensors, /fc\.weight/), ['embedding.weight', E] as const]);
    expectLogits(read(other), expected);
    expectLogits(read(other, { 'fc.weight': 'embedding.weight' }), expected);
    expectLogits(
      read(without(other, /fc\.bias/), { 'fc.weight': 'embedding.weight' }),
      logitsOf(zeroed(tensors, /fc\.bias/), 'lstm', 1, rowsOf(E)),
    );
  });

  test('one that is as wide as there are symbols is known by the metadata, or by its name', () => {
    const square = (name: string) => new Map([[name, drawn([C, C], 5)], ...recurrent]);
    const recurrent = new Map([
      ['lstm.weight_ih_l0', drawn([4 * C, C], 1)],
      ['lstm.weight_hh_l0', drawn([4 * C, C], 2)],
    ]);
    const input = (model: CharModel) => model.net.params.named()['cell.U_i']?.to1DArray();
    const plain = input(read(square('fc.weight')));
    const tied = input(read(square('embedding.weight')));
    expect(plain).toEqual([...drawn([4 * C, C], 1).data.subarray(0, C * C)]);
    expect(tied).not.toEqual(plain);
    expect(input(read(square('fc.weight'), { 'embedding.weight': 'fc.weight' }))).toEqual(tied);
  });

  test('layers that share their tensors', () => {
    const tensors = stateDict(4, m, 2);
    for (const part of ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh']) {
      tensors.set(`lstm.${part}_l1`, tensors.get(`lstm.${part}_l0`) as Tensor);
    }
    const E = drawn([C, m], 8);
    const shared = Object.fromEntries(
      ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'].map(part => [`lstm.${part}_l1`, `lstm.${part}_l0`]),
    );
    const file = new Map([['embedding.weight', E], ...without(tensors, /_l1$/)]);
    expectLogits(read(file, shared), logitsOf(tensors, 'lstm', 2, rowsOf(E)));
  });

  test('which of two matrices of one shape is the embedding, if no name and no bias says so, is not guessed', () => {
    const tensors = without(stateDict(4, m), /fc\.bias/).set('a.weight', drawn([C, m], 3));
    const error = thrown(() => read(tensors));
    expect(error).toBeInstanceOf(FormatError);
    expect(String(error)).toContain('tell nn.Embedding from nn.Linear, got fc.weight and a.weight');
  });

  test('what an optimiser remembers is not taken for a module', () => {
    const tensors = stateDict(4, C);
    const expected = logitsOf(tensors, 'lstm', 1, oneHot);
    const memory = [...tensors].flatMap(([name, { shape, data }]) =>
      ['exp_avg', 'exp_avg_sq'].flatMap((kind): [string, Tensor][] => [
        [`${kind}.${name}`, { shape, data: data.map(x => x + 1) }],
        [`optimizer.state.${name}.${kind}`, { shape, data: data.map(x => x - 1) }],
      ]),
    );
    expectLogits(read(new Map([...memory, ...tensors])), expected);
    expectLogits(read(new Map([...tensors, ...memory, ['optimizer.step', drawn([], 1)]])), expected);
  });
});

test('a checkpoint of ours is called one', () => {
  const trainer = new CharTrainer(TEXT, { hidden: 2, chunk: 3, heldOut: 0 });
  const error = thrown(() => decodeTorch(encodeCheckpoint(trainer), FILE));
  expect(error).toBeInstanceOf(FormatError);
  expect(String(error)).toContain('got a checkpoint of bptt: sample, export and train --resume take it as it is');
});

interface Contents {
  readonly tensors: Map<string, Tensor>;
  readonly metadata: Record<string, string>;
}

const valid = encodeTorch(model('lstm'));

describe('what is no such file: a FormatError that names it', () => {
  const zeros = (...shape: number[]): Tensor => ({
    shape,
    data: new Float64Array(shape.reduce((size, n) => size * n, 1)),
  });
  const put = (name: string, tensor: Tensor) => (contents: Contents) => contents.tensors.set(name, tensor);
  const both =
    (...changes: readonly ((contents: Contents) => unknown)[]) =>
    (contents: Contents) =>
      changes.map(change => change(contents));
  const say = (key: string, value: string) => (contents: Contents) => {
    contents.metadata[key] = value;
  };

  test.each<[string, (contents: Contents) => unknown, string]>([
    ['no tensors', ({ tensors }) => tensors.clear(), 'a tensor weight_ih_l0'],
    ['no recurrent module', ({ tensors }) => tensors.delete('rnn.weight_ih_l0'), 'a tensor weight_ih_l0'],
    [
      'no linear one',
      ({ tensors }) => tensors.delete('readout.weight'),
      'a tensor readout.weight beside readout.bias, got none',
    ],
    [
      'nothing on top',
      ({ tensors }) => {
        for (const part of ['weight', 'bias']) tensors.delete(`readout.${part}`);
      },
      'a tensor weight of an nn.Linear, got none',
    ],
    [
      'no recurrent matrix',
      ({ tensors }) => tensors.delete('rnn.weight_hh_l0'),
      'a tensor rnn.weight_hh_l0 beside rnn.weight_ih_l0, got none',
    ],
    ['a recurrent matrix of no columns', put('rnn.weight_hh_l0', zeros(8, 0)), 'square blocks, got 8×0'],
    ['one of two blocks', put('rnn.weight_hh_l0', zeros(4, 2)), 'square blocks, got 4×2'],
    ['one flat', put('rnn.weight_hh_l0', zeros(16)), 'square blocks'],
    ['no biases', ({ tensors }) => tensors.delete('rnn.bias_ih_l0'), 'one called rnn.bias_ih_l0'],
    ['a projection', put('rnn.weight_hr_l0', zeros(2, 2)), 'got also rnn.weight_hr_l0'],
    ['another direction', put('rnn.weight_ih_l0_reverse', zeros(8, 2)), 'got rnn.weight_ih_l0_reverse'],
    [
      'an embedding below',
      ({ tensors }) => {
        const others = [...tensors];
        tensors.clear();
        tensors.set('embedding.weight', zeros(7, 2));
        for (const [name, tensor] of others) tensors.set(name, tensor);
      },
      'embedding.weight of shape [7, 7], got [7, 2]',
    ],
    ['a layer norm', both(put('norm.weight', zeros(2)), put('norm.bias', zeros(2))), 'got also norm.weight'],
    ['a buffer', put('mask', zeros(2, 2)), 'got also mask'],
    [
      'two linear ones',
      both(put('fc.weight', zeros(7, 2)), put('fc.bias', zeros(7))),
      'got readout.weight and fc.weight',
    ],
    ['two embeddings', both(put('e1.weight', zeros(7, 7)), put('e2.weight', zeros(7, 7))), 'got also e2.weight'],
    [
      'two recurrent modules',
      both(put('decoder.weight_ih_l0', zeros(8, 7)), put('decoder.weight_hh_l0', zeros(8, 2))),
      'one nn.RNN, nn.LSTM or nn.GRU, got rnn.weight_ih_l0 and decoder.weight_ih_l0',
    ],
    [
      'a module for one step',
      ({ tensors }) => {
        for (const [name, tensor] of [...tensors]) {
          tensors.delete(name);
          if (/_l0$/.test(name)) tensors.set(name.replace(/_l0$/, ''), tensor);
        }
      },
      'a tensor weight_ih_l0 of an nn.RNN, nn.LSTM or nn.GRU, got rnn.weight_ih, of a module for one step',
    ],
    [
      'input of another width without an embedding',
      put('rnn.weight_ih_l0', zeros(8, 5)),
      'rnn.weight_ih_l0 of 7 columns, one for each symbol, or an nn.Embedding, got 5 columns',
    ],
    [
      'a layer without its recurrent matrix',
      ({ tensors }) => tensors.delete('rnn.weight_hh_l1'),
      'a tensor rnn.weight_hh_l1',
    ],
    ['a number that is not finite', put('readout.bias', { shape: [7], data: new Float64Array(7).fill(NaN) }), 'finite'],
    ['symbols that are fewer', say('vocabulary', '["a"]'), 'a model of its 1 symbols, got one of 7'],
    ['symbols that are no JSON', say('vocabulary', '['), 'got no JSON'],
    ['symbols that are a text', say('vocabulary', '"abc"'), 'a list in JSON'],
    ['no symbols', say('vocabulary', '[]'), 'a list in JSON'],
    ['empty symbols', say('vocabulary', '["", "a", "b", "c", "d", "r", "🎭"]'), 'ascending, got symbols[0] ""'],
    [
      'symbols out of order',
      say('vocabulary', '["a", " ", "b", "c", "d", "r", "🎭"]'),
      'ascending, got symbols[1] " "',
    ],
    [
      'symbols of two characters',
      say('vocabulary', '["ab", "b", "c", "d", "r", "x", "🎭"]'),
      'ascending, got symbols[0] "ab"',
    ],
    ['symbols that are numbers', say('vocabulary', '[1, 2, 3, 4, 5, 6, 7]'), 'ascending, got symbols[0] 1'],
    ['symbols that are objects', say('vocabulary', '[{"toString":1}]'), 'ascending, got symbols[0] an object'],
    ['symbols nested deep', say('vocabulary', `${'['.repeat(20_000)}${']'.repeat(20_000)}`), 'got more than a list'],
    ['symbols nested deep enough', say('vocabulary', `${'['.repeat(60)}${']'.repeat(60)}`), 'symbols[0] Array'],
    ['another cell', say('cell', 'gru'), 'the tensors of gru, got those of lstm'],
    ['a cell that PyTorch lacks', say('cell', 'lstm-peephole'), 'got "lstm-peephole"'],
    ['a cell named as Object does', say('cell', 'constructor'), 'got "constructor"'],
    ['other sizes', say('hidden', '3'), 'hidden 2, as its tensors are, got "3"'],
    [
      'more layers than there are numbers for',
      ({ tensors, metadata }) => {
        delete metadata.layers;
        for (let l = 2; l < 5000; l++) {
          tensors.set(`rnn.weight_ih_l${l}`, zeros(0));
          tensors.set(`rnn.weight_hh_l${l}`, zeros(0));
        }
      },
      'rnn.weight_ih_l2 of shape [8, 2], got [0]',
    ],
    [
      'as many classes as there are no numbers for',
      ({ tensors, metadata }) => {
        tensors.set('readout.weight', zeros(1_000_000_000, 0));
        metadata.classes = '1000000000';
      },
      'readout.weight of shape [1000000000, 2], got [1000000000, 0]',
    ],
  ])('%s', (_, change, message) => {
    const { tensors, metadata } = readSafetensors(valid);
    const contents = { tensors, metadata: Object.fromEntries(metadata) };
    change(contents);
    const error = thrown(() => decodeTorch(writeSafetensors(contents.tensors, contents.metadata), FILE));
    expect(error).toBeInstanceOf(FormatError);
    expect(error).toMatchObject({ argument: FILE });
    expect(String(error)).toContain(message);
  });

  test('bytes flipped or cut, and nothing but a FormatError or a vocabulary to be said', () => {
    const place = fc.nat(valid.length - 1);
    const edit = fc.oneof(
      fc.tuple(place, fc.nat(7)).map(([at, bit]) => valid.map((byte, n) => (n === at ? byte ^ (1 << bit) : byte))),
      place.map(length => valid.slice(0, length)),
    );
    fc.assert(
      fc.property(edit, bytes => {
        try {
          decodeTorch(bytes, FILE);
        } catch (error) {
          if (error instanceof ValueError) expect(error.argument).toBe('vocabulary');
          else expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('an option that says something else than the file: a ValueError', () => {
  test.each<[string, TorchFileOptions, string]>([
    ['cell', { cell: 'rnn-relu' }, 'cell: expected rnn, as model.safetensors says, got "rnn-relu"'],
    [
      'more symbols',
      { vocabulary: `${TEXT}xy` },
      'vocabulary: expected the 7 symbols of model.safetensors, got also "xy"',
    ],
    ['fewer symbols', { vocabulary: 'abr' }, 'got none of " cd🎭"'],
    ['others', { vocabulary: 'abrcd x' }, 'got also "x", none of "🎭"'],
  ])('%s', (_, options, message) => {
    const error = thrown(() => decodeTorch(encodeTorch(model('rnn')), FILE, options));
    expect(error).toBeInstanceOf(ValueError);
    expect(String(error)).toContain(message);
  });

  test('one that says the same is fine', () => {
    const back = decodeTorch(encodeTorch(model('rnn')), FILE, { cell: 'rnn', vocabulary: TEXT });
    expect(back.cell.name).toBe('rnn');
  });
});

function thrown(f: () => unknown): unknown {
  try {
    f();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
