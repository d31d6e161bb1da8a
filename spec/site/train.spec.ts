/** “Train”, as a reader uses it. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { unitsOver } from '../../derivations/.site/app/units.ts';
import { texts } from '../../derivations/.site/texts.ts';
import { CharTrainer, lstm } from '../../lib/index.ts';
import { decodeCheckpoint, encodeCheckpoint, resumeTrainer } from '../../lib/io/index.ts';
import { browser, openPage } from '../pages/browser.ts';
import { computing, downloaded, drop, paste, says, violations } from './handed.ts';
import { addressOf } from './served.ts';

const CHOICE = { cell: 'lstm', level: 'char', hidden: 12, layers: 1, learningRate: 0.02, batch: 4, chunk: 20 };
const SONNETS = texts()['sonnets.txt'] ?? '';

const at = (kept: object): string =>
  addressOf(`train.html#${encodeURIComponent(JSON.stringify({ ...CHOICE, ...kept }))}`);

/** The trainer that the page makes of the sonnets. */
const own = () =>
  new CharTrainer(SONNETS, {
    ...{ ...CHOICE, level: 'char', cell: lstm },
    ...{ optimiser: 'adam', initStd: 0.1, clipValue: null, clipNorm: 5, heldOut: 0.1 },
  });

const lossOf = async (page: Page): Promise<number> => Number(await page.getAttribute('#status', 'data-loss'));

/** Waits until so many updates are made. */
const reached = (page: Page, step: number) =>
  page.waitForFunction(`Number(document.querySelector('#status').dataset.step) >= ${step}`);

/** Where the run stands by the file that the page gives of it. */
const positionOf = async (page: Page) => decodeCheckpoint(await downloaded(page, '#download')).position;

/** Has it stand, and waits until it does and is kept so. */
async function pause(page: Page): Promise<void> {
  await page.click('#go');
  await page.waitForFunction(`!document.querySelector('#anew').disabled`);
  await says(page, '#storage', 'Kept in this browser');
}

