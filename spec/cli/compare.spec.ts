/** `bptt compare`: its table, its chart, what it gives to machines, a run that is stopped, and what it says of mistakes. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { run } from '../../lib/cli/program.ts';
import { MemoryError, ValueError } from '../../lib/errors.ts';
import { baselines } from '../../lib/models/baselines.ts';
import { ngram } from '../../lib/models/ngram.ts';
import { Vocabulary } from '../../lib/models/vocabulary.ts';
import { contenders } from '../../lib/training/contenders.ts';
import type { Contender } from '../../lib/training/learning.ts';
import { freshFolder, inTurn, linesOf, signalled } from './command.ts';

const ALL = ['unigram', 'ngram', 'window', 'hmm', 'rnn', 'gru', 'lstm'];

/** Sentences that follow each other in no order, so that there is something to foretell and something that cannot be. */
const SENTENCES = ['the cat sat on the mat. ', 'a dog ran away. ', 'all of it went well. ', 'then the cat ran. '];
const TEXT = Array.from({ length: 90 }, (_, n) => SENTENCES[(n * n + (n >> 2)) % 4]).join('');
const SMALL = ['--hidden', '12', '--steps', '24', '--states', '5', '--rounds', '8', '--order', '5'];

interface Model {
  readonly name: string;
  readonly what: string;
  readonly parameters: number;
  readonly seconds: number;
  readonly nats: number;
  readonly bits: number;
}

interface Result {
  readonly ok: boolean;
  readonly models: readonly Model[];
  readonly chart: string | null;
}

let folder = '';

beforeAll(() => {
  folder = freshFolder();
  writeFileSync(join(folder, 'letters.txt'), TEXT);
  writeFileSync(join(folder, 'short.txt'), 'abcabcabcabcabc');
});

