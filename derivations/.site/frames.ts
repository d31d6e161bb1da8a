/**
 * How many frames a second “Back through time” keeps while it is scrubbed and dragged, in the system's Chromium, with as many
 * units and steps as it has: `node --import tsx derivations/.site/frames.ts [ADDRESS]`, of a site that `npm run site` serves.
 */
import { chromium, type Page } from 'playwright-core';

const [address = 'http://localhost:4321'] = process.argv.slice(2);
const FRAMES = 96;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
const view = { cell: 'lstm', T: 32, m: 16, seed: 1, changed: {}, t: 32, row: 8 };
await page.goto(`${address}/time.html#${encodeURIComponent(JSON.stringify(view))}`);
await page.waitForFunction(`document.querySelector('#checked').textContent.includes('finite')`);

/** What a hand does at frame k, as a function of the page. */
const SCRUB = `k => { const t = document.querySelector('#t'); t.value = 32 - (k % 32); t.dispatchEvent(new Event('input')); }`;
const EQUATIONS = `k => { const row = document.querySelector('#row'); row.value = k % 18; row.dispatchEvent(new Event('input')); }`;
const DRAG = `k => {
  const place = document.querySelector('#parameters .squares.open');
  const { left, top } = place.getBoundingClientRect();
  const at = { clientX: left + 3, clientY: top + 3, bubbles: true, cancelable: true };
  if (k === 0) place.dispatchEvent(new PointerEvent('pointerdown', at));
  dispatchEvent(new PointerEvent('pointermove', { ...at, clientY: top + k }));
  if (k === ${FRAMES - 1}) dispatchEvent(new PointerEvent('pointerup', at));
}`;

await report('scrubbing over the steps', page, SCRUB);
await report('scrubbing over the equations', page, EQUATIONS);
await page.evaluate(`document.querySelector('#parameters').scrollIntoView({ block: 'center' })`);
await report('dragging a weight', page, DRAG);
await page.evaluate(`document.querySelector('#columns').scrollIntoView({ block: 'center' })`);
await report('scrubbing, three cells in sight', page, SCRUB);
await browser.close();

async function report(what: string, page: Page, act: string): Promise<void> {
  await page.waitForTimeout(500);
  const client = await page.context().newCDPSession(page);
  await client.send('Performance.enable');
  const busy = async () => {
    const { metrics } = await client.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN;
  };
  const before = await busy();
  const seconds = await page.evaluate(`(async () => {
    const act = ${act};
    const frame = () => new Promise(done => requestAnimationFrame(done));
    await frame();
    const began = performance.now();
    for (let k = 0; k < ${FRAMES}; k++) { act(k); await frame(); }
    return (performance.now() - began) / 1000;
  })()`);
  const each = (1000 * ((await busy()) - before)) / FRAMES;
  process.stdout.write(
    `${what}: ${(FRAMES / Number(seconds)).toFixed(0)} frames/s, ${each.toFixed(1)} ms of the page's thread each\n`,
  );
}
