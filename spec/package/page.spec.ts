/** The package in a page: without a bundler, bundled by esbuild, and built by Vite. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build as esbuild } from 'esbuild';
import { build as vite } from 'vite';
import { describe, expect, test } from 'vitest';
import { browser, openPage } from '../pages/browser.ts';
import { serve } from '../pages/server.ts';
import { project, write } from './installed.ts';
import { manifest } from './npm.ts';

/** What every page runs, and what it says then. */
const PROGRAM = `
import { clipByNorm, recurrent, rnn, Sequence } from 'bptt';

const { y } = recurrent(rnn, { d: 2, m: 3 }).forward(Sequence.oneHot([0, 1], { T: 2, classes: 2 }));
let problem;
try { clipByNorm({}, 1); } catch (error) { problem = error.message; }
document.body.textContent = y.T + ' steps; ' + problem;
`;
const SAYS = '2 steps; params: expected a ParamSet, got an object with keys {}';

/** A page that loads a script, after what its head has. */
const page = (script: string, head = '') =>
  `<!doctype html><meta charset="utf-8"><title>bptt</title>${head}<body><script type="module" src="${script}"></script>`;

/** What a page of a folder of the project says, when nothing is wrong with it. */
async function said(folder: string, file: string): Promise<string> {
  const policy = "default-src 'self'; script-src 'self' 'nonce-map' 'wasm-unsafe-eval'; img-src data:";
  const address = await serve(join(project, folder), { 'content-security-policy': policy });
  const { page, problems } = await openPage(`${address}/${file}`);
  await page.waitForFunction('document.body.innerText !== ""');
  expect(problems).toEqual([]);
  return page.innerText('body');
}

describe.skipIf(!browser)('a page in Chromium, under a strict policy', () => {
  test('has all from one file, by an import map', async () => {
    const map = { imports: { bptt: `/node_modules/bptt/${manifest.unpkg.replace('./', '')}` } };
    write('plain.js', PROGRAM);
    write('plain.html', page('plain.js', `<script type="importmap" nonce="map">${JSON.stringify(map)}</script>`));
    expect(await said('.', 'plain.html')).toBe(SAYS);
  });

  test('has it bundled by esbuild', async () => {
    write('bundled.html', page('bundled.js'));
    await esbuild({
      stdin: { contents: PROGRAM, resolveDir: project },
      ...{ bundle: true, minify: true, format: 'esm', logLevel: 'silent', outfile: join(project, 'bundled.js') },
    });
    expect(await said('.', 'bundled.html')).toBe(SAYS);
  });

  test('has it built by Vite', async () => {
    mkdirSync(join(project, 'site'));
    write('site/main.js', PROGRAM);
    write('site/index.html', page('/main.js'));
    await vite({ root: join(project, 'site'), configFile: false, logLevel: 'silent' });
    expect(await said('site/dist', 'index.html')).toBe(SAYS);
  });
});
