/** The site as it was built, served while the tests of a file run. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { ROOT } from '../examples.ts';

export const OUT: string = join(ROOT, 'derivations/.site/out');

/** Every page by its file. */
export const htmlOf: ReadonlyMap<string, string> = new Map(
  readdirSync(OUT)
    .filter(file => file.endsWith('.html'))
    .map(file => [file, readFileSync(join(OUT, file), 'utf8')] as const),
);

let address = '';

/** The address of a page; known once the tests run. */
export const addressOf = (page: string): string => `${address}/${page}`;

let server: ChildProcess;

beforeAll(async () => {
  server = spawn(process.execPath, ['--import', 'tsx', 'derivations/.site/serve.ts'], {
    cwd: ROOT,
    env: { ...process.env, PORT: '0' },
  });
  const said = await new Promise<Buffer>(resolve => server.stdout?.once('data', resolve));
  address = String(said).trim();
});
afterAll(() => server.kill());
