/**
 * One forward pass through the engine, and what its backward pass needs of it: where everything lies.
 *
 * Which blocks there are, and what lies in them, is the plan's (`planning/work.ts`); beside it x, or its T·B indices, the
 * parameters p and their gradients dp.
 *
 * The products of all steps are done span by span: so many steps at once that they are worth a product, and so few that
 * what one kernel writes is still in the core's cache when the next reads it.
 *
 * Sequences are sorted by
 * falling length, so that those still active at step t are the first of the batch, and no step needs a mask.
 */
import type { AbstractMatrix } from 'ml-matrix';
import { allocate, requireInteger } from '../require.ts';
import { dense, read, requireExtent, type Sequence } from '../sequence.ts';
import { FlatMatrix } from '../views.ts';
import type { Block } from './heap.ts';
import { type Runtime, requireHeld } from './precision.ts';
import type { Products } from './products.ts';

/** Sizes of a pass: d numbers in and `outputs` out, and the columns of the widest block that a step writes. */
export interface PassSize {
  readonly T: number;
  readonly B: number;
  readonly d: number;
  readonly outputs: number;
  readonly widest: number;
}

/** Steps that are worked on together, from one (included) to another (excluded). */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A block to be made, of so many numbers: zeros where asked for. */
export interface BlockSize {
  readonly count: number;
  readonly zeros?: boolean;
  /** Whether its first row belongs to the present span's first step; else to step 0. */
  readonly ofSpan?: boolean;
}

/** A block that was made. */
interface Made {
  readonly block: Block;
  readonly ofSpan: boolean;
}

/** What was in a block that is not in the kernels' memory now. */
interface Spilled {
  readonly copy: Uint8Array;
  readonly ofSpan: boolean;
}

/** Bytes of da that a span has: with what is used beside it, as much as the cache of a core holds. */
const SPAN = 2 ** 18;

/** Bytes of a matrix of parameters that is larger than that cache: its gradient is then summed at once. */
const LARGE = 2 ** 20;

/** Blocks by name, in the kernels' memory or for a while out of it. */
export class Pass {
  readonly runtime: Runtime;
  readonly products: Products;
  readonly size: PassSize;
  readonly x: Sequence;
  /** Sequence order[n] is the n-th of the batch here; undefined where all are as long. */
  readonly order: readonly number[] | undefined;
  /** Whether each sequence is read from its end. */
  readonly #reversed: boolean;
  /** All steps, in order. */
  readonly spans: readonly Span[];
  /** The steps that are worked on: an element of `spans`. */
  span: Span;
  readonly #blocks = new Map<string, Made>();
  #spilled: ReadonlyMap<string, Spilled> | undefined;

  constructor(runtime: Runtime, products: Products, size: PassSize, x: Sequence, reversed: boolean = false) {
    this.runtime = runtime;
    this.products = products;
    this.size = size;
    this.x = x;
    this.#reversed = reversed;
    const { lengths } = x;
    this.order = lengths && Array.from(lengths.keys()).sort((i, j) => (lengths[j] ?? 0) - (lengths[i] ?? 0));
    const steps = spanOf(size, runtime.bytes);
    this.spans = Array.from({ length: Math.ceil(size.T / steps) }, (_, n) => ({
      from: n * steps,
      to: Math.min((n + 1) * steps, size.T),
    }));
    this.span = this.spans[0] ?? { from: 0, to: size.T };
  }

  /** What y and dx are like: the input, where this computes with its kind of numbers; else they are of 64 bits. */
  get like(): Sequence | undefined {
    return this.runtime.precision === 'f32' ? this.x : undefined;
  }

  /** Rows of the present span. */
  get rows(): number {
    return (this.span.to - this.span.from) * this.size.B;
  }

  /** Rows of a span, but for the last, which may have fewer. */
  get rowsAtMost(): number {
    return (this.spans[0]?.to ?? 0) * this.size.B;
  }

  /** How many sequences are active at step t: the first ones. */
  active(t: number): number {
    const { lengths } = this.x;
    return lengths ? lengths.reduce((count, length) => count + (t < length ? 1 : 0), 0) : this.size.B;
  }

