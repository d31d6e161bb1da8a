/** `bptt export` and `bptt import`: what PyTorch and ONNX get, what PyTorch gives, and what is refused. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { cellNamed } from '../../lib/cells/index.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../lib/io/checkpoint.ts';
import { readBytes } from '../../lib/io/node/files.ts';
import { readSafetensors, writeSafetensors } from '../../lib/io/safetensors.ts';
import { toTorch } from '../../lib/io/torch.ts';
import { decodeTorch, encodeTorch } from '../../lib/io/torch-file.ts';
import { type CharModel, charModel, evaluate, sample } from '../../lib/models/char-model.ts';
import { CharTrainer } from '../../lib/models/char-trainer.ts';
import { Vocabulary } from '../../lib/models/vocabulary.ts';
import { Random } from '../../lib/random.ts';
import { Sequence } from '../../lib/sequence.ts';
import { decodeOnnx, runOnnx } from '../io/onnx-interpreter.ts';
import { freshFolder, inTurn, linesOf, snapshot } from './command.ts';

interface ModelCase {
  readonly file: string;
  readonly cell: string;
  readonly layers: number;
  readonly hidden: number;
  readonly vocabulary: readonly string[];
  readonly training: Readonly<Record<'optimiser' | 'learningRate' | 'chunk' | 'clipValue', string | number>>;
  readonly losses: readonly number[];
}

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/torch/${name}`, import.meta.url));
const { text: TEXT, models }: { readonly text: string; readonly models: readonly ModelCase[] } = JSON.parse(
  readFileSync(fixture('cases.json'), 'utf8'),
);

let folder = '';

/** A trained model of a cell, in a checkpoint of its name. */
function modelOf(cell: string): CharModel {
  return decodeCheckpoint(readBytes(join(folder, `${cell}.checkpoint`))).model;
}

beforeAll(() => {
  folder = freshFolder();
  writeFileSync(join(folder, 'text.txt'), TEXT);
  for (const name of ['text.py', 'own.py', 'notes.json']) writeFileSync(join(folder, name), TEXT);
  mkdirSync(join(folder, 'kept.py'));
  writeFileSync(join(folder, 'tokens.json'), '{"vocabulary":["a"],"text":"a","merges":[]}');
  writeFileSync(join(folder, 'more.txt'), `${TEXT}?`);
  for (const { file } of models) copyFileSync(fixture(file), join(folder, file));
  const torn = readBytes(fixture('gru.safetensors'));
  writeFileSync(join(folder, 'model.pt'), `PK\x03\x04${'\0'.repeat(26)}model/data.pkl and so on`);
  writeFileSync(join(folder, 'torn.safetensors'), torn.subarray(0, -8));
  for (const cell of ['rnn', 'lstm', 'lstm-peephole', 'trace']) {
    const options = { cell: cellNamed(cell), hidden: 4, layers: 2, chunk: 5, initStd: 0.3 };
    const trainer = new CharTrainer(TEXT, options);
    for (let n = 0; n < 5; n++) trainer.step();
    writeFileSync(join(folder, `${cell}.checkpoint`), encodeCheckpoint(trainer));
  }
  mkdirSync(join(folder, 'taken'));
  copyFileSync(join(folder, 'rnn.checkpoint'), join(folder, 'taken', 'checkpoint.safetensors'));
});

