/**
 * Makes the package's JavaScript: `npm run bundle [-- OUTDIR]`.
 *
 * Everything is bundled into few files, without comments and white space, so that it is imported in little time, but the
 * cells: these are left as they are written, since the tags of their equations are read off their lines. What is
 * bundled imports them under the package's own name, as users do, so that there is one of each. Declarations that no entry of the
 * package leads to are removed.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
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

/** What a declaration file leads to, itself among it. */
function ledTo(file: string, found: Set<string> = new Set()): Set<string> {
  if (found.has(file) || !existsSync(file)) return found;
  found.add(file);
  const imported = readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*['"](\.[^'"]+)\.[jt]s['"]/g);
  for (const [, path = ''] of imported) ledTo(join(dirname(file), `${path}.d.ts`), found);
  return found;
}

const { exports: entries } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, string | { readonly types: string }>>;
};
const types = Object.values(entries).flatMap(entry => (typeof entry === 'string' ? [] : [entry.types]));
const declarations = readdirSync(outdir, { recursive: true, encoding: 'utf8' }).filter(file => /\.d\.ts$/.test(file));
const isEntry = (file: string) =>
  types.some(type => type.replace('*', file.replace(/^.*\/|\.d\.ts$/g, '')) === `./dist/${file}`);
const kept = new Set<string>();
for (const file of declarations.filter(isEntry)) ledTo(join(outdir, file), kept);
for (const file of declarations.map(file => join(outdir, file))) if (!kept.has(file)) rmSync(file);
