/** `bptt flow` as a user runs it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { freshFolder, inTurn, linesOf, snapshot } from './command.ts';

const SMALL = ['--length', '12', '--hidden', '4', '--inputs', '3'];
const PICTURES = ['gradients', 'reach', 'predictions', 'spectra', 'exponents', 'paths'];

/** One line of JSON on standard output, nothing on standard error. */
async function json(folder: string, ...args: readonly string[]): Promise<Record<string, unknown>> {
  const { status, stdout, stderr } = await inTurn(folder, 'flow', ...args, '--json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(linesOf(stdout)).toHaveLength(1);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** The one line that says what is wrong, with exit code 2. */
async function refused(folder: string, ...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await inTurn(folder, 'flow', ...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(linesOf(stderr)).toHaveLength(1);
  return stderr;
}

describe.concurrent('bptt flow', () => {
  test('studies an untrained network, and writes pictures and a page', async () => {
    const folder = freshFolder();
    const { status, stdout, stderr } = await inTurn(folder, 'flow', '--cell', 'lstm', ...SMALL, '-o', 'out', '--quiet');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(
      /^Gradient flow of an untrained lstm \(uniform, forget bias 2\.485; d = 3, m = 4, seed 1\)\n/,
    );
    expect(stdout).toMatch(/\nlargest Lyapunov exponent λ₁ +-?\d/);
    const written = Object.keys(snapshot(folder)).sort();
    expect(written).toEqual(['out', 'out/flow.html', ...PICTURES.map(name => `out/${name}.svg`)].sort());
    const page = readFileSync(join(folder, 'out/flow.html'), 'utf8');
    expect(page).toContain('<code>bptt flow --cell lstm --inputs 3 --hidden 4 --length 12</code>');
    expect(readFileSync(join(folder, 'out/reach.svg'), 'utf8')).toContain('bptt flow --cell lstm');
  });

  test('--json: the same numbers each time, with figures where they are asked for', async () => {
    const folder = freshFolder();
    const [one, two] = [await json(folder, ...SMALL), await json(folder, ...SMALL, '-o', 'out')];
    const { page, figures, ...rest } = two;
    expect({ ...rest, page: null, figures: [] }).toEqual(one);
    expect(page).toBe(join('out', 'flow.html'));
    expect(figures).toEqual(PICTURES.slice(0, -1).map(name => join('out', `${name}.svg`)));
    expect(one).toMatchObject({ ok: true, steps: 12, n: 4, m: 4, paths: null, theta: 5 });
    expect(one.gradients).toHaveLength(13);
    expect((one.reach as readonly number[][]).map(({ length }) => length)).toEqual(new Array(13).fill(12));
    const { sum, meanLogDeterminant } = one.exponents as { sum: number; meanLogDeterminant: number };
    expect(Math.abs(sum - meanLogDeterminant)).toBeLessThan(1e-9);
  });

  test('--compare: the tanh network’s vanishes, the IRNN’s and the forget-biased LSTM’s survive', async () => {
    const args = ['--compare', 'rnn,irnn,lstm', '--length', '50', '--seeds', '3', '--hidden', '24'];
    const { networks, ok } = (await json(freshFolder(), ...args)) as {
      ok: boolean;
      networks: readonly { name: string; median: number; q1: number; q3: number; reaching: readonly number[] }[];
    };
    expect(ok).toBe(true);
    expect(networks.map(({ name }) => name)).toEqual(['rnn', 'irnn', 'lstm']);
    const [tanhs, irnn, lstm] = networks.map(({ median }) => median);
    expect(tanhs).toBeLessThan(1e-10);
    expect(Math.min(irnn ?? 0, lstm ?? 0)).toBeGreaterThan(0.05);
    for (const { q1, median, q3, reaching } of networks) {
      expect(reaching).toHaveLength(3);
      expect(q1 <= median && median <= q3).toBe(true);
    }
  });

  test('--adjoint goes on where dense Jacobians would take too much memory', async () => {
    const folder = freshFolder();
    const far = ['--length', '20000', '--hidden', '100', '--inputs', '1'];
    expect(await refused(folder, ...far)).toBe(
      "bptt: --length: expected dense matrices within 1073741824 bytes (a gradient's way back by the adjoint, a row a step, needs none): --adjoint goes that way, got 20000 of 100×100, 1600000000 bytes\n",
    );
    const { gradients, steps } = await json(folder, '--length', '3000', '--hidden', '4', '--inputs', '1', '--adjoint');
    expect([steps, (gradients as readonly number[]).length]).toEqual([3000, 3001]);
  });

  test('says in one line what is wrong', async () => {
    const folder = freshFolder();
    expect(await refused(folder, '--cell', 'rmm')).toMatch(/^bptt: cell: expected one of .*, got "rmm"\n$/);
    expect(await refused(folder, '--compare', 'rnn,xyz')).toContain('got "xyz"');
    expect(await refused(folder, '--claims', '--length', '5')).toBe(
      'bptt: --length: expected no such option beside --claims, got a value\n',
    );
    expect(await refused(folder, '--layer', '1')).toContain('--layer: expected no such option without a checkpoint');
    expect(await refused(folder, '--forget-bias', '1')).toContain('a cell with a gate that keeps');
  });
});

describe.concurrent('bptt flow CHECKPOINT', () => {
  let folder = '';

  beforeAll(async () => {
    folder = freshFolder();
    writeFileSync(join(folder, 'letters.txt'), 'Thou art more lovely and more temperate\n'.repeat(20));
    const args = [
      '--cell',
      'gru',
      '--hidden',
      '6',
      '--layers',
      '2',
      '--chunk',
      '10',
      '--steps',
      '200',
      '--init-std',
      '0.3',
    ];
    await inTurn(folder, 'train', 'letters.txt', ...args, '--out', 'run', '--quiet');
  });

  test('reads the text it was trained on, or another, one layer or the other', async () => {
    const [own, same, lower] = await Promise.all([
      json(folder, 'run', '--length', '15'),
      json(folder, 'run', '--length', '15', '--text', 'letters.txt', '--cell', 'gru'),
      json(folder, 'run', '--length', '15', '--layer', '1'),
    ]);
    expect(own).toMatchObject({ ok: true, steps: 15, n: 6, m: 6, recurrent: null });
    expect({ ...same, command: own.command }).toEqual(own);
    expect(lower.gradients).not.toEqual(own.gradients);
  });

  test('refuses another cell, a text of other symbols, too long a length, what the checkpoint fixes', async () => {
    writeFileSync(join(folder, 'other.txt'), 'αβγ'.repeat(50));
    writeFileSync(join(folder, 'empty.txt'), '');
    expect(await refused(folder, 'run', '--text', 'empty.txt')).toBe(
      'bptt: text: expected at least two symbols, got 0\n',
    );
    expect(await refused(folder, 'run', '--cell', 'lstm')).toBe(
      `bptt: --cell: expected gru, of which ${join('run', 'checkpoint.safetensors')} is, got lstm\n`,
    );
    expect(await refused(folder, 'run', '--text', 'other.txt')).toContain('symbols of the vocabulary');
    expect(await refused(folder, 'run', '--length', '800')).toContain('--length: expected at most 799');
    expect(await refused(folder, 'run', '--hidden', '7')).toContain('beside a checkpoint, which fixes it');
    expect(await refused(folder, 'run', '--layer', '3')).toContain('--layer: expected an integer in 1…2, got 3');
  });
});

describe.concurrent('a network whose numbers grow', () => {
  const growing = ['--cell', 'rnn-relu', '--init', 'identity', '--gain', '1e6', '--hidden', '4', '--inputs', '3'];

  test('beyond what can be squared has its figures', async () => {
    const found = await json(freshFolder(), ...growing, '--length', '30');
    expect(found).toMatchObject({ steps: 30, overflow: null, overflowed: 0 });
    const [, first = 0] = found.gradients as readonly number[];
    expect(first).toBeGreaterThan(1e160);
    expect((found.clipping as { before: number }).before).toBeGreaterThan(1e160);
  });

  test('and overflow is said to, and has its figures up to there: exit code 0, JSON, a page and pictures', async () => {
    const folder = freshFolder();
    const found = await json(folder, ...growing, '--length', '80', '-o', 'out');
    const { step, asked } = found.overflow as { step: number; asked: number };
    expect(asked).toBe(80);
    expect(found.steps).toBe(step - 1);
    expect(step).toBeGreaterThan(48);
    expect(step).toBeLessThan(54);
    expect(found.gradients).toHaveLength(step);
    expect((found.gradients as readonly unknown[]).every(Number.isFinite)).toBe(true);
    const said = new RegExp(
      `Of 80 steps, \\S.* overflows? .*step ${step}: all figures are of the ${step - 1} steps before`,
    );
    const page = readFileSync(join(folder, 'out/flow.html'), 'utf8');
    expect(page).toMatch(said);
    expect(page).not.toMatch(/NaN|Infinity/);
    for (const name of PICTURES.filter(name => name !== 'paths')) {
      expect(readFileSync(join(folder, `out/${name}.svg`), 'utf8'), name).not.toMatch(/NaN|Infinity/);
    }
    const { status, stdout } = await inTurn(folder, 'flow', ...growing, '--length', '80', '--adjoint', '--quiet');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Of 80 steps, .*: all figures are of the \d+ steps before\.$/m);
    expect(stdout).not.toContain('NaN');
  });

  test('in a comparison are left out, and said to be', async () => {
    const folder = freshFolder();
    const args = ['--compare', 'rnn-relu,rnn', ...growing.slice(2), '--length', '80', '--seeds', '2', '-o', 'out'];
    const { status, stdout } = await inTurn(folder, 'flow', ...args, '--quiet');
    expect(status).toBe(0);
    expect(stdout).toContain('rnn-relu: 2 of 2 seeds overflow, and are left out.\n');
    expect(readFileSync(join(folder, 'out/compare.svg'), 'utf8')).not.toMatch(/NaN|Infinity/);
  });
});
