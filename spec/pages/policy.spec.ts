/** The engine in a page whose Content Security Policy says what scripts may do. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../examples.ts';
import { browser, openPage } from './browser.ts';

const folder = mkdtempSync(join(tmpdir(), 'bptt-policy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let script: string;

beforeAll(async () => {
  const contents = `
    import { recurrent, rnn, Sequence, unroll } from './lib/browser.ts';
    const x = Sequence.oneHot([0, 1], { T: 2, classes: 2 });
    const lines = [unroll, recurrent].map(layer => {
      try { return layer(rnn, { d: 2, m: 3 }).forward(x).y.T + ' steps'; } catch (error) { return String(error); }
    });
    document.body.textContent = lines.join('; ');`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: ROOT, loader: 'ts' },
    ...{ bundle: true, minify: true, platform: 'browser', format: 'iife', write: false, logLevel: 'silent' },
  });
  script = outputFiles?.[0]?.text ?? '';
});

/** What a page with this `script-src` says. */
async function said(name: string, allowed: string): Promise<string> {
  const file = join(folder, `${name}.html`);
  const policy = `<meta http-equiv="Content-Security-Policy" content="script-src ${allowed}">`;
  writeFileSync(file, `${policy}<body><script>${script.replaceAll('</script', '<\\/script')}</script>`);
  const { page } = await openPage(file);
  return page.innerText('body');
}

describe.skipIf(!browser)('a page in Chromium', () => {
  test("whose policy has 'wasm-unsafe-eval' runs everything, with no eval", async () => {
    expect(await said('open', "'unsafe-inline' 'wasm-unsafe-eval'")).toBe('2 steps; 2 steps');
  });

  test('whose policy has not runs the reference, and is told what the engine needs', async () => {
    expect(await said('closed', "'unsafe-inline'")).toBe(
      "2 steps; ValueError: WebAssembly: expected a page whose Content Security Policy has 'wasm-unsafe-eval' in its " +
        'script-src, got one that has not, where `unroll` and `readout` run instead of `recurrent` and `linear`',
    );
  });
});
