/** `bptt cells`: what it prints and writes, for whom, and what it says of a mistake. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Interpretable, interpretable } from '../../lib/flow/interpretable.ts';
import { decodeCheckpoint } from '../../lib/io/checkpoint.ts';
import { readBytes } from '../../lib/io/node/files.ts';
import { freshFolder, inTurn, linesOf, type Outcome, signalled } from './command.ts';

const SENTENCES = ['“Go (now),” he said to Ann.', 'She went.', '“I shall,” she said, “if I may.”', 'It rained.\n\n'];
const TEXT = Array.from(
  { length: 300 },
  (_, n) => `${SENTENCES[(n * n + (n >> 3)) % 4]}${n % 5 === 0 ? '\n' : ' '}`,
).join('');

let folder = '';

/** Runs `bptt cells run ARGS`. */
const cells = (...args: readonly string[]): Promise<Outcome> => inTurn(folder, 'cells', 'run', ...args);

/** What the library finds in letters.txt with the model of the run. */
function found(from: number, cut: number, to: number): Interpretable {
  const { model } = decodeCheckpoint(readBytes(join(folder, 'run', 'checkpoint.safetensors')));
  const steps = interpretable(model, TEXT, { from, cut, to });
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

beforeAll(async () => {
  folder = freshFolder();
  writeFileSync(join(folder, 'letters.txt'), TEXT);
  writeFileSync(join(folder, 'half.txt'), TEXT.slice(0, 2000));
  writeFileSync(join(folder, 'long.txt'), TEXT.repeat(60));
  writeFileSync(join(folder, 'short.txt'), TEXT.slice(0, 300));
  writeFileSync(join(folder, 'greek.txt'), `${TEXT}Ω`);
  const sizes = ['--cell', 'lstm', '--hidden', '6', '--chunk', '20', '--steps', '150', '--init-std', '0.3'];
  const { status, stderr } = await inTurn(folder, 'train', 'letters.txt', ...sizes, '--out', 'run', '--quiet');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

describe.concurrent('bptt cells', () => {
  test('--json says of the text that was trained on what the library finds, held out what was held out', async () => {
    const { status, stdout, stderr } = await cells('letters.txt', '--symbols', '3000', '--json', '--unit', '3');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(linesOf(stdout)).toHaveLength(1);
    const n = [...TEXT].length;
    const cut = n - Math.floor(n / 10);
    const { tracked } = found(Math.max(0, cut - 3000), cut, n);
    expect(tracked.map(({ name }) => name)).toContain('inside quotation');
    expect(JSON.parse(stdout)).toEqual({
      ok: true,
      checkpoint: join('run', 'checkpoint.safetensors'),
      cell: 'lstm',
      text: 'letters.txt',
      trained: true,
      layer: 1,
      state: 'c',
      units: 6,
      choice: { from: Math.max(0, cut - 3000), to: cut },
      heldOut: { from: cut, to: n },
      signals: tracked.map(({ name, unit, choice, heldOut, ranked, chance, symbolAlone, mean }) => ({
        name,
        mean,
        unit,
        choice: choice[unit],
        heldOut: heldOut[unit],
        chance,
        symbolAlone,
        next: ranked.slice(1, 5).map(j => ({ unit: j, choice: choice[j], heldOut: heldOut[j] })),
      })),
      absent: [],
      shown: {
        unit: 3,
        signals: tracked.map(({ name, choice, heldOut }) => ({
          name,
          unit: 3,
          choice: choice[3],
          heldOut: heldOut[3],
        })),
      },
      page: null,
    });
  });

  test('halves another text, and says so', async () => {
    const { stdout } = await cells('half.txt', '--json', '--symbols', '700', '--state', 'h');
    expect(JSON.parse(stdout)).toMatchObject({
      trained: false,
      state: 'h',
      choice: { from: 300, to: 1000 },
      heldOut: { from: 1000, to: 1700 },
    });
  });

  test('prints a table and, where there is no terminal, the text over blocks', async () => {
    const { status, stdout, stderr } = await cells('letters.txt', '--excerpt', '120', '--unit', '5');
    expect(status).toBe(0);
    const lines = linesOf(stdout);
    expect(lines.slice(0, 2)).toEqual([
      'tanh(c) of the 6 units of layer 1 of 1 (lstm).',
      expect.stringMatching(
        /^Units chosen on \d+ symbols that it was trained on; held out: the next \d+ that it was not/,
      ),
    ]);
    expect(lines[3]).toMatch(/^tracks +unit +chosen at +held out +chance 99 % +p +symbol +next$/);
    expect(lines[4]).toMatch(/^inside quotation +[0-5] +[+−]0\.\d\d +[+−]0\.\d\d +0\.\d\d +[01]\.\d{3} +0\.\d\d {2}/);
    const title = lines.findIndex(line => /^unit 5(, .*)?$/.test(line));
    const rows = lines.slice(title + 2).filter(line => line !== '');
    const texts = rows.filter((_, n) => n % 2 === 0);
    const blocks = rows.filter((_, n) => n % 2 === 1);
    expect(blocks.join('')).toMatch(/^[▁▂▃▄▅▆▇█]+$/);
    expect(new Set(blocks.join('')).size).toBeGreaterThan(1);
    expect(texts.map(line => [...line].length)).toEqual(blocks.map(line => line.length));
    expect(TEXT.replaceAll('\n', '')).toContain(texts.join(''));
    expect(stdout).not.toContain('\u001b');
    expect(linesOf(stderr).at(-1)).toMatch(/^step (\d+)\/\1 \(100%\) {2}symbols read$/);
  });

  test('--quiet leaves the result, and without -o no file', async () => {
    const { stdout, stderr } = await cells('half.txt', '--quiet', '--excerpt', '0');
    expect(stderr).toBe('');
    expect(linesOf(stdout).at(-1)).toMatch(/^unit [0-5], /);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    expect(files.filter(path => path.endsWith('.html') && !path.startsWith('new'))).toEqual([]);
  });

  test('-o writes the page, in a folder that it makes', async () => {
    const { stdout } = await cells('half.txt', '-o', join('new', 'pages'), '--quiet');
    expect(linesOf(stdout).at(-1)).toBe(`page ${join('new', 'pages', 'cells.html')}`);
    expect(readdirSync(join(folder, 'new', 'pages'))).toEqual(['cells.html']);
    expect(readFileSync(join(folder, 'new', 'pages', 'cells.html'), 'utf8')).toMatch(
      /^<!doctype html>[\s\S]*<\/html>\n$/,
    );
  });

  test('that is stopped finds nothing and writes nothing', async () => {
    const args = ['cells', 'run', 'long.txt', '-o', 'stopped'];
    const { status, stdout, stderr } = await signalled(folder, ['SIGINT', 'step '], ...args);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^SIGINT$/m);
    expect(readdirSync(folder)).not.toContain('stopped');
  });

  test.each<[string, readonly string[], RegExp]>([
    ['a unit that there is not', ['letters.txt', '--unit', '6'], /^--unit: expected an integer in 0…5, got 6$/],
    ['a layer that there is not', ['letters.txt', '--layer', '2'], /^layer: expected an integer in 1…1, got 2$/],
    ['a state that there is not', ['letters.txt', '--state', 'z'], /^state: expected one of h, c, got "z"$/],
    ['too few symbols', ['letters.txt', '--symbols', '199'], /^--symbols: expected an integer ≥ 200, got 199$/],
    ['half a symbol', ['letters.txt', '--excerpt', '0.5'], /^--excerpt: expected an integer ≥ 0, got 0.5$/],
    ['a short text', ['short.txt'], /^text: expected at least 200 symbols in each of its two parts, got 150 and 150$/],
    ['an unknown symbol', ['greek.txt'], /^text: expected symbols of the vocabulary .*, got "Ω" at \d+$/],
    [
      'a corpus of other symbols',
      ['--corpus', 'sonnets'],
      /^text: expected symbols of the vocabulary .*, got "\S" at \d+$/,
    ],
    ['a text and a corpus', ['letters.txt', '--corpus', 'sonnets'], /^text: expected a FILE or --corpus, got both$/],
    ['no text', [], /^text: expected a FILE, or --corpus sonnets, got neither$/],
    ['no such text', ['gone.txt'], /^gone.txt: expected a file that can be read, got no such file$/],
  ])('%s gets one line', async (_, args, message) => {
    const { status, stdout, stderr } = await cells(...args, '--json');
    expect(status).toBe(2);
    expect(linesOf(stderr)).toEqual([expect.stringMatching(/^bptt: /)]);
    expect(stderr.slice('bptt: '.length, -1)).toMatch(message);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { message: expect.stringMatching(message) } });
  });
});