/** Runs `bptt ARGS --json`: its one line. */
async function json(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { status, stdout, stderr } = await inTurn(folder, ...args, '--json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(linesOf(stdout)).toHaveLength(1);
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe('export', () => {
  test('to PyTorch keeps every bit, and says what it is', async () => {
    const { status, stdout, stderr } = await inTurn(
      folder,
      'export',
      'lstm.checkpoint',
      '--to',
      'torch',
      '-o',
      'lstm.out',
    );
    const bytes = readBytes(join(folder, 'lstm.out'));
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: `lstm.out: lstm, layers 2, hidden 4, classes 13, ${bytes.length} bytes\n`,
      stderr: '',
    });
    const { tensors, metadata } = readSafetensors(bytes);
    const model = modelOf('lstm');
    expect(tensors).toEqual(toTorch(model.net));
    expect(Object.fromEntries(metadata)).toEqual({
      cell: 'lstm',
      vocabulary: JSON.stringify(model.vocabulary.symbols),
      classes: '13',
      hidden: '4',
      layers: '2',
    });
  });

  test('to PyTorch in 32 bits rounds, and is read again', async () => {
    const result = await json('export', 'rnn.checkpoint', '--to', 'torch', '--precision', 'f32', '-o', 'rnn.f32');
    expect(result).toMatchObject({ ok: true, to: 'torch', precision: 'f32', file: 'rnn.f32', cell: 'rnn' });
    const back = decodeTorch(readBytes(join(folder, 'rnn.f32'))).net.params.values;
    const own = modelOf('rnn').net.params.values;
    expect(back).toEqual(own.map(Math.fround));
    expect(back).not.toEqual(own);
  });

  test('to PyTorch with its training says how that goes on, and is read again', async () => {
    const args = ['lstm.checkpoint', 'text.txt', '--to', 'torch', '--training', '-o', 'on.safetensors'];
    const { status, stdout } = await inTurn(folder, 'export', ...args);
    expect(status).toBe(0);
    expect(linesOf(stdout)[1]).toBe('torchrun --standalone --nproc-per-node 2 on.py goes on');
    const files = ['on.safetensors', 'on.memory.safetensors', 'on.json', 'on.py'];
    expect(await json('export', ...args)).toMatchObject({ ok: true, file: 'on.safetensors', files });
    expect(readFileSync(join(folder, 'on.py'), 'utf8')).toContain('nn.LSTM(13, 4, 2)');
    expect(decodeTorch(readBytes(join(folder, 'on.safetensors'))).net.params.values).toEqual(
      modelOf('lstm').net.params.values,
    );
  });

  test('to ONNX takes classes and gives the logits and the state', async () => {
    const result = await json('export', 'lstm-peephole.checkpoint', '--to', 'onnx', '-o', 'peephole.onnx');
    const bytes = readBytes(join(folder, 'peephole.onnx'));
    expect(result).toMatchObject({ ok: true, to: 'onnx', precision: 'f32', bytes: bytes.length });
    const { net, vocabulary } = modelOf('lstm-peephole');
    expect(JSON.parse(decodeOnnx(bytes).metadata.get('vocabulary') ?? '')).toEqual(vocabulary.symbols);
    const x = vocabulary.encode('hello');
    const zeros = Object.entries(net.state).map(([name, m]) => [
      `s0.${name}`,
      { dims: [1, m], data: Array(m).fill(0) },
    ]);
    const outputs = runOnnx(bytes, { x: { dims: [5, 1], data: [...x] }, ...Object.fromEntries(zeros) });
    const { y, sT } = net.forward(Sequence.oneHot(x, { T: 5, classes: vocabulary.size }));
    for (const [name, matrix] of [
      ['y', y.rows()] as const,
      ...Object.entries(sT).map(([s, m]) => [`sT.${s}`, m] as const),
    ]) {
      const expected = matrix.to1DArray();
      expect(Math.max(...expected.map((v, i) => Math.abs(v - (outputs[name]?.data[i] ?? NaN))))).toBeLessThan(1e-6);
    }
  });
});

