/** A page whose worker does not come to train: what its loop throws. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../examples.ts';
import { browser, openPage } from './browser.ts';
import { fileOf, pageWith } from './readme.ts';
import { serve } from './server.ts';

const folder = mkdtempSync(join(tmpdir(), 'bptt-worker-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PAGE = `
import { connect } from './lib/worker/index.ts';
const training = connect(new Worker(location.hash.slice(1), { type: 'module' }), { x: [[0], [1]], y: [0, 1] });
try { for await (const _ of training); } catch (error) { document.body.append(String(error)); }
try { await training.save(); } catch (error) { document.body.append('; ', error.name); }
document.body.dataset.done = 'yes';`;

beforeAll(async () => {
  const alias = { bptt: './lib/index.ts', 'bptt/worker': './lib/worker/index.ts' };
  for (const [name, contents] of Object.entries({ train: fileOf('train.js'), page: PAGE })) {
    await build({
      stdin: { contents, resolveDir: ROOT },
      ...{ bundle: true, platform: 'browser', format: 'esm', alias, logLevel: 'silent' },
      outfile: join(folder, `${name}.js`),
    });
  }
  writeFileSync(join(folder, 'wrong.js'), 'throw new Error("lost");');
  writeFileSync(join(folder, 'index.html'), pageWith('page.js'));
});

describe.skipIf(!browser)('in Chromium, a worker', () => {
  test.each<[what: string, file: string, said: string]>([
    [
      'whose file is not there',
      'none.js',
      'ValueError: worker: expected a script that runs, got one that cannot be loaded; ValueError',
    ],
    [
      'whose file throws',
      'wrong.js',
      'ValueError: worker: expected a script that runs, got Uncaught Error: lost; ValueError',
    ],
    [
      'whose policy forbids WebAssembly',
      'train.js',
      'ValueError: WebAssembly: expected a page whose Content Security Policy has',
    ],
  ])('%s', async (_, file, said) => {
    const address = await serve(folder, { 'content-security-policy': "default-src 'self'" });
    const { page } = await openPage(`${address}/index.html#${file}`);
    await page.waitForSelector('[data-done]');
    expect(await page.innerText('body')).toContain(said);
  });
});
