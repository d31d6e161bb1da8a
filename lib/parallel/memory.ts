/** Memory that all hands see: places are taken one behind the other, then there is as much of it as they need. */
import { MemoryError } from '../errors.ts';
import type { Sequence } from '../sequence.ts';
import type { FloatArray } from '../views.ts';
import type { Place, SequencePlace } from './work.ts';

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

/** Shared memory that grows to what is asked for. */
export class Shared {
  #buffer = new SharedArrayBuffer(0);

  /** The memory, of so many bytes at least: what lay in it is gone where it had to grow. */
  of(bytes: number): SharedArrayBuffer {
    if (this.#buffer.byteLength >= bytes) return this.#buffer;
    try {
      this.#buffer = new SharedArrayBuffer(bytes);
    } catch {
      throw new MemoryError('memory that workers share', 'bytes that there are', `${bytes}`);
    }
    return this.#buffer;
  }
}

/** The numbers of a place. */
export function numbersAt(memory: SharedArrayBuffer, { at, count }: Place): Float64Array {
  return new Float64Array(memory, at, count);
}

/** The numbers or indices of the place of a sequence. */
export function dataAt(memory: SharedArrayBuffer, { kind, at, count }: SequencePlace): FloatArray | Int32Array {
  if (kind === 'index') return new Int32Array(memory, at, count);
  return kind === 'f32' ? new Float32Array(memory, at, count) : new Float64Array(memory, at, count);
}
