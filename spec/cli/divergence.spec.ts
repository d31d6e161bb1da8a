/** Training that diverges: what the command says, what it keeps, and what it does about it when asked to. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeCheckpoint } from '../../lib/io/checkpoint.ts';
import { readBytes } from '../../lib/io/node/files.ts';
import { freshFolder, inTurn, linesOf, snapshot } from './command.ts';

const RELU = [
  'train',
  'letters.txt',
  '--cell',
  'rnn-relu',
  '--hidden',
  '8',
  '--sample-length',
  '5',
  '--log-every',
  '1',
];
/** Steps so long that the second loss overflows, and go on doing so until the rate has been halved five times. */
const EXPLODES = [...RELU, '--chunk', '10', '--optimiser', 'sgd', '--learning-rate', '1e6', '--clip-value', 'none'];
/** The gradient of the third chunk alone is too large. */
const ONCE = [...RELU, '--chunk', '60', '--optimiser', 'adam', '--learning-rate', '16', '--steps', '6'];

interface Result {
  readonly ok: boolean;
  readonly skipped: number;
  readonly rollbacks: number;
  readonly error: { readonly name: string; readonly argument: string; readonly message: string };
}

let folder = '';

beforeAll(() => {
  folder = freshFolder();
  writeFileSync(join(folder, 'letters.txt'), 'the quick brown fox jumps over the lazy dog\n'.repeat(40));
});

/** Runs `bptt ARGS --json`: its exit code and what it prints. */
async function json(...args: readonly string[]): Promise<{ status: number | null; result: Result }> {
  const { status, stdout } = await inTurn(folder, ...args, '--json');
  expect(linesOf(stdout)).toHaveLength(1);
  return { status, result: JSON.parse(stdout) as Result };
}

const positionIn = (run: string) => decodeCheckpoint(readBytes(join(folder, run, 'checkpoint.safetensors'))).position;
const logOf = (run: string) => linesOf(readFileSync(join(folder, run, 'loss.csv'), 'utf8')).slice(1);

describe('unless told otherwise', () => {
  test('it stops: the step, the tensor, the norms before, what to do, and the checkpoint as it was', async () => {
    const { status, result } = await json(...EXPLODES, '--save-every', '1', '--out', 'stop');
    expect(status).toBe(2);
    expect(result.error).toMatchObject({ name: 'DivergenceError', argument: 'training at step 3' });
    expect(result.error.message).toMatch(
      /^training at step 3: expected finite numbers \(a smaller learning rate or clipping may help\), got -?(Infinity|NaN) in logits\[\d+\]; norms of the gradient in the steps before: 2\.9, \S+e\+22; /,
    );
    expect(result.error.message).toContain('--clip-norm 5 or a smaller --learning-rate');
    expect(result.error.message).toContain('bptt train --resume stop --on-divergence rollback');
    expect(positionIn('stop').step).toBe(2);
  });

  test('and the advice can be taken', async () => {
    const { status, result } = await json('train', '--resume', 'stop', '--on-divergence', 'rollback', '--steps', '9');
    expect(status).toBe(2); // what was saved last is beyond help: the message says so, and it stays
    expect(result.error.message).toMatch(/; went back 10 times, and stop\/checkpoint\.safetensors is as it was$/);
    expect(positionIn('stop')).toMatchObject({ step: 2, learningRate: 1e6 / 2 ** 10 });
    const clipped = await json(
      ...EXPLODES,
      '--clip-norm',
      '5',
      '--learning-rate',
      '0.1',
      '--steps',
      '9',
      '--out',
      'clip',
    );
    expect(clipped.result.ok).toBe(true);
  });
});

