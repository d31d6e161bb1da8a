/** The blocks of one pass: by name, in the kernels' memory or for a while out of it. */
import { allocate } from '../require.ts';
import type { Block } from './heap.ts';
import type { Runtime } from './precision.ts';

/** A block to be made, of so many numbers: zeros where asked for. */
export interface BlockSize {
  readonly count: number;
  readonly zeros?: boolean;
}

/** Blocks that are made together, by name; their bytes, and those that are to be zeros. */
export interface Taking {
  readonly names: readonly string[];
  readonly bytes: readonly number[];
  readonly zeros: readonly boolean[];
}

/** The blocks of these sizes, of so many bytes a number. */
export function takingOf(blocks: Readonly<Record<string, BlockSize>>, bytes: number): Taking {
  const sizes = Object.values(blocks);
  return {
    names: Object.keys(blocks),
    bytes: sizes.map(({ count }) => count * bytes),
    zeros: sizes.map(({ zeros = false }) => zeros),
  };
}

/** Blocks that may be moved whenever others are taken: they are asked for by name, and not kept. */
export class Blocks {
  readonly runtime: Runtime;
  /** What memory is wanted for, in an error. */
  readonly #purpose: () => string;
  readonly #blocks = new Map<string, Block | undefined>();
  /** What was given for each taking the last time, to be given again. */
  readonly #taken = new Map<Taking, Block[]>();
  #spilled: ReadonlyMap<string, Uint8Array> | undefined;

  constructor(runtime: Runtime, purpose: () => string) {
    this.runtime = runtime;
    this.#purpose = purpose;
  }

  /** The address of number `offset` of a block: good until the next blocks are taken. */
  block(name: string, offset: number = 0): number {
    const block = this.#blocks.get(name);
    if (!block) throw new Error(`there is no block ${name}`);
    return block.address + offset * this.runtime.bytes;
  }

  /**
   * Makes blocks, all of them or none. The others may be moved: addresses are asked for again.
   *
   * @param besides bytes that will be taken of the heap while these are there.
   * @throws MemoryError when there is not enough memory.
   */
  take(taking: Taking, besides: number = 0): void {
    const { heap } = this.runtime;
    const { names, bytes, zeros } = taking;
    const blocks = this.#taken.get(taking) ?? [];
    heap.takeAll(bytes, besides, this.#purpose, blocks);
    this.#taken.set(taking, blocks);
    for (let n = 0; n < names.length; n++) {
      const block = blocks[n];
      if (block && zeros[n]) heap.bytes(block.address, block.bytes).fill(0);
      this.#blocks.set(names[n] ?? '', block);
    }
  }

  /** Gives blocks back, of those that there are. */
  give(names: readonly string[]): void {
    for (const name of names) this.#give(this.#blocks.get(name), name);
  }

  readonly #give = (block: Block | undefined, name: string): void => {
    if (!block) return;
    this.runtime.heap.give(block.address, block.bytes);
    this.#blocks.set(name, undefined);
  };

  /** Gives everything back. */
  release(): void {
    this.#blocks.forEach(this.#give);
    this.#spilled = undefined;
  }

  /**
   * Moves everything out of the kernels' memory, for as long as it is not needed there.
   *
   * @throws MemoryError when there is no memory to move it to; then all is where it was.
   */
  spill(): void {
    if (this.#spilled) return;
    const spilled = new Map<string, Uint8Array>();
    for (const [name, block] of this.#blocks) {
      if (!block) continue;
      const copy = allocate(this.#purpose(), block.bytes, Uint8Array);
      copy.set(this.runtime.heap.bytes(block.address, block.bytes));
      spilled.set(name, copy);
    }
    this.release();
    this.#spilled = spilled;
  }

  /**
   * Moves it back.
   *
   * @throws MemoryError when there is not enough memory; then it is still where it was.
   */
  restore(): void {
    const { heap } = this.runtime;
    const spilled = [...(this.#spilled ?? [])];
    const sizes = spilled.map(([, { length }]) => length);
    const blocks = heap.takeAll(sizes, 0, this.#purpose);
    this.#spilled = undefined;
    for (const [n, [name, copy]] of spilled.entries()) {
      this.#blocks.set(name, blocks[n]);
      heap.bytes(this.block(name), copy.length).set(copy);
    }
  }
}
