/** A server of this machine for the files of a folder: modules and workers are not loaded from `file:` addresses. */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { afterAll } from 'vitest';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
};

const servers: Server[] = [];

afterAll(() => {
  for (const server of servers) server.close();
});

/**
 * Serves a folder until the tests of the file are over.
 *
 * @param headers sent with every file.
 * @returns the address of the folder, without a slash at its end.
 */
export async function serve(folder: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const server = createServer(async ({ url = '/' }, response) => {
    const { pathname } = new URL(url, 'http://here');
    try {
      const bytes = await readFile(join(folder, normalize(decodeURIComponent(pathname))));
      response.writeHead(200, { 'content-type': TYPES[extname(pathname)] ?? 'application/octet-stream', ...headers });
      response.end(bytes);
    } catch {
      response.writeHead(pathname === '/favicon.ico' ? 204 : 404).end(); // which browsers ask for by themselves
    }
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
