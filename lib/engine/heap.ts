/**
 * Memory of the WebAssembly kernels: blocks given out and taken back, in a memory that grows when it must and never
 * shrinks, so that the most it ever needed is what it is.
 *
 * The blocks are kept in the order of their addresses, and a hole is what lies between two of them: blocks beside each
 * other that are given back are one hole without further ado. A block goes into the smallest hole that holds it, else
 * behind the last one.
 *
 * No placing of blocks that stay where they are can bound what is lost in holes when sizes come in any order (Robson
 * 1974: it may be a multiple of what is held). So blocks move: those of {@link Heap.takeAll}, whose owner looks up their
 * addresses whenever it begins. Before the memory grows, and more than an eighth of it lies in holes, they are moved
 * together; so at most 8⁄7 of what is held at once is ever in use. It grows by a sixteenth more than is needed: 17⁄14, and
 * at most 1.25 with the pages that it is counted in. What is moved is at most seven times what was given back before.
 */
import { MemoryError } from '../errors.ts';
import { type WasmMemory, wasmMemory } from './wasm.ts';

const PAGE = 65536;

/** Bytes that WebAssembly can address. */
const MOST = 65536 * PAGE;

/** Every block begins at a multiple of it. The first is left out, since address 0 means no block; the last, since its end may be none. */
const ALIGNED = 64;

/** The part of the memory in use that may lie in holes. */
const SCATTERED = 1 / 8;

/** How much further than needed the memory grows. */
const AHEAD = 1 / 16;

/** The part of the whole that is made free beside what is needed, when others have to move out. */
const SPARE = 1 / 8;

/** A block that moves when room is made for others: its address is good until the next {@link Heap.takeAll}, and 0 when it was taken back. */
export interface Block {
  readonly address: number;
  readonly bytes: number;
}

interface Placed {
  address: number;
  readonly bytes: number;
  readonly fixed: boolean;
}

/** Who has blocks that nobody works with at present. */
export interface Idle {
  /**
   * Moves them out of the heap, gives them back, and is idle no more.
   *
   * @throws MemoryError when there is no memory to move them to; then all is as it was.
   */
  spill(): void;
}

/**
 * Blocks of one WebAssembly memory. A view of a block is made when it is used and not kept, since growing the memory
 * detaches every view there is.
 */
export class Heap {
  readonly memory: WasmMemory = wasmMemory(1);
  /** Bytes that the memory may have at most. */
  readonly limit: number;
  /** Who moves out when there is no more room, the first one first. */
  readonly idle: Set<Idle> = new Set();
  /** In the order of their addresses. */
  readonly #blocks: Placed[] = [];
  #held = 0;

  /** @param limit bytes that the memory may have at most: what WebAssembly can address unless given. */
  constructor(limit: number = MOST) {
    this.limit = limit;
  }

  /** Bytes in blocks that are given out. */
  get held(): number {
    return this.#held;
  }

  /**
   * A block of at least so many bytes, 64-byte aligned, which stays where it is. What is in it is whatever was there. No
   * other block is moved for it, but those who are idle may have to move out.
   *
   * @param purpose what it is for, in an error.
   * @throws MemoryError when the memory cannot hold it.
   */
  take(bytes: number, purpose: string = 'memory'): number {
    const size = rounded(bytes);
    for (;;) {
      const block = this.#place(size, true);
      if (block) return block.address;
      if (!this.#moveOut(size)) throw this.#error(purpose, size);
    }
  }

  /** Takes back the block of so many bytes that lies there. */
  give(address: number, bytes: number): void {
    const n = this.#firstBehind(address) - 1;
    const block = this.#blocks[n];
    const size = rounded(bytes);
    if (block?.address !== address || block.bytes !== size) throw new Error(`no block of ${bytes} bytes at ${address}`);
    for (let later = n + 1; later < this.#blocks.length; later++) this.#blocks[later - 1] = this.#at(later);
    this.#blocks.pop();
    this.#held -= size;
    block.address = 0;
  }

  /**
   * Blocks as of {@link take}, all of them or none. They may be moved by later calls of this function, as others are by
   * this one: so it is called when nobody holds on to an address.
   *
   * @param besides bytes that will be taken one by one before they are given back: where there is no room for them as
   * well, it is made now, if it can be.
   * @param purpose what they are for, in an error.
   * @param blocks what an earlier call gave, to be given again: those of them that were taken back; others are made.
   * @throws MemoryError when the memory cannot hold them: all is as it was, but that idle blocks may have moved out.
   */
  takeAll(
    sizes: readonly number[],
    besides: number = 0,
    purpose: () => string = MEMORY,
    blocks: Block[] = [],
  ): readonly Block[] {
    let all = 0;
    for (const size of sizes) all += rounded(size);
    this.#makeRoom(all, besides, purpose);
    for (let n = 0; n < sizes.length; n++) {
      const size = rounded(sizes[n] ?? 0);
      const block = this.#place(size, false, blocks[n]);
      if (!block) throw this.#error(purpose(), size);
      blocks[n] = block;
    }
    return blocks;
  }

  /** Takes blocks back: their address is 0 then. */
  giveAll(blocks: Iterable<Block>): void {
    for (const { address, bytes } of blocks) this.give(address, bytes);
  }

  /** The bytes from an address on. */
  bytes(address: number, count: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, address, count);
  }

  /** Where the last block ends. */
  get #end(): number {
    return this.#endBefore(this.#blocks.length);
  }

