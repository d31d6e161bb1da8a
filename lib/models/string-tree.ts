/** Strings of symbols, counted: a tree in arrays of numbers, as large as memory is. */
import { MemoryError } from '../errors.ts';

/** Nodes that it begins with room for. */
const FIRST = 1024;

/**
 * The strings that stand in a text, each a node: 0 is the empty one, and a string has a higher number than the string without
 * its last symbol. A node is found in a table by what it hangs from and its symbol: open addressing, at most half full.
 */
export class StringTree {
  #size = 1;
  #parent: Int32Array = new Int32Array(FIRST);
  #symbol: Int32Array = new Int32Array(FIRST);
  #count: Int32Array = new Int32Array(FIRST);
  #table: Int32Array = new Int32Array(2 * FIRST);

  /** How many strings there are, the empty one among them. */
  get size(): number {
    return this.#size;
  }

  /** The node of a string without its last symbol. */
  get parent(): Int32Array {
    return this.#parent.subarray(0, this.#size);
  }

  /** The last symbol of a string. */
  get symbol(): Int32Array {
    return this.#symbol.subarray(0, this.#size);
  }

  /** How often {@link count} has seen a string. */
  get counted(): Int32Array {
    return this.#count.subarray(0, this.#size);
  }

  /** The node of hw, given that of h; 0 where there is none. */
  find(h: number, w: number): number {
    return this.#table[this.#slot(h, w)] ?? 0;
  }

  /**
   * Counts hw once more.
   *
   * @returns its node.
   * @throws MemoryError when it is new and memory holds no more.
   */
  count(h: number, w: number): number {
    let slot = this.#slot(h, w);
    let node = this.#table[slot] ?? 0;
    if (node === 0) {
      if (this.#size === this.#parent.length) {
        this.#grow();
        slot = this.#slot(h, w);
      }
      node = this.#size;
      this.#parent[node] = h;
      this.#symbol[node] = w;
      this.#table[slot] = node;
      this.#size += 1;
    }
    this.#count[node] = (this.#count[node] ?? 0) + 1;
    return node;
  }

  /** Where hw is in the table, or the empty place where it would be. */
  #slot(h: number, w: number): number {
    const last = this.#table.length - 1; // a power of two, less one
    let slot = hash(h, w) & last;
    for (;;) {
      const node = this.#table[slot] ?? 0;
      if (node === 0 || (this.#parent[node] === h && this.#symbol[node] === w)) return slot;
      slot = (slot + 1) & last;
    }
  }

  #grow(): void {
    const room = 2 * this.#parent.length;
    const grown = [this.#parent, this.#symbol, this.#count].map(old => copied(old, room));
    const table = integers(2 * room);
    [this.#parent = this.#parent, this.#symbol = this.#symbol, this.#count = this.#count] = grown;
    this.#table = table;
    for (let node = 1; node < this.#size; node++) {
      table[this.#slot(this.#parent[node] ?? 0, this.#symbol[node] ?? 0)] = node;
    }
  }
}

/** 32 bits that differ widely between neighbours. */
function hash(h: number, w: number): number {
  const mixed = Math.imul(h, 0x9e3779b1) ^ Math.imul(w + 0x7f4a7c15, 0x85ebca6b);
  const stirred = Math.imul(mixed ^ (mixed >>> 16), 0xc2b2ae35);
  return stirred ^ (stirred >>> 15);
}

function copied(old: Int32Array, room: number): Int32Array {
  const grown = integers(room);
  grown.set(old);
  return grown;
}

/** So many integers, or throws {@link MemoryError}. */
export function integers(count: number): Int32Array {
  try {
    if (count <= 2 ** 31) return new Int32Array(count);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new MemoryError('text', 'as many strings as memory holds (a smaller order has fewer)', `${count} and more`);
}
