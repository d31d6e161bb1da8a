/** “Your own data”, as a reader uses it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { texts } from '../../derivations/.site/texts.ts';
import { answerTable } from '../../lib/tasks/index.ts';
import { ROOT } from '../examples.ts';
import { browser, type Opened, openPage } from '../pages/browser.ts';
import { all, fitted } from '../tasks/fitted.ts';
import { computing, downloaded, drop, paste, says, violations } from './handed.ts';
import { addressOf } from './served.ts';

const QUICK = { hidden: 8, layers: 1, epochs: 3, batch: 32, learningRate: 0.01, length: 14, horizon: 1 };

/** For whoever has it pause before it is done: so slowly better, epoch after epoch, that patience has no end. */
const LONG = { ...QUICK, epochs: 10_000, learningRate: 0.000_001 };

/** Updates of an epoch of either. */
const EPOCH = 40;

const at = (kept: object): string =>
  addressOf(`data.html#${encodeURIComponent(JSON.stringify({ missing: 'error', cell: 'gru', ...kept }))}`);

/** What the page says of a training once it says the same for a while: what its worker was told may still be on its way. */
async function standing(page: Page): Promise<string | null> {
  for (;;) {
    const said = await page.textContent('#status');
    await page.waitForTimeout(300);
    if ((await page.textContent('#status')) === said) return said;
  }
}

/** Waits until the figures are those after so many epochs: the page says that it is done before it has judged. */
async function judged(page: Page, epochs: number): Promise<void> {
  await page.waitForSelector(`#figures [data-epochs="${epochs}"]`);
}

