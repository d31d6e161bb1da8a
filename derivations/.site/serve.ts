/** Serves the site on this machine: `npm run site`. */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { createGzip } from 'node:zlib';
import { ROOT } from './root.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
};

const PORT = Number(process.env.PORT ?? 4321);
const folder = process.argv[2] ?? join(ROOT, 'derivations/.site/out');
const server = createServer(({ url = '/', headers }, response) => {
  const path = pathOf(url);
  const file = join(folder, path);
  if (path.startsWith('..') || !existsSync(file) || !statSync(file).isFile()) {
    response.writeHead(404).end('no such page');
    return;
  }
  const type = TYPES[extname(file)] ?? 'application/octet-stream';
  const isText = /^text|json|svg/.test(type);
  if (isText && headers['accept-encoding']?.includes('gzip')) {
    response.writeHead(200, { 'content-type': type, 'content-encoding': 'gzip' });
    createReadStream(file).pipe(createGzip()).pipe(response);
    return;
  }
  response.writeHead(200, { 'content-type': type });
  createReadStream(file).pipe(response);
});
server.on('error', (error: NodeJS.ErrnoException) => {
  const why = error.code === 'EADDRINUSE' ? `port ${PORT} is taken: PORT=${PORT + 1} npm run site` : error.message;
  process.stderr.write(`site: ${why}\n`);
  process.exitCode = 1;
});
server.listen(PORT, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`http://localhost:${typeof address === 'object' ? address?.port : address}\n`);
});

/** The file that an address asks for, below the folder; none, where it is no address. */
function pathOf(url: string): string {
  try {
    const path = decodeURIComponent(new URL(url, 'http://localhost').pathname);
    return normalize(path).replace(/^[/\\]+/, '') || 'index.html';
  } catch {
    return '..';
  }
}
