/** `bptt train`: what it writes and prints, and that a run which is stopped or killed ends as one that is not. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeCheckpoint } from '../../lib/io/checkpoint.ts';
import { readBytes } from '../../lib/io/node/files.ts';
import { baselines } from '../../lib/models/baselines.ts';
import { evaluate, sample } from '../../lib/models/char-model.ts';
import { Random } from '../../lib/random.ts';
import { bptt, freshFolder, inTurn, linesOf, type Outcome, signalled, snapshot, start } from './command.ts';
import { ENDLESS, saySteps } from './whole.ts';

const TEXT = 'the quick brown fox jumps over the lazy dog 🦊\n'.repeat(40);
const FILES = ['checkpoint.safetensors', 'loss.csv', 'loss.svg', 'text.json'];
const BEST = 'best.safetensors';

/** A loss as `--json` prints it. */
interface Loss {
  readonly nats: number;
  readonly bits: number;
}

/** What `--json` prints. */
interface Result {
  readonly ok: boolean;
  readonly step: number;
  readonly steps: number;
  readonly stopped: string | null;
  readonly heldOut: Loss | null;
  readonly unigram: Loss | null;
  readonly uniform: Loss | null;
  readonly sample: string;
  readonly folder: string;
  readonly checkpoint: string;
  readonly best: { readonly step: number; readonly nats: number; readonly checkpoint: string } | null;
  readonly log: string;
  readonly plot: string;
  readonly png: string | null;
  readonly skipped: number;
  readonly rollbacks: number;
}

/** A folder with a text in it, `letters.txt`. */
function folderWithText(): string {
  const folder = freshFolder();
  writeFileSync(join(folder, 'letters.txt'), TEXT);
  return folder;
}

