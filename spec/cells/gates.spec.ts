/** What gated cells declare, by gates. */
import { expect, it } from 'vitest';
import { gateEquations, gateShapes } from '../../lib/cells/gates.ts';

it('the parameters of gates are all W, then all U, then all b, of the sizes that they have', () => {
  const shapes = gateShapes(['f', 'g'], { d: 2, m: 3 });
  expect(Object.entries(shapes)).toEqual([
    ['W_f', [3, 3]],
    ['W_g', [3, 3]],
    ['U_f', [3, 2]],
    ['U_g', [3, 2]],
    ['b_f', [1, 3]],
    ['b_g', [1, 3]],
  ]);
});

it('all gates have the same tags', () => {
  const tags = gateEquations(['f', 'g'], { W: 'X-B1', U: 'X-B2', b: 'X-B3' });
  expect(tags).toEqual({ W_f: 'X-B1', W_g: 'X-B1', U_f: 'X-B2', U_g: 'X-B2', b_f: 'X-B3', b_g: 'X-B3' });
});
