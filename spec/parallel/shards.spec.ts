/** How batches are cut and sums added: by the batch alone. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addInTree, shardsOf } from '../../lib/parallel/shards.ts';

describe('the shards of a batch', () => {
  it('are all of it, in order, of at most 16 sequences, as even as can be', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), B => {
        const shards = shardsOf(B);
        const sizes = shards.map(({ from, to }) => to - from);
        expect(shards.map(({ from }) => from)).toEqual([0, ...shards.slice(0, -1).map(({ to }) => to)]);
        expect(shards.at(-1)?.to).toBe(B);
        expect(shards).toHaveLength(Math.ceil(B / 16));
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('are one where that is enough', () => {
    expect(shardsOf(16)).toEqual([{ from: 0, to: 16 }]);
    expect(shardsOf(17)).toEqual([
      { from: 0, to: 8 },
      { from: 8, to: 17 },
    ]);
  });
});

describe('a sum in a tree', () => {
  const summed = (...numbers: readonly number[]) => {
    const into = Float64Array.of(0);
    addInTree(
      into,
      numbers.map(number => Float64Array.of(number)),
    );
    return into[0];
  };

  it('is of neighbours first', () => {
    const [big, one] = [2 ** 53, 1];
    expect(summed(big, one, one, -big)).toBe(big + one + (one - big)); // in a chain it is 0
    expect(summed(big, one, one)).toBe(big);
    expect(summed(one, one, big)).toBe(big + 2);
  });

  it('is added to what is there, whatever the number of parts', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1000, max: 1000 }), { maxLength: 40 }), fc.integer(), (parts, begun) => {
        const into = Float64Array.of(begun, 0);
        addInTree(
          into,
          parts.map(part => Float64Array.of(part, -part)),
        );
        const sum = parts.reduce((a, b) => a + b, 0);
        expect([...into]).toEqual([begun + sum, 0 - sum]);
      }),
    );
  });
});
