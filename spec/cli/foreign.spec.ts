/** What files, models and modules hold, on its way to a terminal, a page and a picture: shown, cut, and never obeyed. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { cells } from '../../lib/cells/index.ts';
import { toPng } from '../../lib/cli/png.ts';
import { sampleCommand } from '../../lib/cli/sample/command.ts';
import { writeSafetensors } from '../../lib/io/safetensors.ts';
import { readSealed, writeSealed } from '../../lib/io/sealed.ts';
import { freshFolder, inTurn, linesOf } from './command.ts';

/** A title for the terminal, a bell, a clear screen in one byte, a text that runs backwards, nothing, a line. */
const HOSTILE = '\u001b]0;owned\u0007\u009b2J\u202eevil\u2066\u200b\ufeff\rover';
const LONG = `${HOSTILE}${'x'.repeat(200_000)}`;
/** Written anew, so that it does not agree with the library by construction. */
const OBEYED = /(?!\r\n|[\n\t])[\p{Cc}\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/u;
/** The name of a file as hostile as the system lets it be. */
const NAME = `${HOSTILE}.txt`;

const TRAINED = ['--hidden', '4', '--chunk', '10', '--steps', '30', '--sample-length', '300', '--sample-every', '10'];
const train = (...args: readonly string[]) => ['train', NAME, ...TRAINED, ...args];

let folder = '';
const path = (...names: readonly string[]) => join(folder, ...names);

beforeAll(async () => {
  folder = freshFolder();
  writeFileSync(path(NAME), `${HOSTILE}\n`.repeat(100));
  const { status, stderr } = await inTurn(folder, ...train('--out', 'run', '--quiet'));
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const { tensors, metadata } = readSealed(readFileSync(path('run/checkpoint.safetensors')));
  const changed = (changes: object) => writeSealed(tensors, { ...Object.fromEntries(metadata), ...changes });
  const note = JSON.parse(metadata.get('note') ?? '') as object;
  const options = JSON.parse(metadata.get('options') ?? '') as object;
  const log = readFileSync(path('run/loss.csv'), 'utf8');
  const runs: Record<string, readonly [Uint8Array, string]> = {
    format: [changed({ format: LONG }), log],
    version: [changed({ version: LONG }), log],
    cell: [changed({ options: JSON.stringify({ ...options, cell: LONG }) }), log],
    sizes: [changed({ sizes: LONG }), log],
    vocabulary: [changed({ vocabulary: JSON.stringify([LONG]) }), log],
    optimiser: [changed({ options: JSON.stringify({ ...options, optimiser: LONG }) }), log],
    source: [changed({ note: JSON.stringify({ ...note, source: { kind: 'file', name: LONG } }) }), log],
    corpus: [changed({ note: JSON.stringify({ ...note, source: { kind: 'corpus', name: LONG } }) }), log],
    log: [changed({}), log.replace('\n10,', `\n${LONG},`)],
    tensors: [
      writeSealed(new Map([...tensors, [LONG, { shape: [0], data: new Float64Array() }]]), meta(metadata)),
      log,
    ],
  };
  for (const [name, [bytes, text]] of Object.entries(runs)) {
    mkdirSync(path(name));
    writeFileSync(path(name, 'checkpoint.safetensors'), bytes);
    writeFileSync(path(name, 'loss.csv'), text);
  }
  const torch = new Map([[LONG, { shape: [1], data: Float64Array.of(1) }]]);
  writeFileSync(path('torch.safetensors'), writeSafetensors(torch, { [LONG]: LONG, cell: LONG, vocabulary: LONG }));
  const text = JSON.stringify(LONG);
  writeFileSync(path('throws.mjs'), `throw new Error(${text});`);
  writeFileSync(path('exports.mjs'), `const a = 1; export { a as ${text} };`);
  const half = 'params: () => ({}), state: () => ({}), forward() {}, backward() {}';
  writeFileSync(path('half.mjs'), `export const half = { ${half}, name: ${text}, equations: { [${text}]: ${text} } };`);
});

function meta(metadata: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries(metadata);
}

const more = ['--steps', '60'];

describe('an error says in a few harmless words what is wrong with', () => {
  test.each<readonly [string, readonly string[]]>([
    ['the name of a file that is not there', ['train', `gone${NAME}`]],
    ['the name of a corpus', ['train', '--corpus', HOSTILE]],
    ['an option', ['train', `--${HOSTILE}`]],
    ['a choice', train('--optimiser', HOSTILE)],
    ['a number', train('--hidden', HOSTILE)],
    ['a command', [HOSTILE]],
    ['a prompt', ['sample', 'run', '--prompt', `ß${HOSTILE}`]],
    ['the name of a demo', ['demo', HOSTILE]],
    ['the name of a cell', ['check', HOSTILE]],
    ...['format', 'version', 'cell', 'sizes', 'vocabulary', 'optimiser', 'tensors'].map(
      name => [`a checkpoint of another ${name}`, ['sample', name]] as const,
    ),
    ['the name of the text in a checkpoint', ['train', '--resume', 'source', ...more]],
    ['the name of the corpus in a checkpoint', ['train', '--resume', 'corpus', ...more]],
    ['the kind of a text in a checkpoint', ['flow', 'corpus']],
    ['a line of a log', ['train', '--resume', 'log', ...more]],
    ['the names of tensors', ['import', 'torch.safetensors', '-o', 'model']],
    ['what a module throws', ['check', './throws.mjs']],
    ['what a module exports', ['check', './exports.mjs']],
  ])('%s', async (_, args) => {
    const { status, stdout, stderr } = await inTurn(folder, ...args, '--json');
    expect(status).toBe(2);
    expect(stderr).not.toMatch(OBEYED);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stderr.length).toBeLessThan(4000);
    expect(linesOf(stderr).length).toBeLessThan(3); // one more to point at the help
    expect(linesOf(stdout)).toHaveLength(1);
    expect(stdout).not.toMatch(OBEYED);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false });
  });

  test('a cell of a module, which cannot be run', async () => {
    for (const flags of [[], ['--json']]) {
      const { status, stdout, stderr } = await inTurn(folder, 'check', './half.mjs', ...flags);
      expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
      expect(linesOf(stdout)).toHaveLength(1);
      expect(stdout).not.toMatch(OBEYED);
      if (flags.length > 0) expect(JSON.parse(stdout)).toMatchObject({ ok: false, verdict: 'failed' });
      else expect(stdout.length).toBeLessThan(4000);
    }
  });
});

