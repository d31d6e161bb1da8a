/** `bptt sample`, `bptt check`, and what the command says about itself. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { cells } from '../../lib/cells/index.ts';
import { rnn } from '../../lib/cells/rnn.ts';
import type { TensorReport } from '../../lib/check/finite-differences.ts';
import { checkCommand } from '../../lib/cli/check/command.ts';
import { decodeCheckpoint } from '../../lib/io/checkpoint.ts';
import { readBytes } from '../../lib/io/node/files.ts';
import { sample as library } from '../../lib/models/char-model.ts';
import { Random } from '../../lib/random.ts';
import { ROOT } from '../examples.ts';
import { bptt, freshFolder, inTurn, linesOf, type Outcome } from './command.ts';

/** How the engine runs the vanilla network. */
const RUNS = 'runs fused: 2 products and 1 kernel a step';

/** What `bptt check --all --json` prints of each cell, layer and loss. */
interface Subject {
  readonly kind: 'cell' | 'layer' | 'loss';
  readonly name: string;
  readonly ok: boolean;
  readonly tensors: readonly TensorReport[];
  readonly proof?: { readonly verdict: string; readonly draws: number; readonly chance: number };
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly worst: number }[];
}

const CHECKPOINT = join('run', 'checkpoint.safetensors');

describe.concurrent('bptt sample', () => {
  let folder = '';

  beforeAll(async () => {
    folder = freshFolder();
    writeFileSync(join(folder, 'letters.txt'), 'Thou art 字🎭 more lovely 🎭🎭 and more temperate\n'.repeat(10));
    await inTurn(folder, 'train', 'letters.txt', '--hidden', '8', '--chunk', '10', '--steps', '300', '--out', 'run');
  });

  /** What `bptt sample run ARGS` writes, without the line's end; nothing may go to standard error. */
  async function sample(...args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await inTurn(folder, 'sample', ...args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/\n$/);
    return stdout.slice(0, -1);
  }

  test('writes 500 code points unless told otherwise, the same each time, from the folder or the file', async () => {
    const [folderText, fileText] = await Promise.all([sample('run'), sample(CHECKPOINT)]);
    expect([...folderText]).toHaveLength(500);
    expect(fileText).toBe(folderText);
  });

  test('writes another text with another seed', async () => {
    const [one, same, two] = await Promise.all([
      sample('run', '--length', '60'),
      sample('run', '--length', '60', '--seed', '1'),
      sample('run', '--length', '60', '--seed', '2'),
    ]);
    expect(same).toBe(one);
    expect(two).not.toBe(one);
    expect([...two]).toHaveLength(60);
  });

  test('takes the likeliest at temperature 0 and hardly above it, whatever the seed', async () => {
    const cold = (temperature: string, seed: string): Promise<string> =>
      sample('run', '--length', '40', '--temperature', temperature, '--seed', seed);
    const [one, two, hardly] = await Promise.all([cold('0', '1'), cold('0', '2'), cold('1e-320', '3')]);
    expect(two).toBe(one);
    expect(hardly).toBe(one);
    expect([...one]).toHaveLength(40);
  });

  test('draws from the likeliest alone where it is told to: from one, whatever the seed', async () => {
    const few = (...args: string[]): Promise<string> => sample('run', '--length', '40', '--seed', '5', ...args);
    const [cold, one, nucleus, all] = await Promise.all([
      few('--temperature', '0'),
      few('--top-k', '1'),
      few('--top-p', '1e-9'),
      few('--top-p', '1', '--top-k', '1000'),
    ]);
    expect([one, nucleus]).toEqual([cold, cold]);
    expect(all).toBe(await few());
    expect(JSON.parse(await few('--top-k', '2', '--json'))).toMatchObject({ temperature: 1, topK: 2 });
  });

  test('puts the prompt first, and as many symbols behind it as asked for', async () => {
    const prompt = 'Thou 🎭';
    const text = await sample('run', '--prompt', prompt, '--length', '30', '--temperature', '0.5', '--quiet');
    expect(text.startsWith(prompt)).toBe(true);
    expect([...text.slice(prompt.length)]).toHaveLength(30);
  });

  test('writes what the library writes, having read the whole prompt', async () => {
    const { model } = decodeCheckpoint(readBytes(join(folder, CHECKPOINT)));
    const of = (prompt: string): string =>
      library(model, { prompt, length: 100, temperature: 0.9, rng: new Random(4) });
    const args = ['--length', '100', '--temperature', '0.9', '--seed', '4'];
    const [one, two, none] = await Promise.all([
      sample('run', '--prompt', 'lovely 🎭', ...args),
      sample('run', '--prompt', '字🎭', ...args),
      sample('run', ...args),
    ]);
    expect([one, two, none]).toEqual([`lovely 🎭${of('lovely 🎭')}`, `字🎭${of('字🎭')}`, of('\n')]);
    expect(of('lovely 🎭')).not.toBe(of('字🎭'));
  });

  test('--json prints one line: the text, and what it was made with', async () => {
    const args = ['--prompt', 'art', '--length', '25', '--temperature', '0.8', '--seed', '7'];
    const [json, plain] = await Promise.all([sample('run', ...args, '--json'), sample('run', ...args)]);
    expect(linesOf(`${json}\n`)).toHaveLength(1);
    expect(JSON.parse(json)).toEqual({
      ok: true,
      checkpoint: CHECKPOINT,
      prompt: 'art',
      temperature: 0.8,
      seed: 7,
      text: plain.slice('art'.length),
    });
  });

  test('--json says null where there was no prompt', async () => {
    expect(JSON.parse(await sample('run', '--json', '--length', '5'))).toMatchObject({ prompt: null, temperature: 1 });
  });
});

