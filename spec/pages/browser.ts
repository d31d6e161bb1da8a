/**
 * Pages in a real browser: headless Chromium, where the system has one. A page is opened from its file, with no server and
 * no network, or from a server of this machine; whatever it asks for beyond that file or server is noted. The browser ends
 * with the tests of the file that uses it.
 *
 * ```ts no-run
 * describe.skipIf(!browser)('the report', () => {
 *   test('names its cell', async () => {
 *     const { page, problems } = await openPage(file);
 *     expect(await page.textContent('h1')).toContain('lstm');
 *     expect(problems).toEqual([]);
 *   });
 * });
 * ```
 */
import { accessSync, constants } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { atEnd } from '../ends.ts';

/** The system's Chromium, or undefined where there is none: its tests are skipped then, and a line says so. */
export const browser: string | undefined = found();

/** How a page is looked at. */
export interface View {
  /** Whether its scripts run; they do unless told otherwise. */
  readonly javaScript?: boolean;
  /** The window, in pixels: 1000 × 800 unless given. */
  readonly width?: number;
  readonly height?: number;
}

/** An open page. */
export interface Opened {
  readonly page: Page;
  /** What went wrong so far, a line each: errors of its scripts, and requests for anything but the page itself. */
  readonly problems: readonly string[];
}

/**
 * Opens a page, and waits until it is loaded.
 *
 * @param place the path of its file, or its address.
 * @throws Error when there is no browser: ask {@link browser} first.
 */
export async function openPage(place: string, view: View = {}): Promise<Opened> {
  const { javaScript = true, width = 1000, height = 800 } = view;
  const isServed = place.startsWith('http://');
  const own = isServed ? place : pathToFileURL(place).href;
  const isOwn = (url: string) => (isServed ? new URL(url).origin === new URL(own).origin : url === own);
  const started = await start();
  const context = await started.newContext({
    javaScriptEnabled: javaScript,
    viewport: { width, height },
    offline: !isServed,
  });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('request', request => {
    const url = request.url();
    if (!isOwn(url) && !url.startsWith('data:') && !url.startsWith('blob:')) problems.push(`asks for ${url}`);
  });
  page.on('pageerror', error => problems.push(`throws ${error.message}`));
  page.on('console', message => {
    if (message.type() === 'error') problems.push(`says ${message.text()}`);
  });
  await page.goto(own);
  return { page, problems };
}

let window: { readonly page: Page; readonly problems: string[] } | undefined;

/**
 * Goes to a page of a server in the window of the one that was visited before, which takes a fraction of what a window of its own does.
 * What went wrong is of this page alone; what pages store is there from one to the next.
 *
 * @throws as {@link openPage}.
 */
export async function visit(
  place: string,
  { width = 1000, height = 800 }: Omit<View, 'javaScript'> = {},
): Promise<Opened> {
  if (window) {
    await window.page.setViewportSize({ width, height });
    await window.page.goto('about:blank'); // nothing of the one before goes on
    window.problems.length = 0;
    await window.page.goto(place);
  } else {
    const { page, problems } = await openPage(place, { width, height });
    window = { page, problems: problems as string[] };
  }
  return window;
}

/** Milliseconds for whatever is waited for: none of it takes seconds but on a machine that others keep busy. */
const PATIENCE = 600_000;

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let running: Promise<Browser> | undefined;

function start(): Promise<Browser> {
  if (browser === undefined) throw new Error('no Chromium on this machine');
  running ??= chromium.launch({ executablePath: browser, args: FLAGS, timeout: PATIENCE });
  atEnd(close);
  return running;
}

function found(): string | undefined {
  // The headless shell is the same browser without what draws windows: pages open in two thirds of the time.
  const names = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'];
  const places = names.map(name => `/usr/bin/${name}`);
  const path = [process.env.CHROMIUM ?? '', ...places].find(isProgram);
  if (path === undefined) {
    process.stderr.write(`pages: no Chromium in ${places.join(', ')} or $CHROMIUM: its tests are skipped\n`);
  }
  return path;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return path !== '';
  } catch {
    return false;
  }
}

async function close(): Promise<void> {
  const ended = running;
  running = undefined;
  window = undefined;
  await (await ended)?.close();
}
