/** The library within somebody's own bundle, where classes have other names and no package.json is to be found. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
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

/** The hash; and for files, beside what reads them, how long a string may be, and whether one is a terminal. */
const FILES = ['node:buffer', 'node:crypto', 'node:fs', 'node:path', 'node:tty'];

test('what bptt/io needs of Node is its hash and its files, and no module of ours but those needs any', async () => {
  const needed = async (module: string): Promise<string[]> => {
    const { metafile } = await build({
      ...MINIFIED,
      stdin: { contents: `export * from '${module}';`, resolveDir: ROOT },
      ...{ platform: 'browser', external: ['node:*'], write: false, metafile: true },
    });
    const imports = Object.values(metafile?.outputs ?? {}).flatMap(output => output.imports.map(({ path }) => path));
    return [...new Set(imports)].sort();
  };
  expect(await needed('./lib/io/index.ts')).toEqual(FILES);
  for (const pure of ['safetensors', 'torch', 'torch-file', 'onnx', 'recognise', 'json']) {
    expect(await needed(`./lib/io/${pure}.ts`), pure).toEqual([]);
  }
});

test('a list that says it is of another kind is described as what it is', () => {
  const odd = Object.assign([1], { constructor: undefined }) as unknown as Uint8Array;
  expect(() => io.readSafetensors(odd)).toThrow('bytes: expected a Uint8Array, got Array of length 1');
});
