/** The embedded modules: that they are what the sources compile to, when they are compiled, and where they work. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { generate } from '../../lib/engine/assembly/compile.ts';
import { kernels } from '../../lib/engine/kernels.ts';
import { instantiate, wasmMemory } from '../../lib/engine/wasm.ts';
import { ValueError } from '../../lib/errors.ts';
import { ROOT } from '../examples.ts';

const { WebAssembly } = globalThis as unknown as {
  readonly WebAssembly: {
    Module: { new (bytes: Uint8Array): object; imports(module: object): readonly unknown[] };
    validate(bytes: Uint8Array): boolean;
  };
};

afterEach(() => vi.restoreAllMocks());

test('the embedded modules are what `npm run build:wasm` makes of the sources', async () => {
  for (const [path, text] of Object.entries(await generate())) {
    expect(readFileSync(join(ROOT, path), 'utf8') === text, `${path} is out of date`).toBe(true);
  }
});

describe('a module', () => {
  test('is compiled when it is first used, not on import, and once', async () => {
    const compile = vi.spyOn(WebAssembly, 'Module');
    vi.resetModules();
    const fresh = await import('../../lib/engine/wasm.ts');
    const memory = fresh.wasmMemory(1);
    expect(compile).not.toHaveBeenCalled();
    fresh.instantiate(memory);
    fresh.instantiate(fresh.wasmMemory(1));
    expect(compile).toHaveBeenCalledTimes(1);
  });

  test('needs a memory and nothing else', () => {
    const module = new WebAssembly.Module(Buffer.from(kernels, 'hex'));
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }]);
  });

  test('with FMA is refused where the runtime has none', () => {
    vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
    expect(() => instantiate(wasmMemory(1), { fma: true })).toThrow(ValueError);
  });
});

describe('an instance', () => {
  test('works in its own memory, and writes nothing there by itself', () => {
    const [mine, other] = [wasmMemory(1), wasmMemory(1)];
    const { logSoftmaxRowsF64 } = instantiate(mine);
    instantiate(other);
    logSoftmaxRowsF64(0, 16, 1, 2);
    expect(Array.from(new Float64Array(mine.buffer, 0, 5))).toEqual([0, 0, -Math.LN2, -Math.LN2, 0]);
    expect(new Uint8Array(other.buffer).every(byte => byte === 0)).toBe(true);
  });

  test('goes on when its memory has grown, in old pages and new', () => {
    const memory = wasmMemory(1);
    const { transposeF32 } = instantiate(memory);
    new Float32Array(memory.buffer)[0] = 1;
    expect(memory.grow(3)).toBe(1);
    transposeF32(1, 1, 0, 1, 3 * 65536, 1);
    expect(new Float32Array(memory.buffer)[(3 * 65536) / 4]).toBe(1);
  });
});
