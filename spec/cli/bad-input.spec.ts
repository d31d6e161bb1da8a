/**
 * What a user can get wrong. The command then ends with code 2 and one line on standard error that says what was wrong,
 * without a stack trace; with --json it also prints the error as JSON; and no file or folder is made or changed.
 */
import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { shown } from '../../lib/foreign.ts';
import { readSafetensors, writeSafetensors } from '../../lib/io/safetensors.ts';
import { readSealed, writeSealed } from '../../lib/io/sealed.ts';
import { bptt, freshFolder, inTurn, linesOf, type Outcome, snapshot } from './command.ts';

/** A mistake: what it is, the command's arguments, and what the message must say. */
type Mistake = readonly [name: string, args: readonly string[], message: RegExp];

const TEXT = 'the quick brown fox jumps over the lazy dog\n'.repeat(20);
const TRAINED = ['--hidden', '4', '--chunk', '10', '--steps', '30', '--sample-length', '5'];

const train = (...args: readonly string[]): string[] => ['train', 'letters.txt', ...args];
const resume = (run: string, ...args: readonly string[]): string[] => ['train', '--resume', run, ...args];
const sample = (...args: readonly string[]): string[] => ['sample', 'run', ...args];

const mistakes: readonly Mistake[] = [
  // The text.
  ['no text', ['train'], /^text: .* got neither$/],
  ['two texts', train('--corpus', 'sonnets'), /^text: .* got both$/],
  ['no such file', ['train', 'gone.txt'], /gone\.txt: .* got no such file$/],
  [
    'no such file, with a line break in its name',
    ['train', 'gone\nfor good.txt'],
    /gone.*for good\.txt: .* no such file$/,
  ],
  ['a folder for a file', ['train', 'folder'], /folder: .* got a folder$/],
  ['a text in Latin-1', ['train', 'latin1.txt'], /latin1\.txt: expected UTF-8/],
  ['an empty text', ['train', 'empty.txt'], /text: /],
  ['a text of one character', ['train', 'one.txt'], /text: /],
  ['a text shorter than a chunk', ['train', 'short.txt'], /text: .* at least 26 symbols/],
  ['an unknown corpus', ['train', '--corpus', 'plays'], /^--corpus: expected one of sonnets, got "plays"$/],
  ['a corpus named as Object does', ['train', '--corpus', 'constructor'], /^--corpus: /],

  // Options.
  ...['0', '-1', '1.5', 'abc', ''].map(n => wrong('--hidden', n, /hidden: /)),
  wrong('--hidden', '1e9', /hidden|memory/),
  wrong('--hidden', '100000', /^hidden: .*the 4294967296 bytes that WebAssembly has, got .* at least 16\d{10} bytes$/),
  ...['0', '1.5'].map(n => wrong('--layers', n, /layers: /)),
  ...['0', '2.5'].map(n => wrong('--steps', n, /steps: /)),
  wrong('--chunk', '0', /chunk: /),
  ...['0', '-1', 'NaN'].map(x => wrong('--learning-rate', x, /learning-?rate: /i)),
  ...['0', 'some'].map(x => wrong('--clip-value', x, /clip-?value: /i)),
  wrong('--clip-norm', '0', /clip-?norm: /i),
  wrong('--init-std', '0', /init-?std: /i),
  ...['1', '-0.1'].map(x => wrong('--held-out', x, /held-?out|held out/i)),
  ...['-1', '1.5'].map(n => wrong('--seed', n, /seed: /)),
  wrong('--log-every', '0', /log-every: /),
  wrong('--save-every', '0', /save-every: /),
  wrong('--keep', '-1', /keep: /),
  wrong('--sample-every', '-1', /sample-every: /),
  ...['0', '1e12'].map(n => wrong('--sample-length', n, /sample-length: /)),
  wrong('--cell', 'lstmx', /cell: expected one of .*\brnn, .* got "lstmx"$/),
  wrong('--cell', 'toString', /cell: expected one of .*\brnn, /),

  // Where it goes.
  ['--out below a file', train('--out', 'letters.txt/run'), /letters\.txt\/run: /],
  ['--out that is a file', train('--out', 'letters.txt'), /letters\.txt: /],
  ['--out that holds a run', train(...TRAINED, '--out', 'run'), /^--out: .*run/],
  ['--out that holds a log', train(...TRAINED, '--out', 'log-only'), /^--out: .*log-only/],

  // Going on.
  ['--resume of no folder', resume('gone'), /gone.* got no such file$/],
  ['--resume of an empty folder', resume('folder'), /folder.*checkpoint\.safetensors: .* got no such file$/],
  ['--resume of a checkpoint cut off', resume('cut'), /cut.*checkpoint\.safetensors: /],
  ['--resume of a checkpoint with one bit flipped', resume('flipped'), /flipped.*: expected an unaltered file/],
  ['--resume of a text', resume('letters.txt'), /letters\.txt: expected a safetensors file/],
  ['--resume of a text called a checkpoint', resume('text'), /text.*: expected a safetensors file/],
  ['--resume of safetensors of another kind', resume('foreign'), /foreign.*: .*sha256/],
  ['--resume of a sealed file of another kind', resume('other-kind'), /other-kind.*: expected a bptt-char-model/],
  ['--resume of a checkpoint without a note', resume('no-note'), /no-note/],
  ['--resume of a checkpoint with an empty note', resume('empty-note'), /empty-note/],
  ['--resume of a checkpoint with another schedule', resume('other-note', '--steps', '60'), /other-note/],
  ['--resume of a checkpoint with another best', resume('other-best', '--steps', '60'), /other-best/],
  ['--resume of a checkpoint with other mishaps', resume('other-mishaps', '--steps', '60'), /other-mishaps/],
  ['--resume with --keep', resume('run', '--keep', '2', '--steps', '60'), /^--keep: expected nothing beside --resume/],
  ['--resume of a run without its log', resume('no-log', '--steps', '60'), /loss\.csv: .* got no such file$/],
  [
    '--resume of a run with another log',
    resume('other-log', '--steps', '60'),
    /loss\.csv:1: expected step,loss,smoothed/,
  ],
  [
    '--resume of a run with a damaged log',
    resume('bad-log', '--steps', '60'),
    /loss\.csv:3: expected step,loss,smoothed/,
  ],
  ['--resume of a run with rows missing', resume('short-log', '--steps', '60'), /loss\.csv/],
  ['--resume of a checkpoint by another name', resume('run/old.safetensors', '--steps', '60'), /^--resume: .*old/],
  [
    '--resume with --hidden',
    resume('run', '--hidden', '4', '--steps', '60'),
    /^--hidden: expected nothing beside --resume/,
  ],
  ['--resume with --out', resume('run', '--out', 'new', '--steps', '60'), /^--out: expected nothing beside --resume/],
  [
    '--resume with another text',
    ['train', 'other.txt', ...resume('run', '--steps', '60').slice(1)],
    /text: expected the text that run/,
  ],
  ['--resume with a corpus', resume('run', '--steps', '60', '--corpus', 'sonnets'), /text: expected the text that run/],
  ['--resume with fewer --steps', resume('run', '--steps', '20'), /^--steps: expected more than the 30 steps/],
  ['--resume with as many --steps', resume('run', '--steps', '30'), /^--steps: expected more than the 30 steps/],
  ['--resume of a run that is done', resume('run'), /^--steps: expected more than the 30 steps/],

  // Sampling.
  ['a prompt of unknown characters', sample('--prompt', 'the ß'), /^prompt: .* got "ß"$/],
  ['an empty prompt', sample('--prompt', ''), /^prompt: /],
  ...['0', '1.5'].map((n): Mistake => [`--length ${n}`, sample('--length', n), /length: /]),
  ...['0', '1.5', 'x'].map((k): Mistake => [`--top-k ${k}`, sample('--top-k', k), /top-?k: /i]),
  ...['0', '1.5', 'x'].map((p): Mistake => [`--top-p ${p}`, sample('--top-p', p), /top-?p: /i]),
  ...['-1', 'x'].map((t): Mistake => [`--temperature ${t}`, sample('--temperature', t), /temperature: /]),
  ['--seed -1', sample('--seed', '-1'), /seed: /],
  ['sample of no checkpoint', ['sample', 'gone'], /gone: .* got no such file$/],
  ['sample of an altered checkpoint', ['sample', 'flipped'], /flipped.*: expected an unaltered file/],

  // Checking.
  ['check of an unknown cell', ['check', 'lstmx'], /^cell: expected one of .*\brnn, .* got "lstmx"$/],
  [
    'check of a module that is not there',
    ['check', './my-cell.ts'],
    /my-cell\.ts: expected a module of your own, got no such file$/,
  ],
  [
    'check of a module without a cell',
    ['check', 'nothing.mjs'],
    /nothing\.mjs: expected a module that exports a cell .*, got answer$/,
  ],
  [
    'check of a module that does not run',
    ['check', 'throws.mjs'],
    /throws\.mjs: expected a module that can be run, got Error: no such luck$/,
  ],
  ['check of a module in layers', ['check', 'half.mjs', '--layers', '2'], /^--layers: expected a cell by its name/],
  [
    'check without a name',
    ['check'],
    /^cell: expected one of .*, a file of yours \(\.ts, \.js, \.md\), or --all, got none$/,
  ],
  ['check of all and of one', ['check', '--all', 'rnn'], /^cell: expected a name or --all, got both$/],
  ...['0', '1.5'].map((n): Mistake => [`check --layers ${n}`, ['check', 'rnn', '--layers', n], /layers: .* got /]),
  [
    'layers of what is no cell',
    ['check', 'readout', '--layers', '2'],
    /^--layers: expected a cell to build layers of, got readout$/,
  ],
  ['a cell for a demo that has its own', ['demo', 'hello', '--cell', 'gru'], /^--cell: expected the demo char-lm/],
  ['check --layers x', ['check', 'rnn', '--layers', 'x'], /^--layers: expected a number, got "x"$/],
  ['check --length 0', ['check', 'rnn', '--length', '0'], /^--length: expected a positive integer, got 0$/],
  ['check --batch x', ['check', 'rnn', '--batch', 'x'], /^--batch: expected a number, got "x"$/],
  ['check --hidden 1.5', ['check', 'rnn', '--hidden', '1.5'], /^--hidden: expected a positive integer, got 1\.5$/],
  ['check --inputs of a layer', ['check', 'readout', '--inputs', '2'], /^--inputs: expected a cell, got readout$/],
  [
    'check --length of all',
    ['check', '--all', '--length', '2'],
    /^--length: expected a cell, .* by its name, got --all$/,
  ],
  ['check --initial one', ['check', 'rnn', '--initial', 'one'], /^--initial: expected random or zero, got "one"$/],
  [
    'check --initial of layers',
    ['check', 'rnn', '--layers', '2', '--initial', 'zero'],
    /^--initial: expected a cell by itself, got one in layers$/,
  ],
  [
    'check --cotangents of no part',
    ['check', 'lstm', '--cotangents', 'q'],
    /^cotangents: expected parts of the state \(h, c\), got "q"$/,
  ],
  ['check --seed 1.5', ['check', 'rnn', '--seed', '1.5'], /seed: /],
  ['check --seed x', ['check', 'rnn', '--seed', 'x'], /^--seed: expected a number, got "x"$/],
];

