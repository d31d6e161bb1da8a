import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Sequences } from '../../lib/engine/sequences.ts';
import { Sequence } from '../../lib/sequence.ts';

const extent = (T: number) => ({ T, B: 2 });
const bytes = (T: number) => 8 * 6 * T;

it('hold what was once in use together and no more, whatever sizes come, and never lend an array twice', () => {
  const like = Sequence.zeros({ T: 1, F: 1 }, Sequence.dense(new Float32Array(1), { T: 1, F: 1 }));
  const commands = fc.array(
    fc.record({ T: fc.integer({ min: 1, max: 400 }), give: fc.nat(), single: fc.boolean(), ragged: fc.boolean() }),
    { minLength: 50, maxLength: 300, size: 'max' },
  );
  fc.assert(
    fc.property(commands, all => {
      const sequences = new Sequences();
      const lent: Sequence[] = [];
      /** As many bytes as their arrays have: a short sequence may lie in a long one's. */
      const inUse = () => lent.reduce((sum, { data }) => sum + data.buffer.byteLength, 0);
      let most = 0;
      for (const [n, { T, give, single, ragged }] of all.entries()) {
        if (lent.length > give % 4) {
          const [one] = lent.splice(give % lent.length, 1);
          if (one) sequences.give(one);
        }
        const lengths = ragged && { lengths: [T, 1] };
        const s = sequences.take({ ...extent(T), ...lengths }, 3, single ? like : undefined);
        expect(s).toMatchObject({ ...extent(T), F: 3, data: expect.any(single ? Float32Array : Float64Array) });
        expect(s.data).toHaveLength(6 * T);
        if (ragged) expect(s.data.every(v => v === 0)).toBe(true);
        s.data.fill(n);
        lent.push(s);
        most = Math.max(most, inUse());
        expect(sequences.kept + inUse()).toBeLessThanOrEqual(most);
        expect(new Set(lent.map(({ data }) => data.buffer)).size).toBe(lent.length);
      }
    }),
    { numRuns: 50 },
  );
});

it('are one array where one is in use at a time: the largest', () => {
  const sequences = new Sequences();
  const arrays = new Set<unknown>();
  const lengths = [...Array.from({ length: 1500 }, (_, n) => 1 + ((n * 7919) % 1500)), 1501, 1, 700, 1501];
  for (const T of lengths) {
    const s = sequences.take(extent(T), 3);
    arrays.add(s.data.buffer);
    sequences.give(s);
    sequences.give(s); // twice is once
  }
  expect(sequences.kept).toBe(bytes(1501));
  const records = lengths.filter((T, n) => lengths.slice(0, n).every(before => before < T));
  expect(arrays.size).toBe(records.length);
});

it('are the same arrays step after step, of several sizes at once too, and beside others that never come back', () => {
  const sequences = new Sequences();
  const step = () => {
    const all = [3, 100, 7, 100, 1].map(T => sequences.take(extent(T), 3));
    for (const s of all) sequences.give(s);
    return new Set(all.map(({ data }) => data.buffer));
  };
  step();
  step();
  for (let n = 0; n < 5; n++) sequences.take(extent(50), 3);
  step();
  const first = step();
  for (let n = 0; n < 5; n++) expect(step()).toEqual(first);
  for (const buffer of step()) expect([...first].some(one => one === buffer)).toBe(true);
});
