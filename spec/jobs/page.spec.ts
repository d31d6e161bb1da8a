/** Train in a page, in a worker, and keep the model: the README's two files, in Chromium. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { load } from '../../lib/io/model-file.ts';
import { Sequence } from '../../lib/sequence.ts';
import { argmaxLast } from '../../lib/training/classes.ts';
import { ROOT } from '../examples.ts';
import { browser, openPage } from '../pages/browser.ts';
import { fileOf, pageWith } from '../pages/readme.ts';
import { serve } from '../pages/server.ts';

const folder = mkdtempSync(join(tmpdir(), 'bptt-job-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [train, page] = [fileOf('train.js'), fileOf('page.js')];

beforeAll(async () => {
  writeFileSync(join(folder, 'index.html'), pageWith('page.js'));
  const alias = { bptt: './lib/index.ts', 'bptt/io': './lib/io/index.ts', 'bptt/worker': './lib/worker/index.ts' };
  for (const [name, contents] of Object.entries({ train, page: `${page}globalThis.kept = Array.from(file);` })) {
    await build({
      stdin: { contents, resolveDir: ROOT },
      ...{ bundle: true, platform: 'browser', format: 'esm', alias, logLevel: 'silent' },
      outfile: join(folder, `${name}.js`),
    });
  }
});

test('takes twenty lines at most', () => {
  expect(`${train}${page}`.split('\n').filter(line => line.trim() !== '').length).toBeLessThanOrEqual(20);
});

describe.skipIf(!browser)('in Chromium', () => {
  test('the loss falls, and the model that is kept has learnt', async () => {
    const { page, problems } = await openPage(`${await serve(folder)}/index.html`);
    await page.waitForFunction('globalThis.kept');
    expect(problems).toEqual([]);
    const said = await page.innerText('body');
    expect(said).toMatch(/ has learnt: lstm\+last-step\+readout$/);
    const losses = said.split(' ').map(Number).filter(Number.isFinite);
    expect(losses).toHaveLength(100);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 4);

    const { model } = load(Uint8Array.from((await page.evaluate('globalThis.kept')) as number[]));
    const letters = (word: string) => Array.from(word, letter => letter.charCodeAt(0) - 97);
    const x = Sequence.pack(['piano', 'violin'].map(letters), { classes: 26 });
    expect([...argmaxLast(model.forward(x).y)]).toEqual([1, 0]);
  });
});
