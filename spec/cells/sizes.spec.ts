/** Which size a cell is given that cannot have the one that is asked for. */
import { expect, it } from 'vitest';
import { fitting } from '../../lib/cells/sizes.ts';

const odd = { d: 3, m: 5 };

type Fits = (d: number, m: number) => boolean;

it.each<[string, Fits, { d: number; m: number }, ('d' | 'm')?]>([
  ['itself', () => true, odd],
  ['fewer units', (_, m) => m % 4 === 0, { d: 3, m: 4 }],
  ['more, rather than fewer', (_, m) => m % 2 === 0, { d: 3, m: 6 }],
  ['one far away', (_, m) => m === 128, { d: 3, m: 128 }],
  ['the nearer of two', (d, m) => (d === 2 || d === 3) && m === 7, { d: 3, m: 7 }],
  ['one of the same units', (d, m) => d === 2 * m, { d: 10, m: 5 }, 'm'],
  ['one of the same inputs', (d, m) => d === m, { d: 3, m: 3 }, 'd'],
])('the nearest size is %s', (_, fits, nearest, kept) => {
  const sizes = ({ d, m }: { d: number; m: number }) => (fits(d, m) ? {} : { m: 'another' });
  expect(fitting({ name: 'some', sizes }, odd, kept)).toEqual(nearest);
});

it('any size is one of a cell that says nothing of sizes', () => {
  expect(fitting({ name: 'any' }, odd)).toBe(odd);
});

it('sizes are looked for as far as 256 away in each, and no number below 1 is one', () => {
  const asked = new Set<string>();
  const none = {
    name: 'none',
    sizes: (size: { d: number; m: number }) => {
      asked.add(`${size.d},${size.m}`);
      return { m: 'another' };
    },
  };
  expect(() => fitting(none, odd)).toThrow('m: expected another, for none, got 5');
  expect(asked.size).toBe((3 + 256) * (5 + 256));
  for (const corner of ['1,1', '259,1', '1,261', '259,261']) expect(asked).toContain(corner);
  asked.clear();
  expect(() => fitting(none, odd, 'd')).toThrow('m: expected another, for none, got 5');
  expect(asked.size).toBe(5 + 256);
  asked.clear();
  expect(() => fitting(none, odd, 'm')).toThrow('m: expected another, for none, got 5');
  expect(asked.size).toBe(3 + 256);
});
