/** “Is my derivation right?”, as a reader uses it. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { browser, openPage } from '../pages/browser.ts';
import { addressOf } from './served.ts';

/** Touches the field, which becomes the editor, and goes into that. */
async function write(page: Page): Promise<void> {
  if ((await page.locator('.cm-content').count()) === 0) await page.focus('#derivation');
  await page.click('.cm-content');
}

describe.skipIf(!browser)('the editor', () => {
  it('judges a derivation as one types, marks the line of a planted sign, and keeps it in the address', async () => {
    const { page, problems } = await openPage(addressOf('judge.html'));
    await page.waitForFunction(`document.querySelector('#summary').textContent.startsWith('No line is wrong')`);
    await page.selectOption('#example', 'An empty frame');
    await page.waitForFunction(`document.querySelectorAll('#lines li').length === 2`);
    await write(page);
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
    const { page, problems } = await openPage(addressOf('judge.html'));
    await page.waitForFunction(`document.querySelector('#summary').textContent.startsWith('No line is wrong')`);
    await page.evaluate(`{
      const place = document.querySelector('#training');
      window.said = [];
      new MutationObserver(() => window.said.push(place.textContent)).observe(place, { childList: true });
    }`);
    await page.click('#learn');
    await page.waitForFunction(`window.said.at(-1)?.startsWith('Step 400:')`);
    const said = (await page.evaluate('window.said')) as string[];
    const lossAt = (step: number) =>
      Number(/: ([\d.]+) nats/.exec(said.find(text => text.startsWith(`Step ${step}:`)) ?? '')?.[1]);
    expect(lossAt(400)).toBeLessThan(lossAt(20) - 0.3);
    expect(problems).toEqual([]);
  });

  it('says of what cannot be read where that is, and of too long a text that it is', async () => {
    const { page, problems } = await openPage(
      addressOf(`judge.html#${encodeURIComponent('$$\\mathbf h_t = \\frac{1}{$$')}`),
    );
    await page.waitForFunction(`document.querySelector('#lines li')?.dataset.verdict === 'not read'`);
    await write(page);
    await page.keyboard.insertText('x'.repeat(100_001));
    await page.waitForFunction(
      `document.querySelector('#summary').textContent.startsWith('At most 100,000 characters')`,
    );
    expect(problems).toEqual([]);
  });

  it('judges what is written while it judges, and while a cell trains', async () => {
    const { page, problems } = await openPage(addressOf('judge.html'));
    await write(page);
    await page.keyboard.press('Control+Home');
    for (const letter of 'while it judges') await page.keyboard.type(letter, { delay: 30 });
    await page.waitForFunction(`document.querySelector('#summary').textContent.startsWith('No line is wrong')`);
    await page.click('#learn');
    await page.selectOption('#example', 'An empty frame');
    await page.waitForFunction(`document.querySelectorAll('#lines li').length === 2`);
    expect(problems).toEqual([]);
  });

  it('is a plain field until it is touched, and keeps where one was in it', async () => {
    const { page, problems } = await openPage(addressOf('judge.html'));
    await page.waitForFunction(`document.querySelector('#summary').textContent.startsWith('No line is wrong')`);
    expect(await page.locator('.cm-content').count()).toBe(0);
    await page.evaluate(`document.querySelector('#derivation').setSelectionRange(2, 2)`);
    await page.focus('#derivation');
    await page.waitForSelector('.cm-focused');
    await page.keyboard.type('#');
    expect(await page.textContent('.cm-line')).toMatch(/^# #The/);
    expect(problems).toEqual([]);
  });

  it('leads with what is written to the page where it goes back through time', async () => {
    const { page, problems } = await openPage(addressOf('judge.html'));
    await page.waitForFunction(`document.querySelector('#summary').textContent.startsWith('No line is wrong')`);
    await page.click('#see');
    await page.waitForURL(/time\.html/);
    await page.waitForFunction(`document.querySelectorAll('#backward .line').length > 3`);
    expect(await page.inputValue('#cell')).toBe('own');
    expect(await page.textContent('#note')).toBe('');
    expect(problems).toEqual([]);
  });
});