describe.skipIf(!browser)('a table', () => {
  it('is understood, learnt from and foretold, with the numbers of the library, and taken away as the command’s file', async () => {
    const { page, problems } = await openPage(at({ settings: QUICK }));
    await says(page, '#understood', '1,826 rows: 1,278 steps are learnt from');
    const roles = await page
      .locator('#columns select')
      .evaluateAll(all => all.map(one => (one as unknown as { value: string }).value));
    expect(roles).toEqual(['time', 'target']);
    await page.click('#go');
    await says(page, '#status', 'Done after 3 epochs');
    await judged(page, 3);
    await page.waitForSelector('#forecast svg');
    await page.waitForSelector('#loss svg');
    expect(await violations(page)).toEqual([]);
    const table = readFileSync(join(ROOT, 'spec/fixtures/temperatures.csv'));
    const fit = await fitted(table, { task: 'forecast', settings: QUICK });
    const { figures } = fit.judge();
    for (const name of ['rmse', 'naiveRmse', 'mae']) {
      const shown = Number(await page.getAttribute(`[data-figure="${name}"]`, 'data-value'));
      expect(shown, name).toBeCloseTo(figures[name] ?? Number.NaN, 6); // two versions of a runtime round exp otherwise
    }
    const model = await downloaded(page, '#download');
    const [answer] = await all(answerTable(model, table));
    const [right] = await all(answerTable(fit.save(), table));
    await says(page, '#answers', Number(right?.temperature).toPrecision(4));
    expect(answer?.temperature).toBeCloseTo(Number(right?.temperature), 6);
    expect(problems).toEqual([]);
  });

  it('that is dropped is told apart, in which way a reader says, and is there after a reload, with what was said', async () => {
    const { page, problems } = await openPage(at({ settings: { ...QUICK, epochs: 20 } }));
    await says(page, '#understood', '1,826 rows');
    await drop(page, 'my-walks.csv', (texts()['turns.csv'] ?? '').replace('sequence', 'walk'));
    await page.waitForFunction(`document.querySelector('#task').value === 'classify'`);
    await says(page, '#problem', 'sequence');
    await page.selectOption('#columns td:nth-child(1) select', 'sequence');
    await says(page, '#understood', '40 sequences are learnt from');
    await page.reload();
    await says(page, '#understood', '40 sequences are learnt from');
    expect(decodeURIComponent(page.url())).toContain('"task":"classify"');
    await page.click('#go');
    await page.waitForSelector('#figures table');
    await page.waitForFunction(`document.querySelector('#status').textContent.startsWith('Done')`);
    const [, epochs] = /after (\d+) epochs/.exec((await page.textContent('#status')) ?? '') ?? [];
    await judged(page, Number(epochs));
    const shown = Number(await page.getAttribute('[data-figure="accuracy"]', 'data-value'));
    expect(shown).toBeGreaterThan(Number(await page.getAttribute('[data-figure="commonest"]', 'data-value')));
    expect(problems).toEqual([]);
  });

  it('stands when it is told to, and goes on', async () => {
    const { page, problems } = await openPage(at({ settings: LONG }));
    await says(page, '#status', 'not yet trained');
    await page.click('#go');
    await says(page, '#status', 'Epoch 2');
    await page.click('#go');
    expect(await page.textContent('#go')).toBe('Go on');
    const stood = await standing(page);
    await page.click('#go');
    await page.waitForFunction(`document.querySelector('#status').textContent !== ${JSON.stringify(stood)}`);
    expect(problems).toEqual([]);
  });

  it('is gone on with after a reload, and ends as if there had been none; what it came to is there after another', async () => {
    const { page, problems } = await openPage(at({ settings: LONG }));
    await says(page, '#status', 'not yet trained');
    await page.click('#go');
    await says(page, '#status', 'Epoch 2');
    await page.click('#go');
    // Of a slow epoch something was kept before its end, too.
    await page.waitForFunction(
      `Number(/at update ([\\d,]+)/.exec(document.querySelector('#storage').textContent)?.[1].replace(',', '')) > ${EPOCH}`,
    );
    await page.reload();
    await says(page, '#status', 'kept at update');
    const [, kept] = /after (\d+) epochs/.exec((await page.textContent('#status')) ?? '') ?? [];
    await page.waitForSelector('#loss svg');
    const epochs = Number(kept) + 2;
    await page.fill('#epochs', `${epochs}`);
    await page.click('#go'); // at once: the table is read anew before
    await says(page, '#status', `Done after ${epochs} epochs`);
    const table = readFileSync(join(ROOT, 'spec/fixtures/temperatures.csv'));
    const whole = await fitted(table, { task: 'forecast', settings: { ...LONG, epochs } });
    const isRight = async () => {
      await judged(page, epochs);
      await page.waitForSelector('#forecast svg');
      const rmse = Number(await page.getAttribute('[data-figure="rmse"]', 'data-value'));
      expect(rmse).toBeCloseTo(whole.judge().figures.rmse ?? Number.NaN, 6);
    };
    await isRight();
    await says(page, '#storage', `update ${whole.training.state().update.toLocaleString('en')},`);
    await page.reload();
    await says(page, '#status', `Done after ${epochs} epochs`);
    await isRight();
    expect(await page.textContent('#go')).toBe('Train anew');
    expect(problems).toEqual([]);
  });

  it('of a tab that was opened from another begins as that one, and is its own from there on', async () => {
    const { page, problems } = await openPage(at({ settings: QUICK }));
    await says(page, '#status', 'not yet trained');
    await page.click('#go');
    await says(page, '#status', 'Done after 3 epochs');
    await says(page, '#storage', `Kept in this browser at update ${3 * EPOCH},`);
    const opened = page.waitForEvent('popup');
    await page.evaluate('void window.open(location.href)');
    const other = await opened;
    await other.waitForSelector('#status');
    await says(other, '#status', 'Done after 3 epochs');
    await other.fill('#hidden', '5');
    await other.click('#go');
    await says(other, '#status', 'Done after 3 epochs');
    await says(other, '#storage', `Kept in this browser at update ${3 * EPOCH},`);
    for (const one of [page, other]) {
      await one.reload();
      await says(one, '#status', 'Done after 3 epochs');
    }
    expect(problems).toEqual([]);
  });

  it('is read anew where a field is changed while it learns: Pause stands, nothing of before is shown or kept', async () => {
    const { page, problems } = await openPage(at({ settings: LONG }));
    await says(page, '#status', 'not yet trained');
    await page.click('#go');
    await page.waitForSelector('[data-figure="rmse"]');
    await page.fill('#hidden', '7'); // and the field is not left yet
    await says(page, '#status', 'Epoch');
    await page.click('#go', { delay: 1000 }); // so slowly that the table is read before the click is one
    await says(page, '#status', 'not yet trained');
    expect(await standing(page)).toContain('not yet trained');
    expect(await page.textContent('#go')).toBe('Train');
    expect(await page.textContent('#figures')).toBe('Once it has learnt.');
    expect(await page.locator('#loss svg').count()).toBe(0);
    await page.fill('#epochs', '2');
    await page.click('#go');
    await says(page, '#status', 'Done after 2 epochs');
    await page.fill('#epochs', '1');
    await page.click('#go'); // anew
    await says(page, '#status', 'Done after 1 epoch;');
    const table = readFileSync(join(ROOT, 'spec/fixtures/temperatures.csv'));
    const { figures } = (
      await fitted(table, { task: 'forecast', settings: { ...LONG, hidden: 7, epochs: 1 } })
    ).judge();
    await page.waitForSelector('[data-figure="rmse"]');
    const shown = Number(await page.getAttribute('[data-figure="rmse"]', 'data-value'));
    expect(shown).toBeCloseTo(figures.rmse ?? Number.NaN, 6);
    expect(problems).toEqual([]);
  });

  it('that comes late is not taken where another was asked for since', async () => {
    const { page, problems } = await openPage(at({ settings: QUICK }));
    await says(page, '#understood', '1,826 rows');
    let hand: (() => void) | undefined;
    await page.route('**/turns.csv', async route => {
      await new Promise<void>(resolve => {
        hand = resolve;
      });
      await route.continue();
    });
    await page.selectOption('#example', 'turns.csv');
    await page.selectOption('#example', 'dates.csv');
    await says(page, '#held', 'dates.csv');
    const arrived = page.waitForResponse('**/turns.csv');
    hand?.();
    await (await arrived).finished();
    await says(page, '#understood', 'sequences');
    expect(await page.textContent('#held')).toContain('dates.csv');
    expect(problems).toEqual([]);
  });

  it('whose network the browser cannot keep is learnt from all the same, and it is said', async () => {
    const { page, problems } = await openPage(at({ settings: QUICK }));
    await says(page, '#status', 'not yet trained');
    await page.evaluate(
      `IDBObjectStore.prototype.put = () => { throw new DOMException('no room', 'QuotaExceededError'); }`,
    );
    await page.click('#go');
    await says(page, '#status', 'Done after 3 epochs');
    await says(page, '#storage', 'cannot keep it');
    expect((await downloaded(page, '#download')).length).toBeGreaterThan(1000);
    expect(problems).toEqual([]);
  });

  let shared: Promise<Opened> | undefined;
  const rows = Array.from({ length: 120 }, (_, t) => `${t},${Math.sin(t / 3).toFixed(4)}`);
  it.each<[string, string, string, string]>([
    ['is no text', `'PK\\u0003\\u0004\\u0000\\u0000'`, '#problem', 'This is no text'],
    [
      'has rows of different lengths',
      `'a,b\\n1,2\\n3\\n'`,
      '#problem',
      'pasted.csv:3: expected 2 fields, as the header has, got 1',
    ],
    [
      'has text among its numbers',
      JSON.stringify(`t,x\n${rows.join('\n')}\n120,high\n`),
      '#problem',
      'pasted.csv:122 "x": expected a finite number',
    ],
    ['has one row', `'a,b\\n1,2\\n'`, '#problem', 'a series of at least'],
    [
      'has no names',
      JSON.stringify(rows.join('\n')),
      '#understood',
      'no names, so the columns are called “column 1,column 2”',
    ],
    [
      'has semicolons',
      JSON.stringify(`t;x\n${rows.join('\n').replaceAll(',', ';')}`),
      '#understood',
      'Fields are taken to be parted by “;”. 120 rows',
    ],
    ['is empty', `''`, '#problem', 'it is empty'],
  ])('that %s is said to be so, and nothing is lost', async (_, expression, element, message) => {
    shared ??= openPage(at({ settings: QUICK }));
    const { page, problems } = await shared;
    await says(page, '#understood', '1,826 rows');
    await paste(page, expression);
    await says(page, element, message);
    await page.selectOption('#example', 'temperatures.csv');
    await says(page, '#understood', '1,826 rows');
    expect(await page.textContent('#problem')).toBe('');
    expect(problems).toEqual([]);
  });

  it('of 20 MB is held and not shown, and the page goes on meanwhile', async () => {
    const { page, problems } = await openPage(at({ settings: LONG }));
    await says(page, '#understood', '1,826 rows');
    await paste(
      page,
      `'t,note,x\\n' + Array.from({ length: 200_000 }, (_, t) => t + ',' + 'a'.repeat(80) + ',' + Math.sin(t / 3).toFixed(9)).join('\\n')`,
    );
    await says(page, '#held', 'of which the beginning is shown');
    const seconds = await computing(page);
    await page.evaluate('new Promise(requestAnimationFrame)');
    expect(await seconds()).toBeLessThan(5);
    await says(page, '#understood', '200,000 rows');
    await page.click('#go');
    await says(page, '#status', ', update');
    expect(problems).toEqual([]);
  });
});
