/** What a cell that asks for the time declares; what it does is in `declared.spec.ts`. */
import { expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { timed } from '../../lib/cells/timed.ts';
import { fading, gained } from '../toys.ts';

const [timedCell, pairs] = [fading as unknown as Cell, gained as unknown as Cell];

it('declares what it declared, and the tag of its count', () => {
  const sizes = ({ m }: { m: number }) => ({ m: `not ${m}` });
  const all = timed({ ...timedCell, keeps: { c: -1 }, first: { c: 3 }, sizes });
  const tags = { ...timedCell.equations, t: 'BPTT-B4' };
  expect(all).toMatchObject({ name: 'fading', equations: tags, keeps: { c: -1 }, first: { c: 3 } });
  expect(all.sizes?.({ d: 1, m: 2 })).toEqual({ m: 'not 2' });
  const needed = ['backward', 'equations', 'forward', 'name', 'params', 'state'];
  expect(Object.keys(all).sort()).toEqual([...needed, 'first', 'keeps', 'sizes'].sort());
  expect(Object.keys(timed(timedCell)).sort()).toEqual(needed);
  expect(timed(timedCell)).toBe(timed(timedCell));
  expect(timed(pairs)).toBe(pairs);
});