describe('a text that is hostile is learnt as it is, and', () => {
  test('neither progress nor results are obeyed, nor is the picture other than XML', async () => {
    const { status, stdout, stderr } = await inTurn(folder, ...train('--out', 'all', '--png'));
    expect(status).toBe(0);
    expect(`${stdout}${stderr}`).not.toMatch(OBEYED);
    expect(stderr).toContain('\\u{');
    const svg = readFileSync(path('all/loss.svg'), 'utf8');
    expect(svg).not.toMatch(OBEYED);
    expect(svg).toContain('\\u{1b}]0;owned\\u{7}');
    expect((await toPng(svg)).length).toBeGreaterThan(1000); // which reads strict XML
  });

  test('a chart beside others neither', async () => {
    const few = ['--models', 'ngram', '--order', '2', '-o', 'chart'];
    const { status, stdout, stderr } = await inTurn(folder, 'compare', NAME, ...few);
    expect(status).toBe(0);
    expect(`${stdout}${stderr}`).not.toMatch(OBEYED);
    await toPng(readFileSync(path('chart/compare.svg'), 'utf8'));
  });

  test('a page shows it', async () => {
    const { status, stdout, stderr } = await inTurn(folder, 'cells', 'run', NAME, '-o', 'page');
    expect({ status, stderr: stderr.match(OBEYED) }).toEqual({ status: 0, stderr: null });
    expect(stdout).not.toMatch(OBEYED);
    expect(readFileSync(path('page/cells.html'), 'utf8')).not.toMatch(OBEYED);
  });

  test('JSON has it to the last character, and shows none of it', async () => {
    const prompt = HOSTILE;
    const { status, stdout } = await inTurn(folder, 'sample', 'run', '--prompt', prompt, '--json');
    expect(status).toBe(0);
    expect(stdout).not.toMatch(OBEYED);
    expect(JSON.parse(stdout)).toMatchObject({ prompt });
  });
});

describe('what a model writes', () => {
  const isTTY = process.stdout.isTTY;
  afterEach(() => {
    vi.restoreAllMocks();
    process.stdout.isTTY = isTTY;
  });

  /** What `sample` writes to a standard output that is, or is not, a terminal. */
  async function sampled(terminal: boolean): Promise<string> {
    let text = '';
    vi.spyOn(process.stdout, 'write').mockImplementation(part => {
      text += part;
      return true;
    });
    process.stdout.isTTY = terminal;
    await sampleCommand(cells).parseAsync([path('run'), '--prompt', `${HOSTILE}\n\u001b`], { from: 'user' });
    return text;
  }

  test('goes into a pipe as it is, and to a terminal as it may be shown, line for line', async () => {
    const [raw, shown] = [await sampled(false), await sampled(true)];
    expect(raw.startsWith(`${HOSTILE}\n\u001b`)).toBe(true);
    expect(shown).not.toMatch(OBEYED);
    expect(shown.startsWith('\\u{1b}]0;owned\\u{7}\\u{9b}2J\\u{202e}evil')).toBe(true);
    expect(linesOf(shown)).toHaveLength(linesOf(raw).length);
  });
});
