/**
 * Makes the package's JavaScript: `npm run bundle [-- OUTDIR]`.
 *
 * Everything is bundled into few files, without comments and white space, so that it is imported in little time; the equations
 * of the cells are left as they are written. Of other packages, those that have to be the user's own are left outside.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { type Entries, removeUnreached, sourcesOf } from './declarations.ts';
import { equationsIn, pathFrom } from './equations.ts';
import { noticesOf, others, ownMap } from './others.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const outdir = resolve(ROOT, process.argv[2] ?? 'dist');

const { version, exports, dependencies, peerDependencies } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
) as {
  readonly version: string;
  readonly exports: Entries;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
};

// Of every file by itself, with its comments; those that are no cells are bundled over.
const alone = ['--noResolve', '--noCheck', '--declaration', 'false', '--isolatedDeclarations', 'false'];
const tsc = ['node_modules/typescript/bin/tsc', '-p', 'lib/tsconfig.json', '--outDir', outdir];
execFileSync(process.execPath, [...tsc, ...alone, '--emitDeclarationOnly', 'false'], { cwd: ROOT, stdio: 'inherit' });

const equations = equationsIn(ROOT);

/** What has to be one file. */
const PAGE = 'lib/browser.ts';

const shared = {
  ...{ absWorkingDir: ROOT, outbase: '.', outdir, bundle: true, format: 'esm', metafile: true, logLevel: 'warning' },
  ...{ sourcemap: 'linked', define: { PAPA_BROWSER_CONTEXT: 'true' } }, // or Papa Parse wants a stream of Node
} satisfies BuildOptions;

const library = await build({
  ...shared,
  entryPoints: [
    ...sourcesOf(exports).filter(file => file !== PAGE),
    ...['lib/parallel/worker.ts', 'lib/demos/*.ts', 'lib/cli/main.ts', 'lib/cli/program.ts', 'bench/peers/*.py'],
    ...equations.entries,
  ],
  plugins: [equations.plugin, others],
  external: [...Object.keys({ ...dependencies, ...peerDependencies }), 'tsx', 'canvas'],
  ...{ splitting: true, platform: 'node', target: 'node20.19', chunkNames: 'lib/chunks/[hash]' },
  ...{ minifyWhitespace: true, minifySyntax: true, lineLimit: 120, loader: { '.py': 'copy' } },
});

// For a page that has no bundler of its own: all in one file, with what it needs of other packages.
const page = await build({
  ...shared,
  ...{ entryPoints: [PAGE], plugins: [others], minify: true, platform: 'browser', target: 'es2022' },
  ...{
    legalComments: 'none',
    banner: { js: `/*! bptt ${version}, MIT; what others have written in it: NOTICES.md */` },
  },
});

/** The program of another thread, as the file that starts it calls it. */
const WORKER = '"./worker.ts"';

for (const file of readdirSync(outdir, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.js'))) {
  const path = join(outdir, file);
  const worker = JSON.stringify(pathFrom(file, 'lib/parallel/worker.js'));
  const text = equations.nearby(file, readFileSync(path, 'utf8')).replaceAll(WORKER, worker);
  const lines = text.replace(/(?<=\})(?=export\{[^{}]*\};?\s*(?:\/\/.*)?\s*$)/, '\n'); // by which tools know a module
  const map = existsSync(`${path}.map`) ? ownMap(readFileSync(`${path}.map`, 'utf8')) : undefined;
  writeFileSync(path, map === undefined ? lines.replace(/^\/\/# sourceMappingURL=.*\n/m, '') : lines);
  if (map === undefined) rmSync(`${path}.map`, { force: true });
  else writeFileSync(`${path}.map`, map);
}

writeFileSync(join(outdir, 'NOTICES.md'), noticesOf(ROOT, [library.metafile, page.metafile]));
removeUnreached(outdir, exports);
