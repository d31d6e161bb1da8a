/** The reports of `bptt flow`, in a real browser: figures are read off the page, and compared with what was measured. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { cells } from '../../lib/cells/index.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { rnn } from '../../lib/cells/rnn.ts';
import { type Findings, round } from '../../lib/cli/flow/findings.ts';
import { compareNetworks, type Measurement, studied, tryClaims, untrained } from '../../lib/cli/flow/measurements.ts';
import { flowPage } from '../../lib/cli/flow/page.ts';
import type { Study } from '../../lib/flow/study.ts';
import { browser, openPage } from './browser.ts';

const folder = mkdtempSync(join(tmpdir(), 'bptt-flow-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function finish(steps: Measurement): Findings {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** The report of some findings, in a file. */
async function written(name: string, { title, says, table, data, figures }: Findings): Promise<string> {
  const command = 'bptt flow --test "<&>"';
  const file = join(folder, `${name}.html`);
  writeFileSync(file, flowPage({ title, command, says, table, figures: await figures(command), data }));
  return file;
}

/** Every text of every picture whose box is not within its picture's: what a reader would not see. */
const CUT = `[...document.querySelectorAll('svg')].flatMap(svg => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll('text')].filter(text => {
    const { left, right, top, bottom } = text.getBoundingClientRect();
    return right > frame.right + 1 || left < frame.left - 1 || top < frame.top - 1 || bottom > frame.bottom + 1;
  }).map(text => text.textContent);
})`;

/** The table of a page: a list of rows, each a list of texts. */
const TABLE = `[...document.querySelectorAll('table tr')].map(row => [...row.children].map(cell => cell.textContent))`;

describe.skipIf(!browser)('the report', () => {
  test('of one network: its table, its pictures and its data, with no script and no request', async () => {
    const options = { cell: lstm, init: 'uniform', d: 3, m: 4, forgetBias: 3, seed: 1 } as const;
    const findings = finish(studied(untrained(options, 20), false, 5));
    const { page, problems } = await openPage(await written('study', findings), { javaScript: false });
    expect(problems).toEqual([]);
    expect(await page.title()).toBe(
      'Gradient flow of an untrained lstm (uniform, forget bias 3; d = 3, m = 4, seed 1)',
    );
    expect(await page.locator('figure').evaluateAll(all => all.map(({ id }) => id))).toEqual([
      ...['gradients', 'reach', 'predictions', 'spectra', 'exponents', 'paths'],
    ]);
    expect(await page.evaluate(TABLE)).toEqual(findings.table);
    const study = findings.data as unknown as Study;
    const rows = new Map((await page.evaluate(TABLE)) as [string, string][]);
    expect(rows.get('largest Lyapunov exponent λ₁')).toBe(round(study.exponents.exponents[0]));
    expect(JSON.parse((await page.textContent('#data')) ?? '')).toEqual(JSON.parse(JSON.stringify(findings.data)));
    expect(await page.textContent('.caption code')).toBe('bptt flow --test "<&>"');
    expect(await page.evaluate(CUT)).toEqual([]);
  });

  test('shows what was measured: an eigenvalue a dot, an exponent a dot, all within the picture', async () => {
    const findings = finish(studied(untrained({ cell: rnn, init: 'orthogonal', d: 2, m: 6, seed: 2 }, 16), false, 5));
    const { page } = await openPage(await written('orthogonal', findings));
    const study = findings.data as unknown as Study;
    const dots = (figure: string) => page.locator(`#${figure} svg g[aria-label="dot"]`);
    const [own = 0, crosses = 0] = await dots('spectra').evaluateAll(groups =>
      groups.map(group => group.children.length),
    );
    expect([own, crosses]).toEqual([study.lastStep.length, 6]);
    expect(await dots('exponents').locator('circle').count()).toBe(study.exponents.exponents.length);
    /** W is orthogonal: its crosses lie on the dashed circle, whose radius is half the circle's box. */
    const circle = await page.locator('#spectra svg g[aria-label="line"] path').boundingBox();
    const marks = await dots('spectra').nth(1).locator('path').all();
    for (const mark of marks) {
      const box = await mark.boundingBox();
      if (!box || !circle) throw new Error('nothing drawn');
      const [x, y] = [
        box.x + box.width / 2 - circle.x - circle.width / 2,
        box.y + box.height / 2 - circle.y - circle.height / 2,
      ];
      expect(Math.abs(Math.hypot(x, y) / (circle.width / 2) - 1)).toBeLessThan(0.02);
    }
    expect(marks).toHaveLength(6);
    expect(await page.locator('#paths').count()).toBe(0);
  });

  test('of a comparison: a line a network, and its median in the table', async () => {
    const findings = finish(compareNetworks(['rnn', 'irnn', 'lstm'], { length: 20, d: 3, m: 12, seeds: 2 }, cells));
    const { page, problems } = await openPage(await written('compare', findings));
    expect(problems).toEqual([]);
    expect(await page.evaluate(TABLE)).toEqual(findings.table);
    const names = await page.locator('#compare svg g[aria-label="text"]').first().locator('text').allTextContents();
    expect(names.toSorted()).toEqual(['irnn', 'lstm', 'rnn']);
    expect(await page.evaluate(CUT)).toEqual([]);
  });

  test('of the claims: each with its verdict and its picture', async () => {
    const findings = finish(tryClaims({ seeds: 1, length: 12, d: 3, m: 4 }));
    const { page, problems } = await openPage(await written('claims', findings));
    expect(problems).toEqual([]);
    const { claims } = findings.data as { readonly claims: readonly { name: string; says: string; verdict: string }[] };
    const rows = ((await page.evaluate(TABLE)) as string[][]).slice(1);
    expect(rows.map(([name = '', , says = '']) => [name, says])).toEqual(claims.map(({ name, says }) => [name, says]));
    expect(await page.locator('figure').count()).toBe(claims.length);
    expect(await page.evaluate(CUT)).toEqual([]);
  });

  test('would be seen to cut a text off', async () => {
    const file = join(folder, 'cut.html');
    writeFileSync(
      file,
      '<svg width="100" height="20"><text y="15">in</text><text x="95" y="15">out of it</text></svg>',
    );
    const { page } = await openPage(file);
    expect(await page.evaluate(CUT)).toEqual(['out of it']);
  });
});
