/** Memory that hands see: places are taken one behind the other, then there is as much of it as they need. */
import { MemoryError } from '../errors.ts';
import type { Sequence } from '../sequence.ts';
import type { FloatArray } from '../views.ts';
import type { Memory, Place, SequencePlace } from './work.ts';

/** Places of one hand-over. */
export class Places {
  /** Bytes of all that were taken. */
  bytes = 0;

  /** So many numbers of 64 bits. */
  numbers(count: number): Place {
    return this.#take(count, 8);
  }

  /** A sequence of so many rows of F features: of the kind of numbers of `like`, its indices where these are meant. */
  sequence(rows: number, F: number, like?: Sequence['data']): SequencePlace {
    const kind = like instanceof Int32Array ? 'index' : like instanceof Float32Array ? 'f32' : 'f64';
    return { kind, ...this.#take(kind === 'index' ? rows : rows * F, kind === 'f64' ? 8 : 4) };
  }

  #take(count: number, width: number): Place {
    const place = { at: this.bytes, count };
    this.bytes += Math.ceil((count * width) / 8) * 8;
    return place;
  }
}

/** Whether threads may share memory here. */
export function mayShareMemory(): boolean {
  return typeof SharedArrayBuffer === 'function';
}

/** Memory that is taken for a pass and given back, so that the next has it. */
export class Pool {
  readonly #isShared: boolean;
  readonly #free: Memory[] = [];

  /** @param isShared whether other threads are to see it. */
  constructor(isShared: boolean) {
    this.#isShared = isShared;
  }

  /** Memory of so many bytes at least; what lies in it is of no use. */
  take(bytes: number): Memory {
    const known = this.#free.findIndex(({ byteLength }) => byteLength >= bytes);
    const [memory] = this.#free.splice(Math.max(0, known), 1); // one that is too small makes way
    if (memory && known >= 0) return memory;
    try {
      return this.#isShared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
    } catch {
      throw new MemoryError('memory that workers share', 'bytes that there are', `${bytes}`);
    }
  }

  /** It is needed no more. That which another thread has kept is gone. */
  give(memory: Memory): void {
    if (memory.byteLength > 0) this.#free.push(memory);
  }
}

/** The numbers of a place. */
export function numbersAt(memory: Memory, { at, count }: Place): Float64Array {
  return new Float64Array(memory, at, count);
}

/** The numbers or indices of the place of a sequence. */
export function dataAt(memory: Memory, { kind, at, count }: SequencePlace): FloatArray | Int32Array {
  if (kind === 'index') return new Int32Array(memory, at, count);
  return kind === 'f32' ? new Float32Array(memory, at, count) : new Float64Array(memory, at, count);
}
