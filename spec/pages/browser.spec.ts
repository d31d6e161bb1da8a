/** The fixture that opens pages: that it sees what it is for. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { browser, openPage } from './browser.ts';

const folder = mkdtempSync(join(tmpdir(), 'bptt-page-'));

/** A page with this body, in a file of its own. */
function written(name: string, body: string): string {
  const file = join(folder, `${name}.html`);
  writeFileSync(file, `<!doctype html><meta charset="utf-8"><title>${name}</title>${body}`);
  return file;
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!browser)('a page in Chromium', () => {
  test('is read as its scripts leave it, and nothing is wrong with it', async () => {
    const { page, problems } = await openPage(written('right', '<p>1</p><script>document.body.append("2")</script>'));
    expect(await page.innerText('body')).toMatch(/^1\s*2$/);
    expect(problems).toEqual([]);
  });

  test('is read as it is written where scripts do not run', async () => {
    const file = written('still', '<p>1</p><script>document.querySelector("p").remove()</script>');
    const { page } = await openPage(file, { javaScript: false });
    expect(await page.textContent('p')).toBe('1');
  });

  test('that throws, or asks for another file, is reported', async () => {
    const { problems } = await openPage(
      written('wrong', '<img src="other.png"><script>throw new Error("lost")</script>'),
    );
    expect(problems.some(problem => problem === 'throws lost')).toBe(true);
    expect(problems.some(problem => /^asks for .*other\.png$/.test(problem))).toBe(true);
  });
});