/** Runs `bptt ARGS --json` in `folder`: one line on standard output, nothing on standard error. */
async function json(folder: string, ...args: readonly string[]): Promise<Result> {
  const { status, stdout, stderr } = await inTurn(folder, ...args, '--json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(linesOf(stdout)).toHaveLength(1);
  return JSON.parse(stdout) as Result;
}

/** The numbers of a log's rows. */
function rowsOf(log: string): number[][] {
  const [header, ...rows] = linesOf(readFileSync(log, 'utf8'));
  expect(header).toBe('step,loss,smoothed');
  return rows.map(row => row.split(',').map(Number));
}

describe.concurrent('a run', () => {
  const SMALL = ['train', 'letters.txt', '--hidden', '8', '--chunk', '10', '--steps', '200', '--sample-length', '50'];
  const SAMPLED = [...SMALL, '--sample-every', '100'];
  let folder = '';
  let plain: Outcome;

  beforeAll(async () => {
    folder = folderWithText();
    plain = await bptt(folder, ...SAMPLED, '--out', 'plain');
  });

  test('learns the sonnets: foretells far better than the frequencies of their characters do', async () => {
    const { heldOut, unigram, uniform } = await json(freshFolder(), 'train', '--corpus', 'sonnets', '--steps', '700');
    const [reached = Number.NaN, frequencies = Number.NaN] = [heldOut?.nats, unigram?.nats];
    expect(frequencies).toBeLessThan(uniform?.nats ?? Number.NaN);
    expect(reached).toBeLessThan(frequencies - 0.2);
  });

  test('prints a sample, the losses and the paths', () => {
    expect(plain.status).toBe(0);
    const [text = '', losses = ''] = plain.stdout.split(/\n\n(?=held-out)/);
    expect([...text]).toHaveLength(50);
    const loss = (name: string): unknown =>
      expect.stringMatching(new RegExp(`^${name} +\\d\\.\\d{3} nats/char {3}\\d\\.\\d{3} bits/char$`));
    expect(linesOf(losses)).toEqual([
      loss('held-out'),
      loss('unigram'),
      loss('uniform'),
      `checkpoint ${join('plain', 'checkpoint.safetensors')}`,
      `log        ${join('plain', 'loss.csv')}`,
      `plot       ${join('plain', 'loss.svg')}`,
    ]);
    expect(Object.keys(snapshot(join(folder, 'plain')))).toEqual(FILES);
  });

  test('shows its progress and samples on standard error, in plain lines where that is no terminal', () => {
    const progress = /^step (\d+)\/200 \((\d+)%\) {2}loss \d+\.\d{3} nats\/char {2}\d+ chars\/s$/;
    const shown = linesOf(plain.stderr).flatMap(line => (progress.exec(line) ?? []).slice(1).map(Number));
    expect(shown.slice(-2)).toEqual([200, 100]);
    const samples = plain.stderr.matchAll(/^---- after step (\d+)\n(.*?)\n----$/gms);
    expect(Array.from(samples, ([, step, text = '']) => [Number(step), [...text].length])).toEqual([
      [100, 50],
      [200, 50],
    ]);
    const controls = [...plain.stderr].filter(symbol => symbol < ' ' && symbol !== '\n');
    expect(controls).toEqual([]);
  });

  test('goes at the rate of a schedule, which is kept in its checkpoint', async () => {
    const rates = ['--schedule', 'cosine', '--warm-up', '5', '--steps', '30'];
    const { checkpoint, step } = await json(folder, ...SMALL, ...rates, '--out', 'scheduled');
    const { options } = decodeCheckpoint(readBytes(join(folder, checkpoint)));
    expect([step, options.schedule]).toEqual([30, { shape: 'cosine', steps: 30, warmUp: 5 }]);
    const { stderr, status } = await inTurn(folder, ...SMALL, '--warm-up', '5', '--out', 'none');
    expect([status, stderr]).toEqual([2, 'bptt: --warm-up: expected a --schedule that it is part of, got none\n']);
  });

  test('of words says so, writes words, and goes on from any prompt', async () => {
    const words = [...SMALL, '--level', 'word', '--batch', '2', '--steps', '60', '--out', 'words'];
    const { status, stdout, stderr } = await inTurn(folder, ...words);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^held-out {3}\d\.\d{3} nats\/word {3}\d\.\d{3} bits\/word$/m);
    expect(stderr).toMatch(/^step 60\/60 \(100%\) {2}loss \d\.\d{3} nats\/word {2}\d+ words\/s$/m);
    const written = await inTurn(folder, 'sample', 'words', '--prompt', 'the quick unheard', '--length', '9');
    expect(written).toMatchObject({ status: 0, stderr: '' });
    expect(written.stdout).toMatch(/^the quick unheard(?:(?: |^)(?:the|quick|brown|fox|jumps|over|lazy|dog|🦊)|\n)+$/m);
  });

  test('--quiet leaves the result, and changes nothing', async () => {
    const { status, stdout, stderr } = await inTurn(folder, ...SAMPLED, '--out', 'quiet', '--quiet');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.replaceAll('quiet/', 'plain/')).toBe(plain.stdout);
    expect(snapshot(join(folder, 'quiet'))).toEqual(snapshot(join(folder, 'plain')));
  });

  test('--json prints one line, with the numbers that the library gives', async () => {
    const result = await json(folder, ...SMALL, '--out', 'json');
    const bytes = readBytes(join(folder, 'json', 'checkpoint.safetensors'));
    const { model, options, position, note } = decodeCheckpoint(bytes);
    const indices = model.vocabulary.encode(TEXT);
    const cut = indices.length - Math.floor(indices.length * 0.1);
    const { uniform, unigram } = baselines(model.vocabulary.size, indices.subarray(0, cut), indices.subarray(cut));
    const both = (nats: number): Loss => ({ nats, bits: nats / Math.LN2 });
    expect(result).toEqual({
      ok: true,
      step: 200,
      steps: 200,
      stopped: null,
      heldOut: both(evaluate(model, indices.subarray(cut))),
      unigram: both(unigram),
      uniform: both(uniform),
      sample: sample(model, { prompt: '\n', length: 50, rng: new Random(1) }),
      folder: 'json',
      checkpoint: join('json', 'checkpoint.safetensors'),
      best: null,
      log: join('json', 'loss.csv'),
      plot: join('json', 'loss.svg'),
      png: null,
      skipped: 0,
      rollbacks: 0,
    });
    expect(options).toMatchObject({ cell: { name: 'rnn' }, hidden: 8, chunk: 10, optimiser: 'adagrad', seed: 1 });
    expect(position.step).toBe(200);
    expect(note).toMatchObject({ source: { kind: 'file' }, schedule: { steps: 200 } });
  });

  test('logs every --log-every steps, and compares nothing where nothing is held out', async () => {
    const result = await json(folder, ...SMALL, '--out', 'all', '--held-out', '0', '--log-every', '40');
    expect(result).toMatchObject({ heldOut: null, unigram: null, uniform: null });
    const rows = rowsOf(join(folder, 'all', 'loss.csv'));
    expect(rows.map(([step]) => step)).toEqual([40, 80, 120, 160, 200]);
    expect(rows.flat().every(x => Number.isFinite(x) && x > 0)).toBe(true);
  });

  test('with the same seed is the same to the last byte, each in a new folder below runs/', async () => {
    const first = await json(folder, ...SMALL, '--seed', '5');
    const before = snapshot(join(folder, 'runs'));
    const second = await json(folder, ...SMALL, '--seed', '5');
    expect([first.folder, second.folder]).toEqual([join('runs', 'letters'), join('runs', 'letters-2')]);
    expect(snapshot(join(folder, 'runs'))).toMatchObject(before);
    expect(snapshot(join(folder, 'runs', 'letters-2'))).toEqual(snapshot(join(folder, 'runs', 'letters')));
    const [own, plainFiles] = [first.folder, 'plain'].map(name => snapshot(join(folder, name)));
    for (const file of FILES) expect(own?.[file] === plainFiles?.[file], file).toBe(false);
  });

  test('draws the loss: well-formed SVG, axes labelled, baselines named', () => {
    const svg = readFileSync(join(folder, 'plain', 'loss.svg'), 'utf8');
    expect(unbalancedTag(svg)).toBeUndefined();
    const { document } = parseHTML(svg);
    const root = document.querySelector('svg');
    expect(root?.getAttribute('xmlns')).toBe('http://www.w3.org/2000/svg');
    const texts = Array.from(document.querySelectorAll('text'), ({ textContent }) => textContent);
    for (const text of [
      /characters read/,
      /loss \(nats per character\)/,
      /^uniform/,
      /^unigram/,
      /^held-out \d\.\d\d$/,
      /bptt train letters\.txt --cell rnn --hidden 8 --chunk 10 --steps 200 --seed 1/,
    ]) {
      expect(texts).toContainEqual(expect.stringMatching(text));
    }
    const numbers = Array.from(svg.matchAll(/ (?:d|x1?|y1?|transform)="([^"]*)"/g), ([, value]) => value);
    expect(numbers.length).toBeGreaterThan(10);
    expect(numbers.filter(value => /NaN|undefined|Infinity/.test(value ?? ''))).toEqual([]);
  });
});

