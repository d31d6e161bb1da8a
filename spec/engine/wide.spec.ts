/** How wide vectors are, and the fixed set of kernels that must give the same bits at any width. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { KNOWN, selfTest } from '../../lib/engine/self-test.ts';
import * as wasm from '../../lib/engine/wasm.ts';
import { wideVectors } from '../../lib/engine/wide.ts';

afterEach(() => vi.restoreAllMocks());

/** `wideVectors` of a module that knows nothing yet, where sums that are neighbours take some time and others another. */
async function measured(beside: number, apart: number): Promise<boolean> {
  vi.resetModules();
  const { wideVectors: fresh } = await import('../../lib/engine/wide.ts');
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const { WebAssembly } = globalThis as unknown as { WebAssembly: { Instance: unknown } };
  vi.spyOn(WebAssembly as { Instance: new () => object }, 'Instance').mockImplementation(function instance() {
    return {
      exports: {
        sums(first: number) {
          now += first > 0 ? beside : apart;
        },
      },
    };
  });
  return fresh();
}

describe('wideVectors', () => {
  test('says so, the same each time', () => {
    expect(wideVectors()).toBe(wideVectors());
  });

  test('goes by how long the same sums take', async () => {
    expect(await measured(1, 1.9)).toBe(true);
    expect(await measured(1, 1)).toBe(false);
    expect(await measured(0, 0)).toBe(false); // a clock that does not tell
  });
});

describe('the self-test', () => {
  test('gives the known bits', () => {
    expect(selfTest()).toBe(KNOWN);
  });

  test.each(['addRowF64', 'productPackedF32', 'packF64', 'logSoftmaxRowsF32'] as const)(
    'gives others where %s does nothing',
    name => {
      const real = wasm.instantiateAnew;
      vi.spyOn(wasm, 'instantiateAnew').mockImplementation(memory => ({ ...real(memory), [name]: () => undefined }));
      expect(selfTest()).not.toBe(KNOWN);
    },
  );

  const around = wasm.instantiateAroundAnew(wasm.wasmMemory(1));

  test.each(Object.keys(around))(
    'gives others where %s of those around a pass does nothing, or errs the second time',
    name => {
      const real = wasm.instantiateAroundAnew;
      const planted = vi.spyOn(wasm, 'instantiateAroundAnew');
      planted.mockImplementation(memory => ({ ...real(memory), [name]: () => 0 }));
      expect(selfTest()).not.toBe(KNOWN);
      planted.mockImplementation(memory => {
        const kernels = real(memory);
        const right = Reflect.get(kernels, name) as (...numbers: number[]) => unknown;
        let calls = 0;
        /** One number fewer is worked on, or a row. */
        const wrong = (...[first = 0, ...others]: number[]) => right(calls++ === 0 ? first : first - 1, ...others);
        return { ...kernels, [name]: name === 'logSoftmaxRows' ? () => 0 : wrong };
      });
      expect(selfTest()).not.toBe(KNOWN);
    },
  );
});
