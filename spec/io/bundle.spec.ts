/** The library within somebody's own bundle, where classes have other names and no package.json is to be found. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runInNewContext } from 'node:vm';
import { type BuildOptions, build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type * as Bptt from '../../lib/index.ts';
import type * as Io from '../../lib/io/index.ts';
import { version } from '../../lib/io/version.ts';
import { ROOT } from '../examples.ts';

const folder = mkdtempSync(join(tmpdir(), 'bptt-bundle-'));
let { bptt, io } = {} as { readonly bptt: typeof Bptt; readonly io: typeof Io };

const MINIFIED: BuildOptions = { bundle: true, minify: true, format: 'esm', logLevel: 'silent' };

beforeAll(async () => {
  const contents = "export * as bptt from './lib/index.ts'; export * as io from './lib/io/index.ts';";
  const outfile = join(folder, 'bundle.mjs');
  await build({ ...MINIFIED, stdin: { contents, resolveDir: ROOT }, platform: 'node', outfile });
  ({ bptt, io } = await import(pathToFileURL(outfile).href));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the version is that of package.json', () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string };
  expect(version).toBe(manifest.version);
});

describe('minified, away from the package,', () => {
  const TEXT = 'hello, help, hold';

  test('files are written and read', () => {
    const trainer = new bptt.CharTrainer(TEXT, { hidden: 3, chunk: 4, heldOut: 0 });
    trainer.step();
    const checkpoint = io.decodeCheckpoint(io.encodeCheckpoint(trainer));
    expect(checkpoint.library).toBe(`bptt ${version}`);
    expect(io.resumeTrainer(checkpoint, TEXT).step()).toEqual(trainer.step());
    const { model } = trainer;
    expect(io.decodeTorch(io.encodeTorch(model)).net.params.values).toEqual(model.net.params.values);
    expect(io.toOnnx(model.net).length).toBeGreaterThan(100);
  });

  test('every class is called by its name', () => {
    const classes = Object.entries({ ...bptt, ...io }).filter(
      ([name, value]) =>
        name !== 'Matrix' && typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value)),
    );
    expect(classes.map(([name]) => name)).toContain('Random');
    for (const [name, value] of classes) {
      const Class = value as new (...args: readonly string[]) => object;
      const own = Class.prototype instanceof Error ? (new Class('a', 'b', 'c') as Error).name : Class.name;
      expect(own).toBe(name);
    }
  });

  test.each<[string, () => unknown]>([
    [
      'rng: expected a Random, got an object',
      () => {
        const { model } = new bptt.CharTrainer(TEXT, { hidden: 2, chunk: 4, heldOut: 0 });
        return bptt.sample(model, { prompt: 'h', length: 1, rng: {} as Bptt.Random });
      },
    ],
    ['params: expected a ParamSet, got an object', () => bptt.clipByNorm({} as Bptt.ParamSet, 1)],
    ['vocabulary: expected a Vocabulary, got an object', () => bptt.charModel({ vocabulary: {} as Bptt.Vocabulary })],
    ['trainer: expected a CharTrainer, got an object', () => io.encodeCheckpoint({} as Bptt.CharTrainer)],
    [
      'bytes: expected a Uint8Array, got Float32Array of length 2',
      () => io.readSafetensors(new Float32Array(2) as unknown as Uint8Array),
    ],
    ['tensors: expected a Map', () => io.writeSafetensors({} as ReadonlyMap<string, Io.Tensor>, {})],
  ])('%s', (message, call) => {
    expect(call).toThrow(message);
  });
});

describe('bptt/io', () => {
  const PAGE: BuildOptions = { ...MINIFIED, platform: 'browser', external: ['node:*'], write: false };

  test('needs no module of Node, and bptt/io/node those of files', async () => {
    const needed = async (module: string): Promise<string[]> => {
      const stdin = { contents: `export * from '${module}';`, resolveDir: ROOT };
      const { metafile } = await build({ ...PAGE, stdin, metafile: true });
      const imports = Object.values(metafile?.outputs ?? {}).flatMap(output => output.imports.map(({ path }) => path));
      return [...new Set(imports)].sort();
    };
    expect(await needed('./lib/io/index.ts')).toEqual([]);
    expect(await needed('./lib/io/node/index.ts')).toEqual([
      ...['node:buffer', 'node:crypto', 'node:fs', 'node:path', 'node:tty'],
    ]);
  });

  test('saves and loads where there is nothing of Node', async () => {
    const contents = `
      import { lstm, linear, recurrent, Scaler, stack } from './lib/index.ts';
      import { decodeCheckpoint, load, save } from './lib/io/index.ts';
      const net = stack({ lstm: recurrent(lstm, { d: 2, m: 3 }), out: linear({ m: 3, C: 1 }) });
      net.params.values.fill(0.5);
      const bytes = save(net, { scaler: Scaler.fit([[1], [2]]), note: 'a page' });
      const { model, note } = load(bytes);
      let refused = '';
      try {
        decodeCheckpoint(bytes);
      } catch (error) {
        refused = error.name;
      }
      answer({ note, refused, values: Array.from(model.params.values) });`;
    const { outputFiles } = await build({ ...PAGE, format: 'iife', stdin: { contents, resolveDir: ROOT } });
    const answers: unknown[] = [];
    const page = {
      answer: (value: unknown) => answers.push(value),
      TextEncoder,
      TextDecoder,
      performance,
    };
    runInNewContext(outputFiles?.[0]?.text ?? '', page);
    const count = 4 * 3 * (3 + 2 + 1) + 3 + 1;
    expect(JSON.parse(JSON.stringify(answers))).toEqual([
      { note: 'a page', refused: 'FormatError', values: Array.from({ length: count }, () => 0.5) },
    ]);
  });
});

test('a list that says it is of another kind is described as what it is', () => {
  const odd = Object.assign([1], { constructor: undefined }) as unknown as Uint8Array;
  expect(() => io.readSafetensors(odd)).toThrow('bytes: expected a Uint8Array, got Array of length 1');
});
