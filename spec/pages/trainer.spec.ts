/** The README's page that trains a language model in a worker: what it shows, and that its file is the command's. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gru } from '../../lib/cells/gru.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../lib/io/checkpoint.ts';
import { sample } from '../../lib/models/char-model.ts';
import { CharTrainer } from '../../lib/models/char-trainer.ts';
import { Random } from '../../lib/random.ts';
import { ROOT } from '../examples.ts';
import { browser, openPage } from './browser.ts';
import { fileOf, pageWith } from './readme.ts';
import { serve } from './server.ts';

const folder = mkdtempSync(join(tmpdir(), 'bptt-trainer-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Behind what the README writes: its file, that of another worker which has gone on from it, and that of one which began anew. */
const MORE = `
trainer.stop();
const files = [checkpoint];
for (const from of [checkpoint, undefined]) {
  const other = new Worker('learn.js', { type: 'module' });
  const again = connectTrainer(other, { text, cell: 'gru', hidden: 32, learningRate: 0.05 }, { from, steps: 310 });
  for await (const _ of again);
  files.push(await again.save());
}
globalThis.files = files.map(bytes => Array.from(bytes));
document.body.dataset.done = 'yes';`;

beforeAll(async () => {
  const alias = { bptt: './lib/index.ts', 'bptt/worker': './lib/worker/index.ts' };
  for (const [name, contents] of Object.entries({ learn: fileOf('learn.js'), write: `${fileOf('write.js')}${MORE}` })) {
    await build({
      stdin: { contents, resolveDir: ROOT },
      ...{ bundle: true, platform: 'browser', format: 'esm', alias, logLevel: 'silent' },
      outfile: join(folder, `${name}.js`),
    });
  }
  writeFileSync(join(folder, 'index.html'), pageWith('write.js'));
});

describe.skipIf(!browser)('in Chromium, a language model in a worker', () => {
  test('learns as it does in Node, writes, and gives files from which it goes on to the last bit', async () => {
    const { page, problems } = await openPage(`${await serve(folder)}/index.html`);
    await page.waitForSelector('[data-done]');
    expect(problems).toEqual([]);
    const text = 'so long lives this, and this gives life to thee\n'.repeat(20);
    const trainer = new CharTrainer(text, { cell: gru, hidden: 32, learningRate: 0.05 });
    for (let n = 0; n < 300; n++) trainer.step();
    const written = sample(trainer.model, { prompt: '\n', length: 40, rng: new Random(1) });
    const said = await page.innerText('body');
    expect(said).toMatch(/^100: \d\.\d\d, .*; 200: .*; 300: 0\.\d\d, /s);
    expect(said.replace(/\s/g, ' ')).toContain(
      `, ${written.replace(/\s/g, ' ')}; ${encodeCheckpoint(trainer).length} bytes`,
    );
    const files = (await page.evaluate<number[][]>('files')).map(bytes => Uint8Array.from(bytes));
    const [first, goneOn, anew] = files.map(bytes => decodeCheckpoint(bytes));
    expect(first?.position.random).toEqual(trainer.position.random);
    const { values } = trainer.model.net.params;
    const theirs = first?.model.net.params.values ?? [];
    expect(theirs).toHaveLength(values.length);
    for (const [i, value] of theirs.entries()) expect(value).toBeCloseTo(values[i] ?? Number.NaN, 9); // another exp
    expect(goneOn?.position.step).toBe(310);
    expect(files[1]).toEqual(files[2]);
    expect(anew?.model.net.params.values).not.toEqual(theirs);
  });
});