describe.skipIf(!browser)('a text', () => {
  it('is learnt to a lower loss, and after a reload still further, as the library does that never stopped', async () => {
    const { page, problems } = await openPage(at({ steps: 1_000_000 }));
    await says(page, '#facts', 'characters');
    await page.click('#go');
    await reached(page, 600);
    await pause(page);
    const paused = await positionOf(page);
    expect(await page.textContent('#sample')).toMatch(/\w+ \w+/);
    await page.waitForSelector('#loss svg');

    await page.reload();
    await says(page, '#runs', `sonnets.txt: update ${paused.step.toLocaleString('en')}`);
    await page.fill('#steps', String(paused.step + 600));
    await page.click('#runs button');
    await says(page, '#status', 'Done');
    const done = await positionOf(page);
    expect(done.step).toBe(paused.step + 600);
    const trainer = own();
    for (const { step, smoothed } of [paused, done]) {
      while (trainer.position.step < step) trainer.step();
      expect(smoothed).toBeCloseTo(trainer.position.smoothed, 9);
      expect(smoothed).toBeLessThan(Math.log(61) - 1); // of 61 symbols, each as likely
    }
    expect(await lossOf(page)).toBeLessThan(Math.log(61) - 1);
    expect(problems).toEqual([]);
  });

  it('is kept when the page is left, and is there again', async () => {
    const { page, problems } = await openPage(at({ steps: 100_000 }));
    await says(page, '#facts', 'characters');
    await page.click('#go');
    await reached(page, 30);
    await page.evaluate(`(() => {
      Object.defineProperty(document, 'visibilityState', { value: 'hidden' });
      document.dispatchEvent(new Event('visibilitychange'));
    })()`);
    await says(page, '#storage', 'Kept in this browser');
    await page.reload();
    await says(page, '#runs', 'sonnets.txt: update');
    expect(problems).toEqual([]);
  });

  it('is learnt as the library does, to the file of the command, which is loaded again and gone on with', async () => {
    const { page, problems } = await openPage(at({ steps: 30 }));
    await says(page, '#facts', 'characters');
    await page.click('#go');
    await says(page, '#status', 'Done');
    const checkpoint = decodeCheckpoint(await downloaded(page, '#download'));
    expect(checkpoint.position.step).toBe(30);
    expect(checkpoint.note).toEqual({ source: { kind: 'corpus', name: 'sonnets' } });
    const trainer = own();
    for (let n = 0; n < 30; n++) trainer.step();
    const values = trainer.model.net.params.values;
    const worst = checkpoint.model.net.params.values.reduce(
      (most, x, n) => Math.max(most, Math.abs(x - (values[n] ?? 0))),
      0,
    );
    expect(worst).toBeLessThan(1e-9); // two versions of a runtime round exp otherwise

    for (let n = 0; n < 20; n++) trainer.step();
    const file = { name: 'command.safetensors', mimeType: 'application/octet-stream' };
    await page.fill('#steps', '60');
    await page.setInputFiles('#load', { ...file, buffer: Buffer.from(encodeCheckpoint(trainer)) });
    await says(page, '#status', 'command.safetensors: update 50');
    await page.click('#go');
    await says(page, '#status', 'Done');
    const further = decodeCheckpoint(await downloaded(page, '#download'));
    expect(further.position.step).toBe(60);
    for (let n = 0; n < 10; n++) trainer.step();
    expect(further.position.smoothed).toBeCloseTo(trainer.position.smoothed, 9);
    expect(resumeTrainer(further, SONNETS).position.step).toBe(60);
    expect(problems).toEqual([]);
  });

  it('is coloured by a unit, with what the unit does, and units that follow something are named', async () => {
    const { page, problems } = await openPage(at({ steps: 40 }));
    await says(page, '#facts', 'characters');
    await page.click('#go');
    await says(page, '#status', 'Done');
    await page.waitForSelector('#tracks button');
    await page.fill('#unit', '5');
    await says(page, '#unit-is', '5 of 12, tanh c');
    const { model, options } = decodeCheckpoint(await downloaded(page, '#download'));
    const { train, heldOut } = new CharTrainer(SONNETS, options);
    expect(train.length).toBeGreaterThan(heldOut.length);
    const { symbols, values } = unitsOver(model, heldOut, 1);
    const spans = await page
      .locator('#units span')
      .evaluateAll(all =>
        all.map(span => [span.textContent, Number((span as unknown as { dataset: { value: string } }).dataset.value)]),
      );
    expect(spans.map(([symbol]) => symbol).join('')).toBe(symbols.join(''));
    for (const [t, [, value]] of spans.entries()) expect(value).toBeCloseTo(values[t * 12 + 4] ?? Number.NaN, 2);
    await page.click('#tracks button');
    expect(await page.getAttribute('#tracks button', 'aria-pressed')).toBe('true');
    expect(await violations(page)).toEqual([]);
    expect(problems).toEqual([]);
  });

  it('of a reader’s own is dropped, and read in words and bytes', async () => {
    const { page, problems } = await openPage(at({ steps: 10 }));
    await says(page, '#facts', 'characters');
    await drop(page, 'mine.txt', 'the cat sees the dog\nand the dog sees the cat\n'.repeat(40));
    await says(page, '#held', 'mine.txt');
    await says(page, '#facts', '1,840 characters, 12 of them different');
    await page.reload();
    await says(page, '#facts', '1,840 characters, 12 of them different');
    expect(await page.textContent('#held')).toContain('mine.txt');
    for (const [level, what, steps] of [
      ['word', '440 words', 10],
      ['byte', '1,840 bytes', 12],
    ] as const) {
      await page.selectOption('#level', level);
      await says(page, '#facts', what);
      await page.fill('#steps', String(steps));
      await page.click(level === 'word' ? '#go' : '#anew');
      await says(page, '#status', `Update ${steps} of ${steps}:`);
      await says(page, '#status', 'Done');
    }
    expect(problems).toEqual([]);
  });

  it.each<[string, string, string, string]>([
    ['that is none', `'\\u0089PNG\\u0000\\u0001'`, '#problem', 'This is no text'],
    ['of nothing', `''`, '#facts', 'There is no text yet'],
  ])('%s is said to be so, and the one before is there again', async (_, expression, element, message) => {
    const { page, problems } = await openPage(at({}));
    await says(page, '#facts', 'characters');
    await paste(page, expression);
    await says(page, element, message);
    expect(await page.isDisabled('#go')).toBe(true);
    await page.selectOption('#example', 'sonnets.txt');
    await says(page, '#facts', 'characters');
    expect(await page.textContent('#problem')).toBe('');
    expect(problems).toEqual([]);
  });

  it('of one character is too short, and says so', async () => {
    const { page, problems } = await openPage(at({}));
    await says(page, '#facts', 'characters');
    await paste(page, `'a'`);
    await says(page, '#facts', '1 characters');
    await page.click('#go');
    await says(page, '#problem', 'at least 2 symbols to train on');
    expect(problems).toEqual([]);
  });

  it('of 20 MB is held and not shown, and all of it is learnt from, while the page goes on', async () => {
    const { page, problems } = await openPage(at({ steps: 1_000_000 }));
    await says(page, '#facts', 'characters');
    await paste(page, `'The cat sees the dog. '.repeat(910_000)`);
    await says(page, '#held', '20.0 MB, of which the beginning is shown');
    await says(page, '#facts', '20,020,000 characters');
    await page.click('#go');
    await reached(page, 30);
    const seconds = await computing(page);
    await page.evaluate('new Promise(requestAnimationFrame)');
    expect(await seconds()).toBeLessThan(2);
    expect(problems).toEqual([]);
  });
});