  /** The address of number `offset` of a block: good until the next blocks are taken. */
  block(name: string, offset: number = 0): number {
    const made = this.#blocks.get(name);
    if (!made) throw new Error(`there is no block ${name}`);
    return made.block.address + offset * this.runtime.bytes;
  }

  /** Where the indices of step t of a one-hot input lie. */
  indices(t: number): number {
    return this.block('x') + 4 * t * this.size.B;
  }

  /** A block of rows of so many columns for the steps of one span, which the next one uses again. */
  ofSpan(columns: number, zeros: boolean = false): BlockSize {
    return { count: this.rowsAtMost * columns, zeros, ofSpan: true };
  }

  /**
   * Makes blocks, all of them or none. The others may be moved: addresses are asked for again.
   *
   * @param besides bytes that will be taken of the heap while these are there.
   * @throws MemoryError when there is not enough memory.
   */
  take(blocks: Readonly<Record<string, BlockSize>>, besides: number = 0): void {
    const { heap, bytes } = this.runtime;
    const sizes = Object.entries(blocks);
    const made = heap.takeAll(
      sizes.map(([, { count }]) => count * bytes),
      besides,
      () => this.#purpose,
    );
    for (const [n, block] of made.entries()) {
      const [name, { zeros = false, ofSpan = false }] = sizes[n] ?? ['', { count: 0 }];
      this.#blocks.set(name, { block, ofSpan });
      if (zeros) heap.bytes(block.address, block.bytes).fill(0);
    }
  }

  /** Gives blocks back, of those that there are. */
  give(...names: readonly string[]): void {
    for (const name of names) {
      const made = this.#blocks.get(name);
      if (made) this.runtime.heap.giveAll([made.block]);
      this.#blocks.delete(name);
    }
  }

