/** The engine on cells of every operation, and on cells drawn at random, against `unroll`. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import type { EngineOptions } from '../../lib/engine/options.ts';
import { explain, recurrent } from '../../lib/engine/recurrent.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { cellOf, DRAWS, type Recipe, recipes } from '../random-cells.ts';
import { apart, type Drawn, everything } from './agreement.ts';

const size = (max: number) => fc.integer({ min: 1, max });
const problems = (T: number): fc.Arbitrary<Drawn> =>
  fc.record({
    T: size(T),
    B: size(4),
    d: size(5),
    m: size(7),
    ragged: fc.boolean(),
    oneHot: fc.boolean(),
    seed: fc.nat(),
  });

/**
 * Numbers that go in are of size 1: what cancels is off by what rounding leaves of them. (`apart` divides by a hundredth of
 * the largest number, at least.)
 */
const GIVEN = { given: [100] };

/**
 * The cell runs fused, and as `unroll` runs it. A network that makes numbers grow makes rounding grow with them, so that
 * only what stays below a bound is compared.
 */
function agree(cell: Cell, sizes: Drawn, options: EngineOptions, bound: number, most: number): void {
  expect(explain(cell, sizes)).toMatch(/^runs fused: /);
  const theirs = { ...everything(unroll(cell, sizes), sizes), ...GIVEN };
  fc.pre(Object.values(theirs).every(all => all === GIVEN.given || all.every(x => Math.abs(x) < most)));
  const ours = { ...everything(recurrent(cell, sizes, options), sizes), ...GIVEN };
  expect(Object.entries(apart(ours, theirs)).filter(([, deviation]) => !(deviation <= bound))).toEqual([]);
}

const made = ({ instructions, parts, ends, unused }: Recipe, sizes: Drawn) =>
  cellOf(instructions, parts, ends, sizes, unused);

describe('cells drawn at random run fused, and are the reference', () => {
  const runs = Number(process.env.RUNS ?? 400);
  test('to 1e-12 in f64', () => {
    fc.assert(
      fc.property(recipes(20), problems(5), (recipe, sizes) => agree(made(recipe, sizes), sizes, {}, 1e-12, 1e4)),
      { numRuns: runs },
    );
  });

  test('to 1e-4 in f32', () => {
    fc.assert(
      fc.property(recipes(8), problems(2), (recipe, sizes) =>
        agree(made(recipe, sizes), sizes, { precision: 'f32' }, 1e-4, 10),
      ),
      { numRuns: runs / 2 },
    );
  });
});

describe.each(Object.keys(DRAWS))('%s', op => {
  /** The operation on an input, on a part of the state, and on what it made itself, then a product by which all of it counts. */
  const recipe = (a: number, b: number, c: number): Recipe => ({
    instructions: [
      { op: 'affine', a: 0, b, c },
      { op, a, b, c },
      { op: 'tanh', a: 0, b: 0, c: 0 },
      { op, a: 1, b: b + 1, c: c + 1 },
    ],
    parts: { c: 1 + (c % 3) },
    ends: [2, 1, 0],
    unused: false,
  });
  const numbers = fc.nat({ max: 30 });

  test('is the reference’s, forward and backward', () => {
    const drawn = fc.tuple(numbers, numbers, numbers);
    fc.assert(
      fc.property(drawn, problems(4), ([a, b, c], sizes) => agree(made(recipe(a, b, c), sizes), sizes, {}, 1e-12, 1e4)),
      { numRuns: Number(process.env.EACH ?? 12) },
    );
    fc.assert(
      fc.property(drawn, problems(2), ([a, b, c], sizes) =>
        agree(made(recipe(a, b, c), sizes), sizes, { precision: 'f32' }, 1e-4, 10),
      ),
      { numRuns: Number(process.env.EACH ?? 8) },
    );
  });
});
