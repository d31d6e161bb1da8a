/** What may be left out of a call: lengths, initial state, final gradient, and that the rows of x are of classes. */
import type { Layer } from '../layers/layer.ts';
import { type Deviation, differing } from './law.ts';
import { type Given, type Passes, whatIs } from './passes.ts';

const PARTS = ['lengths', 's0', 'dsT'] as const;

/**
 * Every way to give or to leave them out against all given, or with `oneHot` every way with classes.
 */
export function ungiven(layer: Layer, problem: Passes, oneHot: boolean): Deviation[] {
  const both = [true, false];
  const ways: readonly Given[] = both.flatMap(lengths =>
    both.flatMap(s0 =>
      both.flatMap(dsT => (oneHot ? [true] : [false, true]).map(symbols => ({ lengths, s0, dsT, oneHot: symbols }))),
    ),
  );
  const [all = { lengths: true, s0: true, dsT: true, oneHot }, ...others] = ways;
  const expected = whatIs(layer, problem, all);
  return others.flatMap(way => {
    const missing = PARTS.filter(part => !way[part]).map(part => `, no ${part}`);
    const where = `${way.oneHot && !oneHot ? ', one-hot x' : ''}${missing.join('')}`;
    return differing(whatIs(layer, problem, way), expected).map(({ name, deviation }) => ({
      name: `${name}${where}`,
      deviation,
    }));
  });
}
