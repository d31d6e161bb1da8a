/** `bptt fit`, `predict` and `evaluate`: each task on a small file; stopped and gone on with; and what is wrong with a file, in one line. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { encodeCheckpoint } from '../../lib/io/checkpoint.ts';
import { readSealed, writeSealed } from '../../lib/io/sealed.ts';
import { CharTrainer } from '../../lib/models/char-trainer.ts';
import { Random } from '../../lib/random.ts';
import { fitTable } from '../../lib/tasks/index.ts';
import { MAIN } from '../build.ts';
import { ended } from '../ended.ts';
import { ROOT } from '../examples.ts';
import { freshFolder, inTurn, linesOf, start } from './command.ts';

const folder = freshFolder();
const at = (name: string) => join(folder, name);

const rng = new Random(1);
const pick = (list: readonly string[]): string => list[Math.floor(list.length * rng.uniform())] ?? '';

/** Ways round a circle, once or twice: a row is a step. */
const WALKS = Array.from({ length: 40 }, (_, w) => {
  const T = 6 + Math.floor(6 * rng.uniform());
  const rounds = 1 + (w % 2);
  return Array.from({ length: T }, (_, t) => {
    const angle = (2 * Math.PI * rounds * t) / T;
    return `w${w},${t},${Math.cos(angle).toFixed(3)},${Math.sin(angle).toFixed(3)},${rounds === 1 ? 'once' : 'twice'}`;
  }).join('\n');
});

const [NOUNS, VERBS] = [
  ['cat', 'dog', 'bird'],
  ['sees', 'likes', 'hears'],
];
const SENTENCES = Array.from({ length: 60 }, () => {
  const tokens = ['the', pick(NOUNS), pick(VERBS), pick(['a', 'the']), pick(NOUNS)];
  return JSON.stringify({ tokens, tags: ['D', 'N', 'V', 'D', 'N'] });
});
const SWAPS = Array.from({ length: 60 }, () => {
  const [one, other] = [pick(['a', 'b', 'c']), pick(['a', 'b', 'c'])];
  return `${one}${other},${other}${one}`;
});

beforeAll(() => {
  copyFileSync(join(ROOT, 'spec/fixtures/temperatures.csv'), at('days.csv'));
  copyFileSync(join(ROOT, 'spec/fixtures/temperatures.csv-metadata.json'), at('days.csv-metadata.json'));
  writeFileSync(at('walks.csv'), `walk,step,x,y,rounds\n${WALKS.join('\n')}\n`);
  writeFileSync(at('sentences.jsonl'), `${SENTENCES.join('\n')}\n`);
  writeFileSync(at('swaps.csv'), `text,swapped\n${SWAPS.join('\n')}\n`);
  writeFileSync(at('lines.csv'), `text\n${Array.from({ length: 40 }, () => `${pick(['ab', 'abab'])}c`).join('\n')}\n`);
});

