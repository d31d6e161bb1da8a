/** The package as a user gets it: packed, installed into an empty project, imported, type-checked and called. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ended } from '../ended.ts';
import { outputProblems, ROOT } from '../examples.ts';
import { firstExample, packed, project, tarball, temporary, write } from './installed.ts';
import { manifest, run } from './npm.ts';

describe('the tarball', () => {
  test('holds the build and what npm adds, nothing else', () => {
    const foreign = packed.filter(path => !/^(dist\/.+|package\.json|README\.md|LICENSE)$/.test(path));
    expect(foreign).toEqual([]);
  });

  test('holds every file that package.json names', () => {
    const named = paths([manifest.exports, manifest.bin, manifest.unpkg, manifest.jsdelivr]);
    expect(named.length).toBeGreaterThan(0);
    const there = (path: string) => existsSync(join(project, 'node_modules/bptt', path.replace('*', 'lstm')));
    expect(named.filter(path => !there(path))).toEqual([]);
  });

  test.each([
    ['publint', '--strict'],
    ['attw', '--profile', 'esm-only'],
  ])('is as %s says that packages are', (tool, ...options) => {
    expect(run(ROOT, 'npx', '--no', tool, tarball, ...options)).not.toBe('');
  });

  test('needs nothing of Node but where it says so', async () => {
    const bundled = (module: string) =>
      build({
        stdin: { contents: `export * from '${module}';`, resolveDir: project },
        ...{ bundle: true, platform: 'browser', write: false, logLevel: 'silent' },
      });
    for (const part of ['', '/check', '/flow', '/io', '/parallel', '/tasks', '/worker', '/cells/lstm'])
      await bundled(`bptt${part}`);
    await expect(bundled('bptt/io/node')).rejects.toThrow('Could not resolve "node:');
  });

  test('is the same in a minified bundle, far from its package.json', async () => {
    const contents = `
      import { CharTrainer, clipByNorm } from 'bptt';
      import { decodeCheckpoint, encodeCheckpoint } from 'bptt/io';
      const trainer = new CharTrainer('hello, help', { hidden: 2, chunk: 3, heldOut: 0 });
      console.log(decodeCheckpoint(encodeCheckpoint(trainer)).library);
      try { clipByNorm({}, 1); } catch (error) { console.log(error.message); }`;
    const outfile = join(temporary, 'alone', 'bundle.mjs');
    await build({
      stdin: { contents, resolveDir: project },
      ...{ bundle: true, minify: true, format: 'esm', platform: 'node', logLevel: 'silent', outfile },
    });
    expect(run(join(temporary, 'alone'), process.execPath, 'bundle.mjs')).toBe(
      `bptt ${manifest.version}\nparams: expected a ParamSet, got an object with keys {}\n`,
    );
  });

  test('brings what the library needs, and no more', () => {
    const alone = join(temporary, 'installed-alone');
    mkdirSync(alone);
    writeFileSync(join(alone, 'package.json'), JSON.stringify({ private: true }));
    run(alone, 'npm', 'install', tarball, '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline');
    const packages = readdirSync(join(alone, 'node_modules')).filter(name => !name.startsWith('.'));
    expect(packages.filter(name => !/^(is-any-array|ml-array-)/.test(name))).toEqual([
      'bptt',
      'ml-matrix',
      'pure-rand',
    ]);
    const bundled = readFileSync(join(alone, 'node_modules/bptt/dist/NOTICES.md'), 'utf8');
    for (const name of ['commander', 'linkedom', 'papaparse', 'temml']) expect(bundled).toContain(`## ${name} `);
  });

  test('shows its sources where something is wrong', () => {
    write(
      'wrong.mjs',
      "import { clipByNorm } from 'bptt';\ntry { clipByNorm({}, 1); } catch (error) { console.log(error.stack); }\n",
    );
    const stack = run(project, process.execPath, '--enable-source-maps', 'wrong.mjs');
    const [, line = 0] = /clipByNorm \(.*[\\/]lib[\\/]optim[\\/]clip\.ts:(\d+):/.exec(stack) ?? [];
    const lines = readFileSync(join(ROOT, 'lib/optim/clip.ts'), 'utf8').split('\n');
    expect(lines[Number(line) - 1]).toContain('requireInstance(');
  });

  test('gives every cell by itself', () => {
    write(
      'cell.mjs',
      "import * as bptt from 'bptt';\nimport { lstm } from 'bptt/cells/lstm';\nconsole.log(lstm.name, lstm === bptt.lstm);\n",
    );
    expect(run(project, process.execPath, 'cell.mjs')).toBe('lstm true\n');
  });
});

describe('the first example of the README', () => {
  test('runs under plain node and prints what it states', () => {
    const code = firstExample();
    write('example.mjs', code);
    expect(outputProblems(code, run(project, process.execPath, 'example.mjs'))).toEqual([]);
  });

  test.each([
    { module: 'nodenext', moduleResolution: 'nodenext' },
    { module: 'esnext', moduleResolution: 'bundler' },
  ])('type-checks with module $module, moduleResolution $moduleResolution', resolution => {
    const compilerOptions = { ...resolution, target: 'es2023', strict: true, noEmit: true, types: ['node'] };
    write('example.ts', firstExample());
    write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['example.ts'] }));
    run(project, process.execPath, 'node_modules/typescript/bin/tsc', '-p', '.');
  });
});

describe('a module of the user’s own', () => {
  const check = (file: string) => {
    const command = ['node_modules/bptt/dist/lib/cli/main.js', 'check', file, '--json'];
    const { stdout, stderr } = ended(process.execPath, command, { cwd: project });
    expect(stderr).toBe('');
    return JSON.parse(stdout);
  };

  beforeAll(() => {
    const cell = readFileSync(join(ROOT, 'spec/fixtures/my-cell.txt'), 'utf8');
    write('my-cell.ts', cell);
    write('wrong.ts', cell.replace('times(da, p.U)', 'times(mul(da, da), p.U)'));
    write(
      'net.ts',
      `import { lstm, readout, stack, unroll } from 'bptt';
export const net = stack({ lstm: unroll(lstm, { d: 2, m: 3 }), readout: readout({ m: 3, C: 2 }) });\n`,
    );
    write(
      'required.cts',
      "const { rnn, unroll } = require('bptt');\nmodule.exports = { net: unroll({ ...rnn, name: 'mine' }, { d: 2, m: 3 }) };\n",
    );
    write(
      'undeclared.mjs',
      "import { lstm } from 'bptt';\nexport const mine = { ...lstm, name: 'mine', equations: undefined };\n",
    );
  });
  afterAll(() => write('package.json', JSON.stringify({ type: 'module', private: true })));

  test.each([{ type: 'module' }, { type: 'commonjs' }, {}])('in TypeScript, in a package of $type type', type => {
    write('package.json', JSON.stringify({ ...type, private: true }));
    expect(check('my-cell.ts')).toMatchObject({ ok: true, runs: 'runs fused: 2 products and 1 kernel a step' });
    expect(check('wrong.ts')).toMatchObject({ ok: false, smallest: { suspects: ['MY-B5'] } });
    expect(check('net.ts')).toMatchObject({ ok: true, layer: 'lstm+readout' });
    expect(check('required.cts')).toMatchObject({ ok: true, layer: 'mine' });
  });

  test('ends with how the engine runs it', () => {
    const lines = run(project, 'npx', '--no', '--', 'bptt', 'check', './my-cell.ts').trimEnd().split('\n');
    expect(lines.at(-1)).toBe('runs fused: 2 products and 1 kernel a step');
  });

  test('that is a cell of the package has the equations of its lines', () => {
    const { tensors } = check('undeclared.mjs');
    const tags = tensors.map(({ name, tag }: { name: string; tag?: string }) => `${name} ${tag}`);
    expect(tags).toEqual(expect.arrayContaining(['W_f LSTM-B7', 'U_g LSTM-B8', 'x LSTM-B10', 'c0 LSTM-B6']));
  });
});

describe('the command', () => {
  test('bptt --help prints its usage', () => {
    expect(run(project, 'npx', '--no', '--', 'bptt', '--help')).toMatch(/^usage: bptt/i);
  });

  test('bptt check rnn --json finds the gradients right', () => {
    expect(JSON.parse(run(project, 'npx', '--no', '--', 'bptt', 'check', 'rnn', '--json'))).toMatchObject({ ok: true });
  });

  test('bptt train and sample find the corpus, the plot and the checkpoint', () => {
    const bptt = (...args: readonly string[]) =>
      JSON.parse(run(project, 'npx', '--no', '--', 'bptt', ...args, '--json'));
    const trained = bptt('train', '--corpus', 'sonnets', '--steps', '30', '--hidden', '8', '--out', 'run');
    expect(trained).toMatchObject({ ok: true, step: 30, plot: join('run', 'loss.svg') });
    expect(bptt('sample', 'run', '--length', '5')).toMatchObject({ ok: true });
  });

  test('bptt bench verifies and times a case, and has the script that PyTorch runs', () => {
    const quick = ['--only', 'rnn-d64-m100-B1-T25', '--precision', 'f64', '--rounds', '1', '--peers', 'none'];
    const found = JSON.parse(run(project, 'npx', '--no', '--', 'bptt', 'bench', ...quick, '--json'));
    expect(found).toMatchObject({ ok: true, cases: [{ name: 'rnn-d64-m100-B1-T25', backend: 'wasm' }] });
    for (const script of ['peers.py', 'jax_peers.py'])
      expect(existsSync(join(project, 'node_modules/bptt/dist/bench/peers', script))).toBe(true);
  });

  test('bptt flow compares two networks', () => {
    const short = ['--compare', 'rnn,lstm', '--length', '8', '--seeds', '2', '--out', 'flow'];
    expect(JSON.parse(run(project, 'npx', '--no', '--', 'bptt', 'flow', ...short, '--json'))).toMatchObject({
      ok: true,
    });
  });
});

/** All strings within nested objects. */
function paths(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(paths) : [];
}
