/** What a checkpoint says of the text that it was trained on, and how a run finds its text again. */
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, sep } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { decodeCheckpoint, encodeCheckpoint } from '../../lib/io/checkpoint.ts';
import { readBytes } from '../../lib/io/node/files.ts';
import { resumeTrainer } from '../../lib/io/resume-trainer.ts';
import { freshFolder, inTurn, snapshot } from './command.ts';

const TEXT = 'the quick brown fox jumps over the lazy dog\n'.repeat(5);
const FEW = ['--hidden', '3', '--chunk', '5', '--log-every', '1', '--sample-length', '5', '--json'];

let folder = '';
const at = (...path: readonly string[]) => join(folder, ...path);

beforeEach(async () => {
  folder = freshFolder();
  mkdirSync(at('texts'));
  writeFileSync(at('texts/letters.txt'), TEXT);
  await bptt('train', 'texts/letters.txt', ...FEW, '--steps', '4', '--out', 'runs/run');
});

async function bptt(...args: readonly string[]): Promise<{ status: number | null; stderr: string }> {
  const { status, stderr } = await inTurn(folder, ...args);
  return { status, stderr };
}

const resume = (run: string, steps: number, ...text: readonly string[]) =>
  bptt('train', ...text, '--resume', run, '--steps', `${steps}`, '--json');
const fine = { status: 0, stderr: '' };

describe('a checkpoint', () => {
  test('holds the name of its text, its hash, and none of the folders that it is in', () => {
    const bytes = readFileSync(at('runs/run/checkpoint.safetensors'), 'latin1');
    expect(decodeCheckpoint(readBytes(at('runs/run/checkpoint.safetensors'))).note).toMatchObject({
      source: { kind: 'file', name: 'letters.txt' },
    });
    for (const part of [...folder.split(sep), 'texts'].filter(part => part.length > 3))
      expect(bytes).not.toContain(part);
  });

  test('is the same wherever it was made', async () => {
    const before = snapshot(at('runs/run'));
    const other = freshFolder();
    cpSync(at('texts/letters.txt'), join(other, 'letters.txt'));
    const made = await inTurn(other, 'train', 'letters.txt', ...FEW, '--steps', '4', '--out', 'deep/down/run');
    expect(made).toMatchObject(fine);
    const { 'text.json': here, ...files } = before;
    const { 'text.json': there, ...others } = snapshot(join(other, 'deep/down/run'));
    expect(others).toEqual(files);
    expect(here === there).toBe(false);
  });
});

describe('the text of a run is found', () => {
  test('from any folder', async () => {
    const elsewhere = freshFolder();
    const run = at('runs/run');
    expect(await inTurn(elsewhere, 'train', '--resume', run, '--steps', '6', '--json')).toMatchObject(fine);
  });

  test('where run and text have gone together', async () => {
    const other = freshFolder();
    for (const name of ['runs', 'texts']) renameSync(at(name), join(other, name));
    folder = other;
    expect(await resume('runs/run', 6)).toEqual(fine);
  });

  test.each([
    ['beside the checkpoint', 'runs/run/letters.txt'],
    ['in the working folder', 'letters.txt'],
  ])('%s', async (_, place) => {
    renameSync(at('texts/letters.txt'), at(place));
    expect(await resume('runs/run', 6)).toEqual(fine);
    rmSync(at('runs/run/text.json'));
    expect(await resume('runs/run', 8)).toEqual(fine);
  });

  test('by flow too', async () => {
    expect(await bptt('flow', 'runs/run', '--length', '10', '--json')).toEqual(fine);
    rmSync(at('runs/run/text.json'));
    const { status, stderr } = await bptt('flow', 'runs/run', '--length', '10');
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /^bptt: letters\.txt: expected the text that runs.run.checkpoint\.safetensors was trained on/,
    );
  });

  test('where it was named last', async () => {
    renameSync(at('texts/letters.txt'), at('texts/renamed.txt'));
    expect(await resume('runs/run', 6, 'texts/renamed.txt')).toEqual(fine);
    expect(await resume('runs/run', 8)).toEqual(fine);
    const { note } = decodeCheckpoint(readBytes(at('runs/run/checkpoint.safetensors')));
    expect(note).toMatchObject({ source: { name: 'renamed.txt' } });
  });

  test('where a checkpoint of old has its whole path, which it then loses', async () => {
    const file = at('runs/run/checkpoint.safetensors');
    const checkpoint = decodeCheckpoint(readBytes(file));
    const source = { kind: 'file', name: at('texts/letters.txt') };
    writeFileSync(file, encodeCheckpoint(resumeTrainer(checkpoint, TEXT), { ...(checkpoint.note as object), source }));
    rmSync(at('runs/run/text.json'));
    expect(await resume('runs/run', 6)).toEqual(fine);
    expect(readFileSync(file, 'latin1')).not.toContain(basename(folder));
    expect(await resume('runs/run', 8)).toEqual(fine);
  });
});

describe('otherwise it is asked for, and nothing changes:', () => {
  test.each([
    [
      'no such file',
      () => {},
      /^bptt: letters\.txt: expected the text that .* or else the text named on the command line, got no such file$/,
    ],
    [
      'another text',
      () => writeFileSync(at('letters.txt'), 'another'),
      /^bptt: text: expected the text that .* another one/,
    ],
    [
      'a folder of that name',
      () => mkdirSync(at('letters.txt')),
      /letters\.txt: expected a regular file, or .*, got a folder$/,
    ],
    ['a note that is none', () => writeFileSync(at('runs/run/text.json'), '{'), /got no such file$/],
    ['a note of something else', () => writeFileSync(at('runs/run/text.json'), '{"path":5}'), /got no such file$/],
    [
      'a note of a device',
      () => writeFileSync(at('runs/run/text.json'), '{"path":"/dev/zero"}'),
      /^bptt: \/dev\/zero: .* got a device$/,
    ],
    [
      'a text that is not UTF-8',
      () => writeFileSync(at('letters.txt'), '\xff', 'latin1'),
      /another one in letters\.txt$/,
    ],
  ])('%s', async (_, change, message) => {
    rmSync(at('texts/letters.txt'));
    change();
    const before = snapshot(at('runs'));
    const { status, stderr } = await resume('runs/run', 6);
    expect(stderr.trimEnd()).toMatch(message);
    expect(status).toBe(2);
    expect(snapshot(at('runs'))).toEqual(before);
  });
});

test('a run that memory does not hold is refused before anything is made, and says how much it takes', async () => {
  writeFileSync(at('long.txt'), 'abcdefghij'.repeat(150_000));
  const large = ['--cell', 'lstm', '--hidden', '128', '--chunk', '1000000', '--out', 'large'];
  const before = snapshot(folder);
  const { status, stderr } = await bptt('train', 'long.txt', ...large);
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: expect.stringMatching(
      /^bptt: chunk: expected one whose steps, .* bytes .*, got one that needs at least \d+ bytes\n$/,
    ),
  });
  expect(snapshot(folder)).toEqual(before);
});