async function json(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { status, stdout, stderr } = await inTurn(folder, ...args, '--json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Record<string, unknown>;
}

const QUICK = ['--hidden', '8', '--epochs', '12', '--learning-rate', '0.02', '--batch', '8'];
const CLASSIFY = ['fit', 'walks.csv', '--task', 'classify', '--sequence', 'walk', '--features', 'x,y', ...QUICK];

describe('a task', () => {
  test('forecast comes near the noise floor, which a naïve forecast does not', async () => {
    const few = ['--length', '14', '--epochs', '8', '--batch', '32', '--learning-rate', '0.01'];
    const fitted = await json('fit', 'days.csv', '--task', 'forecast', ...few, '--out', 'days.safetensors');
    const { rmse, naiveRmse, noiseFloor } = fitted as Record<string, number>;
    expect(fitted).toMatchObject({
      task: 'forecast',
      rows: { records: 1826, dropped: 0 },
      steps: { train: 1278, test: 274 },
    });
    expect(fitted.understood).toMatchObject({ time: 'date', features: ['temperature'], target: 'temperature' });
    expect(rmse).toBeLessThan(1.1 * (noiseFloor ?? 0));
    expect(naiveRmse).toBeGreaterThan(1.18 * (noiseFloor ?? 0));

    const settings = { length: 14, epochs: 8, batch: 32, learningRate: 0.01 };
    const held = await fitTable(readFileSync(at('days.csv')), { task: 'forecast', settings });
    while (!held.training.done) held.training.step();
    expect(held.judge({ noiseFloor: 2 }).figures).toMatchObject({ rmse, naiveRmse, noiseFloor });
    expect(Buffer.compare(held.save(), readFileSync(at('days.safetensors')))).toBe(0);

    const { stdout } = await inTurn(folder, 'predict', 'days.safetensors', 'days.csv');
    expect(stdout).toMatch(/^step,temperature\n1,-?\d+\.\d+\n$/);
    const judged = await json('evaluate', 'days.safetensors', 'days.csv', '--out', 'judged');
    expect(judged).toMatchObject({
      ok: true,
      noiseFloor: 2,
      pictures: { loss: 'judged/loss.svg', forecast: 'judged/forecast.svg' },
    });
    expect(judged.rmse).toBeLessThan(2.2);
    expect(readFileSync(at('judged/index.html'), 'utf8')).toContain('<figure id="forecast">\n<svg');

    writeFileSync(at('few-days.csv'), readFileSync(at('days.csv'), 'utf8').split('\n').slice(0, 15).join('\n'));
    const short = await inTurn(folder, 'evaluate', 'days.safetensors', 'few-days.csv', '--out', 'judged');
    expect(short).toMatchObject({
      status: 2,
      stderr: 'bptt: few-days.csv:2 "temperature": expected a series of at least 15 rows, got 14\n',
    });
  });

  test('classify tells sequences of unequal length apart', async () => {
    const fitted = await json(...CLASSIFY, '--out', 'walks.safetensors');
    expect(fitted).toMatchObject({ accuracy: 1, sequences: { train: 28, validation: 6, test: 6 } });
    const lines = linesOf((await inTurn(folder, 'predict', 'walks.safetensors', 'walks.csv')).stdout);
    expect(lines[0]).toBe('walk,rounds,probability');
    expect(lines.slice(1).filter((line, n) => line.startsWith(`w${n},${n % 2 ? 'twice' : 'once'},`))).toHaveLength(40);
    mkdirSync(at('told'));
    for (const name of ['forecast.svg', 'mine.svg']) writeFileSync(at(`told/${name}`), 'an earlier one');
    const judged = await json('evaluate', 'walks.safetensors', 'walks.csv', '--out', 'told');
    expect(readdirSync(at('told')).toSorted()).toEqual(['confusion.svg', 'index.html', 'loss.svg', 'mine.svg']);
    expect(judged.confusion).toEqual({
      classes: ['once', 'twice'],
      counts: [
        [20, 0],
        [0, 20],
      ],
    });
    expect(readFileSync(at('told/confusion.svg'), 'utf8')).toContain('twice');
  });

  test('tag gives every token its tag, those that were never seen too', async () => {
    const fit = ['fit', 'sentences.jsonl', '--task', 'tag', ...QUICK, '--out', 'tags.safetensors'];
    expect(await json(...fit)).toMatchObject({
      accuracy: 1,
      understood: { text: 'tokens', target: 'tags', level: 'word' },
    });
    writeFileSync(at('new.jsonl'), '{"tokens": ["the", "emu", "sees", "a", "dog"]}\n');
    const { stdout } = await inTurn(folder, 'predict', 'tags.safetensors', 'new.jsonl');
    expect(JSON.parse(stdout)).toMatchObject({ line: 1, tags: ['D', 'N', 'V', 'D', 'N'] });
  });

  test('tag may meet a tag that is in one sentence alone, wherever that is drawn', async () => {
    writeFileSync(at('rare.jsonl'), `${SENTENCES.slice(0, 9).join('\n')}\n{"tokens": ["oh"], "tags": ["X"]}\n`);
    for (const seed of ['1', '2', '3', '4']) {
      const fit = ['fit', 'rare.jsonl', '--task', 'tag', '--epochs', '1', '--seed', seed];
      expect(await json(...fit, '--out', `rare-${seed}.safetensors`)).toMatchObject({ ok: true });
    }
  });

  test('translate writes another text', async () => {
    const fit = ['fit', 'swaps.csv', '--task', 'translate', ...QUICK, '--epochs', '20', '--out', 'swaps.safetensors'];
    expect(await json(...fit)).toMatchObject({
      exact: 1,
      understood: { text: 'text', target: 'swapped', level: 'char' },
    });
    writeFileSync(at('one.csv'), 'text\nca\n');
    expect((await inTurn(folder, 'predict', 'swaps.safetensors', 'one.csv')).stdout).toBe(
      'line,text,swapped\n2,ca,ac\n',
    );
  });

  test('language goes on with a text, in fewer bits than by how often each symbol occurs', async () => {
    const fit = ['fit', 'lines.csv', '--task', 'language', ...QUICK, '--out', 'lines.safetensors'];
    const { bits, unigramBits } = (await json(...fit)) as Record<string, number>;
    expect(bits).toBeLessThan(0.6 * (unigramBits ?? 0));
    writeFileSync(at('begun.csv'), 'text\naba\n');
    expect((await inTurn(folder, 'predict', 'lines.safetensors', 'begun.csv')).stdout).toBe(
      'line,text,continued\n2,aba,bc\n',
    );
  });
});

test('says first what it took the file for', async () => {
  const { stdout } = await inTurn(folder, ...CLASSIFY, '--epochs', '1', '--out', 'said.safetensors');
  expect(linesOf(stdout).slice(0, 5)).toEqual([
    'file       walks.csv',
    'task       classify',
    'steps      rows of equal "walk" are one sequence',
    'inputs     "x", "y"',
    'target     "rounds"',
  ]);
});

describe('a training that is stopped', () => {
  test('writes its model, and gone on with it ends in the same bytes as one that was not', async () => {
    const patient = [...CLASSIFY, '--patience', '1000000'];
    const running = await start(folder, ...patient, '--epochs', '1000000', '--out', 'stopped.safetensors');
    await running.until(() => existsSync(at('stopped.safetensors'))); // after the first epoch
    running.kill('SIGINT');
    const { status, stdout } = await running.ended;
    expect(status).toBe(0);
    const advice = /stopped by SIGINT in epoch (\d+): bptt fit walks\.csv --resume stopped\.safetensors goes on/;
    const [, epoch] = advice.exec(stdout) ?? [];
    const more = ['--epochs', `${Number(epoch) + 20}`];
    expect(linesOf((await inTurn(folder, 'predict', 'stopped.safetensors', 'walks.csv')).stdout)).toHaveLength(41);
    await json(...patient, ...more, '--out', 'whole.safetensors');
    expect(readFileSync(at('stopped.safetensors'))).not.toEqual(readFileSync(at('whole.safetensors')));
    await json('fit', 'walks.csv', '--resume', 'stopped.safetensors', ...more);
    expect(readFileSync(at('stopped.safetensors'))).toEqual(readFileSync(at('whole.safetensors')));
  });

  test('and is done may go on with more epochs, on the same file alone', async () => {
    await json(...CLASSIFY, '--epochs', '2', '--out', 'done.safetensors');
    expect(await json('fit', 'walks.csv', '--resume', 'done.safetensors', '--epochs', '4')).toMatchObject({
      epochs: 4,
    });
    const again = await inTurn(folder, 'fit', 'walks.csv', '--resume', 'done.safetensors');
    expect(again).toMatchObject({
      status: 2,
      stderr: 'bptt: --epochs: expected more than 4, got 4\n',
    });
    await json(
      ...CLASSIFY,
      '--epochs',
      '90',
      '--patience',
      '1',
      '--learning-rate',
      '1',
      '--out',
      'patient.safetensors',
    );
    const ended = await inTurn(folder, 'fit', 'walks.csv', '--resume', 'patient.safetensors', '--epochs', '95');
    expect(ended).toMatchObject({
      status: 2,
      stderr: 'bptt: --patience: expected more than 1, the epochs since the best, got 1\n',
    });
    expect(await json('fit', 'walks.csv', '--resume', 'patient.safetensors', '--patience', '2')).toMatchObject({
      ok: true,
    });
    const other = await inTurn(folder, 'fit', 'days.csv', '--resume', 'done.safetensors', '--epochs', '9');
    expect(other.stderr).toBe('bptt: FILE: expected the file that done.safetensors was made of, got another one\n');
    const fixed = await inTurn(folder, 'fit', 'walks.csv', '--resume', 'done.safetensors', '--hidden', '9');
    expect(fixed.stderr).toMatch(/^bptt: --hidden: expected nothing beside --resume/);
  });
});

describe('values that are missing', () => {
  const rows = readFileSync(join(ROOT, 'spec/fixtures/temperatures.csv'), 'utf8').split('\n').slice(0, 200);
  const few = ['fit', 'gaps.csv', '--task', 'forecast', '--epochs', '1', '--length', '5'];

  test('are named, left out or carried, as asked, and counted', async () => {
    const gaps = rows.map((row, n) =>
      n === 50 ? row.replace(/,.*/, ',') : n === 60 ? row.replace(/,.*/, ',NA') : row,
    );
    writeFileSync(at('gaps.csv'), gaps.join('\n'));
    expect((await inTurn(folder, ...few, '--missing-values', 'NA')).stderr).toMatch(
      /^bptt: gaps\.csv:51 "temperature": expected a value, got none/,
    );
    const values = ['--missing-values', 'NA', '--out'];
    expect(await json(...few, '--missing', 'drop', ...values, 'drop.safetensors')).toMatchObject({
      rows: { dropped: 2 },
    });
    expect(await json(...few, '--missing', 'carry', ...values, 'carry.safetensors')).toMatchObject({
      rows: { carried: 2 },
    });
  });

  test('are not carried from one sequence to another', async () => {
    writeFileSync(at('two.csv'), 'id,x,label\na,1,A\na,,A\nb,,B\nb,2,B\n');
    const { stderr } = await inTurn(folder, 'fit', 'two.csv', '--task', 'classify', '--missing', 'carry');
    expect(stderr).toBe(
      'bptt: two.csv:4 "x": expected a value, got none, nor in a record before of the same "id" to carry\n',
    );
  });
});

describe('a file that is there already', () => {
  test('is not written over', async () => {
    writeFileSync(at('there.safetensors'), 'mine');
    const { stderr } = await inTurn(folder, ...CLASSIFY, '--out', 'there.safetensors');
    expect(stderr).toMatch(/^bptt: --out: expected a file that is not there yet .*, got there\.safetensors\n$/);
    expect(readFileSync(at('there.safetensors'), 'utf8')).toBe('mine');
  });
});

describe('a model', () => {
  beforeAll(async () => {
    await json(...CLASSIFY, '--epochs', '2', '--out', 'known.safetensors');
    writeFileSync(at('kinds.csv'), `text,kind\n${'ab,A\ncd,B\n'.repeat(4)}`);
    await json('fit', 'kinds.csv', '--task', 'classify', ...QUICK, '--epochs', '2', '--out', 'few.safetensors');
  });

  test('is told a class that it has never seen', async () => {
    writeFileSync(at('more.csv'), 'walk,step,x,y,rounds\nw1,0,1,0,thrice\n');
    const { status, stderr } = await inTurn(folder, 'evaluate', 'known.safetensors', 'more.csv');
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr:
        'bptt: more.csv:2 "rounds": expected one of the 2 classes that the model knows (once, twice), got "thrice"\n',
    });
  });

  test.each([
    ['none.csv', 'walk,step,x,y,rounds\n', 'rows below its header, got none'],
    ['none.jsonl', '', 'at least one sequence, got none'],
    [
      'none.csv',
      'walk,step,x,y,rounds\na,0,,0,once\na,1,,0,once\n',
      'at least one sequence, got none: 2 rows are dropped, which miss a value',
    ],
  ])('is not judged by what has no rows: %s of %j', async (file, text, what) => {
    writeFileSync(at(file), text);
    const { status, stderr } = await inTurn(folder, 'evaluate', 'known.safetensors', file, '--missing', 'drop');
    expect({ status, stderr }).toEqual({ status: 2, stderr: `bptt: ${file}: expected ${what}\n` });
  });

  test('answers for all that stands before a mistake', async () => {
    writeFileSync(at('broken.csv'), 'walk,step,x,y\na,0,1,0\na,1,0,1\nb,0,1,0\nb,1,none,1\n');
    const { status, stdout, stderr } = await inTurn(folder, 'predict', 'known.safetensors', 'broken.csv');
    expect(linesOf(stdout)).toEqual(['walk,rounds,probability', expect.stringMatching(/^a,/)]);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(/^bptt: broken\.csv:5 "x": .*\n$/) });
  });

  test.each<[string, string | undefined, RegExp]>([
    ['that is not there', undefined, /^bptt: gone: expected a file that can be read, got no such file\n$/],
    ['that is a text', 'a text', /^bptt: gone: expected a safetensors file, got a text\n$/],
  ])('%s is refused', async (_, text, message) => {
    if (text !== undefined) writeFileSync(at('gone'), text);
    expect((await inTurn(folder, 'predict', 'gone', 'walks.csv')).stderr).toMatch(message);
  });

  test('of the other kind is refused, with who takes it', async () => {
    expect((await inTurn(folder, 'sample', 'known.safetensors')).stderr).toBe(
      'bptt: known.safetensors: expected a bptt-char-model checkpoint, got a model of bptt fit or of save(): bptt predict and evaluate take those of fit\n',
    );
    writeFileSync(
      at('run.safetensors'),
      encodeCheckpoint(new CharTrainer('to be or not to be'.repeat(9), { hidden: 2, chunk: 3 })),
    );
    expect((await inTurn(folder, 'predict', 'run.safetensors', 'walks.csv')).stderr).toBe(
      "bptt: run.safetensors: expected a bptt-model file, got a run's checkpoint: bptt sample, cells, export and train --resume take it\n",
    );
  });

  test('of a newer version is refused, with who wrote it', async () => {
    const { tensors, metadata } = readSealed(readFileSync(at('known.safetensors')));
    const newer = { ...Object.fromEntries(metadata), version: '2', library: 'bptt 7.0.0' };
    writeFileSync(at('newer.safetensors'), writeSealed(tensors, newer));
    const { status, stderr } = await inTurn(folder, 'predict', 'newer.safetensors', 'walks.csv');
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringMatching(
        /^bptt: newer\.safetensors: expected version 1, .*, got version "2", which bptt 7\.0\.0 wrote\n$/,
      ),
    });
  });

  test('answers for a file of any size in the same memory', () => {
    const most = (rows: number): number => {
      writeFileSync(at('huge.csv'), `text,note\n${`ab,${'x'.repeat(10_000)}\n`.repeat(rows)}`);
      const watched = 'process.on("exit", () => console.error(process.resourceUsage().maxRSS))';
      const node = ['--max-old-space-size=64', '--import', `data:text/javascript,${watched}`, MAIN];
      const args = [...node, 'predict', 'few.safetensors', 'huge.csv'];
      const { status, stderr, stdout } = ended(process.execPath, args, { cwd: folder });
      expect({ status, answers: linesOf(stdout).length }).toEqual({ status: 0, answers: rows + 1 });
      return Number(stderr) * 1024;
    };
    const [few, many] = [2_000, 8_000]; // of 20 MB and of 80
    expect(most(many) - most(few)).toBeLessThan(20 * 2 ** 20);
  });
});
