/** The page of `bptt cells` in a browser: its text coloured by the unit that is chosen. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, describe, expect, test } from 'vitest';
import { cellsPage } from '../../lib/cli/cells/page.ts';
import type { CellsReport } from '../../lib/cli/cells/report.ts';
import { coloursOf, SHADES, shadeOf } from '../../lib/cli/cells/shades.ts';
import type { Tracking } from '../../lib/flow/interpretable.ts';
import { browser, openPage } from './browser.ts';

const SYMBOLS = [...'“A</script><b>&amp;”\n🎭 \u001b'];
const M = 3;

const tracking = (name: string, unit: number, r: number): Tracking => ({
  name,
  unit,
  choice: Float64Array.of(0.1, -0.2, 0.3).fill(r, unit, unit + 1),
  heldOut: Float64Array.of(0.15, -0.25, 0.35).fill(r / 2, unit, unit + 1),
  ranked: [unit, ...[0, 1, 2].filter(j => j !== unit)],
  chance: { shifts: 199, quantile99: 0.123, p: 0.005 },
  symbolAlone: 0.4,
  mean: 0.5,
});

/** Unit j's byte after symbol t: another for every unit and symbol. */
const byteAt = (t: number, j: number): number => (37 * t + 91 * j + 5 * t * j) % 256;

const report: CellsReport = {
  checkpoint: 'runs/<x>/checkpoint.safetensors',
  cell: 'lstm',
  layers: 2,
  heldOut: 0.1,
  read: { file: '<img src=x>.txt', text: SYMBOLS.join(''), trained: true },
  found: {
    ...{
      layer: 2,
      state: 'c',
      m: M,
      from: 100,
      cut: 500,
      to: 800,
      absent: ['bracket depth'],
      excerpt: new Float64Array(),
    },
    tracked: [tracking('inside quotation', 1, -0.81), tracking('position in line', 2, 0.62)],
  },
  unit: 1,
  tracks: 'inside quotation',
  excerpt: {
    symbols: SYMBOLS,
    bytes: Uint8Array.from({ length: SYMBOLS.length * M }, (_, k) => byteAt(Math.floor(k / M), k % M)),
    m: M,
    scale: 1,
  },
  command: 'bptt cells runs/<x> "t".txt --unit 1',
};

const folder = mkdtempSync(join(tmpdir(), 'bptt-cells-'));
const file = join(folder, 'cells.html');
writeFileSync(file, cellsPage(report));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The colours behind and of every symbol, as the browser shows them. */
const colours = (page: Page): Promise<string[]> =>
  page.evaluate(
    `[...document.querySelectorAll('#text span')].map(getComputedStyle).map(s => s.backgroundColor + ' ' + s.color)`,
  );

/** What they ought to be for a unit. */
const wanted = (unit: number): string[] =>
  SYMBOLS.map((_, t) => {
    const { back, front } = coloursOf(shadeOf(byteAt(t, unit)));
    return `rgb(${back.join(', ')}) rgb(${front.join(', ')})`;
  });

describe.skipIf(!browser)('the page of bptt cells', () => {
  test('shows the table, the text and the command, and asks for nothing', async () => {
    const { page, problems } = await openPage(file);
    expect(await page.textContent('h1')).toBe('What the units of runs/<x>/checkpoint.safetensors track');
    const rows = await page.$$eval('#tracked tr', trs => trs.map(tr => [...tr.children].map(cell => cell.textContent)));
    expect(rows).toEqual([
      ['tracks', 'unit', 'chosen at', 'held out', 'chance 99 %', 'p', 'symbol', 'next'],
      ['inside quotation', '1', '−0.81', '−0.41', '0.12', '0.005', '0.40', '0 (+0.15) 2 (+0.35)'],
      ['position in line', '2', '+0.62', '+0.31', '0.12', '0.005', '0.40', '0 (+0.15) 1 (−0.25)'],
    ]);
    expect(await page.$$eval('#text span', spans => spans.map(span => span.textContent))).toEqual([
      ...SYMBOLS.slice(0, -1),
      '\ufffd',
    ]);
    expect(await page.textContent('.caption')).toContain('bptt cells runs/<x> "t".txt --unit 1');
    expect(await page.textContent('body')).toContain(
      'Units chosen on 400 symbols that it was trained on; held out: the next 300',
    );
    expect(await page.$$('img, b')).toEqual([]);
    expect(problems).toEqual([]);
  });

  test('colours the text by the unit that was asked for, then by the one that is chosen', async () => {
    const { page, problems } = await openPage(file);
    expect(await colours(page)).toEqual(wanted(1));
    await page.selectOption('#unit', '0');
    expect(await colours(page)).toEqual(wanted(0));
    await page.click('#tracked button:has-text("2")');
    expect(await page.inputValue('#unit')).toBe('2');
    expect(await colours(page)).toEqual(wanted(2));
    const title = await page.getAttribute('#text span:nth-child(4)', 'title');
    expect(Number(title)).toBeCloseTo(byteAt(3, 2) / 127.5 - 1, 2);
    expect(await page.$$eval('#unit option', options => options.map(option => option.textContent))).toEqual([
      '0',
      '1 (inside quotation −0.41)',
      '2 (position in line +0.31)',
    ]);
    expect(problems).toEqual([]);
  });

  test('is legible without its script, and printed in black and white', async () => {
    const { page } = await openPage(file, { javaScript: false });
    expect(await colours(page)).toEqual(wanted(1));
    expect(await page.$$eval('#legend span', spans => spans.length)).toBe(SHADES);
    await page.emulateMedia({ media: 'print' });
    expect(await colours(page)).toEqual(wanted(1));
    const exact = await page.evaluate(`getComputedStyle(document.querySelector('#text')).printColorAdjust`);
    expect(exact).toBe('exact');
  });
});
