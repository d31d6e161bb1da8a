/** dL/dx that is computed when it is read: not before, and of copies too. */
import { expect, it, vi } from 'vitest';
import { readLater } from '../../lib/layers/later.ts';
import { Sequence } from '../../lib/sequence.ts';

const dx = Sequence.zeros({ T: 1, F: 1 });

it('is computed when it is read, and not before', () => {
  const read = vi.fn(() => dx);
  const later = readLater(read, {});
  expect(read).not.toHaveBeenCalled();
  expect(later.dx).toBe(dx);
  expect(read).toHaveBeenCalledOnce();
});

it.each<[string, (later: object) => object]>([
  ['a copy', later => ({ ...later })],
  ['an heir', later => Object.create(later) as object],
  ['a proxy', later => new Proxy(later, {})],
  ['another with its properties', later => Object.defineProperties({}, Object.getOwnPropertyDescriptors(later))],
])('%s has it, too', (_, made) => {
  expect((made(readLater(() => dx, {})) as { dx: Sequence }).dx).toBe(dx);
});

it('is an object like any other, of these two', () => {
  const later = readLater(() => dx, {});
  expect(Object.entries(later)).toEqual([
    ['dx', dx],
    ['ds0', {}],
  ]);
  expect(Object.getPrototypeOf(later)).toBe(Object.prototype);
});