describe('--on-divergence skip', () => {
  test('leaves the chunk out, and says how many', async () => {
    const { status, result } = await json(...ONCE, '--on-divergence', 'skip', '--out', 'skip');
    expect({ status, ...result }).toMatchObject({ status: 0, ok: true, skipped: 1, rollbacks: 0 });
    expect(logOf('skip').map(row => row.split(',')[1])).toEqual([
      ...[expect.stringMatching(/^\d/), expect.stringMatching(/^\d/), 'NaN'],
      ...[expect.stringMatching(/^\d/), expect.stringMatching(/^\d/), expect.stringMatching(/^\d/)],
    ]);
    const plain = await inTurn(folder, 'train', '--resume', 'skip', '--steps', '7');
    expect(plain.stdout).toMatch(/^skipped +1 chunks whose gradient was not finite$/m);
  });

  test('as JSON lines, the loss that was not learnt from is null', async () => {
    await json(...ONCE, '--on-divergence', 'skip', '--out', 'lines', '--log-format', 'jsonl');
    const rows = linesOf(readFileSync(join(folder, 'lines/loss.jsonl'), 'utf8'));
    const losses = rows.map(row => (JSON.parse(row) as { loss: number | null }).loss);
    expect(losses.map(loss => loss === null)).toEqual([false, false, true, false, false, false]);
    const { result } = await json('train', '--resume', 'lines', '--steps', '8');
    expect(result).toMatchObject({ ok: true, skipped: 1 });
  });

  test('gives up after ten in a row', async () => {
    const { status, result } = await json(...EXPLODES, '--on-divergence', 'skip', '--out', 'skip-all');
    expect(status).toBe(2);
    expect(result.error.argument).toBe('training at step 13');
    expect(result.error.message).toMatch(/10 chunks in a row were skipped; skip-all\/checkpoint\.safetensors is as it/);
    expect(positionIn('skip-all').step).toBe(0);
  });
});

describe('a run in which every chunk was skipped', () => {
  test('has learnt nothing, and says so: when it ends, and when it is resumed', async () => {
    const all = [...RELU, '--chunk', '10', '--init-std', '1e200', '--on-divergence', 'skip'];
    for (const args of [
      [...all, '--steps', '3', '--out', 'nothing'],
      ['train', '--resume', 'nothing'],
    ]) {
      const { status, result } = await json(...args);
      expect(status).toBe(2);
      expect(result).toMatchObject({ ok: false, error: { name: 'DivergenceError', argument: 'training at step 3' } });
      expect(result.error.message).toMatch(/got 3 chunks, all of which were skipped; /);
      expect(positionIn('nothing').step).toBe(3);
      expect(logOf('nothing')).toHaveLength(3);
    }
  });
});

describe('--on-divergence rollback', () => {
  const BACK = [...EXPLODES, '--on-divergence', 'rollback', '--save-every', '20'];

  test('goes on from the last checkpoint with half the learning rate, as often as it takes', async () => {
    const { status, result } = await json(...BACK, '--steps', '60', '--out', 'back');
    expect({ status, ...result }).toMatchObject({ status: 0, ok: true, skipped: 0 });
    expect(result.rollbacks).toBeGreaterThan(1);
    expect(positionIn('back')).toMatchObject({ step: 60, learningRate: 1e6 / 2 ** result.rollbacks });
    expect(logOf('back')).toHaveLength(60);
  });

  test('ends alike when it is stopped and resumed on its way', async () => {
    // It diverges at step 3: having stopped at 2, it goes back to 0 all the same.
    for (const steps of ['2', '33', '60']) {
      const args = steps === '2' ? [...BACK, '--out', 'parts'] : ['train', '--resume', 'parts'];
      expect((await json(...args, '--steps', steps)).result.ok).toBe(true);
    }
    const [whole, parts] = ['back', 'parts'].map(run => snapshot(join(folder, run)));
    for (const file of ['checkpoint.safetensors', 'loss.csv', 'loss.svg'])
      expect(parts?.[file] === whole?.[file], file).toBe(true);
  });
});

test('numbers that are no longer finite after the last step are not saved', async () => {
  const last = [...RELU, '--chunk', '10', '--optimiser', 'sgd', '--learning-rate', '1e308', '--clip-value', '5'];
  const { status, result } = await json(...last, '--init-std', '1', '--steps', '1', '--out', 'last');
  expect(status).toBe(2);
  expect(result.error).toMatchObject({ name: 'DivergenceError', argument: 'training at step 1' });
  expect(result.error.message).toMatch(/got -?Infinity in (cell|readout)\.\w; norms of the gradient .*: \d/);
  expect(positionIn('last').step).toBe(0);
});
