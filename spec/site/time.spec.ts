/** “Back through time”, as a reader uses it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { furthest, valueDifferences } from '../../derivations/.site/app/differences.ts';
import { type Listing, type Made, valuesOf } from '../../derivations/.site/app/listing.ts';
import { gradientsAt, normOf, passesOf } from '../../derivations/.site/app/passes.ts';
import { FIRST, hashOf, type Scene, unitsFor, type View, viewOf } from '../../derivations/.site/app/scene.ts';
import { after, before, type Moment } from '../../derivations/.site/app/steps.ts';
import { cellOf } from '../../lib/check/index.ts';
import { type AbstractMatrix, type Cell, cells } from '../../lib/index.ts';
import { ROOT } from '../examples.ts';
import { browser, openPage } from '../pages/browser.ts';
import { addressOf, OUT } from './served.ts';

const listingOf = (name: string) => JSON.parse(readFileSync(join(OUT, `cells/${name}.json`), 'utf8')) as Listing;
const scene: Scene = { cell: 'lstm', T: 6, m: 3, seed: 2, changed: {} };

describe.each(Object.values(cells))('the listing of $name', cell => {
  const listing = listingOf(cell.name);
  const sizes = [3, 6].map(m => unitsFor(cell, m));

  it.each(sizes)('computes what the cell computes, bit for bit, with %d units', m => {
    const passes = passesOf(cell, { ...scene, cell: cell.name, m });
    for (const [n, { x, prev, next, arrives, leaves, dx }] of passes.steps.entries()) {
      const values = valuesOf(listing, { m, p: passes.params, x, prev, dnext: arrives });
      for (const [name, id] of Object.entries(listing.next)) expect(values[id]).toEqual(next[name]);
      const gradientIn = (role: string, name: string) => values[madeOf(listing, role, name)?.id ?? -1]?.to1DArray();
      expect(gradientIn('x', 'x')).toEqual(dx.to1DArray());
      for (const [part, matrix] of Object.entries(leaves)) {
        expect(gradientIn('prev', part), part).toEqual(matrix.to1DArray());
      }
      for (const [part, matrix] of Object.entries(gradientsAt(passes, n + 1).adds)) {
        expect(gradientIn('p', part), part).toEqual(matrix.to1DArray());
      }
    }
  });

  it('says of every gradient in what it is one: it is the difference of two losses', () => {
    const [m = 3] = sizes;
    const passes = passesOf(cell, { ...scene, cell: cell.name, m });
    const { x, prev, arrives } = passes.steps[3] as (typeof passes.steps)[number];
    const values = valuesOf(listing, { m, p: passes.params, x, prev, dnext: arrives });
    const gradients = listing.rows.flatMap(({ makes }) => makes.filter(({ of }) => of !== undefined));
    expect(gradients.length).toBeGreaterThan(Object.keys(passes.params).length + 2);
    for (const { id, of, name } of gradients) {
      const numeric = Float64Array.from(valueDifferences(passes, listing, 4, of ?? -1));
      expect(furthest(values[id], numeric), name).toBeLessThan(1e-7);
    }
  });

  it('ties every line of backward to its equation', () => {
    const backward = listing.rows.filter(({ pass }) => pass === 'backward');
    const without = backward.filter(({ tag, math }) => !tag || !math).map(({ code }) => code?.text);
    expect(without.length).toBeLessThan(backward.length / 5);
  });
});

/** What a listing has for the gradient in an input. */
function madeOf({ rows, values }: Listing, role: string, name: string): Made | undefined {
  return rows
    .flatMap(({ makes }) => makes)
    .find(({ of }) => of !== undefined && values[of]?.input?.role === role && values[of].input.name === name);
}

