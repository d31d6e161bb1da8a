/** The engine in a browser has the bits of Node. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../examples.ts';
import { browser, openPage } from './browser.ts';
import { type Bits, bits } from './engine-bits.ts';

const folder = mkdtempSync(join(tmpdir(), 'bptt-engine-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let script: string;

beforeAll(async () => {
  const contents = `
    import { bits } from './spec/pages/engine-bits.ts';
    document.getElementById('bits').textContent = JSON.stringify(bits());`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: ROOT, loader: 'ts' },
    ...{ bundle: true, platform: 'browser', format: 'iife', write: false, logLevel: 'silent' }, // fails on modules of Node
  });
  script = outputFiles?.[0]?.text ?? '';
});

test('the library needs nothing of Node', () => {
  expect(script.length).toBeGreaterThan(200_000); // two modules of kernels, and all around them
});

describe.skipIf(!browser)('in Chromium', () => {
  test('layers have the bits that they have in Node, training the losses; fused multiply-adds round otherwise', async () => {
    const file = join(folder, 'engine.html');
    writeFileSync(file, `<pre id="bits"></pre><script>${script.replaceAll('</script', '<\\/script')}</script>`);
    const { page, problems } = await openPage(file);
    expect(problems).toEqual([]);
    const { layers, losses, fused } = JSON.parse((await page.textContent('#bits')) ?? '') as Bits;
    const here = bits();
    expect(layers.length).toBeGreaterThan(1000);
    expect(layers).toEqual(here.layers);
    for (const [n, loss] of losses.entries()) expect(loss).toBeCloseTo(here.losses[n] ?? Number.NaN, 12);
    expect(fused).toBeGreaterThan(0);
    expect(fused).toBeLessThan(1e-12);
  });
});
