/** What PyTorch gets to go on training: every number in its place, and a script that has what the run has and nothing else. */
import { describe, expect, test } from 'vitest';
import { cellNamed } from '../../lib/cells/index.ts';
import { ValueError } from '../../lib/errors.ts';
import { readSafetensors } from '../../lib/io/safetensors.ts';
import { decodeTorch } from '../../lib/io/torch-file.ts';
import { torchScript } from '../../lib/io/torch-script.ts';
import { encodeTorchTraining } from '../../lib/io/torch-training.ts';
import type { CharTrainerOptions } from '../../lib/models/char-options.ts';
import { CharTrainer } from '../../lib/models/char-trainer.ts';
import { folded } from '../../lib/models/folded.ts';

const TEXT = 'hello, help! hell holds no hero, oh help. ';

function trainerOf(cell: string, options: Partial<CharTrainerOptions> = {}): CharTrainer {
  const small = { cell: cellNamed(cell), hidden: 3, layers: 2, chunk: 4, batch: 3, initStd: 0.3, heldOut: 0.1 };
  const trainer = new CharTrainer(TEXT, { ...small, ...options }, 'reference');
  for (let n = 0; n < 2; n++) trainer.step();
  return trainer;
}

describe('memory', () => {
  const trainer = trainerOf('gru', { optimiser: 'adam', embedding: 2 });
  const { model, optimiser, state } = trainer;
  const files = encodeTorchTraining(trainer);
  const { tensors } = readSafetensors(files['.memory.safetensors']);

  /** What an optimiser remembers of a parameter. */
  function remembered(memory: string, parameter: string): number[] {
    let offset = 0;
    for (const [name, [rows, columns]] of Object.entries(model.net.params.shapes)) {
      if (name === parameter) return [...(optimiser.memory[memory]?.subarray(offset, offset + rows * columns) ?? [])];
      offset += rows * columns;
    }
    return [];
  }

  test.each([
    ['exp_avg.embedding.weight', 'm', ['embedding.E']],
    ['exp_avg.rnn.weight_ih_l0', 'm', ['cell1.U_r', 'cell1.U_z', 'cell1.U_n']],
    ['exp_avg_sq.rnn.weight_hh_l1', 'v', ['cell2.W_r', 'cell2.W_z', 'cell2.W_n']],
    ['exp_avg_sq.rnn.bias_ih_l1', 'v', ['cell2.b_r', 'cell2.b_z', 'cell2.b_n']],
    ['exp_avg.readout.weight', 'm', ['readout.V']],
    ['exp_avg.readout.bias', 'm', ['readout.c']],
  ])('%s', (name, memory, parameters) => {
    const expected = parameters.flatMap(parameter => remembered(memory, parameter));
    expect(expected.some(x => x !== 0)).toBe(true);
    expect([...(tensors.get(name)?.data ?? [])]).toEqual(expected);
  });

  test('of a GRU, the second bias has what is inside the reset', () => {
    const expected = [...Array(6).fill(0), ...remembered('m', 'cell1.b_h')];
    expect([...(tensors.get('exp_avg.rnn.bias_hh_l0')?.data ?? [])]).toEqual(expected);
  });

  test('has a row of state for every stream, layer after layer', () => {
    const expected = ['cell1.h', 'cell2.h'].flatMap(name => state?.[name]?.to1DArray() ?? []);
    expect(tensors.get('state.h')).toEqual({ shape: [2, 3, 3], data: Float64Array.from(expected) });
  });

  test('at the start of the text has zeros', () => {
    const begun = new CharTrainer(
      TEXT,
      { cell: cellNamed('lstm'), hidden: 2, chunk: 4, optimiser: 'sgd' },
      'reference',
    );
    const { tensors } = readSafetensors(encodeTorchTraining(begun)['.memory.safetensors']);
    const zeros = { shape: [1, 1, 2], data: new Float64Array(2) };
    expect(Object.fromEntries(tensors)).toEqual({ 'state.h': zeros, 'state.c': zeros });
  });

  test('beside it, the state_dict keeps the embedding, and text and symbols are JSON', () => {
    expect(readSafetensors(files['.safetensors']).tensors.get('embedding.weight')?.shape).toEqual([13, 2]);
    const again = decodeTorch(files['.safetensors']).net.params.values;
    folded(model).net.params.values.forEach((x, n) => {
      expect(again[n]).toBeCloseTo(x, 14);
    });
    const json: unknown = JSON.parse(new TextDecoder().decode(files['.json']));
    expect(json).toEqual({ vocabulary: model.vocabulary.symbols, text: TEXT });
  });
});

describe('the script', () => {
  test('says where the run stands', () => {
    const lines = torchScript(trainerOf('lstm')).split('\n');
    expect(lines).toContain('STREAMS, CHUNK = 3, 4');
    expect(lines).toContain('STEP, POSITION = 2, 8  # steps made, and where in its stream the next chunk begins');
    expect(lines).toContain('TRAINED = 38  # symbols of the text; what is behind them is held out');
    expect(lines).toContain('LEARNING_RATE = 0.1');
  });

  test.each<[string, string, Partial<CharTrainerOptions>, string, string]>([
    ['an embedding', 'lstm', { embedding: 2 }, 'nn.Embedding(13, 2)', 'one_hot'],
    ['no embedding', 'lstm', {}, 'one_hot(symbols, 13)', 'Embedding'],
    ['ReLU', 'rnn-relu', {}, 'nn.RNN(13, 3, 2, nonlinearity="relu")', 'dropout'],
    ['dropout', 'rnn', { dropout: 0.25 }, 'nn.RNN(13, 3, 2, dropout=0.25)', 'nonlinearity'],
    ['norms of gates', 'lstm', { clipNorm: 2, clipValue: null }, 'grad.chunk(4)', 'clamp_'],
    ['values cut off', 'gru', { clipValue: 0.5 }, 'grad.clamp_(-0.5, 0.5)', 'norm'],
    ['no clipping', 'rnn', { clipValue: null }, 'optimiser.step()', 'clip'],
    [
      'a schedule',
      'rnn',
      { schedule: { shape: 'cosine', steps: 9, warmUp: 4 } },
      'part = min((n - 4) / 5, 1)',
      'dropout',
    ],
    ['bytes', 'rnn', { level: 'byte' }, 'list(run["text"].encode())', 'classes['],
    ['the bias inside the reset', 'gru', {}, 'torch.zeros(6), grad[6:]', 'requires_grad_(False)'],
  ])('has %s, and nothing else', (_, cell, options, has, lacks) => {
    const script = torchScript(trainerOf(cell, options));
    expect(script).toContain(has);
    expect(script).not.toContain(lacks);
  });
});

test('words are refused by name, and so is what PyTorch lacks', () => {
  const words = new CharTrainer(
    'the cat the cat the cat the cat',
    { level: 'word', chunk: 2, heldOut: 0 },
    'reference',
  );
  expect(() => encodeTorchTraining(words)).toThrow(ValueError);
  expect(() => encodeTorchTraining(words)).toThrow('level: expected char or byte');
  expect(() => encodeTorchTraining(trainerOf('lstm-peephole'))).toThrow('got lstm-peephole');
});
