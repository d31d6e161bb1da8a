/** Memory of the WebAssembly kernels: blocks given out and taken back, in a memory that grows when it must. */
import { ValueError } from '../errors.ts';
import { type WasmMemory, wasmMemory } from './wasm.ts';

const PAGE = 65536;
const MOST = 65536 * PAGE;

/**
 * Blocks of one WebAssembly memory. A block is known by its address; a view of it is made when it is used and not kept,
 * since growing the memory detaches every view there is.
 */
export class Heap {
  readonly memory: WasmMemory = wasmMemory(1);
  /** Address 0 is left out: it means no block. */
  #top = 64;
  readonly #free = new Map<number, number[]>();
  #held = 0;

  /** Bytes in blocks that are given out. */
  get held(): number {
    return this.#held;
  }

  /**
   * A block of at least so many bytes, 64-byte aligned. What is in it is whatever was there.
   *
   * @throws ValueError when WebAssembly's 4 GiB are not enough.
   */
  take(bytes: number): number {
    const size = sizeClass(bytes);
    const address = this.#free.get(size)?.pop() ?? this.#atTop(size);
    this.#held += size;
    return address;
  }

  /** Takes back the block of so many bytes that {@link take} gave. */
  give(address: number, bytes: number): void {
    const size = sizeClass(bytes);
    this.#held -= size;
    const free = this.#free.get(size);
    if (free) free.push(address);
    else this.#free.set(size, [address]);
  }

  /** The bytes from an address on. */
  bytes(address: number, count: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, address, count);
  }

  #atTop(size: number): number {
    const address = this.#top;
    const end = address + size;
    const there = this.memory.buffer.byteLength;
    if (end > there) this.#grow(end, there);
    this.#top = end;
    return address;
  }

  #grow(end: number, there: number): void {
    const wanted = Math.min(Math.max(end, Math.ceil(1.25 * there)), MOST);
    try {
      if (end > MOST) throw new RangeError('too much');
      this.memory.grow(Math.ceil((wanted - there) / PAGE));
    } catch {
      throw new ValueError('memory', `at most ${MOST} bytes in all, which is what WebAssembly has`, `${end}`);
    }
  }
}

/** Four sizes an octave: a block is at most a quarter larger than asked for, and fits what comes next. */
function sizeClass(bytes: number): number {
  const step = Math.max(64, 2 ** Math.floor(Math.log2(Math.max(bytes, 1)) - 2));
  return Math.ceil(Math.max(bytes, 1) / step) * step;
}
