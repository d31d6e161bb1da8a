/**
 * Makes the package's JavaScript: `npm run bundle [-- OUTDIR]`.
 *
 * Everything is bundled into few files, without comments and white space, so that it is imported in little time, but the
 * equations of the cells: these are left as they are written, since their tags are read off their lines. Declarations that
 * no entry of the package leads to are removed.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CELLS = join(ROOT, 'lib/cells');
const outdir = resolve(ROOT, process.argv[2] ?? 'dist');

/** The files of cells that hold equations, which have tags, by their names. */
const written: ReadonlyMap<string, string> = new Map(
  readdirSync(CELLS).flatMap(file => {
    const text = readFileSync(join(CELLS, file), 'utf8');
    return /\/\/ [A-Z\d]+-[A-Z]?\d/.test(text) ? [[file.replace('.ts', ''), text]] : [];
  }),
);

/** What is bundled imports these from where they are. */
const OUTSIDE = 'bptt/cells/';
const cells: Plugin = {
  name: 'cells',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(BASE) }, () => ({ path: join(ROOT, BASE), namespace: 'imported' }));
    onLoad({ filter: /./, namespace: 'imported' }, () => ({
      contents: Array.from(imported, ([name, file]) => `export { ${name} } from '${join(ROOT, file)}.ts';`).join('\n'),
      resolveDir: ROOT,
    }));
    onResolve({ filter: /^\..*\.ts$/ }, ({ path, resolveDir }) => {
      const [, name = ''] = /([\w-]+)\.ts$/.exec(path) ?? [];
      const isWritten = dirname(join(resolveDir, path)) === CELLS && written.has(name);
      return isWritten ? { path: `${OUTSIDE}${name}`, external: true } : undefined;
    });
  },
};

/** What they import that is bundled, each thing by its name: they have all of it from one file. */
const BASE = 'lib/cells/imported.ts';
const imported = new Map<string, string>();
for (const text of written.values()) {
  for (const [, names = '', path = ''] of text.matchAll(/^import \{([^}]*)\} from '(\..+)\.ts';$/gm)) {
    const file = relative(ROOT, join(CELLS, path));
    const values = names.split(',').map(name => name.trim());
    const isBundled = dirname(file) !== 'lib/cells' || !written.has(file.slice('lib/cells/'.length));
    if (isBundled) for (const name of values) if (name && !name.startsWith('type ')) imported.set(name, file);
  }
}

// Of every file by itself, with its comments; those that are no cells are bundled over.
const alone = ['--noResolve', '--noCheck', '--declaration', 'false', '--isolatedDeclarations', 'false'];
const tsc = ['node_modules/typescript/bin/tsc', '-p', 'lib/tsconfig.json', '--outDir', outdir];
execFileSync(process.execPath, [...tsc, ...alone, '--emitDeclarationOnly', 'false'], { cwd: ROOT, stdio: 'inherit' });

await build({
  absWorkingDir: ROOT,
  entryPoints: [
    ...['lib/index.ts', 'lib/blas.ts', 'lib/check/index.ts', 'lib/check/properties.ts', 'lib/flow/index.ts'],
    ...[
      'lib/io/index.ts',
      'lib/io/node.ts',
      'lib/parallel/index.ts',
      'lib/parallel/worker.ts',
      'lib/worker/index.ts',
      'lib/demos/*.ts',
      'lib/cli/main.ts',
      'lib/cli/program.ts',
      'bench/peers/peers.py',
    ],
    ...readdirSync(CELLS)
      .filter(file => !written.has(file.replace('.ts', '')))
      .map(file => `lib/cells/${file}`),
    BASE,
  ],
  plugins: [cells],
  ...{ bundle: true, splitting: true, format: 'esm', packages: 'external', platform: 'node', target: 'node20.19' },
  ...{ minifyWhitespace: true, minifySyntax: true, lineLimit: 120 },
  ...{ loader: { '.py': 'copy' }, outbase: '.', chunkNames: 'lib/chunks/[hash]', logLevel: 'warning', outdir },
});

// For a page that has no bundler of its own: all in one file, with what it needs of other packages.
await build({
  ...{ absWorkingDir: ROOT, entryPoints: ['lib/browser.ts'], outbase: '.', outdir, logLevel: 'warning' },
  ...{ bundle: true, minify: true, format: 'esm', platform: 'browser', target: 'es2022' },
});

/** The program of another thread, as the file that starts it calls it. */
const WORKER = '"./worker.ts"';

/** In a file of equations, what they import that is bundled; elsewhere, the files of equations, and the program of other threads. */
function nearby(file: string, text: string): string {
  const worker = JSON.stringify(relative(dirname(file), 'lib/parallel/worker.js').replace(/^(?!\.)/, './'));
  const folder = relative(dirname(file), 'lib/cells').replace(/^(?!\.)/, './');
  if (dirname(file) !== 'lib/cells' || !written.has(basename(file, '.js')))
    return text.replaceAll(new RegExp(`"${OUTSIDE}([\\w-]+)"`, 'g'), `"${folder}/$1.js"`).replaceAll(WORKER, worker);
  const isWritten = (path: string) => path.startsWith('./') && written.has(basename(path, '.js'));
  return text.replaceAll(/(?<=from ')\.\.?\/[^']+(?=';)/g, path => (isWritten(path) ? path : './imported.js'));
}

const made = readdirSync(outdir, { recursive: true, encoding: 'utf8' });
for (const file of made.filter(file => file.endsWith('.js'))) {
  const text = readFileSync(join(outdir, file), 'utf8');
  writeFileSync(join(outdir, file), nearby(file, text));
}

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
const declarations = made.filter(file => file.endsWith('.d.ts'));
const isEntry = (file: string) =>
  types.some(type => type.replace('*', file.replace(/^.*\/|\.d\.ts$/g, '')) === `./dist/${file}`);
const kept = new Set<string>();
for (const file of declarations.filter(isEntry)) ledTo(join(outdir, file), kept);
for (const file of declarations.map(file => join(outdir, file))) if (!kept.has(file)) rmSync(file);