describe.concurrent('bptt check', () => {
  const TENSORS = ['W', 'U', 'b', 'V', 'c', 'x', 'h0'];
  const POOLS = ['last-step', 'mean-over-time', 'max-over-time'];
  const LAYERS = [
    ...['conditioned', 'stack', 'bidirectional-concat', 'bidirectional-sum', 'readout', 'embedding', ...POOLS],
    ...['window-input', 'window-output', 'delay', 'dropout', 'encoder-decoder', 'bahdanau', 'luong'],
  ];
  const LOSSES = ['cross-entropy', 'squared-error', 'binary-cross-entropy', 'ranking-s', 'ranking-m'];

  test.each(['rnn', 'rnn-relu'])('%s: every gradient agrees, as text', async cell => {
    const { status, stdout, stderr } = await inTurn(freshFolder(), 'check', cell);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [proof, ...lines] = linesOf(stdout);
    expect(proof).toMatch(/^proven exactly: 3 draws, the chance of a wrong pass below 1e-\d+$/);
    const [tensors, laws] = [lines.slice(0, TENSORS.length), lines.slice(TENSORS.length, -2)];
    expect(tensors.map(line => line.split(/ +/)[0])).toEqual(TENSORS);
    expect(laws).toHaveLength(16);
    for (const line of laws) expect(line).toMatch(/^\S.* +worst \S+ {2}ok$/);
    for (const line of tensors) {
      expect(line).toMatch(/^\w+ +[A-Z]+-B\d +\d+ elements {2}max \|a−n\| \S+ {2}relative \S+ {2}ok$/);
    }
    expect(lines.at(-2)).toMatch(new RegExp(`^${cell}: proven exactly; every gradient agrees`));
    expect(lines.at(-1)).toBe(RUNS);
  });

  test.each(['rnn', 'rnn-relu'])('%s: every gradient agrees, as JSON', async cell => {
    const { status, stdout, stderr } = await inTurn(freshFolder(), 'check', cell, '--json', '--seed', '3');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(linesOf(stdout)).toHaveLength(1);
    const report = JSON.parse(stdout) as { tensors: readonly TensorReport[]; proof: { chance: number } };
    const [checks, problem] = [expect.any(Array), { T: 5, B: 3, d: 4, m: 5, C: 4, seed: 3 }];
    const proof = { verdict: 'proven', draws: 3, degree: expect.any(Number), chance: expect.any(Number), cases: 9 };
    const common = { problem, checks, tensors: expect.any(Array), runs: RUNS };
    expect(report).toEqual({ ok: true, verdict: 'ok', cell, proof, restsOn: 'proof', ...common });
    expect(report.proof.chance).toBeLessThan(1e-16);
    expect(report.tensors.map(({ name }) => name)).toEqual(TENSORS);
    for (const { ok, tag, elements, maxAbs, maxRel, failed, failures } of report.tensors) {
      expect({ ok, failed, failures }).toEqual({ ok: true, failed: 0, failures: [] });
      expect(tag).toMatch(/^[A-Z]+-B\d$/);
      expect(elements).toBeGreaterThan(0);
      expect(maxAbs).toBeLessThan(1e-7);
      expect(maxRel).toBeLessThan(1e-7);
    }
  });

  test('--quiet leaves the verdict', async () => {
    const { status, stdout, stderr } = await inTurn(freshFolder(), 'check', 'rnn', '--quiet');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(linesOf(stdout)).toEqual([expect.stringMatching(/^rnn: proven exactly; every gradient agrees/)]);
  });

  test('lstm --layers 2 --bidirectional: every gradient of the stack, by layer and direction', async () => {
    const args = ['lstm', '--layers', '2', '--bidirectional', '--json'];
    const { status, stdout, stderr } = await inTurn(freshFolder(), 'check', ...args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { ok, cell, tensors } = JSON.parse(stdout) as Record<string, unknown> & { tensors: readonly TensorReport[] };
    expect({ ok, cell }).toEqual({ ok: true, cell: 'lstm' });
    const layers = ['layer1.forward', 'layer1.backward', 'layer2.forward', 'layer2.backward'];
    const under = (...names: readonly string[]) => layers.flatMap(layer => names.map(name => `${layer}.${name}`));
    const parameters = ['W', 'U', 'b'].flatMap(kind => ['f', 'i', 'o', 'g'].map(gate => `${kind}_${gate}`));
    expect(tensors.map(({ name }) => name)).toEqual([...under(...parameters), 'x', ...under('h0', 'c0')]);
    const elements = new Map(tensors.map(tensor => [tensor.name, tensor.elements]));
    expect(elements.get('layer2.forward.U_f')).toBe(2 * (elements.get('layer1.forward.W_f') ?? Number.NaN));
    for (const { maxRel } of tensors) expect(maxRel).toBeGreaterThan(0);
  });

  test('--all: every cell, layer and loss, none of them in vain', async () => {
    const { status, stdout, stderr } = await inTurn(freshFolder(), 'check', '--all', '--json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(linesOf(stdout)).toHaveLength(1);
    const { ok, subjects, ...rest } = JSON.parse(stdout) as { ok: boolean; subjects: readonly Subject[] };
    expect({ ok, rest }).toEqual({ ok: true, rest: {} });
    const named = (wanted: Subject['kind']) => subjects.flatMap(({ kind, name }) => (kind === wanted ? [name] : []));
    expect(named('cell').sort()).toEqual(Object.keys(cells).sort());
    expect(named('layer')).toEqual(expect.arrayContaining(LAYERS));
    expect(named('loss')).toEqual(expect.arrayContaining(LOSSES));
    expect(new Set(subjects.map(({ name }) => name)).size).toBe(subjects.length);
    for (const { kind, name, ok, tensors, checks, proof } of subjects) {
      if (kind === 'cell') expect(proof, name).toMatchObject({ verdict: 'proven', draws: 3 });
      if (kind === 'cell') expect(proof?.chance, name).toBeLessThan(1e-14);
      expect(checks.map(check => check.name)).toContain('finite differences');
      if (kind === 'cell') expect(checks, name).toHaveLength(17);
      for (const check of checks) {
        expect(check).toEqual({ name: expect.any(String), ok: true, worst: expect.any(Number) });
        expect(check.worst, `${name}: ${check.name}`).toBeLessThan(1e-7);
      }
      expect({ kind, name, ok }).toEqual({ kind: expect.stringMatching(/^(cell|layer|loss)$/), name, ok: true });
      expect(tensors.length, name).toBeGreaterThan(0);
      for (const tensor of tensors) {
        expect(tensor).toMatchObject({ ok: true, failed: 0, tag: expect.stringMatching(/^[A-Z]+-B\d+$/) });
        expect(tensor.elements, `${name} ${tensor.name}`).toBeGreaterThan(0);
      }
      expect(Math.max(...tensors.map(({ maxRel }) => maxRel)), name).toBeGreaterThan(0);
    }
  });

  test('a module of the user’s own, with a mistake: exit code 1, and the equation that is wrong', async () => {
    const wrong = join(ROOT, 'spec/fixtures/wrong-lstm.ts');
    const { status, stdout, stderr } = await inTurn(freshFolder(), 'check', wrong);
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(stdout).toMatch(/^W_i .*WRONG: sign$/m);
    expect(stdout).toMatch(/^look at LSTM-B4: /m);
    expect(stdout).toMatch(/^proven WRONG: dW_i, dU_i, db_i, dx, dh0$/m);
    expect(stdout).toMatch(/^ {2}look at wrong-lstm\.ts:\d+ LSTM-B4 {2}dai = /m);
    expect(linesOf(stdout).at(-2)).toMatch(/^wrong-lstm: proven WRONG; WRONG by /);
    const json = await inTurn(freshFolder(), 'check', wrong, '--json');
    expect(json.status).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: false,
      smallest: { problem: { T: 1 }, suspects: ['LSTM-B4'] },
    });
  });

  test('a module of the user’s own that is right, with its oracle: exit code 0', async () => {
    const { status, stdout, stderr } = await inTurn(freshFolder(), 'check', join(ROOT, 'spec/fixtures/leaky.js'));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^forward is the oracle +worst \S+ {2}ok$/m);
    expect(stdout).toMatch(/^not provable: it looks at the single element .*; rests on finite differences$/m);
    expect(linesOf(stdout).at(-2)).toMatch(/^leaky: every gradient agrees/);
    expect(linesOf(stdout).at(-1)).toMatch(
      /^runs unrolled, because it looks at the single element .* \(.*leaky\.js:\d+\)$/,
    );
  });
});

