/** What a page may cost, and how it is got around: compressed size, time, jumps, headings, the keyboard, the dark, a folder, a file. */
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { MENU } from '../../derivations/.site/page.ts';
import { browser, openPage, visit } from '../pages/browser.ts';
import { serve } from '../pages/server.ts';
import { violations } from './handed.ts';
import { addressOf, htmlOf, OUT } from './served.ts';

/** The pages of the menu, and one of each other kind. */
const LIVE = [...MENU.map(([file]) => file), 'lstm.html', 'guide-errata.html', 'api-bptt.html'];

/** Compressed bytes that a page may load before it can be used. */
const BYTES = 250_000;
/** Milliseconds until it can be used, in one of so many tries: what others do on the machine is no fault of the page. */
const [INTERACTIVE, TRIES] = [1500, 12];
/** What things may jump by, as browsers count it: nothing, to two decimals. */
const JUMP = 0.005;

const compressed = (text: string | Buffer): number => gzipSync(text, { level: 9 }).length;

/** A page with the styles and scripts that it names, as bytes over the wire. */
function sizeOf(html: string): number {
  const named = Array.from(
    html.matchAll(/<(?:link rel="stylesheet" href|script [^>]*src)="([^"]+)"/g),
    ([, file = '']) => file,
  );
  return named.reduce((sum, file) => sum + compressed(readFileSync(join(OUT, file))), compressed(html));
}

/** What is wrong with the headings of a page. */
function headingsOf(html: string): string[] {
  const levels = Array.from(html.matchAll(/<h([1-6])\b/g), ([, level]) => Number(level));
  const skips = levels.flatMap((level, n) =>
    level > (levels[n - 1] ?? 0) + 1 ? [`h${level} after h${levels[n - 1] ?? 0}`] : [],
  );
  return levels.filter(level => level === 1).length === 1 ? skips : [...skips, 'not one h1'];
}

describe('every page', () => {
  it('is at most 250 kB before it can be used', () => {
    const large = Array.from(htmlOf, ([file, html]) => [file, sizeOf(html)] as const).filter(
      ([, size]) => size > BYTES,
    );
    expect(large).toEqual([]);
    expect(sizeOf(htmlOf.get('flow.html') ?? '')).toBeGreaterThan(100_000); // what is counted is there
    const editor = compressed(readFileSync(join(OUT, 'editor.js')));
    expect(sizeOf(htmlOf.get('judge.html') ?? '') + editor).toBeLessThan(BYTES); // it comes when one begins to write
  });

  it('has one heading of the first order, and none that skips one', () => {
    const wrong = Array.from(htmlOf).flatMap(([file, html]) => headingsOf(html).map(what => `${file}: ${what}`));
    expect(wrong).toEqual([]);
    expect(headingsOf('<h1></h1><h3></h3>')).toEqual(['h3 after h1']);
  });

  it('gives an id once, and leaves the order of the keyboard to that of the text', () => {
    const wrong = Array.from(htmlOf).flatMap(([file, html]) => {
      const ids = Array.from(html.matchAll(/<[^>]* id="([^"]+)"/g), ([, id = '']) => id);
      const twice = ids.filter((id, n) => ids.indexOf(id) !== n);
      return [
        ...twice.map(id => `${file}: ${id} twice`),
        ...(/tabindex="[1-9]/.test(html) ? [`${file}: tabindex`] : []),
      ];
    });
    expect(wrong).toEqual([]);
  });
});

/** Since the page began: when the last long task of loading ended, and how far things have jumped. */
const TIMES = `new Promise(resolve => {
  const found = { interactive: 0, shift: 0, from: [] };
  const [navigation] = performance.getEntriesByType('navigation');
  found.interactive = navigation.domContentLoadedEventEnd;
  new PerformanceObserver(list => {
    for (const { startTime, duration } of list.getEntries()) found.interactive = Math.max(found.interactive, startTime + duration);
  }).observe({ type: 'longtask', buffered: true });
  new PerformanceObserver(list => {
    for (const { value, hadRecentInput, sources } of list.getEntries())
      if (!hadRecentInput) { found.shift += value; found.from.push(...sources.map(({ node }) => node?.id || node?.className || node?.nodeName)); }
  }).observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => resolve(found), 800);
})`;

interface Times {
  readonly interactive: number;
  readonly shift: number;
  readonly from: readonly string[];
}

describe.skipIf(!browser)('in a browser', () => {
  it.each(LIVE)('%s is soon to be used, and nothing jumps', async file => {
    const found: Times[] = [];
    const soonest = () => Math.min(...found.map(({ interactive }) => interactive));
    while (found.length < 2 || (soonest() >= INTERACTIVE && found.length < TRIES)) {
      const { page } = await openPage(addressOf(file), { width: found.length === 1 ? 390 : 1440 });
      found.push((await page.evaluate(TIMES)) as Times);
      await page.close();
    }
    expect(soonest()).toBeLessThan(INTERACTIVE);
    expect(found.flatMap(({ shift, from }) => (shift >= JUMP ? [[shift, ...from]] : []))).toEqual([]);
  });

  it.each(LIVE)('%s can be used by all in the dark and without motion', async file => {
    const { page } = await visit(addressOf('guides.html'), { width: 1440 });
    await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
    const { problems } = await visit(addressOf(file), { width: 1440 });
    await page.waitForTimeout(300);
    expect(await violations(page)).toEqual([]);
    expect(
      await page.evaluate("document.getAnimations().filter(({ playState }) => playState === 'running').length"),
    ).toBe(0);
    expect(problems).toEqual([]);
  });

  it('is got around by the keyboard alone: to the text, and through the menu of a narrow page', async () => {
    const { page } = await openPage(addressOf('lstm.html'), { width: 390 });
    const focused = () => page.evaluate('document.activeElement.textContent');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('To the text');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Menu');
    expect(await page.locator('#menu').isVisible()).toBe(false);
    await page.keyboard.press('Enter');
    expect(await page.locator('#menu a').count()).toBe(MENU.length);
    for (const link of await page.locator('#menu a').all()) expect(await link.isVisible()).toBe(true);
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('bptt');
    await page.keyboard.press('Escape');
    expect(await page.locator('#menu').isVisible()).toBe(false);
    await page.click('[popovertarget="contents"]');
    await page.click('#contents a[href="#backward"]');
    expect(await page.locator('#contents').isVisible()).toBe(false);
    expect(page.url()).toContain('lstm.html#backward');
  });

  it('works in a folder of any name', async () => {
    const address = await serve(dirname(OUT));
    for (const file of ['index.html', 'lstm.html', 'time.html', 'judge.html', 'api-bptt-io.html']) {
      const { page, problems } = await openPage(`${address}/${basename(OUT)}/${file}`);
      await page.waitForTimeout(300);
      expect([file, ...problems]).toEqual([file]);
    }
  });

  it('is read from its files too, and says where that does not do', async () => {
    const { page, problems } = await openPage(join(OUT, 'api.html'));
    await page.fill('#search', 'lstmPeep');
    await page.press('#search', 'Enter');
    await page.waitForURL(/api-bptt\.html#name-lstmPeephole$/);
    const others = problems.filter(problem => !problem.startsWith('asks for file:'));
    expect(others).toEqual([]);
    await page.goto(pathToFileURL(join(OUT, 'judge.html')).href);
    expect(await page.locator('.needs-server').isVisible()).toBe(true);
    const served = await openPage(addressOf('judge.html'));
    expect(await served.page.locator('.needs-server').isVisible()).toBe(false);
  });
});