/** Runs `bptt compare letters.txt ARGS --json`: one line on standard output, nothing on standard error. */
async function json(...args: readonly string[]): Promise<Result> {
  const { status, stdout, stderr } = await inTurn(folder, 'compare', 'letters.txt', ...args, '--json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(linesOf(stdout)).toHaveLength(1);
  return JSON.parse(stdout) as Result;
}

/** The parts of the text that the command says it makes. */
function parts(): { C: number; fit: Int32Array; validation: Int32Array; heldOut: Int32Array } {
  const vocabulary = Vocabulary.of(TEXT);
  const all = vocabulary.encode(TEXT);
  const learnt = all.length - Math.floor(all.length * 0.1);
  const fit = learnt - Math.floor(learnt * 0.1);
  return {
    C: vocabulary.size,
    fit: all.subarray(0, fit),
    validation: all.subarray(fit, learnt),
    heldOut: all.subarray(learnt),
  };
}

describe.concurrent('all models', () => {
  test('--json: all of them, in order, on the held-out text that `train` would hold out, each better than none', async () => {
    const { C, fit, validation, heldOut } = parts();
    const result = await json(...SMALL, '-o', 'all');
    expect(result).toEqual({
      ok: true,
      stopped: null,
      classes: C,
      fit: fit.length,
      validation: validation.length,
      heldOut: heldOut.length,
      seed: 1,
      models: expect.any(Array),
      failed: [],
      chart: join('all', 'compare.svg'),
    });
    expect(result.models.map(({ name }) => name)).toEqual(ALL);
    for (const { nats, bits, seconds } of result.models) {
      expect(bits).toBeCloseTo(nats / Math.LN2, 12);
      expect(bits).toBeLessThan(Math.log2(C) - 0.1);
      expect(seconds).toBeGreaterThanOrEqual(0);
    }
    const [unigram, counted] = result.models;
    expect(unigram?.nats).toBe(baselines(C, fit, heldOut).unigram);
    const models = [1, 2, 3, 4, 5].map(order => ngram(fit, { C, order }));
    const losses = models.map(model => model.evaluate(validation));
    const chosen = models[losses.indexOf(Math.min(...losses))];
    expect(counted?.nats).toBe(chosen?.evaluate(heldOut));
    expect(counted?.what).toBe(`the last ${(chosen?.order ?? 0) - 1} symbols, Kneser–Ney`);
    const m = 12;
    expect(result.models.map(({ parameters }) => parameters)).toEqual([
      C,
      chosen?.counts,
      5 * C * m + m + m * C + C,
      5 + 25 + 5 * C,
      C * m + m + m * (2 * m + 1) + m * C + C,
      C * m + m + 3 * m * (2 * m + 1) + m + m * C + C,
      C * m + m + 4 * m * (2 * m + 1) + m * C + C,
    ]);
    const chart = readFileSync(join(folder, 'all', 'compare.svg'), 'utf8');
    for (const { name, bits } of result.models) {
      expect(chart).toContain(`>${name}<`);
      expect(chart).toContain(`>${bits.toFixed(3)} `);
    }
    expect(chart).toContain('held-out loss (bits per character)');
    expect(chart).toContain('bptt compare letters.txt --hidden 12 --steps 24 --states 5 --seed 1.');
  });

  test('the table has a line for each, and what is learnt on the way is on standard error', async () => {
    const { status, stdout, stderr } = await inTurn(
      folder,
      'compare',
      'letters.txt',
      ...SMALL,
      '--models',
      'ngram,hmm',
    );
    expect(status).toBe(0);
    const { fit, validation, heldOut, C } = parts();
    expect(linesOf(stdout)).toEqual([
      'model    bits/char  parameters  seconds',
      expect.stringMatching(/^ngram {8}\d\.\d{3} +\d+ +\d+\.\d {2}the last \d symbols, Kneser–Ney$/),
      expect.stringMatching(/^hmm {10}\d\.\d{3} +\d+ +\d+\.\d {2}5 states: 2\.3 bits of memory$/),
      '',
      `${fit.length} characters learnt from, ${validation.length} chosen by, ${heldOut.length} held out; ${C} different ones`,
      `chart ${join('runs', 'compare', 'compare.svg')}`,
    ]);
    const progress = linesOf(stderr);
    const said = progress.filter(line => !line.startsWith('step '));
    const done = (name: string) =>
      expect.stringMatching(`^${name}: \\d\\.\\d{3} bits/char held out, after \\d+\\.\\d s$`);
    expect(said).toEqual([done('ngram'), done('hmm')]);
    expect(progress.at(-1)).toBe('step 200/200 (100%)  hmm');
  });
});

describe('what is learnt', () => {
  const budget = { hidden: 8, steps: 30, order: 3, window: 4, states: 3, rounds: 6, seed: 1 };
  const names = ['window', 'hmm', 'lstm'] as const;

  /** What a model reaches on the held-out text, in nats. */
  function reached(name: string, changed: Partial<typeof budget> = {}): number {
    const texts = { vocabulary: Vocabulary.of(TEXT), ...parts() };
    const learning = contenders[name]?.(texts, { ...budget, ...changed });
    for (;;) {
      const { done, value } = learning?.next() ?? { done: true, value: undefined };
      if (done) return value?.evaluate(texts.heldOut) ?? Number.NaN;
    }
  }

  test.each(names)('by %s is the same with the same seed, and another with another', name => {
    const [one, same, other] = [reached(name), reached(name), reached(name, { seed: 2 })];
    expect(same).toBe(one);
    expect(Math.abs(other - one)).toBeGreaterThan(1e-6);
  });

  test.each(names)('by %s is more with more time', name => {
    expect(reached(name, { steps: 120, rounds: 20 })).toBeLessThan(reached(name, { steps: 3, rounds: 1 }) - 0.2);
  });

  test('is what did best at the validation text, not what came last', () => {
    const { fit, heldOut, C } = parts();
    const vocabulary = Vocabulary.of(TEXT);
    const far = Int32Array.from({ length: 60 }, (_, t) => (t * t * 7 + (t >> 1)) % C); // the longer the fit, the worse here
    const learn = (validation: Int32Array): number => {
      const learning = contenders.hmm?.({ vocabulary, fit, validation, heldOut }, { ...budget, rounds: 30 });
      for (;;) {
        const { done, value } = learning?.next() ?? { done: true, value: undefined };
        if (done) return value?.evaluate(far) ?? Number.NaN;
      }
    };
    expect(learn(far)).toBeLessThan(learn(fit.subarray(0, 500)) - 0.1);
  });
});

test('a run that is stopped shows the models that were done, and draws nothing', async () => {
  const own = freshFolder();
  writeFileSync(join(own, 'letters.txt'), TEXT);
  const args = ['compare', 'letters.txt', '--models', 'unigram,ngram,lstm', '--steps', '100000'];
  const { status, stdout, stderr } = await signalled(own, ['SIGINT', 'ngram: '], ...args);
  expect(status).toBe(1);
  expect(linesOf(stdout).map(line => line.split(' ')[0])).toEqual([
    'model',
    'unigram',
    'ngram',
    '',
    expect.any(String),
    'stopped',
  ]);
  expect(linesOf(stdout).at(-1)).toBe('stopped by SIGINT after 2 models');
  expect(stderr).not.toMatch(/100%|error|^\s+at /im);
  expect(readdirSync(join(own, 'runs', 'compare'))).toEqual([]);
});

describe.concurrent('a mistake gets one line and code 2:', () => {
  test.each([
    ['no text', [], /^bptt: text: expected a FILE, or --corpus sonnets, got neither$/],
    ['two texts', ['letters.txt', '--corpus', 'sonnets'], /^bptt: text: .* got both$/],
    ['no such file', ['gone.txt'], /gone\.txt: .* got no such file$/],
    [
      'a text that is too short',
      ['short.txt'],
      /^bptt: text: expected a text with at least two symbols in each part, got 1 in/,
    ],
    [
      'an unknown model',
      ['letters.txt', '--models', 'ngram,mlp'],
      /^bptt: --models: expected some of unigram,.*, got "mlp"$/,
    ],
    ['a model named as Object does', ['letters.txt', '--models', 'toString'], /^bptt: --models: /],
    ['a model twice', ['letters.txt', '--models', 'rnn,rnn'], /^bptt: --models: .* got rnn twice$/],
    ...['--hidden', '--steps', '--order', '--window', '--states', '--rounds'].map(
      flag =>
        [
          `${flag} 0`,
          ['letters.txt', flag, '0'],
          new RegExp(`^bptt: ${flag}: expected a positive integer, got 0$`),
        ] as const,
    ),
    ['--held-out 1', ['letters.txt', '--held-out', '1'], /^bptt: --held-out: expected a part in \(0, 1\), got 1$/],
    ['--seed -1', ['letters.txt', '--seed', '-1'], /^bptt: --seed: /],
    ['--out below a file', ['letters.txt', '--models', 'unigram', '-o', 'letters.txt/x'], /letters\.txt/],
  ] as const)('%s', async (_, args, message) => {
    const { status, stdout, stderr } = await inTurn(folder, 'compare', ...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(linesOf(stderr)).toEqual([expect.stringMatching(message)]);
  });
});

describe('a model that memory does not hold, or whose numbers are no longer finite', () => {
  const failures = {
    full: new MemoryError('memory', 'at most 4294967296 bytes', '5403164736'),
    wild: new ValueError('logits[3]', 'a finite number', 'NaN'),
    wrong: new ValueError('C', 'a positive integer', '0'),
  };

  /** What the command prints of one line of arguments, with models that fail after a while. */
  async function printed(...args: readonly string[]): Promise<{ stdout: string; code: typeof process.exitCode }> {
    const failing = Object.entries(failures).map(([name, error]) => [
      name,
      function* (): ReturnType<Contender> {
        yield { done: 1, total: 2, note: '' };
        throw error;
      },
    ]);
    Object.assign(contenders, Object.fromEntries(failing));
    let stdout = '';
    const write = vi.spyOn(process.stdout, 'write').mockImplementation(text => {
      stdout += text;
      return true;
    });
    const quiet = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      await run(['compare', join(folder, 'letters.txt'), ...SMALL, '-o', join(folder, 'failing'), ...args]);
      return { stdout, code: process.exitCode };
    } finally {
      write.mockRestore();
      quiet.mockRestore();
      process.exitCode = 0;
      for (const name of Object.keys(failures)) Reflect.deleteProperty(contenders, name);
    }
  }

  test('is left out, and the others are shown', async () => {
    const { stdout, code } = await printed('--models', 'unigram,full,wild,ngram', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      stopped: null,
      models: [{ name: 'unigram' }, { name: 'ngram' }],
      failed: [
        { name: 'full', why: failures.full.message },
        { name: 'wild', why: failures.wild.message },
      ],
      chart: join(folder, 'failing', 'compare.svg'),
    });
    const plain = await printed('--models', 'unigram,full');
    expect(plain.stdout).toMatch(/^unigram +\d/m);
    expect(plain.stdout).toMatch(/^without full: memory: expected at most 4294967296 bytes, got 5403164736$/m);
  });

  test('is not what any error says: another is told as it is', async () => {
    const { stdout, code } = await printed('--models', 'unigram,wrong', '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { name: 'ValueError', argument: 'C' } });
  });
});
