/** The engine on cells of every operation, and on cells drawn at random, against `unroll`. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EngineOptions } from '../../lib/engine/options.ts';
import { explain, recurrent } from '../../lib/engine/recurrent.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { cellOf, recipe } from '../random-cells.ts';
import { apart, type Drawn, everything } from './agreement.ts';

const size = (max: number) => fc.integer({ min: 1, max });
const drawn: fc.Arbitrary<Drawn> = fc.record({
  T: size(5),
  B: size(4),
  d: size(5),
  m: size(7),
  ragged: fc.boolean(),
  oneHot: fc.boolean(),
  seed: fc.nat(),
});

/** Numbers that go in are of size 1: what cancels is off by what rounding leaves of them. (`apart` divides by a hundredth of the largest.) */
const GIVEN = { given: [100] };

const counts: Record<string, number> = {};
test.each<[EngineOptions, number]>([[{}, 1e-12]])('random cells %o', (options, bound) => {
  fc.assert(
    fc.property(recipe, drawn, ({ instructions, parts, ends, unused }, sizes) => {
      const cell = cellOf(instructions, parts, ends, sizes, unused);
      const how = explain(cell, sizes);
      counts[how.replace(/\d+/g, 'n').replace(/\(.*/, '')] =
        1 + (counts[how.replace(/\d+/g, 'n').replace(/\(.*/, '')] ?? 0);
      if (how.startsWith('runs unrolled')) return;
      const theirs = everything(unroll(cell, sizes), sizes);
      fc.pre(
        Object.values(theirs)
          .flat()
          .every(x => Math.abs(x) < 1e5),
      );
      const deviations = apart(
        { ...everything(recurrent(cell, sizes, options), sizes), ...GIVEN },
        { ...theirs, ...GIVEN },
      );
      expect(Object.entries(deviations).filter(([, deviation]) => !(deviation <= bound))).toEqual([]);
    }),
    { numRuns: Number(process.env.RUNS ?? 300), ...(process.env.SEED && { seed: Number(process.env.SEED) }) },
  );
});
test('counts', () => {
  console.log(counts);
});
