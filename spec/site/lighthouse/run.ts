/**
 * Lighthouse over a page of each kind, with its own slow telephone: `npm run test:lighthouse`. Exits with 1 where a score is below 95.
 * It asks no other host for anything.
 */
import { spawn } from 'node:child_process';
import { chromium } from 'playwright-core';
import { MENU } from '../../../derivations/.site/page.ts';

/** What it is asked for. */
const CATEGORIES = ['performance', 'accessibility', 'best-practices'] as const;
const LEAST = 0.95;
const PORT = 9223;

interface Result {
  readonly lhr: {
    readonly categories: Readonly<Record<string, { readonly score: number | null }>>;
    readonly audits: Readonly<
      Record<string, { readonly id: string; readonly score: number | null; readonly displayValue?: string }>
    >;
  };
}

type Lighthouse = (url: string, flags: Readonly<Record<string, unknown>>) => Promise<Result | undefined>;

const pages =
  process.argv.length > 2
    ? process.argv.slice(2)
    : [...MENU.map(([file]) => file), 'lstm.html', 'api-bptt.html', 'guide-errata.html'];
const name = 'lighthouse'; // by a variable: it is not there where this is type-checked
const { default: lighthouse } = (await import(name)) as { readonly default: Lighthouse };
const server = spawn(process.execPath, ['--import', 'tsx', 'derivations/.site/serve.ts'], {
  env: { ...process.env, PORT: '0' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const address = String(await new Promise<Buffer>(resolve => server.stdout.once('data', resolve))).trim();
let worst = 1;
for (const page of pages) {
  const result = await judged(`${address}/${page}`);
  const scores = CATEGORIES.map(category => result?.lhr.categories[category]?.score ?? 0);
  worst = Math.min(worst, ...scores);
  const said = CATEGORIES.map((category, n) => `${category} ${Math.round(100 * (scores[n] ?? 0))}`);
  process.stdout.write(`${page.padEnd(28)} ${said.join(', ')}\n`);
  if (scores.some(score => score < LEAST)) process.stdout.write(lacking(result));
}
server.kill();
process.exitCode = worst < LEAST ? 1 : 0;

/** What is found of a page, in a browser of its own: what one page leaves behind is nothing to the next. */
async function judged(url: string): Promise<Result | undefined> {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', `--remote-debugging-port=${PORT}`],
  });
  try {
    return await lighthouse(url, { port: PORT, onlyCategories: CATEGORIES, logLevel: 'error' });
  } catch (error) {
    process.stdout.write(`${url}: ${error}\n`);
    return undefined;
  } finally {
    await browser.close();
  }
}

/** What a page that is judged too low lacks, a line each. */
function lacking(result: Result | undefined): string {
  const found = Object.values(result?.lhr.audits ?? {}).filter(({ score }) => score !== null && score < 0.9);
  return found.map(({ id, score, displayValue = '' }) => `    ${id} ${score} ${displayValue}\n`).join('');
}
