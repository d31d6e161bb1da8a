import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Heap } from '../../lib/engine/heap.ts';
import { ValueError } from '../../lib/errors.ts';

it('gives blocks that do not overlap, aligned, and again once they are taken back', () => {
  const commands = fc.array(
    fc.record({ bytes: fc.integer({ min: 1, max: 200_000 }), give: fc.boolean(), which: fc.nat() }),
  );
  fc.assert(
    fc.property(commands, all => {
      const heap = new Heap();
      const held: { address: number; bytes: number; mark: number }[] = [];
      for (const [mark, { bytes, give, which }] of all.entries()) {
        const [old] = give ? held.splice(which % Math.max(1, held.length), 1) : [];
        if (old) heap.give(old.address, old.bytes);
        const address = heap.take(bytes);
        expect(address % 64).toBe(0);
        expect(address).toBeGreaterThan(0);
        heap.bytes(address, bytes).fill(mark % 256);
        held.push({ address, bytes, mark: mark % 256 });
      }
      for (const { address, bytes, mark } of held) {
        const block = heap.bytes(address, bytes);
        expect([block[0], block[bytes - 1]]).toEqual([mark, mark]);
      }
      for (const { address, bytes } of held) heap.give(address, bytes);
      expect(heap.held).toBe(0);
    }),
  );
});

it('keeps what is in it when it grows', () => {
  const heap = new Heap();
  const address = heap.take(1000);
  heap.bytes(address, 1000).fill(7);
  heap.take(10_000_000);
  expect(heap.bytes(address, 1000).every(byte => byte === 7)).toBe(true);
});

it('uses a block again for one of nearly its size', () => {
  const heap = new Heap();
  const address = heap.take(100_000);
  heap.give(address, 100_000);
  expect(heap.take(99_000)).toBe(address);
});

it('refuses what WebAssembly does not have, naming the bytes, and is as it was', () => {
  const heap = new Heap();
  const before = heap.held;
  expect(() => heap.take(2 ** 33)).toThrow(ValueError);
  expect(() => heap.take(2 ** 33)).toThrow(/^memory: expected at most 4294967296 bytes in all, .* got 8589934656$/);
  expect(heap.held).toBe(before);
  heap.bytes(heap.take(100), 100).fill(1);
});