  /** Gives everything back. */
  release(): void {
    this.give(...this.#blocks.keys());
    this.#spilled = undefined;
  }

  /**
   * Moves everything out of the kernels' memory, for as long as it is not needed there.
   *
   * @throws MemoryError when there is no memory to move it to; then all is where it was.
   */
  spill(): void {
    if (this.#spilled) return;
    const spilled = new Map<string, Spilled>();
    for (const [name, { block, ofSpan }] of this.#blocks) {
      const copy = allocate(this.#purpose, block.bytes, Uint8Array);
      copy.set(this.runtime.heap.bytes(block.address, block.bytes));
      spilled.set(name, { copy, ofSpan });
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
    const { heap, bytes } = this.runtime;
    const spilled = [...(this.#spilled ?? [])];
    const sizes = spilled.map(([name, { copy, ofSpan }]) => [name, { count: copy.length / bytes, ofSpan }]);
    this.take(Object.fromEntries(sizes));
    this.#spilled = undefined;
    for (const [name, { copy }] of spilled) heap.bytes(this.block(name), copy.length).set(copy);
  }

  /** What memory is wanted for, in an error. */
  get #purpose(): string {
    const { T, B, d, outputs } = this.size;
    return `memory of a pass with T=${T}, B=${B}, ${d} inputs and ${outputs} outputs`;
  }

  /** Numbers of the block x: the input, which is loaded span by span, or its indices. */
  get inputCount(): number {
    const { T, B, d } = this.size;
    return this.x.data instanceof Int32Array ? Math.ceil((4 * T * B) / this.runtime.bytes) : T * B * d;
  }

  /**
   * The indices of a one-hot input into the block x, 0 at padding. Who fills the input with other indices later does not
   * change these.
   *
   * @throws ValueError naming the first index that is no class.
   */
  loadIndices(): void {
    const { T, B, d } = this.size;
    const { data } = this.x;
    if (!(data instanceof Int32Array)) return;
    const indices = new Int32Array(this.runtime.heap.memory.buffer, this.block('x'), T * B);
    if (!this.order && !this.#reversed) indices.set(data);
    else {
      for (let n = 0; n < T * B; n++) {
        const from = this.#outside(n);
        indices[n] = this.x.counts(from) ? (data[from] ?? 0) : 0;
      }
    }
    for (let n = 0; n < T * B; n++) {
      const k = indices[n] ?? -1;
      if (k < 0 || k >= d) requireInteger(`x[${this.#outside(n)}]`, k, 0, d - 1);
    }
  }

  /**
   * The present span of a dense sequence to an address; zeros where a row is padding.
   *
   * @throws ValueError naming the argument that the sequence is when a number of it is not finite, or more than the kernels
   * hold.
   */
  load(address: number, argument: string, s: Sequence): void {
    const { F, B, data } = s;
    const { runtime, rows } = this;
    if (data instanceof Int32Array) return;
    const together = this.#together;
    if (this.order) runtime.view(address, rows * F).fill(0);
    for (let n = 0; n < rows; n += together) {
      const from = this.#outside(this.span.from * B + n);
      if (!this.x.counts(from)) continue;
      runtime.put(data.subarray(from * F, (from + together) * F), address + n * F * runtime.bytes);
    }
    if (runtime.kernels.allFinite(rows * F, address)) return;
    data.forEach((value, i) => {
      if (this.x.counts(Math.floor(i / F))) requireHeld(`${argument}[${i}]`, value, runtime.precision);
    });
  }

  /** Rows from an address on into the present span of a sequence, but for its padding. */
  unload(address: number, s: Sequence): void {
    const { data, F, B } = s;
    const { runtime, rows } = this;
    if (data instanceof Int32Array) return;
    const together = this.#together;
    for (let n = 0; n < rows; n += together) {
      const to = this.#outside(this.span.from * B + n);
      if (s.counts(to)) runtime.get(address + n * F * runtime.bytes, data.subarray(to * F, (to + together) * F));
    }
  }

  /** A part of a state of so many columns into B rows from an address on; zeros unless given. */
  loadState(address: number, columns: number, part?: AbstractMatrix): void {
    const { B } = this.size;
    const view = this.runtime.view(address, B * columns);
    if (!part) {
      view.fill(0);
      return;
    }
    for (let n = 0; n < B; n++) {
      for (let j = 0; j < columns; j++) view[n * columns + j] = part.get(this.order?.[n] ?? n, j);
    }
  }

  /** A part of a state from B rows from an address on, or from every row of the step that its sequence ends with. */
  unloadState(columns: number, address: (b: number) => number): FlatMatrix {
    const { B } = this.size;
    const data = allocate('the state', B * columns);
    for (let n = 0; n < B; n++) {
      const b = this.order?.[n] ?? n;
      const from = address(b) + n * columns * this.runtime.bytes;
      this.runtime.get(from, data.subarray(b * columns, (b + 1) * columns));
    }
    return new FlatMatrix(data, B, columns);
  }

  /** How many rows lie one after the other, in the same order, in a block and in a sequence. */
  get #together(): number {
    if (this.order) return 1;
    return this.#reversed ? this.size.B : this.rows;
  }

  /** The row of a sequence that row n of a block is. */
  #outside(n: number): number {
    const { B, T } = this.size;
    const t = Math.floor(n / B);
    const b = this.order?.[n % B] ?? n % B;
    const length = this.x.lengths?.[b] ?? T;
    return this.#reversed && t < length ? (length - 1 - t) * B + b : t * B + b; // BI-F1  x′_t = x_{τ+1−t} where t ≤ τ, else x_t
  }
}

/**
 * dL/dy of a pass over x, as `load` reads it: dense. It looks at the numbers.
 *
 * @throws ShapeError, ValueError as `requireExtent`, and of a one-hot one as `requireSequence`.
 */
export function cotangent(dy: Sequence, F: number, x: Sequence): Sequence {
  requireExtent('dy', dy, F, x);
  return dy.data instanceof Int32Array ? dense(read('dy', dy, F, x)) : dy;
}

/** How many steps a span has. */
function spanOf({ T, B, d, outputs, widest }: PassSize, bytes: number): number {
  if (widest * Math.max(d, outputs) * bytes > LARGE) return T;
  return Math.min(T, Math.max(1, Math.floor(SPAN / (B * widest * bytes))));
}
