/** A page whose worker does not come to train, or ends: what its loop throws, and what it asks for then. */
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
try { await training.save(); } catch (error) { document.body.append('; ' + error); }
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
  const end = "event => event.data.bptt === 'ask' && (event.stopImmediatePropagation(), close())";
  writeFileSync(join(folder, 'end.js'), `addEventListener('message', ${end});`);
  writeFileSync(join(folder, 'ends.js'), "import './end.js'; import './train.js';");
  const late = `const { locks } = navigator;
    const request = locks.request.bind(locks);
    locks.request = (...all) => new Promise(resolve => setTimeout(resolve, 1000)).then(() => request(...all));`;
  writeFileSync(join(folder, 'late.js'), late);
  writeFileSync(join(folder, 'ends-late.js'), "import './late.js'; import './ends.js';");
  for (const [name, request] of [
    ['never', 'new Promise(() => {})'],
    ['throws', 'null.lock'],
  ] as const) {
    writeFileSync(join(folder, `${name}.js`), `navigator.locks.request = () => ${request};`);
    writeFileSync(join(folder, `trains-${name}.js`), `import './${name}.js'; import './train.js';`);
  }
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

  test.each([
    ['that ends without a word', 'ends.js'],
    ['that does, though the browser was slow to lock what its end is known by', 'ends-late.js'],
  ])('%s', async (_, file) => {
    const { page } = await openPage(`${await serve(folder, {})}/index.html#${file}`);
    await page.waitForSelector('[data-done]');
    const said = 'ValueError: worker: expected one that runs, got one that was stopped, or had no memory left';
    expect(await page.innerText('body')).toContain(`; ${said}`);
  });

  test.each([
    ['never locks', 'trains-never.js'],
    ['refuses to lock', 'trains-throws.js'],
  ])('that learns in a browser which %s', async (_, file) => {
    const { page, problems } = await openPage(`${await serve(folder, {})}/index.html#${file}`);
    await page.waitForSelector('[data-done]', { state: 'attached' }); // there is nothing to see
    expect((await page.innerText('body')).trim()).toBe('');
    expect(problems).toEqual([]);
  });
});
