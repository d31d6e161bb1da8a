/** What holds of every page of the site. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MENU } from '../../derivations/.site/page.ts';
import { browser, visit } from '../pages/browser.ts';
import { violations } from './handed.ts';
import { addressOf, htmlOf, OUT } from './served.ts';

/** The pages of the menu, and one that one reads. */
const LIVE = [...MENU.map(([file]) => file), 'lstm.html'];

describe('every page', () => {
  it('leads only where there is something', () => {
    const missing = Array.from(htmlOf).flatMap(([file, html]) =>
      Array.from(html.matchAll(/ href="([^":]+)"/g), ([, to = '']) => to)
        .filter(to => {
          const [page = '', anchor = ''] = to.split('#');
          const target = page === '' ? html : htmlOf.get(page);
          if (/\.(?!html)\w+$/.test(page)) return !existsSync(join(OUT, page));
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
      const { page, problems } = await visit(addressOf(file), { width });
      await page.waitForTimeout(300);
      const wide = await page.evaluate('document.documentElement.scrollWidth');
      expect(wide).toBeLessThanOrEqual(width);
      expect(await violations(page)).toEqual([]);
      expect(problems).toEqual([]);
    }
  });

  it('every page fits a narrow window', async () => {
    const { page } = await visit(addressOf('index.html'), { width: 390 });
    const wide: string[] = [];
    const sources = [...htmlOf.keys()].filter(file => file.startsWith('source-')); // all are of one kind
    for (const file of [...htmlOf.keys()].filter(file => !sources.includes(file) || sources.indexOf(file) < 5)) {
      await page.goto(addressOf(file));
      if (Number(await page.evaluate('document.documentElement.scrollWidth')) > 390) wide.push(file);
    }
    expect(wide).toEqual([]);
  });
});
