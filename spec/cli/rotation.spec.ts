/** Which checkpoints a run keeps, its best one, the formats of its log, and its picture. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { pngLibrary, toPng } from '../../lib/cli/png.ts';
import { type LogFormat, LossLog } from '../../lib/cli/runs/loss-log.ts';
import { decodeCheckpoint } from '../../lib/io/checkpoint.ts';
import { readBytes } from '../../lib/io/node/files.ts';
import { evaluate } from '../../lib/models/char-model.ts';
import { freshFolder, inTurn, linesOf, snapshot } from './command.ts';

const TEXT = 'the quick brown fox jumps over the lazy dog\n'.repeat(40);
const RUN = ['train', 'letters.txt', '--hidden', '4', '--chunk', '5', '--sample-length', '5', '--sample-every', '0'];

let folder = '';

beforeAll(() => {
  folder = freshFolder();
  writeFileSync(join(folder, 'letters.txt'), TEXT);
});

async function done(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { status, stdout, stderr } = await inTurn(folder, ...args, '--json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Record<string, unknown>;
}

const filesIn = (run: string) => Object.keys(snapshot(join(folder, run)));
const numbered = (step: number) => `checkpoint-${String(step).padStart(9, '0')}.safetensors`;
const read = (...path: readonly string[]) => decodeCheckpoint(readBytes(join(folder, ...path)));

describe('--keep', () => {
  test('keeps the last ones by their steps, beside the newest', async () => {
    await done(...RUN, '--save-every', '10', '--steps', '45', '--keep', '3', '--held-out', '0', '--out', 'three');
    const kept = [20, 30, 40].map(numbered);
    expect(filesIn('three')).toEqual([...kept, 'checkpoint.safetensors', 'loss.csv', 'loss.svg', 'text.json']);
    expect(kept.map(name => read('three', name).position.step)).toEqual([20, 30, 40]);
    expect(read('three', 'checkpoint.safetensors').position.step).toBe(45);
  });

  test('none unless asked for', async () => {
    await done(...RUN, '--save-every', '10', '--steps', '20', '--held-out', '0', '--out', 'none');
    expect(filesIn('none')).toEqual(['checkpoint.safetensors', 'loss.csv', 'loss.svg', 'text.json']);
  });

  test('one that was kept can be sampled from, and gone on from', async () => {
    const { text } = await done('sample', join('three', numbered(30)), '--length', '9');
    expect(text).toHaveLength(9);
    await done('train', '--resume', join('three', numbered(30)), '--steps', '45');
    await done(...RUN, '--save-every', '10', '--steps', '45', '--keep', '3', '--held-out', '0', '--out', 'again');
    expect(snapshot(join(folder, 'three'))).toEqual(snapshot(join(folder, 'again')));
  });
});

describe('the best checkpoint', () => {
  test('is that whose loss on the first of the held-out text is least, not the last', async () => {
    const rate = ['--learning-rate', '2', '--save-every', '5', '--keep', '99', '--held-out', '0.8', '--seed', '1'];
    const { best } = await done(...RUN, ...rate, '--steps', '60', '--out', 'best');
    const indices = read('best', 'checkpoint.safetensors').model.vocabulary.encode(TEXT);
    const heldOut = indices.subarray(indices.length - Math.floor(indices.length * 0.8));
    const steps = Array.from({ length: 12 }, (_, n) => 5 * (n + 1));
    const losses = steps.map(step => evaluate(read('best', numbered(step)).model, heldOut.subarray(0, 1000)));
    const least = Math.min(...losses);
    const step = steps[losses.indexOf(least)];
    expect(step).toBeLessThan(60);
    expect(best).toEqual({ step, nats: least, checkpoint: join('best', 'best.safetensors') });
    expect(readFileSync(join(folder, 'best/best.safetensors'))).toEqual(
      readFileSync(join(folder, 'best', numbered(step ?? 0))),
    );
  });

  test('can be sampled from', async () => {
    expect(await done('sample', 'best/best.safetensors', '--length', '7')).toMatchObject({ ok: true });
  });

  test('is none where no text is held out', async () => {
    const { best } = await done(...RUN, '--steps', '4', '--save-every', '2', '--held-out', '0', '--out', 'no-best');
    expect(best).toBeNull();
  });
});

describe('the log', () => {
  test('as JSON lines has the numbers that it has as CSV, also after it was resumed', async () => {
    const args = [...RUN, '--log-every', '2', '--steps', '12'];
    await done(...args, '--out', 'csv');
    await done(...RUN, '--log-every', '2', '--steps', '7', '--out', 'jsonl', '--log-format', 'jsonl');
    await done('train', '--resume', 'jsonl', '--steps', '12');
    const csv = linesOf(readFileSync(join(folder, 'csv/loss.csv'), 'utf8')).slice(1);
    const json = linesOf(readFileSync(join(folder, 'jsonl/loss.jsonl'), 'utf8'));
    expect(json.map(line => JSON.parse(line) as unknown)).toEqual(
      csv.map(line => {
        const [step, loss, smoothed] = line.split(',').map(Number);
        return { step, loss, smoothed };
      }),
    );
    expect(filesIn('jsonl')).toContain('loss.jsonl');
    expect(filesIn('jsonl')).not.toContain('loss.csv');
  });

  test.each<[LogFormat, string]>([
    ['csv', 'step,loss,smoothed\n2,1.5,2.5\n4,NaN,2.25\n'],
    ['jsonl', '{"step":2,"loss":1.5,"smoothed":2.5}\n{"step":4,"loss":null,"smoothed":2.25}\n'],
  ])('in %s is read as it was written; a wrong line is named', (format, text) => {
    const log = LossLog.parse(text, 5, 2, 'f', format);
    expect(log.rows).toEqual([
      { step: 2, loss: 1.5, smoothed: 2.5 },
      { step: 4, loss: Number.NaN, smoothed: 2.25 },
    ]);
    expect(log.toString()).toBe(text);
    const line = format === 'csv' ? 3 : 2;
    for (const wrong of [text.replace('2.25', '2.250'), text.replace('4', '5'), `${text.trimEnd().slice(0, -2)}\n`]) {
      expect(() => LossLog.parse(wrong, 5, 2, 'f', format)).toThrow(`f:${line}: expected step,loss,smoothed of step 4`);
    }
    expect(() => LossLog.parse(text, 6, 2, 'f', format)).toThrow('f: expected 3 rows up to step 6, got 2');
  });
});

describe('--png', () => {
  /** Width and height, from the header of a PNG. */
  const sizeOf = (png: Uint8Array) => {
    const view = new DataView(png.buffer, png.byteOffset);
    expect([...png.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    return [view.getUint32(16), view.getUint32(20)];
  };

  test('draws the plot, twice as large', async () => {
    const { png } = await done(...RUN, '--steps', '20', '--png', '--out', 'drawn');
    expect(png).toBe(join('drawn', 'loss.png'));
    expect(sizeOf(readBytes(join(folder, 'drawn/loss.png')))).toEqual([1600, 900]);
    await done('train', '--resume', 'drawn', '--steps', '25');
    expect(filesIn('drawn')).toEqual(['checkpoint.safetensors', 'loss.csv', 'loss.png', 'loss.svg', 'text.json']);
  });

  test('draws any SVG', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"><path d="M0 0H30V20Z"/></svg>';
    expect(sizeOf(await toPng(svg))).toEqual([60, 40]);
  });

  test('says what to install where it is not', async () => {
    const failing = (error: Error) => pngLibrary(() => Promise.reject(error));
    const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
    const message = '--png: expected the package @resvg/resvg-js (npm install @resvg/resvg-js), got';
    await expect(failing(missing)).rejects.toThrow(`${message} none`);
    await expect(failing(new Error('no such CPU'))).rejects.toThrow(`${message} no such CPU`);
  });
});
