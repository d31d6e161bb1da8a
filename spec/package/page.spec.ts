/** The README's page, which trains in a worker, with the package: without a bundler, bundled by esbuild, and built by Vite. */
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build as esbuild } from 'esbuild';
import { build as vite } from 'vite';
import { beforeAll, describe, expect, test } from 'vitest';
import { browser, openPage } from '../pages/browser.ts';
import { fileOf, pageWith } from '../pages/readme.ts';
import { serve } from '../pages/server.ts';
import { project, write } from './installed.ts';
import { manifest } from './npm.ts';

/** Beside what the README writes: what a class is called in an error there, and a parser that others have written. */
const page = `${fileOf('page.js')}
import { clipByNorm, readCsv } from 'bptt';
try { clipByNorm({}, 1); } catch (error) { document.body.append(\`; \${error.message}\`); }
for await (const { value } of readCsv('a,b\\n1,"2"', { columns: { b: 'number' } })) document.body.append(\`; b = \${value.b}\`);
document.body.dataset.done = 'yes';
`;

/** What a page says, when nothing is wrong with it, under a policy that allows what has to be. */
async function said(folder: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
  const policy = "default-src 'self'; script-src 'self' 'nonce-map' 'wasm-unsafe-eval'";
  const address = await serve(join(project, folder), { 'content-security-policy': policy, ...more });
  const { page, problems } = await openPage(`${address}/index.html`);
  await page.waitForSelector('[data-done]');
  expect(problems).toEqual([]);
  return page.innerText('body');
}

/** A page whose worker has two others help it. */
const FAST = `
import { connectTrainer } from 'bptt/worker';
const worker = new Worker(new URL('learn-fast.js', import.meta.url), { type: 'module' });
const trainer = connectTrainer(worker, { text: 'hello help '.repeat(200), workers: 3, hidden: 4, batch: 70 }, { steps: 2 });
try { for await (const { step } of trainer) document.body.append(step); } catch (error) { document.body.append(String(error)); }
document.body.dataset.done = 'yes';
`;
const ISOLATED = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

const LEARNT =
  / 0\.\d+ has learnt: lstm\+last-step\+readout; params: expected a ParamSet, got an object with keys \{\}; b = 2$/;

beforeAll(() => {
  for (const folder of ['plain', 'sources', 'bundled', 'site', 'fast-plain', 'fast-site'])
    mkdirSync(join(project, folder));
  for (const name of ['helper', 'learn-fast']) write(`fast-site/${name}.js`, fileOf(`${name}.js`));
  write('fast-site/page.js', FAST);
  for (const folder of ['sources', 'site']) {
    write(`${folder}/train.js`, fileOf('train.js'));
    write(`${folder}/page.js`, page);
  }
});

describe.skipIf(!browser)('a page in Chromium, under a strict policy', () => {
  test('has all from one file, by an import map', async () => {
    copyFileSync(join(project, 'node_modules/bptt', manifest.unpkg), join(project, 'plain/browser.js'));
    const names = ['bptt', 'bptt/io', 'bptt/worker'];
    const map = JSON.stringify({ imports: Object.fromEntries(names.map(name => [name, './browser.js'])) });
    write('plain/train.js', fileOf('train.js').replaceAll(/'bptt[\w/]*'/g, "'./browser.js'"));
    write('plain/page.js', page);
    write('plain/index.html', pageWith('page.js', `<script type="importmap" nonce="map">${map}</script>`));
    expect(await said('plain')).toMatch(LEARNT);
  });

  test('has it bundled by esbuild', async () => {
    await esbuild({
      entryPoints: ['train', 'page'].map(name => join(project, `sources/${name}.js`)),
      ...{ bundle: true, minify: true, format: 'esm', logLevel: 'silent', outdir: join(project, 'bundled') },
    });
    write('bundled/index.html', pageWith('page.js'));
    expect(await said('bundled')).toMatch(LEARNT);
  });

  test('has it built by Vite', async () => {
    write('site/index.html', pageWith('/page.js'));
    await vite({ root: join(project, 'site'), configFile: false, logLevel: 'silent' });
    expect(await said('site/dist')).toMatch(LEARNT);
  });

  test('has several workers, from one file and built by Vite', async () => {
    const own = (text: string) => text.replaceAll(/'bptt[\w/]*'/g, "'./browser.js'");
    copyFileSync(join(project, 'node_modules/bptt', manifest.unpkg), join(project, 'fast-plain/browser.js'));
    for (const name of ['helper', 'learn-fast']) write(`fast-plain/${name}.js`, own(fileOf(`${name}.js`)));
    write('fast-plain/page.js', own(FAST));
    write('fast-plain/index.html', pageWith('page.js'));
    expect(await said('fast-plain', ISOLATED)).toMatch(/^\s*12$/);
    write('fast-site/index.html', pageWith('/page.js'));
    await vite({ root: join(project, 'fast-site'), configFile: false, logLevel: 'silent', worker: { format: 'es' } });
    expect(await said('fast-site/dist', ISOLATED)).toMatch(/^\s*12$/);
  });
});
