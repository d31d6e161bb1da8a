/**
 * What `bptt export --to torch --training` writes trains on under torchrun, in two processes over gloo, along the losses of `bptt
 * train`. PyTorch is of the Python that BPTT_PYTHON names, or of python3: without it nothing is run.
 */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../examples.ts';

const run = promisify(execFile);
const python = process.env.BPTT_PYTHON ?? 'python3';
const found = spawnSync(python, ['-c', 'import numpy, safetensors, torch; print(torch.__version__)'], {
  encoding: 'utf8',
});
const version = found.status === 0 ? found.stdout.trim() : undefined;
if (version === undefined) {
  const say = 'to try the training in PyTorch: pip install torch numpy safetensors, and BPTT_PYTHON names that Python';
  process.stdout.write(`${python} has no PyTorch; ${say}\n`);
}

const [BEFORE, STEPS] = [30, 20];
const TOLERANCE = 1e-10;

/** Each a way to train: together every cell that PyTorch has, every optimiser, clip and schedule, and streams to be shared. */
const RUNS: Readonly<Record<string, string>> = {
  lstm: '--layers 2 --embedding 5 --batch 3 --optimiser adam --learning-rate 0.02 --schedule cosine --warm-up 35 --clip-norm 0.3 --clip-value none',
  gru: '--layers 2 --batch 4 --optimiser rmsprop --learning-rate 0.01 --clip-norm 0.2 --clip-value 0.05',
  rnn: '--batch 2 --optimiser adagrad --learning-rate 0.05 --clip-value 0.1 --held-out 0',
  'rnn-relu': '--level byte --batch 5 --optimiser sgd --learning-rate 0.02 --schedule cosine --clip-value 0.5',
};

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bptt-torch-'));
  const text = readFileSync(join(ROOT, 'LICENSE'), 'utf8');
  writeFileSync(join(folder, 'text.txt'), `${text}‘é’ 𝒳\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bptt = (...args: readonly string[]) =>
  run('node', ['--import', 'tsx', 'lib/cli/main.ts', ...args], { cwd: ROOT });

/** Trains a run, exports it as it stood after its first steps, and gives the losses of the further ones. */
async function lossesHere(cell: string): Promise<number[]> {
  const [text, out] = [join(folder, 'text.txt'), join(folder, cell)];
  const all = [
    '--cell',
    cell,
    '--hidden',
    '12',
    '--chunk',
    '20',
    '--init-std',
    '0.3',
    ...(RUNS[cell] ?? '').split(' '),
  ];
  const every = ['--log-every', '1', '--sample-every', '0', '--save-every', `${BEFORE}`, '--keep', '9'];
  await bptt('train', text, '-o', out, ...all, ...every, '--steps', `${BEFORE + STEPS}`);
  const checkpoint = join(out, `checkpoint-${`${BEFORE}`.padStart(9, '0')}.safetensors`);
  await bptt('export', checkpoint, '--to', 'torch', '--training', '-o', `${out}.safetensors`);
  return lossesOf(readFileSync(join(out, 'loss.csv'), 'utf8')).slice(BEFORE);
}

/** The script's, in so many processes. */
async function lossesThere(script: string, processes: number): Promise<number[]> {
  const how = ['--standalone', '--nproc-per-node', `${processes}`];
  const { stdout } = await run(python, ['-m', 'torch.distributed.run', ...how, script, '--steps', `${STEPS}`]);
  return lossesOf(`step,loss\n${stdout}`);
}

function lossesOf(rows: string): number[] {
  return rows
    .trim()
    .split('\n')
    .slice(1)
    .map(row => Number(row.split(',')[1]));
}

function apart(ours: readonly number[], theirs: readonly number[]): number {
  expect([ours.length, theirs.length]).toEqual([STEPS, STEPS]);
  return ours.reduce((most, loss, n) => Math.max(most, Math.abs(loss - (theirs[n] ?? Number.NaN))), 0);
}

describe.skipIf(version === undefined)(`PyTorch ${version}`, () => {
  test.each(Object.entries(RUNS))('%s, %s', async cell => {
    const ours = await lossesHere(cell);
    const worst = apart(ours, await lossesThere(`${join(folder, cell)}.py`, 2));
    process.stdout.write(`| ${cell} | ${worst.toExponential(1)} |\n`);
    expect(worst).toBeLessThan(TOLERANCE);
    await bptt('import', `${join(folder, cell)}.trained.safetensors`, '-o', join(folder, `${cell}.checkpoint`));
    rmSync(join(folder, cell), { recursive: true });
  });

  test.each([
    ['a second bias that is trained', 'bias.requires_grad_(False)', 'pass'],
    ['a memory that is lost', 'memory[f"{key}.{name}"]', 'torch.zeros_like(p)'],
  ])('sees %s', async (_, from, to) => {
    const ours = await lossesHere('rnn');
    const script = `${join(folder, 'rnn')}.py`;
    const text = readFileSync(script, 'utf8');
    expect(text).toContain(from);
    writeFileSync(script, text.replace(from, to));
    expect(apart(ours, await lossesThere(script, 2))).toBeGreaterThan(1e-6);
    rmSync(join(folder, 'rnn'), { recursive: true });
  });
});
