/** Numbers go in and out of the kernels' memory whole, rounded once, whatever their count, and touch nothing beside. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runtime } from '../../lib/engine/precision.ts';
import { Random } from '../../lib/random.ts';

/** Below, at and beyond what goes through the memory at a time. */
const count = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 2040, max: 6150 }));
const seed = fc.integer({ min: 0, max: 2 ** 31 });

/** What lies before and behind. */
const CANARY = 1024.5;

describe.each([
  { precision: 'f64', round: (x: number) => x },
  { precision: 'f32', round: Math.fround },
] as const)('the memory of the kernels in $precision', ({ precision, round }) => {
  const rt = runtime(precision, false);
  const draw = (n: number, from: number) => {
    const rng = new Random(from);
    return Float64Array.from({ length: n }, () => rng.normal());
  };

  /** Runs with an address that is aligned to numbers only, and canaries around n numbers there. */
  const inMemory = (n: number, run: (address: number) => void) => {
    const bytes = (n + 3) * rt.bytes;
    const block = rt.heap.take(bytes);
    try {
      rt.view(block, n + 3).fill(CANARY);
      run(block + rt.bytes);
      expect([...rt.view(block, 1), ...rt.view(block + (n + 1) * rt.bytes, 2)]).toEqual([CANARY, CANARY, CANARY]);
    } finally {
      rt.heap.give(block, bytes);
    }
  };

  it('gives back what was put into it', () => {
    fc.assert(
      fc.property(count, seed, (n, from) => {
        const values = draw(n, from);
        inMemory(n, address => {
          rt.put(values, address);
          expect(Float64Array.from(rt.view(address, n))).toEqual(values.map(round));
          const back = new Float64Array(n);
          rt.get(address, back);
          expect(back).toEqual(values.map(round));
        });
      }),
      { numRuns: 40 },
    );
  });

  it('takes and gives numbers of 32 bits', () => {
    const values = Float32Array.from(draw(2051, 7));
    inMemory(2051, address => {
      rt.put(values, address);
      const back = new Float32Array(2051);
      rt.get(address, back);
      expect(back).toEqual(values);
    });
  });

  it('takes up sums, and gives back what has been added to them', () => {
    fc.assert(
      fc.property(count, seed, (n, from) => {
        const [values, sums] = [draw(n, from), draw(n, from + 1)];
        const expected = sums.map((sum, i) => sum + round(values[i] ?? 0));
        inMemory(n, address => {
          rt.beginSums(sums, address);
          const inside = rt.view(address, n);
          for (const [i, value] of values.entries()) inside[i] = (inside[i] ?? Number.NaN) + value;
          rt.endSums(address, sums);
          expect(sums).toEqual(expected);
        });
      }),
      { numRuns: 40 },
    );
  });
});