describe('import', () => {
  test('of what was exported writes and foretells as before', async () => {
    await json('export', 'lstm.checkpoint', '--to', 'torch', '-o', 'again.safetensors');
    const result = await json('import', 'again.safetensors', '-o', 'again.checkpoint');
    expect(result).toEqual({
      ok: true,
      file: 'again.safetensors',
      checkpoint: 'again.checkpoint',
      cell: 'lstm',
      layers: 2,
      hidden: 4,
      classes: 13,
    });
    const [own, again] = [modelOf('lstm'), modelOf('again')];
    expect(evaluate(again, own.vocabulary.encode(TEXT))).toBe(evaluate(own, own.vocabulary.encode(TEXT)));
    const written = await json('sample', 'again.checkpoint', '--prompt', 'he', '--length', '30', '--seed', '3');
    expect(written.text).toBe(sample(own, { prompt: 'he', length: 30, rng: new Random(3) }));
  });

  test.each(models)('of $cell with its text makes a run that goes on along the losses of PyTorch', async given => {
    const { file, cell, layers, hidden, training, losses } = given;
    const { optimiser, learningRate, chunk, clipValue } = training;
    const options = Object.entries({
      optimiser,
      'learning-rate': learningRate,
      chunk,
      'clip-value': clipValue,
    }).flatMap(([name, value]) => [`--${name}`, `${value}`]);
    const schedule = ['--held-out', '0', '--log-every', '1', '--steps', `${losses.length}`];
    const run = `run-${cell}`;
    const result = await json('import', file, 'text.txt', '-o', run, ...options, ...schedule);
    expect(result).toMatchObject({ checkpoint: join(run, 'checkpoint.safetensors'), cell, layers, hidden });
    await json('train', '--resume', run);
    const rows = linesOf(readFileSync(join(folder, run, 'loss.csv'), 'utf8')).slice(1);
    const own = rows.map(row => Number(row.split(',')[1]));
    expect(own).toHaveLength(losses.length);
    expect(Math.max(...own.map((loss, n) => Math.abs(loss - (losses[n] ?? NaN))))).toBeLessThan(1e-12);
  });

  test('names what to do next', async () => {
    const { stdout } = await inTurn(folder, 'import', 'gru.safetensors', 'text.txt', '-o', 'next', '--chunk', '5');
    expect(linesOf(stdout)).toEqual([
      `${join('next', 'checkpoint.safetensors')}: gru, layers 2, hidden 3, classes 13`,
      'bptt train --resume next goes on',
    ]);
  });
});

test('a model of one symbol is imported, sampled from, and exported', async () => {
  const only = charModel({ vocabulary: Vocabulary.of('a'), cell: cellNamed('gru'), m: 2 });
  normal(1)(only.net.params, new Random(1));
  writeFileSync(join(folder, 'only.safetensors'), encodeTorch(only));
  expect(await json('import', 'only.safetensors', '-o', 'only.checkpoint')).toMatchObject({ classes: 1 });
  expect(await json('sample', 'only.checkpoint', '--length', '5')).toMatchObject({ text: 'aaaaa' });
  expect(await json('export', 'only.checkpoint', '--to', 'torch', '-o', 'only.out')).toMatchObject({ ok: true });
  expect(readBytes(join(folder, 'only.out'))).toEqual(readBytes(join(folder, 'only.safetensors')));
});

test('a text of one symbol is trained on, sampled from, resumed, and exported', async () => {
  writeFileSync(join(folder, 'ones.txt'), 'a'.repeat(400));
  const options = ['--hidden', '2', '--steps', '3', '--sample-every', '0'];
  expect(await json('train', 'ones.txt', '-o', 'ones', ...options)).toMatchObject({ step: 3 });
  expect(await json('sample', 'ones', '--length', '5')).toMatchObject({ text: 'aaaaa' });
  expect(await json('train', '--resume', 'ones', '--steps', '5')).toMatchObject({ step: 5 });
  expect(await json('export', 'ones', '--to', 'onnx', '-o', 'ones.onnx')).toMatchObject({ classes: 1 });
});

