/**
 * Makes the package's JavaScript: `npm run bundle [-- OUTDIR]`.
 *
 * Everything is bundled into few files, without comments and white space, so that it is imported in little time, but the
 * cells: these are left as they are written, since the tags of their equations are read off their lines. What is
 * bundled imports them under the package's own name, as users do, so that there is one of each.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CELLS = join(ROOT, 'lib/cells');
const outdir = resolve(ROOT, process.argv[2] ?? 'dist');

const cells: Plugin = {
  name: 'cells',
  setup({ onResolve }) {
    onResolve({ filter: /^\..*\.ts$/ }, ({ path, resolveDir }) => {
      const file = join(resolveDir, path);
      const [, name] = /([\w-]+)\.ts$/.exec(path) ?? [];
      return dirname(file) === CELLS && name ? { path: `bptt/cells/${name}`, external: true } : undefined;
    });
  },
};

/** What the cells import from outside their folder: it must be found where they look for it. */
function importedByCells(): readonly string[] {
  const texts = readdirSync(CELLS).map(file => readFileSync(join(CELLS, file), 'utf8'));
  const paths = texts.flatMap(text =>
    Array.from(text.matchAll(/^(?:import (?!type)|\}).* from '\.\.\/(.+\.ts)';$/gm), ([, path]) => `lib/${path}`),
  );
  return [...new Set(paths)];
}

// Of every file by itself, with its comments; those that are no cells are bundled over.
const alone = ['--noResolve', '--noCheck', '--declaration', 'false', '--isolatedDeclarations', 'false'];
const tsc = ['node_modules/typescript/bin/tsc', '-p', 'lib/tsconfig.json', '--outDir', outdir];
execFileSync(process.execPath, [...tsc, ...alone, '--emitDeclarationOnly', 'false'], { cwd: ROOT, stdio: 'inherit' });

await build({
  absWorkingDir: ROOT,
  entryPoints: [
    ...['lib/index.ts', 'lib/blas.ts', 'lib/check/index.ts', 'lib/check/properties.ts', 'lib/flow/index.ts'],
    ...['lib/io/index.ts', 'lib/demos/*.ts', 'lib/cli/main.ts', 'lib/cli/program.ts', 'bench/peers/peers.py'],
    ...importedByCells(),
  ],
  plugins: [cells],
  ...{ bundle: true, splitting: true, format: 'esm', packages: 'external', platform: 'node', target: 'node20.19' },
  ...{ minifyWhitespace: true, minifySyntax: true, lineLimit: 120 },
  ...{ loader: { '.py': 'copy' }, outbase: '.', chunkNames: 'lib/chunks/[hash]', logLevel: 'warning', outdir },
});