describe('an address', () => {
  it('comes back as it was, and what is no value in it is named', () => {
    const view: View = { ...FIRST, cell: 'gru', T: 9, m: 5, t: 4, row: 7, changed: { 'W_r.3': 0.5, 'x_2.0': -1 } };
    expect(viewOf(hashOf(view))).toEqual({ view, refused: [] });
    expect(viewOf('#%7B').refused).toEqual(['all of it']);
    const wrong = { cell: 'nobody', T: 1e9, m: 'x', t: 3.5, changed: { 'W.0': null, '<b>': 1 } };
    expect(viewOf(hashOf(wrong as never)).refused).toEqual(['cell', 'T', 'changed.W.0', 'changed.<b>', 'm', 't']);
  });
});

describe('the order of a scene', () => {
  it('is forward through every step, and back, each equation once, and the other way the same', () => {
    const { rows } = listingOf('gru');
    const moments: Moment[] = [];
    for (let at: Moment | undefined = { t: 1, row: 0 }; at; at = after(at, rows, 4)) moments.push(at);
    expect(moments).toHaveLength(4 * rows.length);
    expect(new Set(moments.map(({ t, row }) => `${t} ${row}`)).size).toBe(4 * rows.length);
    const reversed: Moment[] = [];
    for (let at = moments.at(-1); at; at = before(at, rows, 4)) reversed.push(at);
    expect(reversed.reverse()).toEqual(moments);
  });
});

/** The numbers of a picture, read off it square after square with the keyboard. */
async function numbersIn(page: Page, place: string, count: number): Promise<number[]> {
  const numbers: number[] = [];
  await page.focus(place);
  await page.keyboard.press('Home');
  for (let n = 0; n < count; n++) {
    numbers.push(Number(/ = (\S+)/.exec((await page.textContent('#readout')) ?? '')?.[1]));
    await page.keyboard.press('ArrowRight');
  }
  return numbers;
}

function expectClose(read: readonly number[], matrix: AbstractMatrix | undefined): void {
  const own = matrix?.to1DArray() ?? [];
  expect(read).toHaveLength(own.length);
  for (const [n, value] of own.entries()) {
    expect(Math.abs((read[n] ?? Number.NaN) - value)).toBeLessThanOrEqual(1e-5 * Math.abs(value)); // six digits are shown
  }
}