describe('a mistake gets one line that names it, and nothing is written:', () => {
  const withFile = (command: string, file: string) => [...command.split(' '), file];
  const exported = (cell: string, ...more: readonly string[]) => ['export', `${cell}.checkpoint`, ...more];
  const gru = (...more: readonly string[]) => ['import', 'gru.safetensors', '-o', 'new', ...more];
  const lstm = (...more: readonly string[]) => ['import', 'lstm.safetensors', '-o', 'new', ...more];

  test.each<[string, readonly string[], RegExp]>([
    [
      'peepholes for PyTorch',
      exported('lstm-peephole', '--to', 'torch', '-o', 'new'),
      /^layer\.cell1: .* got lstm-peephole$/,
    ],
    ['a trace for ONNX', exported('trace', '--to', 'onnx', '-o', 'new'), /^layer\.cell1: .* got trace$/],
    [
      '64 bits for ONNX',
      exported('rnn', '--to', 'onnx', '--precision', 'f64', '-o', 'new'),
      /^--precision: .* f32 for/,
    ],
    ...(
      [
        [
          'a trace for PyTorch to train',
          exported('trace', 'text.txt', '--to', 'torch'),
          /^layer\.cell1: .* got trace$/,
        ],
        ['training in ONNX', exported('rnn', 'text.txt', '--to', 'onnx'), /^--training: expected torch, .* got onnx$/],
        [
          'training in 32 bits',
          exported('rnn', 'text.txt', '--to', 'torch', '--precision', 'f32'),
          /^--precision: .* f64 /,
        ],
        ['training on another text', exported('rnn', 'more.txt', '--to', 'torch'), /^text: .* got another one$/],
        ['training on a text that nobody names', exported('rnn', '--to', 'torch'), /^text: .* does not say/],
      ] as const
    ).map(([what, args, message]): [string, readonly string[], RegExp] => [
      what,
      [...args, '--training', '-o', 'new.safetensors'],
      message,
    ]),
    [
      'training under another name',
      exported('rnn', 'text.txt', '--to', 'torch', '--training', '-o', 'new'),
      /^--out: expected a name that ends in \.safetensors/,
    ],
    [
      'a script where the text is',
      exported('rnn', 'text.py', '--to', 'torch', '--training', '-o', 'text.safetensors'),
      /^--out: .* not read, got text\.py$/,
    ],
    ...(['own.py', 'notes.json', 'tokens.json'] as const).map((name): [string, readonly string[], RegExp] => [
      `training over ${name}`,
      exported('rnn', 'text.txt', '--to', 'torch', '--training', '-o', name.replace(/\.\w+$/, '.safetensors')),
      new RegExp(`^--out: expected a name beside which .*, got ${name}, which is not of bptt$`),
    ]),
    [
      'training over a folder',
      exported('rnn', 'text.txt', '--to', 'torch', '--training', '-o', 'kept.safetensors'),
      /^--out: expected a name beside which no folder .*, got kept\.py$/,
    ],
    ['a text without training', exported('rnn', 'text.txt', '--to', 'torch', '-o', 'new'), /^text: .* --training, got/],
    ['the checkpoint itself', exported('rnn', '--to', 'onnx', '-o', './rnn.checkpoint'), /^--out: .* another file/],
    [
      'over a text',
      exported('rnn', '--to', 'onnx', '-o', 'text.txt'),
      /^--out: expected a file that is not there .*, got text\.txt, which is a text$/,
    ],
    [
      'over a text, imported',
      ['import', 'gru.safetensors', '-o', 'more.txt'],
      /^--out: .*, got more\.txt, which is a text$/,
    ],
    ['a folder that is not there', exported('rnn', '--to', 'onnx', '-o', 'gone/x'), /^gone\/x: .* no such folder$/],
    ['no such checkpoint', exported('gone', '--to', 'onnx', '-o', 'new'), /^gone\.checkpoint: .* no such file$/],

    [
      'the file itself',
      ['import', 'gru.safetensors', '-o', './gru.safetensors'],
      /^--out: .* another file than the one/,
    ],
    ['no vocabulary anywhere', lstm(), /^vocabulary: expected a text of the symbols of lstm\.safetensors/],
    ['a vocabulary of other symbols', gru('--vocabulary', 'more.txt'), /^vocabulary: .* got also "\?"$/],
    ['a text of other symbols', ['import', 'gru.safetensors', 'more.txt', '-o', 'new'], /^vocabulary: .* also "\?"$/],
    ['a vocabulary of another size', lstm('--vocabulary', 'more.txt'), /a model of its 14 symbols, got one of 13$/],
    ['another cell', gru('--cell', 'lstm'), /expected the tensors of lstm, got those of gru$/],
    [
      'another cell of the same tensors',
      ['import', 'rnn.safetensors', '-o', 'new', '--cell', 'rnn-relu'],
      /^cell: expected rnn,/,
    ],
    ['a cell that PyTorch lacks', gru('--cell', 'trace'), /a cell of rnn, rnn-relu, lstm, gru, got "trace"$/],
    ['training without a text', gru('--chunk', '5'), /^--chunk: expected a TEXT to train on beside it, got none$/],
    ['a text and a corpus', ['import', 'gru.safetensors', 'text.txt', '-o', 'new', '--corpus', 'sonnets'], /got both$/],
    ['a corpus of other symbols', gru('--corpus', 'sonnets'), /^vocabulary: expected the 13 symbols of gru/],
    ['a folder that holds a run', ['import', 'gru.safetensors', 'text.txt', '-o', 'taken'], /^--out: .*taken/],
    ['an option out of range', ['import', 'gru.safetensors', 'text.txt', '-o', 'new', '--chunk', '0'], /chunk: /],
    ['a file cut off', ['import', 'torn.safetensors', '-o', 'new'], /^torn\.safetensors: expected a safetensors file/],
    [
      'a checkpoint of ours',
      ['import', 'rnn.checkpoint', '-o', 'new'],
      /^rnn\.checkpoint: .* a state_dict of PyTorch's in safetensors, got a checkpoint of bptt: sample, export and train --resume/,
    ],
    ['a text', ['import', 'text.txt', '-o', 'new'], /^text\.txt: expected a safetensors file, got a text$/],
    ['what torch.save wrote', ['import', 'model.pt', '-o', 'new'], /a PyTorch archive.*save_file\(net\.state_dict\(\)/],
    ...['sample', 'cells', 'export --to onnx -o new', 'train --resume'].flatMap(
      (command): [string, readonly string[], RegExp][] => [
        [
          `${command} of a file of PyTorch`,
          withFile(command, 'gru.safetensors'),
          /^gru\.safetensors: expected a bptt-char-model checkpoint, got a state_dict of PyTorch: bptt import makes/,
        ],
        [
          `${command} of what torch.save wrote`,
          withFile(command, 'model.pt'),
          /^model\.pt: expected a safetensors file, got a PyTorch archive.*bptt import reads/,
        ],
      ],
    ),
  ])('%s', async (_, args, message) => {
    const before = snapshot(folder);
    const { status, stdout, stderr } = await inTurn(folder, ...args, '--json');
    expect(linesOf(stderr)).toEqual([expect.stringMatching(/^bptt: .+: expected .+, got ./)]);
    expect(stderr.slice('bptt: '.length, -1)).toMatch(message);
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false });
    expect(snapshot(folder)).toEqual(before);
  });

  test('neither format', async () => {
    const { status, stderr } = await inTurn(folder, ...exported('rnn', '--to', 'keras', '-o', 'new'));
    expect(status).toBe(2);
    expect(stderr).toMatch(/Allowed choices are torch, onnx/);
  });
});

test('tensors of another writer, in any order and under other names, are read', async () => {
  const { tensors, metadata } = readSafetensors(readBytes(fixture('gru.safetensors')));
  const renamed = [...tensors].reverse().map(([name, tensor]) => {
    return [name.replace(/^rnn\./, 'encoder.gru.').replace(/^readout\./, 'head.'), tensor] as const;
  });
  writeFileSync(join(folder, 'renamed.safetensors'), writeSafetensors(new Map(renamed), Object.fromEntries(metadata)));
  await json('import', 'renamed.safetensors', '-o', 'renamed.checkpoint');
  expect(modelOf('renamed').net.params.values).toEqual(
    decodeTorch(readBytes(fixture('gru.safetensors'))).net.params.values,
  );
});