describe.skipIf(!browser)('what is trained', () => {
  it('is no checkpoint where a file is none, or one of another text; that writes, and the page says what it needs', async () => {
    const { page, problems } = await openPage(at({ steps: 20 }));
    await says(page, '#facts', 'characters');
    const file = { name: 'x.safetensors', mimeType: 'application/octet-stream' };
    await page.setInputFiles('#load', { ...file, buffer: Buffer.from('no checkpoint at all') });
    await says(page, '#problem', 'x.safetensors is not loaded: checkpoint: expected');
    const other = new CharTrainer('the cat sees the dog and more. '.repeat(30), { hidden: 6, heldOut: 0 });
    other.step();
    await page.setInputFiles('#load', { ...file, buffer: Buffer.from(encodeCheckpoint(other)) });
    await says(page, '#problem', 'It was trained on another text');
    await page.waitForFunction(`document.querySelector('#sample').textContent.length > 200`);
    expect(problems).toEqual([]);
  });

  it('is trained all the same where the browser has no room, which is said; and can be downloaded', async () => {
    const { page } = await openPage(addressOf('index.html'));
    await page.addInitScript(`IDBObjectStore.prototype.put = function () {
      throw new DOMException('no room', 'QuotaExceededError');
    }`);
    await page.goto(at({ steps: 20 }));
    await says(page, '#facts', 'characters');
    await page.click('#go');
    await says(page, '#storage', 'This browser cannot keep it (its storage is full)');
    await says(page, '#status', 'Done');
    expect(decodeCheckpoint(await downloaded(page, '#download')).position.step).toBe(20);
  });

  it('is one of its own in a second tab', async () => {
    const { page, problems } = await openPage(at({ steps: 1_000_000 })); // an end that neither comes to
    await says(page, '#facts', 'characters');
    await page.click('#go');
    await reached(page, 20);
    await pause(page);
    const other = await page.context().newPage();
    await other.goto(at({ steps: 1_000_000 }));
    await says(other, '#runs', 'sonnets.txt: update');
    await other.click('#runs button');
    await says(other, '#storage', 'Another tab trains this one');
    await reached(other, 60);
    await pause(other);
    await page.reload();
    await page.waitForFunction(`document.querySelectorAll('#runs li').length === 2`);
    expect(problems).toEqual([]);
  });

  it('goes slowly in a browser without SIMD, which is said', async () => {
    const { page, problems } = await openPage(addressOf('index.html'));
    await page.route('**/train-worker.js', async route => {
      const response = await route.fetch();
      const none = `WebAssembly.Module = class { constructor() { throw new WebAssembly.CompileError('no SIMD'); } };`;
      await route.fulfill({ response, body: `${none}\n${await response.text()}` });
    });
    await page.goto(at({ steps: 4, chunk: 5, batch: 1 }));
    await says(page, '#facts', 'characters');
    await page.click('#go');
    await says(page, '#status', 'Without WebAssembly with SIMD it goes slowly');
    await says(page, '#status', 'Done');
    expect(problems).toEqual([]);
  });
});
