/** How much memory a piece of work needs at once. */
import type { Heap } from '../lib/engine/heap.ts';
import type { Precision } from '../lib/engine/precision.ts';
import type { Backend } from './backends.ts';
import type { Opened } from './cases/case.ts';

/**
 * Bytes that are held at most at once while a case is made ready and done: in the kernels' memory, which is counted block
 * by block, and in arrays beside it. Null where a backend has no such memory.
 */
export function peakMemory(opened: Opened, backend: Backend, precision: Precision): number | null {
  const heap = backend.kernels?.(precision).heap;
  if (!heap) return null;
  let outside = 0;
  const inside = peakOf(heap, () => {
    const ours = opened.ours(backend, precision);
    ours.run(1);
    ours.drop?.();
    outside = ours.outside;
  });
  return inside + outside;
}

/** The most that a heap gives out while work is done, beyond what it had given out before. */
export function peakOf(heap: Heap, work: () => void): number {
  const before = heap.held;
  let most = before;
  const counted = <A extends readonly unknown[], R>(take: (...args: A) => R) => {
    return (...args: A): R => {
      const taken = take(...args);
      most = Math.max(most, heap.held);
      return taken;
    };
  };
  heap.take = counted(heap.take.bind(heap));
  heap.takeAll = counted(heap.takeAll.bind(heap));
  try {
    work();
  } finally {
    Reflect.deleteProperty(heap, 'take');
    Reflect.deleteProperty(heap, 'takeAll');
  }
  return most - before;
}