/** A command line that names what there is not. */
const misspelt: readonly Mistake[] = [
  ['an unknown command', ['learn'], /^error: unknown command 'learn'/],
  ['an unknown option', train('--hiden', '4'), /^error: unknown option '--hiden'/],
  ['an unknown option of sample', sample('--warmth', '4'), /^error: unknown option '--warmth'/],
  ['an optimiser that is none of the choices', train('--optimiser', 'newton'), /^error: .*adagrad, sgd, rmsprop, adam/],
  ['a log format that is none of the choices', train('--log-format', 'xml'), /^error: .*csv, jsonl/],
  ['a way out that is none of the choices', train('--on-divergence', 'pray'), /^error: .*stop, skip, rollback/],
  ['an option without its value', train('--hidden'), /^error: .*--hidden/],
  ['two files', train('other.txt'), /^error: too many arguments/],
  ['sample without a checkpoint', ['sample'], /^error: missing required argument 'checkpoint'/],
];

let prepared = '';

beforeAll(async () => {
  prepared = freshFolder();
  const path = (...names: readonly string[]): string => join(prepared, ...names);
  writeFileSync(path('letters.txt'), TEXT);
  writeFileSync(path('other.txt'), TEXT.replace('quick', 'brown'));
  writeFileSync(path('latin1.txt'), Buffer.from('caf\xe9 '.repeat(99), 'latin1'));
  writeFileSync(path('empty.txt'), '');
  writeFileSync(path('one.txt'), 'a');
  writeFileSync(path('short.txt'), 'the quick brown fox jumps');
  writeFileSync(path('nothing.mjs'), 'export const answer = 42;');
  writeFileSync(path('throws.mjs'), "throw new Error('no such luck');");
  const half = "params: () => ({}), state: () => ({}), forward() {}, backward() {}, equations: {}, name: 'half'";
  writeFileSync(path('half.mjs'), `export const half = { ${half} };`);
  mkdirSync(path('folder'));
  const { status, stderr } = await inTurn(prepared, ...train(...TRAINED, '--out', 'run', '--quiet'));
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });

  const bytes = readFileSync(path('run', 'checkpoint.safetensors'));
  const log = readFileSync(path('run', 'loss.csv'), 'utf8');
  copyFileSync(path('run', 'checkpoint.safetensors'), path('run', 'old.safetensors'));
  mkdirSync(path('log-only'));
  writeFileSync(path('log-only', 'loss.csv'), log);

  const { tensors, metadata } = readSealed(bytes);
  const { source, schedule } = JSON.parse(metadata.get('note') ?? '') as Record<'source' | 'schedule', object>;
  const noted = (note: unknown): Uint8Array =>
    writeSealed(tensors, { ...Object.fromEntries(metadata), note: JSON.stringify(note) });
  const middle = Math.floor(bytes.length / 2);
  const runs: Record<string, readonly [checkpoint: Uint8Array | string, log?: string | undefined]> = {
    cut: [bytes.subarray(0, -1)],
    flipped: [bytes.map((byte, n) => (n === middle ? byte ^ 1 : byte))],
    text: [TEXT],
    foreign: [writeSafetensors(readSafetensors(bytes).tensors, {})],
    'other-kind': [writeSealed(tensors, { format: 'pictures', version: '1' })],
    'no-note': [noted(null)],
    'empty-note': [noted({ source: null, schedule: null })],
    'other-note': [noted({ source, schedule: { ...schedule, logEvery: 'often' } })],
    'other-best': [noted({ source, schedule, best: { step: 10, loss: 'low' } })],
    'other-mishaps': [noted({ source, schedule, mishaps: { skipped: -1, inARow: 0, rollbacks: 0 } })],
    'no-log': [bytes, undefined],
    'other-log': [bytes, 'a,b\n1,2\n'],
    'bad-log': [bytes, log.replace('\n20,', '\n20,x')],
    'short-log': [bytes, linesOf(log).slice(0, 2).concat('').join('\n')],
  };
  for (const [name, [checkpoint, own = name === 'no-log' ? undefined : log]] of Object.entries(runs)) {
    mkdirSync(path(name));
    writeFileSync(path(name, 'checkpoint.safetensors'), checkpoint);
    if (own !== undefined) writeFileSync(path(name, 'loss.csv'), own);
  }
});