  /** Bytes between blocks. */
  get #scattered(): number {
    return this.#end - ALIGNED - this.#held;
  }

  /**
   * The block of a size in the smallest hole, or behind the last block; undefined where the memory does not reach so far.
   *
   * @param old one that was taken back, to be that block.
   */
  #place(size: number, fixed: boolean, old?: Block): Placed | undefined {
    const n = this.#hole(size);
    const from = this.#endBefore(n);
    if (n === this.#blocks.length && !this.#reach(from + size)) return undefined;
    const block = old?.address === 0 && old.bytes === size ? (old as Placed) : { address: 0, bytes: size, fixed };
    block.address = from;
    this.#blocks.push(block);
    for (let later = this.#blocks.length - 1; later > n; later--) this.#blocks[later] = this.#at(later - 1);
    this.#blocks[n] = block;
    this.#held += size;
    return block;
  }

  /** Before which block the smallest hole is that holds a size. What is behind the last block is the largest. */
  #hole(size: number): number {
    let found = this.#blocks.length;
    let least = Number.POSITIVE_INFINITY;
    if (this.#scattered < size) return found;
    let from = ALIGNED;
    for (let n = 0; n < this.#blocks.length && least > size; n++) {
      const block = this.#at(n);
      const bytes = block.address - from;
      if (bytes >= size && bytes < least) {
        found = n;
        least = bytes;
      }
      from = block.address + block.bytes;
    }
    return found;
  }

  /** Where the block before the n-th ends. */
  #endBefore(n: number): number {
    return n === 0 ? ALIGNED : this.#at(n - 1).address + this.#at(n - 1).bytes;
  }

  #at(n: number): Placed {
    const block = this.#blocks[n];
    if (!block) throw new Error(`no block ${n}`);
    return block;
  }

  /** Sees to it that there is a hole of so many bytes; and room for others besides, if that can be. */
  #makeRoom(bytes: number, besides: number, purpose: () => string): void {
    if (this.#fits(bytes, besides)) return;
    if (ALIGNED + bytes > this.#usable) throw this.#error(purpose(), bytes);
    if (this.#scattered > SCATTERED * this.#end) this.#moveTogether();
    for (const more of [besides, 0]) {
      do {
        if (this.#fits(bytes, more) || this.#grows(bytes, more)) return;
        this.#moveTogether();
        if (this.#fits(bytes, more) || this.#grows(bytes, more)) return;
      } while (this.#moveOut(bytes + more));
    }
    throw this.#error(purpose(), bytes);
  }

  /** Whether there is a hole of so many bytes, and room for others besides, as far as the memory reaches today. */
  #fits(bytes: number, besides: number): boolean {
    const behind = this.memory.buffer.byteLength - ALIGNED - this.#end;
    if (behind >= bytes + besides) return true;
    return this.#between(bytes) && (behind >= besides || this.#between(bytes + besides));
  }

  /** Whether a hole between two blocks, or before the first, holds so many bytes. */
  #between(bytes: number): boolean {
    return this.#hole(bytes) < this.#blocks.length;
  }

  /** Grows so far that so many bytes fit behind the last block, where others would fit besides. */
  #grows(bytes: number, besides: number): boolean {
    return this.#end + bytes + besides <= this.#usable && this.#reach(this.#end + bytes);
  }

  /** Whether the memory reaches so far, or can be made to. */
  #reach(end: number): boolean {
    if (end > this.#usable) return false;
    const there = this.memory.buffer.byteLength;
    const needed = end + ALIGNED - there;
    if (needed <= 0) return true;
    const most = this.#usable + ALIGNED - there;
    return this.#grow(Math.min(needed + AHEAD * end, most)) || this.#grow(needed);
  }

  #grow(bytes: number): boolean {
    try {
      this.memory.grow(Math.ceil(bytes / PAGE));
      return true;
    } catch {
      return false;
    }
  }

  /** Closes the holes: every block moves down to the one before it, but for those that stay where they are. */
  #moveTogether(): void {
    const all = this.bytes(0, this.#end);
    let to = ALIGNED;
    for (const block of this.#blocks) {
      const { address, bytes, fixed } = block;
      if (!fixed && address > to) {
        all.copyWithin(to, address, address + bytes);
        block.address = to;
      }
      to = block.address + bytes;
    }
  }

  /** Asks those who are idle to move out, until there are so many bytes and some to spare. False when nobody is. */
  #moveOut(bytes: number): boolean {
    if (this.idle.size === 0) return false;
    for (const one of this.idle) {
      one.spill();
      if (ALIGNED + this.#held + bytes <= (1 - SPARE) * this.#usable) break;
    }
    return true;
  }

  /** The first block that begins behind an address. */
  #firstBehind(address: number): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#blocks[middle]?.address ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Where a block may end: whole pages, but for the last bytes. */
  get #usable(): number {
    return Math.floor(this.limit / PAGE) * PAGE - ALIGNED;
  }

  #error(purpose: string, bytes: number): MemoryError {
    const wanted = 2 * ALIGNED + this.#held + bytes;
    const most = wanted <= this.limit ? this.memory.buffer.byteLength : this.limit; // the runtime may not give all of it
    return new MemoryError(purpose, `at most ${most} bytes in all`, `${wanted}`);
  }
}

const MEMORY = (): string => 'memory';

const rounded = (bytes: number): number => Math.ceil(Math.max(bytes, 1) / ALIGNED) * ALIGNED;
