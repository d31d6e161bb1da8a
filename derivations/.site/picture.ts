/** Takes the picture with which README opens from the page as it was built: `npm run site:picture`, after `npm run site:build`. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { View } from './app/scene.ts';
import { ROOT } from './root.ts';

/** What it shows. */
const VIEW: View = { cell: 'lstm', T: 16, m: 6, seed: 1, changed: {}, t: 5, row: 9 };
const [WIDTH, HEIGHT] = [1200, 800] as const;

const server = spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'derivations/.site/serve.ts')], {
  env: { ...process.env, PORT: '0' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const address = String(await new Promise<Buffer>(resolve => server.stdout.once('data', resolve))).trim();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu'],
});
const page = await browser.newPage({ viewport: { width: WIDTH, height: HEIGHT }, reducedMotion: 'reduce' });
await page.goto(`${address}/time.html#${encodeURIComponent(JSON.stringify(VIEW))}`);
await page.locator('#network').evaluate('document.querySelector("#network").scrollIntoView()');
await page.waitForFunction('document.querySelector("#checked").textContent.length > 3');
await page.waitForTimeout(500); // what comes into sight is drawn then
await page.screenshot({ path: join(ROOT, 'derivations/figures/back-through-time.png') });
await browser.close();
server.kill();