describe.skipIf(!browser)('back through time', () => {
  const ready = `document.querySelectorAll('#backward .line').length > 3 && document.querySelector('#parameters .heat') !== null`;

  it.each(['rnn', 'lstm', 'gru'])('shows in %s the numbers of the library, at every step', async name => {
    const cell = cells[name] as Cell;
    const { page, problems } = await openPage(addressOf(`time.html${hashOf({ ...scene, cell: name, t: 6, row: 0 })}`));
    await page.waitForFunction(ready);
    const passes = passesOf(cell, { ...scene, cell: name });
    const listing = listingOf(name);
    for (const t of [6, 2]) {
      await page.fill('#t', `${t}`);
      const { x, prev, arrives, next } = passes.steps[t - 1] as (typeof passes.steps)[number];
      expectClose(await numbersIn(page, `[data-name="dL/dh_${t}"] .squares`, 3), arrives.h);
      expectClose(await numbersIn(page, '#forward .line:last-child .squares', 3), next.h);
      const values = valuesOf(listing, { m: 3, p: passes.params, x, prev, dnext: arrives });
      const last = listing.rows.at(-1)?.makes[0];
      expectClose(await numbersIn(page, '#backward .line:last-child .squares', 3), values[last?.id ?? -1]);
      const { adds, sums } = gradientsAt(passes, t);
      const [W = ''] = Object.keys(passes.params);
      expectClose(await numbersIn(page, `[data-name="${W}"] .heat:nth-child(2) .squares`, 9), adds[W]);
      expectClose(await numbersIn(page, `[data-name="${W}"] .heat:nth-child(3) .squares`, 9), sums[W]);
    }
    await page.waitForFunction(`document.querySelector('#checked').textContent.includes('finite differences')`);
    const worst = Number(/by (\S+) at most/.exec((await page.textContent('#checked')) ?? '')?.[1]);
    expect(worst).toBeLessThan(1e-7);
    expect(problems).toEqual([]);
  });

  it('goes over the equations one by one, forward and back, and marks what each takes', async () => {
    const { page, problems } = await openPage(addressOf(`time.html${hashOf({ ...scene, t: 6, row: 0 })}`));
    await page.waitForFunction(ready);
    const where = async () => (await page.inputValue('#t')) + (await page.getAttribute('.line.now', 'data-tag'));
    expect(await where()).toBe('6LSTM-F1');
    const taken = await page.evaluate(`Array.from(document.querySelectorAll('.taken'), one => one.dataset.name)`);
    expect(taken).toEqual(['x_6', 'h_5', 'W_f', 'U_f', 'b_f']);
    for (let n = 0; n < 7; n++) await page.click('#next');
    expect(await where()).toBe('6LSTM-B1');
    for (let n = 0; n < 11; n++) await page.click('#next');
    expect(await where()).toBe('5LSTM-B1');
    await page.click('#previous');
    expect(await where()).toBe('6LSTM-B11');
    await page.click('#backward .line[data-tag="LSTM-B3"] .beside');
    expect(await where()).toBe('6LSTM-B3');
    await page.waitForFunction(`decodeURIComponent(location.hash).includes('"row":9')`);
    expect(await page.getAttribute('#backward .line[data-tag="LSTM-B3"] a.tag', 'href')).toBe('lstm.html#LSTM-B3');
    await page.waitForFunction(
      `document.querySelector('[data-tag="LSTM-B3"] .beside').textContent.includes('off at most')`,
    );
    await page.hover('#backward .line[data-tag="LSTM-B3"] .squares');
    const [value, numeric] = ((await page.textContent('#readout')) ?? '').match(/-?\d\.\d+(e-\d+)?/g) ?? [];
    expect(Number(numeric)).toBeCloseTo(Number(value), 7);
    expect(problems).toEqual([]);
  });

  it('tells its story by scrolling alone, and no longer once something was touched', async () => {
    const { page, problems } = await openPage(addressOf('time.html'));
    await page.waitForFunction(ready);
    const scrollTo = (pass: string) =>
      page.evaluate(`{
        const section = document.querySelector('section[data-pass="${pass}"] ol');
        scrollTo({ top: scrollY + section.getBoundingClientRect().top - innerHeight / 2 + 40, behavior: 'instant' });
      }`);
    await scrollTo('backward');
    await page.waitForFunction(`document.querySelector('#which').value.includes('LSTM-B1')`);
    await scrollTo('forward');
    await page.waitForFunction(`document.querySelector('#which').value.includes('LSTM-F1')`);
    await page.click('#next');
    await scrollTo('backward');
    await page.waitForTimeout(400);
    expect(await page.inputValue('#row')).toBe('1');
    expect(problems).toEqual([]);
  });

  it('makes no element anew while one goes through the steps or drags a weight', async () => {
    const view: View = { ...FIRST, T: 32, m: 16, t: 32, row: 8 };
    const { page } = await openPage(addressOf(`time.html${hashOf(view)}`));
    await page.waitForFunction(ready);
    await page.focus('#parameters .squares.open'); // which makes the readout, once
    await page.evaluate(`{
      window.made = 0;
      new MutationObserver(all => {
        for (const { addedNodes } of all) for (const node of addedNodes) if (node.nodeType === 1) window.made++;
      }).observe(document.querySelector('main'), { childList: true, subtree: true });
    }`);
    for (const t of [31, 16, 1]) await page.fill('#t', `${t}`);
    await page.fill('#row', '3');
    await page.focus('#parameters .squares.open');
    await page.keyboard.press('+');
    await page.waitForFunction(`decodeURIComponent(location.hash).includes('W_f.0')`);
    expect(await page.evaluate('window.made')).toBe(0);
    await page.selectOption('#cell', 'gru');
    await page.waitForFunction('window.made > 20');
  });

  it('plays by itself once it is asked to, and stops at the end', async () => {
    const { page } = await openPage(addressOf(`time.html${hashOf({ ...scene, T: 2, t: 1, row: 16 })}`));
    await page.waitForFunction(ready);
    await page.waitForTimeout(900);
    expect(await page.inputValue('#row')).toBe('16');
    await page.click('#play');
    await page.waitForFunction(
      `document.querySelector('#row').value === '17' && document.querySelector('#play').textContent === 'Play'`,
    );
  });

  it('follows a weight that is dragged, and one that is changed by a key', async () => {
    const { page, problems } = await openPage(addressOf('time.html'));
    await page.waitForFunction(ready);
    const weight = page.locator('#parameters .squares.open').first();
    await weight.scrollIntoViewIfNeeded();
    const before = await numbersIn(page, '#parameters .squares.open', 1);
    const box = await weight.boundingBox();
    if (!box) throw new Error('there is no weight');
    await page.mouse.move(box.x + 4, box.y + 4);
    await page.mouse.down();
    await page.mouse.move(box.x + 4, box.y - 56, { steps: 4 });
    await page.mouse.up();
    const reached = (before[0] ?? Number.NaN) + 0.95;
    await page.waitForFunction(`/"W_f.0":(-?[\\d.]+)/.exec(decodeURIComponent(location.hash))?.[1] > ${reached}`);
    const { changed } = viewOf(new URL(page.url()).hash).view;
    expect(changed['W_f.0']).toBeCloseTo((before[0] ?? Number.NaN) + 1, 1);
    const { steps } = passesOf(cells.lstm as Cell, { ...FIRST, changed });
    expectClose(await numbersIn(page, '[data-name="dL/dh_12"] .squares', 4), steps[11]?.arrives.h);
    await page.focus('#parameters .squares.open');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('+');
    await page.waitForFunction(`decodeURIComponent(location.hash).includes('W_f.1')`);
    expect(problems).toEqual([]);
  });

  it('has the vanilla network, the LSTM and the GRU beside each other over the same inputs', async () => {
    const { page, problems } = await openPage(addressOf(`time.html${hashOf({ ...scene, t: 3, row: 9 })}`));
    await page.waitForFunction(ready);
    await page.locator('#columns').scrollIntoViewIfNeeded();
    await page.waitForFunction(`document.querySelectorAll('#columns .squares').length === 14`);
    for (const name of ['rnn', 'lstm', 'gru']) {
      const { steps } = passesOf(cells[name] as Cell, { ...scene, cell: name });
      const [first, last] = [normOf(steps[0]?.arrives.h), normOf(steps[5]?.arrives.h)];
      expect(await page.textContent(`#columns [data-cell="${name}"] .beside`)).toContain(
        (first / last).toExponential(1),
      );
      expectClose(
        await numbersIn(page, `#columns [data-cell="${name}"] [data-name="h_3"] .squares`, 3),
        steps[2]?.next.h,
      );
    }
    expect(problems).toEqual([]);
  });

  it('shows a cell of one’s own, by the address', async () => {
    const whole = readFileSync(join(ROOT, 'derivations/min-gru.md'), 'utf8');
    const view: View = { ...scene, cell: 'own', t: 4, row: 0, text: whole };
    const { page, problems } = await openPage(addressOf(`time.html${hashOf(view)}`));
    await page.waitForFunction(ready);
    const { steps } = passesOf(cellOf(whole), { ...scene, cell: 'own' });
    expectClose(await numbersIn(page, '[data-name="dL/dh_4"] .squares', 3), steps[3]?.arrives.h);
    expect(await page.locator('#backward .line math').count()).toBeGreaterThan(4);
    await page.waitForFunction(`document.querySelector('#checked').textContent.includes('finite differences')`);
    expect(problems).toEqual([]);
  });

  it('says what of an address it does not understand, and what a derivation lacks, and shows the first cell', async () => {
    const wrong: View = { ...FIRST, cell: 'own', text: '$$h_t = x_t$$' };
    const { page } = await openPage(addressOf(`time.html${hashOf(wrong)}`));
    await page.waitForFunction(ready);
    expect(await page.textContent('#note')).toContain('The equations of own are not there');
    expect(await page.inputValue('#cell')).toBe('lstm');
  });
});