describe.concurrent('a run that is stopped and resumed ends as one that is not:', () => {
  const LONG = [
    ...['letters.txt', '--hidden', '8', '--chunk', '10', '--save-every', '40', '--log-every', '1'],
    ...['--batch', '2', '--dropout', '0.2'],
  ];
  const SAMPLES = ['--sample-every', '150', '--sample-length', '30'];
  const RUN = ['train', ...LONG, ...SAMPLES];
  let folder = '';

  beforeAll(() => {
    folder = folderWithText();
  });

  const stepOf = (run: string): number => {
    const checkpoint = join(folder, run, 'checkpoint.safetensors');
    return existsSync(checkpoint) ? decodeCheckpoint(readBytes(checkpoint)).position.step : -1;
  };

  const pathsIn = (name: string, { best }: Result): Partial<Result> => ({
    folder: name,
    best: best && { ...best, checkpoint: join(name, BEST) },
    ...Object.fromEntries(['checkpoint', 'log', 'plot'].map((key, n) => [key, join(name, FILES[n] ?? '')])),
  });

  /** Which files of the run in `name` are not those of another. */
  const differences = (name: string, others: Readonly<Record<string, string>>): string[] => {
    const own = snapshot(join(folder, name));
    return [BEST, ...FILES].filter(file => own[file] !== others[file]);
  };

  /** Goes on with the run in `name`: it ends as an uninterrupted one, in its files and in what its last part printed. */
  async function expectWhole(name: string, resume: readonly string[] = ['--resume', name]): Promise<void> {
    const steps = stepOf(name) + 200;
    const last = await json(folder, 'train', ...resume, '--steps', `${steps}`);
    const whole = await json(folder, ...RUN, '--steps', `${steps}`, '--out', `${name}-whole`);
    expect(last).toMatchObject({ step: steps, steps, stopped: null });
    expect(last).toEqual({ ...whole, ...pathsIn(name, whole) });
    saySteps(join(folder, name), steps);
    expect(differences(name, snapshot(join(folder, `${name}-whole`)))).toEqual([]);
  }

  test.each(['SIGINT', 'SIGTERM'] as const)('by %s, at any moment', async signal => {
    const running = await start(folder, ...RUN, ...ENDLESS, '--out', signal);
    await running.until(() => stepOf(signal) >= 100);
    running.kill(signal);
    const { status, stdout, stderr } = await running.ended;
    expect(status).toBe(0);
    expect(stderr).not.toMatch(/error|^\s+at /im);

    const step = stepOf(signal);
    expect(rowsOf(join(folder, signal, 'loss.csv'))).toHaveLength(step);
    expect(Object.keys(snapshot(join(folder, signal)))).toEqual([BEST, ...FILES]);
    const [, advice = ''] = /^stopped by (.+)$/m.exec(stdout) ?? [];
    expect(advice).toBe(`${signal} after step ${step} of ${ENDLESS[1]}: bptt train --resume ${signal} goes on`);
    expect(stdout).not.toMatch(/held-out/);
    await expectWhole(signal);
  });

  test('by SIGTERM at once and by SIGINT later, and --json says so', async () => {
    const name = 'twice';
    let args = [...RUN, ...ENDLESS, '--out', name];
    for (const [signal, step] of [
      ['SIGTERM', 0],
      ['SIGINT', 240],
    ] as const) {
      const before = stepOf(name);
      const running = await start(folder, ...args, '--json');
      await running.until(() => stepOf(name) >= step && stepOf(name) > before); // written by this process
      running.kill(signal);
      const { status, stdout, stderr } = await running.ended;
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(linesOf(stdout)).toHaveLength(1);
      const steps = Number(ENDLESS[1]);
      const result = { ok: true, step: stepOf(name), steps, stopped: signal, heldOut: null, folder: name };
      expect(JSON.parse(stdout)).toMatchObject(result);
      args = ['train', '--resume', join(name, 'checkpoint.safetensors')];
    }
    await expectWhole(name, args.slice(1));
  });

  test('by SIGKILL at any moment, the log ahead of the checkpoint', async () => {
    const running = await start(folder, ...RUN, ...ENDLESS, '--out', 'killed');
    await running.until(() => stepOf('killed') >= 160);
    running.kill('SIGKILL');
    expect(await running.ended).toMatchObject({ status: null, signal: 'SIGKILL' });
    const step = stepOf('killed');
    expect(step % 40).toBe(0);
    const log = join(folder, 'killed', 'loss.csv');
    const rows = linesOf(readFileSync(log, 'utf8')).slice(0, 1 + step);
    const ahead = Array.from({ length: 40 }, (_, n) => `${step + n + 1},1.5,2.5`);
    writeFileSync(log, `${[...rows, ...ahead].join('\n')}\n`);
    await expectWhole('killed');
  });

  test('by having had fewer --steps, the text named anew', async () => {
    const first = await json(folder, ...RUN, '--steps', '434', '--out', 'short');
    expect(first).toMatchObject({ step: 434, steps: 434, stopped: null });
    await expectWhole('short', ['letters.txt', '--resume', 'short']);
  });

  test('in two layers of another cell, and then it writes', async () => {
    const deep = [
      'letters.txt',
      '--cell',
      'lstm',
      '--layers',
      '2',
      '--hidden',
      '5',
      '--embedding',
      '4',
      '--chunk',
      '8',
      '--log-every',
      '5',
    ];
    const run = ['train', ...deep, '--sample-every', '40', '--sample-length', '20'];
    const [once, first] = await Promise.all([
      json(folder, ...run, '--steps', '90', '--out', 'deep'),
      json(folder, ...run, '--steps', '47', '--out', 'deep-short'),
    ]);
    expect([once.step, first.step]).toEqual([90, 47]);
    const last = await json(folder, 'train', '--resume', 'deep-short', '--steps', '90');
    const names = Object.keys(decodeCheckpoint(readBytes(join(folder, once.checkpoint))).model.net.params.named());
    expect(names).toEqual(expect.arrayContaining(['embedding.E', 'cell1.W_f', 'cell2.W_f', 'readout.V']));
    expect({ ...last, ...pathsIn('deep', once) }).toEqual(once);
    expect(differences('deep-short', snapshot(join(folder, 'deep')))).toEqual([]);
    const writes = (name: string) => inTurn(folder, 'sample', name, '--prompt', 'the ', '--length', '30');
    const [one, two] = await Promise.all([writes('deep'), writes('deep-short')]);
    expect(one).toMatchObject({ status: 0, stderr: '' });
    expect(one.stdout).toMatch(/^the .{30}\n$/su);
    expect(two).toEqual(one);
  });

  test('but a signal during the last step comes too late: the run is done', async () => {
    const slow = ['--hidden', '700', '--chunk', '700', '--steps', '2', '--sample-length', '5'];
    const args = ['train', 'letters.txt', ...slow, '--out', 'late'];
    const { status, stdout, stderr } = await signalled(folder, ['SIGTERM', 'step 1/2 '], ...args);
    expect(stderr).toMatch(/^step 1\/2 .*\nSIGTERM\n/m);
    expect(status).toBe(0);
    expect(stepOf('late')).toBe(2);
    expect(stdout).not.toMatch(/stopped/);
    expect(stdout).toMatch(/^held-out /m);
  });
});

/** The first end tag of an XML text that does not end the tag begun last, or a tag that never ends. */
function unbalancedTag(xml: string): string | undefined {
  const open: string[] = [];
  for (const [tag, end, name = '', attributes = ''] of xml.matchAll(
    /<(\/?)([\w-]+)((?: [\w:-]+="[^"<]*")*) ?\/?>|[<>]/g,
  )) {
    if (!name || (end && (attributes || open.pop() !== name))) return tag;
    if (!end && !tag.endsWith('/>')) open.push(name);
  }
  return open.pop();
}
