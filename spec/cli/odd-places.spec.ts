/**
 * Paths that lead nowhere, files that are none, folders where files should be, and runs whose files are not each other's:
 * one line that says so, exit code 2, and what was there stays.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { readSealed, writeSealed } from '../../lib/io/sealed.ts';
import { MAIN } from '../build.ts';
import { ended, PLAIN } from '../ended.ts';
import { freshFolder, inTurn, linesOf, snapshot } from './command.ts';

const TEXT = 'the quick brown fox jumps over the lazy dog\n'.repeat(60);
const FEW = ['--hidden', '4', '--chunk', '10', '--sample-length', '5', '--sample-every', '0', '--quiet'];
const train = (...args: readonly string[]) => ['train', 'letters.txt', ...FEW, '--steps', '30', ...args];
const resume = (run: string) => ['train', '--resume', run, '--steps', '60', '--quiet'];
const onLinux = process.platform === 'linux';

let folder = '';
const path = (...names: readonly string[]) => join(folder, ...names);

beforeAll(async () => {
  folder = freshFolder();
  writeFileSync(path('letters.txt'), TEXT);
  mkdirSync(path('folder'));
  symlinkSync('circle', path('circle'));
  for (const [name, seed] of [
    ['run', '1'],
    ['another', '2'],
  ] as const) {
    expect(await inTurn(folder, ...train('--out', name, '--seed', seed))).toMatchObject({ status: 0, stderr: '' });
  }
});

/** Runs a command that must fail, and returns the line that it says. */
async function refused(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await inTurn(folder, ...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(linesOf(stderr)).toHaveLength(1);
  return stderr.trimEnd();
}

describe('a path that leads nowhere', () => {
  const places: readonly (readonly [string, string])[] = [
    ['below a file', 'letters.txt/below'],
    ['a link to itself', 'circle'],
    ['below that', 'circle/below'],
    ['a name that is too long', 'n'.repeat(300)],
    ...(onLinux ? [['where nothing can be made', '/proc/none/below'] as const] : []),
  ];
  test.each(places)('%s', async (_, place) => {
    const before = snapshot(path('folder'));
    for (const args of [
      train('--out', place),
      ['train', place],
      ['train', '--resume', place],
      ['sample', place],
      ['export', place, '--to', 'torch', '-o', 'x'],
      ['export', 'run', '--to', 'torch', '-o', join(place, 'x')],
      ['import', place, '-o', 'x'],
      ['cells', 'run', place],
      ['cells', 'run', 'letters.txt', '--quiet', '-o', place],
      ['check', `${place}.mjs`],
    ]) {
      expect(await refused(...args)).toMatch(/^bptt: .*: expected (a|to) .*, got .+/);
    }
    expect(snapshot(path('folder'))).toEqual(before);
  });

  test.runIf(onLinux)('a working folder that was deleted', () => {
    const gone = path('gone');
    mkdirSync(gone);
    const script = `cd ${JSON.stringify(gone)} && rmdir ${JSON.stringify(gone)} && exec "$@"`;
    for (const args of [
      ['train', path('letters.txt'), '--out', 'a/b'],
      ['train', 'letters.txt'],
    ]) {
      const command = ['-c', script, 'bash', process.execPath, MAIN, ...args];
      mkdirSync(gone, { recursive: true });
      const { status, stderr } = ended('bash', command, { env: PLAIN });
      expect(linesOf(stderr)).toEqual([expect.stringMatching(/^bptt: .* got (no such f|one that was deleted)/)]);
      expect(status).toBe(2);
    }
  });
});

describe('a run', () => {
  test('keeps what a user called as a checkpoint, and stops where it is in the way', async () => {
    const keeping = (name: string) => train('--out', name, '--save-every', '10', '--keep', '1');
    mkdirSync(path('kept', 'checkpoint-000000007.safetensors'), { recursive: true });
    expect(await inTurn(folder, ...keeping('kept'))).toMatchObject({ status: 0, stderr: '' });
    expect(existsSync(path('kept', 'checkpoint-000000007.safetensors'))).toBe(true);
    mkdirSync(path('stopped', 'checkpoint-000000020.safetensors'), { recursive: true });
    expect(await refused(...keeping('stopped'))).toMatch(/checkpoint-000000020\.safetensors: .* got a folder$/);
    expect(existsSync(path('stopped', 'training.lock'))).toBe(false);
  });

  test('of which a file is a pipe is not waited for', async () => {
    for (const name of ['checkpoint.safetensors', 'loss.csv', 'training.lock']) {
      cpSync(path('run'), path('piped'), { recursive: true });
      rmSync(path('piped', name), { force: true });
      execFileSync('mkfifo', [path('piped', name)]);
      expect(await refused(...resume('piped'))).toMatch(/piped.*: expected a .*, got a /);
      rmSync(path('piped'), { recursive: true });
    }
  });

  test.runIf(onLinux)('of a text from a pipe trains; to go on, the text is named', async () => {
    const args = ['train', '/dev/stdin', ...FEW, '--steps', '30', '--out', 'from-pipe'];
    const piped = ['-c', 'cat letters.txt | "$@"', 'bash', process.execPath, MAIN];
    const where = { cwd: folder, env: PLAIN };
    expect(ended('bash', [...piped, ...args], where)).toMatchObject({ status: 0 });
    const { status, stderr } = ended('bash', [...piped, ...resume('from-pipe')], where);
    expect(stderr).toBe(
      'bptt: /dev/stdin: expected a regular file, or else the text named on the command line, got a pipe\n',
    );
    expect(status).toBe(2);
    const [command = '', ...rest] = resume('from-pipe');
    expect(await inTurn(folder, command, 'letters.txt', ...rest)).toMatchObject({ status: 0, stderr: '' });
  });

  test.runIf(onLinux)('of a checkpoint that names a device as its text is refused', async () => {
    const { tensors, metadata } = readSealed(readFileSync(path('run/checkpoint.safetensors')));
    const note = { ...(JSON.parse(metadata.get('note') ?? '') as object), source: { kind: 'file', name: '/dev/zero' } };
    mkdirSync(path('endless'));
    const bytes = writeSealed(tensors, { ...Object.fromEntries(metadata), note: JSON.stringify(note) });
    writeFileSync(path('endless/checkpoint.safetensors'), bytes);
    copyFileSync(path('run/loss.csv'), path('endless/loss.csv'));
    for (const args of [resume('endless'), ['flow', 'endless']]) {
      expect(await refused(...args)).toMatch(/^bptt: \/dev\/zero: expected a regular file.*, got a device$/);
    }
  });

  test('keeps the mode that its files were given, and a user’s files beside them', async () => {
    cpSync(path('run'), path('private'), { recursive: true });
    for (const name of ['checkpoint.safetensors', 'loss.csv']) chmodSync(path('private', name), 0o600);
    const others = ['.notes.123.tmp', '.loss.csv.123.tmp'];
    for (const name of others) writeFileSync(path('private', name), 'mine');
    const left = path('private', '.loss.csv.bptt-0123456789abcdef.tmp');
    writeFileSync(left, 'half');
    expect(await inTurn(folder, ...resume('private'))).toMatchObject({ status: 0, stderr: '' });
    for (const name of ['checkpoint.safetensors', 'loss.csv'])
      expect(statSync(path('private', name)).mode & 0o777).toBe(0o600);
    for (const name of others) expect(readFileSync(path('private', name), 'utf8')).toBe('mine');
    expect(existsSync(left)).toBe(false);
  });
});

describe('a run goes on with its own log alone', () => {
  const log = () => readFileSync(path('run/loss.csv'), 'utf8');
  const edited = (text: string, edit: (loss: string) => string) =>
    text.replace(/\n20,([^,]+),/, (_, loss: string) => `\n20,${edit(loss)},`);

  test.each<readonly [string, () => string]>([
    ['a number is cut', () => edited(log(), loss => loss.slice(0, 6))],
    ['the last number is cut', () => `${log().trimEnd().slice(0, -9).replace(/0+$/, '')}\n`],
    ['a loss is another', () => edited(log(), loss => `${Number(loss) / 2}`)],
    ['all are those of another run', () => readFileSync(path('another/loss.csv'), 'utf8')],
  ])('not where %s', async (_, text) => {
    cpSync(path('run'), path('altered'), { recursive: true });
    expect(text()).not.toBe(log());
    writeFileSync(path('altered/loss.csv'), text());
    const before = snapshot(path('altered'));
    const file = join('altered', 'loss.csv');
    expect(await refused(...resume('altered'))).toBe(
      `bptt: ${file}: expected the log as it was beside this checkpoint, got an altered one, or that of another run`,
    );
    expect(snapshot(path('altered'))).toEqual(before);
    rmSync(path('altered'), { recursive: true });
  });

  test('with rows that were written after the checkpoint, which are made again', async () => {
    cpSync(path('run'), path('longer'), { recursive: true });
    writeFileSync(path('longer/loss.csv'), `${log()}40,1,1\n`);
    for (const name of ['run', 'longer'])
      expect(await inTurn(folder, ...resume(name))).toMatchObject({ status: 0, stderr: '' });
    expect(snapshot(path('longer'))).toEqual(snapshot(path('run')));
  });

  test('with any, where its checkpoint was written before logs had seals', async () => {
    cpSync(path('another'), path('old'), { recursive: true });
    const file = path('old/checkpoint.safetensors');
    const { tensors, metadata } = readSealed(readFileSync(file));
    const { log: seal, ...note } = JSON.parse(metadata.get('note') ?? '') as Record<string, unknown>;
    expect(seal).toMatch(/^[0-9a-f]{64}$/);
    writeFileSync(file, writeSealed(tensors, { ...Object.fromEntries(metadata), note: JSON.stringify(note) }));
    for (const name of ['old', 'another'])
      expect(await inTurn(folder, ...resume(name))).toMatchObject({ status: 0, stderr: '' });
    expect(snapshot(path('old'))).toEqual(snapshot(path('another')));
  });
});