/** Runs `bptt ARGS` in a copy of `prepared`, which must go on holding what it does: a new one when it does not. */
async function mistaken(...args: readonly string[]): Promise<Outcome> {
  return unchanged(folder => inTurn(folder, ...args));
}

async function unchanged(act: (folder: string) => Promise<Outcome>): Promise<Outcome> {
  copy ??= copied();
  const { folder, before } = copy;
  const outcome = await act(folder);
  const after = snapshot(folder);
  if (JSON.stringify(after) !== JSON.stringify(before)) copy = undefined;
  expect(after).toEqual(before);
  return outcome;
}

let copy: { readonly folder: string; readonly before: Record<string, string> } | undefined;

function copied(): NonNullable<typeof copy> {
  const folder = freshFolder();
  cpSync(prepared, folder, { recursive: true });
  return { folder, before: snapshot(folder) };
}

describe('a mistake gets one line that names it, and changes nothing:', () => {
  test.each(mistakes)('%s', async (_, args, message) => {
    const { status, stdout, stderr } = await mistaken(...args, '--json');
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(linesOf(stderr)).toEqual([expect.stringMatching(/^bptt: .+: expected .+, got ./)]);
    const said = stderr.slice('bptt: '.length, -1);
    expect(said).toMatch(message);
    expect(status).toBe(2);

    expect(linesOf(stdout)).toHaveLength(1);
    const { error, ...rest } = JSON.parse(stdout) as { error: Record<string, unknown> };
    expect(rest).toEqual({ ok: false });
    expect(error).toEqual({
      name: expect.stringMatching(/^(Shape|Value|Format|File|Memory)Error$/),
      argument: expect.any(String),
      message: expect.any(String),
    });
    expect(String(error.message).startsWith(`${shown(String(error.argument))}: `)).toBe(true);
  });

  test.each(misspelt)('%s', async (_, args, message) => {
    const { status, stdout, stderr } = await mistaken(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    const [first, ...rest] = linesOf(stderr);
    expect(first).toMatch(message);
    expect(rest.filter(line => !/^\(.*\)$/.test(line))).toEqual([]);
  });
});

describe('--json changes what standard output gets, and only that:', () => {
  test.each([
    ['train', ['train', '--corpus', 'plays']],
    ['sample', ['sample', 'gone']],
  ])('%s', async (_, args) => {
    const json = await mistaken(...args, '--json');
    const plain = await mistaken(...args);
    expect(plain).toEqual({ ...json, stdout: '' });
    expect(linesOf(json.stdout)).toHaveLength(1);
  });

  test('a misspelt option', async () => {
    const { status, stdout, stderr } = await mistaken(...train('--hiden', '4', '--json'));
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error: unknown option '--hiden'/);
    expect(linesOf(stdout)).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { message: expect.stringContaining('--hiden') } });
  });
});

test('the process ends with code 2 and the same words', async () => {
  for (const args of [train('--hidden', '0', '--json'), ['learn']]) {
    const process = await unchanged(folder => bptt(folder, ...args));
    expect(process).toEqual(await mistaken(...args));
    expect(process.status).toBe(2);
  }
});

test('bptt alone shows the help, as an error', async () => {
  const { status, stdout, stderr } = await mistaken();
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^Usage: bptt /);
});

/** An option of train with a value it cannot have. */
function wrong(option: string, value: string, message: RegExp): Mistake {
  return [`${option} ${JSON.stringify(value).replaceAll('"', '') || "''"}`, train(option, value), message];
}
