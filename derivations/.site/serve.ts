/** Serves the site on this machine: `npm run site`. */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { ROOT } from './root.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const folder = process.argv[2] ?? join(ROOT, 'derivations/.site/out');
const server = createServer(({ url = '/' }, response) => {
  const path =
    normalize(decodeURIComponent(new URL(url, 'http://localhost').pathname)).replace(/^[/\\]+/, '') || 'index.html';
  const file = join(folder, path);
  if (path.startsWith('..') || !existsSync(file) || !statSync(file).isFile()) {
    response.writeHead(404).end('no such page');
    return;
  }
  response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
  createReadStream(file).pipe(response);
});
server.listen(Number(process.env.PORT ?? 4321), '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`http://localhost:${typeof address === 'object' ? address?.port : address}\n`);
});
