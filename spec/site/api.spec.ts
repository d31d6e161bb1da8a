/** The reference: every name that the package exports, and every example, run in the page. */
import { describe, expect, it } from 'vitest';
import * as blas from '../../lib/blas.ts';
import * as check from '../../lib/check/index.ts';
import * as flow from '../../lib/flow/index.ts';
import * as bptt from '../../lib/index.ts';
import * as io from '../../lib/io/index.ts';
import * as mpi from '../../lib/mpi.ts';
import * as parallel from '../../lib/parallel/index.ts';
import * as tasks from '../../lib/tasks/index.ts';
import * as worker from '../../lib/worker/index.ts';
import { browser, openPage, visit } from '../pages/browser.ts';
import { addressOf, htmlOf } from './served.ts';

const PAGES = [...htmlOf.keys()].filter(file => htmlOf.get(file)?.includes('data-example='));

describe('the reference', () => {
  it.each(
    Object.entries({
      bptt,
      'bptt-blas': blas,
      'bptt-check': check,
      'bptt-flow': flow,
      'bptt-io': io,
      'bptt-mpi': mpi,
      'bptt-parallel': parallel,
      'bptt-tasks': tasks,
      'bptt-worker': worker,
    }),
  )('explains every name of %s', (entry, names) => {
    const html = htmlOf.get(`api-${entry}.html`) ?? '';
    const missing = Object.keys(names).filter(name => !html.includes(`<h3 id="name-${name}">`));
    expect(Object.keys(names).length).toBeGreaterThan(0);
    expect(missing).toEqual([]);
  });

  it('has of a function its signature with names linked, what it throws, and where it is', () => {
    const [, section = ''] =
      /<h3 id="name-recurrent">([\s\S]*?)<\/section>/.exec(htmlOf.get('api-bptt.html') ?? '') ?? [];
    expect(section).toContain('<a href="api-bptt.html#name-Cell">');
    expect(section).toContain('<dt>Throws</dt>');
    expect(section).toMatch(/href="source-lib-engine-recurrent\.ts\.html#L\d+"/);
  });
});

describe.skipIf(!browser)('in a browser', () => {
  it('finds names as one types, and goes to the first by the keyboard', async () => {
    const { page, problems } = await openPage(addressOf('api.html'));
    await page.fill('#search', 'crossent');
    const found = await page.locator('#found a').allTextContents();
    expect(found[0]).toBe('crossEntropy');
    expect([...found].sort()).toEqual([
      'BinaryCrossEntropyTape',
      'CrossEntropyTape',
      'binaryCrossEntropy',
      'crossEntropy',
      'crossEntropyTwice',
    ]);
    await page.fill('#search', 'nothing of the kind');
    expect(await page.textContent('#found-how-many')).toBe('no name has that in it');
    await page.fill('#search', 'crossentropy');
    await page.press('#search', 'Enter');
    await page.waitForURL(/api-bptt\.html#name-crossEntropy$/);
    expect(problems).toEqual([]);
  });

  it('says where an example prints something else, and where it fails', async () => {
    const { page } = await openPage(addressOf('api-bptt-check.html'));
    const example = page.locator('[data-example]').first();
    await example.evaluate(node => {
      (node as unknown as { dataset: Record<string, string> }).dataset.stated = '["nothing that it prints"]';
    });
    await example.locator('button').click();
    await example.and(page.locator('[data-state="other"]')).waitFor();
    await example.evaluate(node => {
      (node as unknown as { dataset: Record<string, string> }).dataset.example = 'none-of-them';
    });
    await example.locator('button').click();
    await example.and(page.locator('[data-state="failed"]')).waitFor();
  });

  it.each(PAGES)('%s: every example prints what it says', async file => {
    const { page, problems } = await visit(addressOf(file));
    const examples = page.locator('[data-example]');
    const wrong: string[] = [];
    for (const example of await examples.all()) {
      await example.locator('button').click();
      const ended = example.and(page.locator('[data-state="right"], [data-state="other"], [data-state="failed"]'));
      await ended.waitFor();
      const state = await example.getAttribute('data-state');
      if (state !== 'right')
        wrong.push(
          `${await example.locator('code').first().textContent()}\n${await example.locator('output').textContent()}`,
        );
    }
    expect(await examples.count()).toBeGreaterThan(0);
    expect(wrong).toEqual([]);
    expect(problems).toEqual([]);
  });
});
