/** The site as it was built, as a reader uses it, in a browser: `npm run test:site`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { passesOf, type Scene } from '../../derivations/.site/app/passes.ts';
import { type Cell, cells } from '../../lib/index.ts';
import { ROOT } from '../examples.ts';
import { browser, openPage } from '../pages/browser.ts';

const OUT = join(ROOT, 'derivations/.site/out');
const pages = readdirSync(OUT).filter(file => file.endsWith('.html'));
const htmlOf = new Map(pages.map(file => [file, readFileSync(join(OUT, file), 'utf8')] as const));
const LIVE = ['index.html', 'derivations.html', 'lstm.html', 'judge.html', 'time.html'];

let server: ChildProcess;
let address = '';

beforeAll(async () => {
  server = spawn(process.execPath, ['--import', 'tsx', 'derivations/.site/serve.ts'], {
    cwd: ROOT,
    env: { ...process.env, PORT: '0' },
  });
  const said = await new Promise<Buffer>(resolve => server.stdout?.once('data', resolve));
  address = String(said).trim();
});
afterAll(() => server.kill());

describe('every page', () => {
  it('leads only where there is something', () => {
    const missing = Array.from(htmlOf).flatMap(([file, html]) =>
      Array.from(html.matchAll(/ href="([^":]+)"/g), ([, to = '']) => to)
        .filter(to => {
          const [page = '', anchor = ''] = to.split('#');
          const target = page === '' ? html : htmlOf.get(page);
          if (page === 'style.css' || page.startsWith('../')) return false;
          return target === undefined || (anchor !== '' && !target.includes(`id="${anchor}"`));
        })
        .map(to => `${file} → ${to}`),
    );
    expect(missing).toEqual([]);
  });

  it('has a verdict beside every equation that has a tag, and none is wrong', () => {
    const found = Array.from(htmlOf.values()).flatMap(html => {
      return Array.from(
        html.matchAll(/id="([A-Z]+-\w+)">[\s\S]*?<span class="verdict (\w+)"/g),
        ([, tag = '', verdict = '']) => [tag, verdict] as const,
      );
    });
    expect(found.length).toBeGreaterThan(600);
    expect(found.filter(([, verdict]) => verdict === 'wrong')).toEqual([]);
    expect(found.filter(([, verdict]) => verdict === 'proven').length).toBeGreaterThan(200);
  });
});

describe.skipIf(!browser)('in a browser', () => {
  it.each(LIVE)('%s asks nobody else, fits narrow and wide windows, and can be used by all', async file => {
    for (const width of [390, 1440]) {
      const { page, problems } = await openPage(`${address}/${file}`, { width });
      await page.waitForTimeout(300);
      const wide = await page.evaluate('document.documentElement.scrollWidth');
      expect(wide).toBeLessThanOrEqual(width);
      await page.addScriptTag({ path: join(ROOT, 'derivations/.site/node_modules/axe-core/axe.min.js') });
      const found = (await page.evaluate(
        "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))",
      )) as string[];
      expect(found).toEqual([]);
      expect(problems).toEqual([]);
    }
  });

  it('every page fits a narrow window', async () => {
    const { page } = await openPage(`${address}/index.html`, { width: 390 });
    const wide: string[] = [];
    for (const file of pages) {
      await page.goto(`${address}/${file}`);
      if (Number(await page.evaluate('document.documentElement.scrollWidth')) > 390) wide.push(file);
    }
    expect(wide).toEqual([]);
  });

  it('shows an equation of another page where it is named', async () => {
    const { page, problems } = await openPage(`${address}/mgu.html`);
    await page.hover('a.ref[data-tag="LSTM-F5"]');
    expect(await page.textContent('.preview')).toContain('LSTM-F5');
    expect(await page.isVisible('.preview math')).toBe(true);
    await page.keyboard.press('Escape');
    expect(await page.isVisible('.preview')).toBe(false);
    expect(problems).toEqual([]);
  });

  it('judges a derivation as one types, marks the line of a planted sign, and keeps it in the address', async () => {
    const { page, problems } = await openPage(`${address}/judge.html`);
    await page.waitForFunction(`document.querySelector('#summary').textContent.startsWith('No line is wrong')`);
    await page.selectOption('#example', 'An empty frame');
    await page.waitForFunction(`document.querySelectorAll('#lines li').length === 2`);
    await page.click('.cm-content');
    await page.keyboard.press('Control+End');
    await page.keyboard.type(
      '\n\n$$\\frac{\\partial L}{\\partial\\mathbf x_t} = -\\Big(\\frac{\\partial L}{\\partial\\mathbf h_t}\\odot(1-\\mathbf h_t^2)\\Big)U \\tag{MY-B2}$$',
    );
    await page.waitForFunction(`document.querySelector('#summary').textContent === '1 line is wrong.'`);
    expect(await page.getAttribute('li.wrong', 'data-name')).toBe('MY-B2');
    expect(await page.textContent('li.wrong')).toContain('Right with one change');
    expect(await page.locator('.cm-wrong').count()).toBe(1);
    await page.reload();
    await page.waitForFunction(`document.querySelector('#summary').textContent === '1 line is wrong.'`);
    expect(problems).toEqual([]);
  });

  it('makes a derivation a cell, which learns in the page', async () => {
    const { page, problems } = await openPage(`${address}/judge.html`);
    await page.waitForFunction(`document.querySelector('#summary').textContent.startsWith('No line is wrong')`);
    await page.click('#learn');
    const lossAt = async (step: number) => {
      await page.waitForFunction(`document.querySelector('#training').textContent.startsWith('Step ${step}:')`);
      return Number(/: ([\d.]+) nats/.exec((await page.textContent('#training')) ?? '')?.[1]);
    };
    const first = await lossAt(20);
    expect(await lossAt(400)).toBeLessThan(first - 0.3);
    expect(problems).toEqual([]);
  });

  it('says of what cannot be read where that is, and of too long a text that it is', async () => {
    const { page, problems } = await openPage(
      `${address}/judge.html#${encodeURIComponent('$$\\mathbf h_t = \\frac{1}{$$')}`,
    );
    await page.waitForFunction(`document.querySelector('#lines li')?.dataset.verdict === 'not read'`);
    await page.click('.cm-content');
    await page.keyboard.insertText('x'.repeat(100_001));
    await page.waitForFunction(
      `document.querySelector('#summary').textContent.startsWith('At most 100,000 characters')`,
    );
    expect(problems).toEqual([]);
  });

  it.each(['rnn', 'lstm', 'gru'])(
    'goes back through time in %s: the numbers of the page are the library’s, at every step',
    async cell => {
      const scene: Scene = { cell, T: 6, m: 3, seed: 2, changed: {} };
      const { page, problems } = await openPage(
        `${address}/time.html#${encodeURIComponent(JSON.stringify({ ...scene, t: 6 }))}`,
      );
      const { steps } = passesOf(cells[cell] as Cell, scene);
      for (const t of [6, 3, 1]) {
        await page.fill('#t', `${t}`);
        const values = await page
          .locator(`#backward [data-name="dL/dh_${t}"] span`)
          .evaluateAll(spans =>
            spans.map(span => Number((span as unknown as { dataset: { value: string } }).dataset.value)),
          );
        const own = steps[t - 1]?.arrives.h?.to1DArray() ?? [];
        expect(values).toHaveLength(own.length);
        for (const [n, value] of values.entries()) expect(value).toBeCloseTo(own[n] ?? Number.NaN, 12); // two versions of a runtime round exp otherwise
      }
      await page.waitForFunction(`document.querySelector('#checked').textContent.includes('finite differences')`);
      const worst = Number(/by (\S+) at most/.exec((await page.textContent('#checked')) ?? '')?.[1]);
      expect(worst).toBeLessThan(1e-7);
      expect(problems).toEqual([]);
    },
  );

  it('follows a weight that is dragged', async () => {
    const { page, problems } = await openPage(`${address}/time.html`);
    const weight = page.locator('#parameters .grid.open span').first();
    await weight.scrollIntoViewIfNeeded();
    const before = Number(await weight.getAttribute('data-value'));
    const box = await weight.boundingBox();
    if (!box) throw new Error('there is no weight');
    await page.mouse.move(box.x + 4, box.y + 4);
    await page.mouse.down();
    await page.mouse.move(box.x + 4, box.y - 56, { steps: 4 });
    await page.mouse.up();
    expect(Number(await page.locator('#parameters .grid.open span').first().getAttribute('data-value'))).toBeCloseTo(
      before + 1,
      1,
    );
    expect(decodeURIComponent(page.url())).toContain('"changed":{"W');
    expect(problems).toEqual([]);
  });
});
