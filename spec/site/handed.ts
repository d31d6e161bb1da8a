/** How tests hand a text over to a page, as a reader does. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { ROOT } from '../examples.ts';

/** Pastes a text, made in the page by an expression, into its text field. */
export async function paste(page: Page, expression: string): Promise<void> {
  await page.evaluate(`(() => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', ${expression});
    const event = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true });
    const area = document.querySelector('#text');
    if (!area.dispatchEvent(event)) return;
    area.value = clipboardData.getData('text/plain'); // what the browser does with a paste that nobody has taken
    area.dispatchEvent(new Event('input', { bubbles: true }));
  })()`);
}

/** Drops a file onto the page's place for it. */
export async function drop(page: Page, name: string, text: string): Promise<void> {
  await page.evaluate(`(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([${JSON.stringify(text)}], ${JSON.stringify(name)}));
    for (const type of ['dragenter', 'dragover', 'drop'])
      document.querySelector('#drop').dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
  })()`);
}

/** The bytes that a click on a button of the page hands over as a file. */
export async function downloaded(page: Page, button: string): Promise<Uint8Array> {
  const waiting = page.waitForEvent('download');
  await page.click(button);
  return readFileSync(await (await waiting).path());
}

/** Waits until an element's text has something in it. */
export async function says(page: Page, element: string, text: string): Promise<void> {
  await page.waitForFunction(
    `document.querySelector(${JSON.stringify(element)}).textContent.includes(${JSON.stringify(text)})`,
  );
}

/** What tells how many seconds a page's own thread has computed since this: what others do on the machine makes them no more. */
export async function computing(page: Page): Promise<() => Promise<number>> {
  const client = await page.context().newCDPSession(page);
  await client.send('Performance.enable', { timeDomain: 'threadTicks' });
  return async () => {
    const { metrics } = await client.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN;
  };
}

/** What axe finds that keeps somebody from the page as it is now. */
export async function violations(page: Page): Promise<unknown> {
  await page.addScriptTag({ path: join(ROOT, 'derivations/.site/node_modules/axe-core/axe.min.js') });
  return page.evaluate(`axe.run({ resultTypes: ['violations'] }).then(({ violations }) =>
    violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))`);
}
