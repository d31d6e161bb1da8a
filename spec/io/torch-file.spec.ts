/** Files for and of PyTorch: what is written is read again, what is missing is found, and what lies is refused. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cellNamed } from '../../lib/cells/index.ts';
import { FormatError, ValueError } from '../../lib/errors.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { readSafetensors, type Tensor, writeSafetensors } from '../../lib/io/safetensors.ts';
import { torchCells } from '../../lib/io/torch.ts';
import { decodeTorch, encodeTorch, type TorchFileOptions } from '../../lib/io/torch-file.ts';
import { type CharModel, charModel } from '../../lib/models/char-model.ts';
import { Vocabulary } from '../../lib/models/vocabulary.ts';
import { Random } from '../../lib/random.ts';

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
  const say = (key: string, value: string) => (contents: Contents) => {
    contents.metadata[key] = value;
  };

  test.each<[string, (contents: Contents) => unknown, string]>([
    ['no tensors', ({ tensors }) => tensors.clear(), 'a tensor weight_ih_l0'],
    ['no recurrent module', ({ tensors }) => tensors.delete('rnn.weight_ih_l0'), 'a tensor weight_ih_l0'],
    ['no linear one', ({ tensors }) => tensors.delete('readout.weight'), 'tensors weight and bias of an nn.Linear'],
    ['no recurrent matrix', ({ tensors }) => tensors.delete('rnn.weight_hh_l0'), 'square blocks, got 0×0'],
    ['a recurrent matrix of no columns', put('rnn.weight_hh_l0', zeros(8, 0)), 'square blocks, got 8×0'],
    ['one of two blocks', put('rnn.weight_hh_l0', zeros(4, 2)), 'square blocks, got 4×2'],
    ['one flat', put('rnn.weight_hh_l0', zeros(16)), 'square blocks'],
    ['no biases', ({ tensors }) => tensors.delete('rnn.bias_ih_l0'), 'one called rnn.bias_ih_l0'],
    ['a projection', put('rnn.weight_hr_l0', zeros(2, 2)), 'got rnn.weight_hr_l0'],
    ['another direction', put('rnn.weight_ih_l0_reverse', zeros(8, 2)), 'got rnn.weight_ih_l0_reverse'],
    ['no bias of the linear one', ({ tensors }) => tensors.delete('readout.bias'), 'tensors weight and bias'],
    [
      'an embedding below',
      ({ tensors }) => {
        const others = [...tensors];
        tensors.clear();
        tensors.set('embedding.weight', zeros(7, 2));
        for (const [name, tensor] of others) tensors.set(name, tensor);
      },
      'got embedding.weight',
    ],
    ['a number that is not finite', put('readout.bias', { shape: [7], data: new Float64Array(7).fill(NaN) }), 'finite'],
    ['symbols that are fewer', say('vocabulary', '["a"]'), 'a model of its 1 symbols, got one of 7'],
    ['symbols that are no JSON', say('vocabulary', '['), 'got no JSON'],
    ['symbols that are a text', say('vocabulary', '"abc"'), 'a list in JSON'],
    ['no symbols', say('vocabulary', '[]'), 'a list in JSON'],
    ['empty symbols', say('vocabulary', '["", "a", "b", "c", "d", "r", "🎭"]'), 'ascending, got others'],
    ['symbols out of order', say('vocabulary', '["a", " ", "b", "c", "d", "r", "🎭"]'), 'ascending, got others'],
    ['symbols of two characters', say('vocabulary', '["ab", "b", "c", "d", "r", "x", "🎭"]'), 'ascending, got others'],
    ['symbols that are numbers', say('vocabulary', '[1, 2, 3, 4, 5, 6, 7]'), 'ascending, got others'],
    ['another cell', say('cell', 'gru'), 'the tensors of gru, got those of lstm'],
    ['a cell that PyTorch lacks', say('cell', 'lstm-peephole'), 'got "lstm-peephole"'],
    ['a cell named as Object does', say('cell', 'constructor'), 'got "constructor"'],
    ['other sizes', say('hidden', '3'), 'hidden 2, as its tensors are, got "3"'],
    [
      'more layers than there are numbers for',
      ({ tensors, metadata }) => {
        delete metadata.layers;
        for (let l = 2; l < 5000; l++) tensors.set(`rnn.weight_ih_l${l}`, zeros(0));
      },
      'numbers or more, got',
    ],
    [
      'as many classes as there are no numbers for',
      ({ tensors, metadata }) => {
        tensors.set('readout.weight', zeros(1_000_000_000, 0));
        metadata.classes = '1000000000';
      },
      'a model of its 7 symbols, got one of 1000000000',
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
