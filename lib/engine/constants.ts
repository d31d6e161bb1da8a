/** Numbers that kernels read from memory, where one in their code would take several instructions of the machine. */
import type { Heap } from './heap.ts';

/** Where in memory a number lies that has these bits. */
export type ConstantAt = (bits: bigint) => number;

/** Bytes that are taken for constants at a time: all that the elementary functions have. */
const CONSTANTS = 1024;

/** Puts every number into the memory when it is first asked for, to stay there. */
export function constantsIn(heap: Heap, bytes: number): ConstantAt {
  const addresses = new Map<bigint, number>();
  let next = heap.take(CONSTANTS, 'constants'); // before anything that moves: where it stays, nothing else can lie
  let end = next + CONSTANTS;
  return bits => {
    const known = addresses.get(bits);
    if (known !== undefined) return known;
    if (next === end) {
      next = heap.take(CONSTANTS, 'constants');
      end = next + CONSTANTS;
    }
    const view = new DataView(heap.memory.buffer);
    if (bytes === 8) view.setBigUint64(next, bits, true);
    else view.setUint32(next, Number(bits), true);
    addresses.set(bits, next);
    next += bytes;
    return next - bytes;
  };
}
