import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { type Block, Heap } from '../../lib/engine/heap.ts';
import { MemoryError } from '../../lib/errors.ts';

const PAGE = 65536;

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

it('uses a hole for whatever fits in it, and two beside each other as one', () => {
  const heap = new Heap();
  const [first, second, third] = [heap.take(100_000), heap.take(50_000), heap.take(1000)];
  heap.give(first, 100_000);
  expect([heap.take(20_000), heap.take(60_000)]).toEqual([first, first + 20_032]);
  heap.give(first, 20_000);
  heap.give(first + 20_032, 60_000);
  heap.give(second, 50_000);
  expect(heap.take(150_000)).toBe(first);
  expect(third).toBeGreaterThan(first + 150_000);
});

it('takes back nothing but what it gave, and that once', () => {
  const heap = new Heap();
  const address = heap.take(1000);
  expect(() => heap.give(address, 2000)).toThrow();
  expect(() => heap.give(address + 64, 1000)).toThrow();
  heap.give(address, 1000);
  expect(() => heap.give(address, 1000)).toThrow();
  expect(heap.held).toBe(0);
});

it('refuses what WebAssembly does not have, naming the bytes, and is as it was', () => {
  const heap = new Heap();
  const before = heap.held;
  for (const take of [() => heap.take(2 ** 33, 'x'), () => heap.takeAll([64, 2 ** 33], 0, () => 'x')]) {
    expect(take).toThrow(MemoryError);
    expect(take).toThrow(/^x: expected at most 4294967296 bytes in all, got 8589934\d{3}$/);
  }
  expect(heap.held).toBe(before);
  heap.bytes(heap.take(100), 100).fill(1);
});

describe('blocks of one layer after the other, of any sizes', () => {
  const size = fc.oneof(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 40_000 }));
  const passes = fc.array(
    fc.record({
      /** Whose it is: its last tape moves out. */
      layer: fc.nat({ max: 3 }),
      tape: fc.array(size, { minLength: 1, maxLength: 8 }),
      scratch: fc.array(size, { maxLength: 4 }),
      operands: fc.array(size, { maxLength: 2 }),
      released: fc.boolean(),
    }),
    { minLength: 40, maxLength: 60, size: 'max' },
  );

  it('take at most 1.25 times of what is held at once, and keep what is in them', () => {
    let done = 0;
    fc.assert(
      fc.property(passes, all => {
        const heap = new Heap();
        const stage = heap.take(20_000);
        heap.bytes(stage, 20_000).fill(255);
        const tapes: (readonly Block[])[] = [];
        let most = 0;
        for (const [n, { layer, tape, scratch, operands, released }] of all.entries()) {
          const last = tapes[layer] ?? [];
          for (const block of last) expect(isFilled(heap, block, layer)).toBe(true);
          heap.giveAll(last);
          const made = heap.takeAll(
            tape,
            operands.reduce((sum, bytes) => sum + bytes + 64, 0),
          );
          for (const block of made) heap.bytes(block.address, block.bytes).fill(layer);
          tapes[layer] = made;
          const back = heap.takeAll(
            scratch,
            operands.reduce((sum, bytes) => sum + bytes + 64, 0),
          );
          const taken = operands.map(bytes => ({ address: heap.take(bytes), bytes }));
          for (const { address, bytes } of [...back, ...taken]) heap.bytes(address, bytes).fill(99);
          most = Math.max(most, heap.held);
          heap.giveAll(back);
          for (const { address, bytes } of taken) heap.give(address, bytes);
          if (released) tapes[layer] = [];
          if (released) heap.giveAll(made);
          if (n % 7 === 0) expect(heap.memory.buffer.byteLength).toBeLessThanOrEqual(1.25 * most + PAGE);
          done++;
        }
        expect(heap.memory.buffer.byteLength).toBeLessThanOrEqual(1.25 * most + PAGE);
        for (const [layer, blocks] of tapes.entries()) {
          for (const block of blocks ?? []) expect(isFilled(heap, block, layer)).toBe(true);
        }
        expect(isFilled(heap, { address: stage, bytes: 20_000 }, 255)).toBe(true);
        for (const blocks of tapes) heap.giveAll(blocks ?? []);
        expect(heap.held).toBe(20_032);
      }),
      { numRuns: 60 },
    );
    expect(done).toBeGreaterThan(2000);
  });

  it('which shrink and grow again: every one fits into what the largest left', () => {
    const heap = new Heap();
    const pass = (T: number) => [T, 4 * T, T + 1, T + 1, T].map(rows => rows * 4096); // the blocks of an LSTM, m = 8, B = 64
    heap.giveAll(heap.takeAll(pass(2600)));
    const there = heap.memory.buffer.byteLength;
    for (const T of [2200, 1850, ...Array.from({ length: 100 }, (_, n) => 1550 - 15 * n), 2600]) {
      heap.giveAll(heap.takeAll(pass(T)));
    }
    expect(heap.memory.buffer.byteLength).toBe(there);
  });

  it('all the same step after step: nothing grows, and nothing is moved', () => {
    const heap = new Heap();
    const sizes = [3000, 70_000, 20_000];
    const step = () => {
      const tapes = [1, 2, 3].map(n =>
        heap.takeAll(
          sizes.map(bytes => n * bytes),
          10_000,
        ),
      );
      const addresses = tapes.flatMap(blocks => blocks.map(({ address }) => address));
      for (const blocks of tapes.toReversed()) {
        const back = heap.takeAll([5000, 30_000], 10_000);
        addresses.push(...back.map(({ address }) => address));
        heap.giveAll(back);
        heap.giveAll(blocks);
      }
      return [addresses, heap.memory.buffer.byteLength];
    };
    const first = step();
    for (let n = 0; n < 10; n++) expect(step()).toEqual(first);
  });
});

