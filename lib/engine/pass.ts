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
import { allocate, requireInteger } from '../require.ts';
import { dense, read, requireExtent, type Sequence } from '../sequence.ts';
import { FlatMatrix, type FloatArray } from '../views.ts';
import { type BlockSize, Blocks } from './blocks.ts';
import { KeptViews } from './kept-views.ts';
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

/** Bytes of da that a span has: with what is used beside it, as much as the cache of a core holds. */
const SPAN = 2 ** 18;

/** Bytes of a matrix of parameters that is larger than that cache: its gradient is then summed at once. */
const LARGE = 2 ** 20;

/** When a pass is over it can begin once more, over another input of the same sizes: all that it has made for itself serves again. */
export class Pass extends Blocks {
  readonly products: Products;
  readonly size: PassSize;
  /** Whether x is of indices, and whether it has lengths. */
  readonly #ofIndices: boolean;
  readonly #hasLengths: boolean;
  /** Whether each sequence is read from its end. */
  readonly #reversed: boolean;
  /** All steps, in order. */
  readonly spans: readonly Span[];
  /** The steps that are worked on: an element of `spans`. */
  span: Span;
  #x: Sequence | undefined;
  #order: readonly number[] | undefined;
  readonly #views = new KeptViews();

  constructor(runtime: Runtime, products: Products, size: PassSize, x: Sequence, reversed: boolean = false) {
    const { T, B, d, outputs } = size;
    super(runtime, () => `memory of a pass with T=${T}, B=${B}, ${d} inputs and ${outputs} outputs`);
    this.products = products;
    this.size = size;
    this.#ofIndices = x.data instanceof Int32Array;
    this.#hasLengths = x.lengths !== undefined;
    this.#reversed = reversed;
    const steps = spanOf(size, runtime.bytes);
    this.spans = Array.from({ length: Math.ceil(T / steps) }, (_, n) => ({
      from: n * steps,
      to: Math.min((n + 1) * steps, T),
    }));
    this.span = this.spans[0] ?? { from: 0, to: T };
    this.begin(x);
  }

  /** Whether it can begin over this input: of as many steps and sequences, of the same kind. */
  suits({ T, B, data, lengths }: Sequence): boolean {
    if (T !== this.size.T || B !== this.size.B) return false;
    return data instanceof Int32Array === this.#ofIndices && (lengths !== undefined) === this.#hasLengths;
  }

  /** Begins over an input that suits. */
  begin(x: Sequence): void {
    this.#x = x;
    const { lengths } = x;
    this.#order = lengths && Array.from(lengths.keys()).sort((i, j) => (lengths[j] ?? 0) - (lengths[i] ?? 0));
  }

  get x(): Sequence {
    if (!this.#x) throw new Error('a pass that is over');
    return this.#x;
  }

  /** Sequence order[n] is the n-th of the batch here; undefined where all are as long. */
  get order(): readonly number[] | undefined {
    return this.#order;
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
    const { B } = this.size;
    const { lengths } = this.x;
    if (!lengths) return B;
    let count = 0;
    for (let b = 0; b < B; b++) if (t < (lengths[b] ?? 0)) count++;
    return count;
  }

  /** Where the indices of step t of a one-hot input lie. */
  indices(t: number): number {
    return this.block('x') + 4 * t * this.size.B;
  }

  /** A block of rows of so many columns for the steps of one span, which the next one uses again. */
  ofSpan(columns: number, zeros: boolean = false): BlockSize {
    return { count: this.rowsAtMost * columns, zeros };
  }

  /** Gives everything back, the input too: it is over, and may begin over another. */
  end(): void {
    this.release();
    this.#x = undefined;
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
    if (!this.#order && !this.#reversed) indices.set(data);
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
    const first = this.span.from * B;
    if (this.#order) {
      const all = runtime.numbers();
      runtime.zero(address, rows * F);
      for (let n = 0; n < rows; n++) {
        const from = this.#outside(first + n);
        if (this.x.counts(from)) copyNumbers(data, from * F, all, address / runtime.bytes + n * F, F);
      }
    } else {
      const together = this.#together;
      for (let n = 0; n < rows; n += together) {
        const from = this.#outside(first + n);
        runtime.put(this.#part(data, from, together, F), address + n * F * runtime.bytes);
      }
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
    const first = this.span.from * B;
    if (this.#order) {
      const all = runtime.numbers();
      for (let n = 0; n < rows; n++) {
        const to = this.#outside(first + n);
        if (s.counts(to)) copyNumbers(all, address / runtime.bytes + n * F, data, to * F, F);
      }
      return;
    }
    const together = this.#together;
    for (let n = 0; n < rows; n += together) {
      const to = this.#outside(first + n);
      runtime.get(address + n * F * runtime.bytes, this.#part(data, to, together, F));
    }
  }

  /** So many rows of F numbers of a sequence's. */
  #part(data: FloatArray, from: number, rows: number, F: number): FloatArray {
    return this.#views.part(data, from * F, (from + rows) * F, Math.floor(from / this.#together));
  }

  /** A part of a state of so many columns into B rows from an address on; zeros unless given. */
  loadState(address: number, columns: number, part?: FlatMatrix): void {
    const { B } = this.size;
    const { runtime } = this;
    if (!part) {
      runtime.zero(address, B * columns);
      return;
    }
    const all = runtime.numbers();
    for (let n = 0; n < B; n++) {
      const from = part.offset + (this.#order?.[n] ?? n) * columns;
      copyNumbers(part.data, from, all, address / runtime.bytes + n * columns, columns);
    }
  }

  /** A part of a state from B rows from an address on, or from every row of the step that its sequence ends with. */
  unloadState(columns: number, address: (b: number) => number): FlatMatrix {
    const { B } = this.size;
    const { runtime } = this;
    const data = allocate('the state', B * columns);
    const all = runtime.numbers();
    for (let n = 0; n < B; n++) {
      const b = this.#order?.[n] ?? n;
      copyNumbers(all, address(b) / runtime.bytes + n * columns, data, b * columns, columns);
    }
    return new FlatMatrix(data, B, columns);
  }

  /** How many rows lie one after the other, in the same order, in a block and in a sequence. */
  get #together(): number {
    if (this.#order) return 1;
    return this.#reversed ? this.size.B : this.rows;
  }

  /** The row of a sequence that row n of a block is. */
  #outside(n: number): number {
    const { B, T } = this.size;
    const t = Math.floor(n / B);
    const b = this.#order?.[n % B] ?? n % B;
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

function copyNumbers(from: FloatArray, first: number, to: FloatArray, at: number, count: number): void {
  for (let i = 0; i < count; i++) to[at + i] = from[first + i] ?? Number.NaN;
}

/** How many steps a span has. */
function spanOf({ T, B, d, outputs, widest }: PassSize, bytes: number): number {
  if (widest * Math.max(d, outputs) * bytes > LARGE) return T;
  return Math.min(T, Math.max(1, Math.floor(SPAN / (B * widest * bytes))));
}