test('check --all as text: a line each, and the verdict', async () => {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  await checkCommand({ rnn }).parseAsync(['--all'], { from: 'user' }); // one cell: all of them are checked above
  const lines = linesOf(write.mock.calls.map(([text]) => text).join(''));
  write.mockRestore();
  expect(lines.length).toBeGreaterThan(15);
  const [cell, ...others] = lines.slice(0, -1);
  expect(cell).toMatch(/^cell +rnn +max .* {2}ok, proven, \d+ checks, runs fused: 2 products and 1 kernel a step$/);
  for (const line of others) expect(line).toMatch(/^(layer|loss) +\S+ +max \|a−n\| \S+ {2}ok, \d+ checks$/);
  expect(lines.at(-1)).toMatch(new RegExp(`^all ${lines.length - 1} agree`));
});

describe.concurrent('about itself', () => {
  test.each([
    ['bptt', []],
    ['bptt train', ['train']],
    ['bptt sample', ['sample']],
    ['bptt check', ['check']],
    ['bptt demo', ['demo']],
  ])('%s --help shows the usage and examples', async (name, command) => {
    const { status, stdout, stderr } = await inTurn(freshFolder(), ...command, '--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: ${name} \\[options\\]`));
    expect(stdout).toMatch(new RegExp(`^Examples:\\n  ${name}( |$)`, 'm'));
    expect(examplesIn(stdout).filter(line => !line.startsWith('bptt '))).toEqual([]);
  });

  test('the help of train names every option of the README and what it is unless given', async () => {
    const { stdout } = await inTurn(freshFolder(), 'train', '--help');
    const text = stdout.replace(/\s+/g, ' ');
    for (const [option, value] of [
      ['--hidden', '100'],
      ['--chunk', '25'],
      ['--learning-rate', '0.1'],
      ['--clip-value', '5'],
      ['--optimiser', '"adagrad"'],
      ['--cell', '"rnn"'],
    ]) {
      expect(text).toMatch(new RegExp(`${option} <\\w+>[^<]*default: ${value}\\)`));
    }
    const more = ['--keep', '--log-format', '--on-divergence', '--png'];
    for (const option of ['--out', '--resume', '--steps', '--corpus', '--json', '--quiet', ...more]) {
      expect(text).toContain(`${option} `);
    }
  });

  test('--version prints that of the package', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    const outcome: Outcome = await bptt(freshFolder(), '--version');
    expect(outcome).toEqual({ status: 0, signal: null, stdout: `${version}\n`, stderr: '' });
  });
});

/** The lines below `Examples:`. */
function examplesIn(help: string): string[] {
  const [, examples = ''] = help.split('\nExamples:\n');
  return linesOf(examples.replace(/\n\n.*/s, '\n')).map(line => line.trim());
}