it('is not made where the runtime has no memory for it', () => {
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: object };
  function Memory(): void {
    throw new RangeError('no more');
  }
  vi.stubGlobal('WebAssembly', { ...WebAssembly, Memory });
  expect(() => new Heap()).toThrow(MemoryError);
  vi.unstubAllGlobals();
});

describe('a heap that is full', () => {
  const LIMIT = 2 ** 20;
  /** Somebody idle with one block. */
  const guest = (heap: Heap, bytes: number, spilled: string[] = [], name: string = '') => {
    const blocks = heap.takeAll([bytes]);
    const one = {
      blocks,
      spill() {
        heap.giveAll(blocks);
        heap.idle.delete(one);
        spilled.push(name);
      },
    };
    heap.idle.add(one);
    return one;
  };

  it('gives out all it has but the last bytes, whose end would be none', () => {
    const heap = new Heap(LIMIT);
    const address = heap.take(LIMIT - 128);
    expect(address + LIMIT - 128).toBe(LIMIT - 64);
    expect(heap.memory.buffer.byteLength).toBe(LIMIT);
    expect(() => heap.take(1)).toThrow(MemoryError);
    heap.give(address, LIMIT - 128);
    expect(() => heap.take(LIMIT - 127)).toThrow('memory: expected at most 1048576 bytes in all, got 1048640');
    expect(heap.held).toBe(0);
  });

  it('asks the idle to move out, the first one first, and no more than it needs to', () => {
    const heap = new Heap(LIMIT);
    const spilled: string[] = [];
    const stays = heap.takeAll([1000]);
    for (const name of 'abcdefgh') guest(heap, 120_000, spilled, name);
    heap.takeAll([200_000]);
    expect(spilled.join('')).toBe('abc');
    expect(heap.held).toBe(5 * 120_000 + 200_000 + 1024);
    expect(stays[0]?.address).toBe(64);
    heap.take(100_000);
    expect(spilled.join('')).toBe('abc');
    heap.take(300_000);
    expect(spilled.join('').startsWith('abcd')).toBe(true);
  });

  it('moves together what lies in the way, even if that is little', () => {
    const heap = new Heap(LIMIT);
    const blocks = heap.takeAll(Array.from({ length: 10 }, () => 100_000));
    for (const [n, { address, bytes }] of blocks.entries()) heap.bytes(address, bytes).fill(n);
    heap.giveAll(blocks.filter((_, n) => n === 2 || n === 7));
    heap.takeAll([200_000]);
    for (const [n, block] of blocks.entries()) if (n !== 2 && n !== 7) expect(isFilled(heap, block, n)).toBe(true);
  });

  it('is as it was where that is not enough', () => {
    const heap = new Heap(LIMIT);
    const [block] = heap.takeAll([500_000]);
    guest(heap, 100_000);
    expect(() => heap.takeAll([300_000, 300_000])).toThrow(MemoryError);
    expect(heap.held).toBe(500_032);
    expect(heap.takeAll([500_000])).toHaveLength(1);
    expect(block?.bytes).toBe(500_032);
  });

  it('hands on what stops somebody from moving out', () => {
    const heap = new Heap(LIMIT);
    heap.takeAll([1_000_000]);
    heap.idle.add({
      spill() {
        throw new MemoryError('elsewhere', 'less', 'more');
      },
    });
    expect(() => heap.takeAll([100_000])).toThrow('elsewhere');
    expect(heap.idle.size).toBe(1);
  });

  it('is full where the runtime gives no more, whatever the limit', () => {
    const heap = new Heap();
    heap.memory.grow = () => {
      throw new RangeError('no more');
    };
    const one = guest(heap, 40_000);
    expect(heap.takeAll([50_000])).toHaveLength(1); // the memory has 65536 bytes
    expect(heap.idle.has(one)).toBe(false);
    expect(() => heap.take(20_000)).toThrow('memory: expected at most 65536 bytes in all');
  });
});

function isFilled(heap: Heap, { address, bytes }: Block, value: number): boolean {
  return heap.bytes(address, bytes).every(byte => byte === value);
}
