/** A disk that is full, a folder that may not be written, a folder that is another's: the good files stay as they are. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeCheckpoint } from '../../lib/io/checkpoint.ts';
import { readBytes } from '../../lib/io/node/files.ts';
import { MAIN } from '../build.ts';
import { ended, PLAIN } from '../ended.ts';
import { bptt, freshFolder, inTurn, linesOf, snapshot, start } from './command.ts';

const TEXT = 'the quick brown fox jumps over the lazy dog\n'.repeat(20);
const RUN = ['train', 'letters.txt', '--hidden', '4', '--chunk', '5', '--save-every', '20', '--log-every', '1'];
const SHORT = ['--steps', '400', '--sample-every', '0', '--sample-length', '10'];

let folder = '';

beforeAll(() => {
  folder = freshFolder();
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, 'letters.txt'), TEXT);
});

const stepOf = (run: string) => decodeCheckpoint(readBytes(join(folder, run, 'checkpoint.safetensors'))).position.step;

test('where a file can grow no more, training stops, and goes on from the last checkpoint when it can', async () => {
  // A limit of 12 blocks of 1 KiB: enough for a checkpoint, not for the log of 400 steps.
  const command = ['-c', 'ulimit -f 12; exec "$@"', 'bash', process.execPath, MAIN, ...RUN, ...SHORT, '--out', 'full'];
  const { status, stderr } = ended('bash', [...command, '--quiet'], { cwd: folder, env: PLAIN });
  const log = join('full', 'loss.csv');
  expect(stderr).toBe(`bptt: ${log}: expected a file that can be written, got a limit on the size of files\n`);
  expect(status).toBe(2);
  const step = stepOf('full');
  expect(step).toBeGreaterThan(0);
  expect(step).toBeLessThan(400);
  expect(Object.keys(snapshot(join(folder, 'full')))).toEqual([
    'best.safetensors',
    'checkpoint.safetensors',
    'loss.csv',
    'text.json',
  ]);
  expect(linesOf(readFileSync(join(folder, log), 'utf8'))).toHaveLength(1 + step);

  expect(await inTurn(folder, 'train', '--resume', 'full', '--quiet')).toMatchObject({ status: 0, stderr: '' });
  expect(await inTurn(folder, ...RUN, ...SHORT, '--out', 'whole', '--quiet')).toMatchObject({ status: 0 });
  expect(snapshot(join(folder, 'full'))).toEqual(snapshot(join(folder, 'whole')));
});

test('a folder that may not be written is refused before anything is trained', async () => {
  const few = ['--steps', '20', '--sample-length', '5'];
  expect(await inTurn(folder, ...RUN, ...few, '--out', 'locked/run', '--quiet')).toMatchObject({ status: 0 });
  const before = snapshot(join(folder, 'locked'));
  for (const [path, what] of Object.entries(snapshot(folder))) // for all to be read, whatever the umask
    chmodSync(join(folder, path), what === 'a folder' ? 0o755 : 0o644);
  for (const path of ['locked/run', 'locked']) chmodSync(join(folder, path), 0o555);
  // The tests may run as root, whom no permission stops.
  const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const says = (...args: readonly string[]) => {
    const { status, stderr } = ended(process.execPath, [MAIN, ...args], { cwd: folder, ...user });
    return { status, stderr };
  };
  const resumed = says('train', '--resume', 'locked/run', '--steps', '40');
  const fresh = says(...RUN, '--steps', '20', '--out', 'locked/new');
  for (const path of ['locked/run', 'locked']) chmodSync(join(folder, path), 0o755);
  const lock = join('locked', 'run', 'training.lock');
  expect(resumed).toEqual({
    status: 2,
    stderr: `bptt: ${lock}: expected a file that can be written, got permission denied\n`,
  });
  expect(fresh).toEqual({
    status: 2,
    stderr: 'bptt: locked/new: expected a folder that can be made, got permission denied\n',
  });
  expect(snapshot(join(folder, 'locked'))).toEqual(before);
});

describe('while a process trains in a folder', () => {
  test('another is refused; when the first is killed, the next goes on', async () => {
    const running = await start(folder, ...RUN, '--steps', '1000000', '--out', 'busy');
    await running.until(() => existsSync(join(folder, 'busy/best.safetensors')));
    const lock = join('busy', 'training.lock');
    const refusal = `bptt: ${lock}: expected a folder that no other process trains in, got process ${running.pid}\n`;
    expect(await bptt(folder, 'train', '--resume', 'busy')).toMatchObject({ status: 2, stdout: '', stderr: refusal });
    const anew = await bptt(folder, ...RUN, ...SHORT, '--out', 'busy');
    expect(anew).toMatchObject({ status: 2, stderr: expect.stringMatching(/^bptt: --out: expected a folder without/) });
    running.kill('SIGKILL');
    expect(await running.ended).toMatchObject({ signal: 'SIGKILL' });

    const step = stepOf('busy');
    expect(step).toBeGreaterThan(0);
    expect(existsSync(join(folder, lock))).toBe(true);
    const last = await inTurn(folder, 'train', '--resume', 'busy', '--steps', `${step + 20}`, '--quiet');
    expect(last).toMatchObject({ status: 0, stderr: '' });
    expect(stepOf('busy')).toBe(step + 20);
    expect(existsSync(join(folder, lock))).toBe(false);
  });

  test('in a folder without a checkpoint yet, too', async () => {
    mkdirSync(join(folder, 'taken'));
    const holder = { pid: process.pid, host: 'elsewhere', began: null };
    writeFileSync(join(folder, 'taken/training.lock'), JSON.stringify(holder));
    const outcome = await inTurn(folder, ...RUN, ...SHORT, '--out', 'taken');
    expect(outcome).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/process \d+ of elsewhere, or it was killed/),
    });
    expect(Object.keys(snapshot(join(folder, 'taken')))).toEqual(['training.lock']);
  });
});
