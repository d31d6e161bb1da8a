/** Numbers that kernels read from memory: each has one place, and is there in its precision. */
import { describe, expect, test } from 'vitest';
import { constantsIn } from '../../lib/engine/constants.ts';
import { Heap } from '../../lib/engine/heap.ts';
import { bitsOf } from '../../lib/engine/vectors.ts';

describe.each([
  ['f64', 8, Float64Array],
  ['f32', 4, Float32Array],
] as const)('in %s', (precision, bytes, View) => {
  test('each number has one place, and is there', () => {
    const heap = new Heap();
    const constantAt = constantsIn(heap, bytes);
    const numbers = Array.from({ length: 600 }, (_, n) => Math.fround(n / 7 - 40)); // more than are taken for at a time
    const addresses = numbers.map(x => constantAt(bitsOf(x, precision)));
    heap.take(1 << 20); // the memory grows, and views of it are gone
    expect(numbers.map(x => constantAt(bitsOf(x, precision)))).toEqual(addresses);
    expect(new Set(addresses).size).toBe(numbers.length);
    const view = new View(heap.memory.buffer);
    expect(addresses.map(address => view[address / bytes])).toEqual(numbers);
    expect(constantAt(bitsOf(-0, precision))).not.toBe(constantAt(bitsOf(0, precision)));
  });
});
