/**
 * A batch of sequences through time, [T][B][F] on one flat buffer: at each of T steps a B×F matrix, one sequence a row.
 *
 * Sequences of unequal length share a batch: `lengths[b]` says how many steps of sequence b count. What lies behind
 * that is padding, and is never read, in inputs, targets and cotangents alike: NaN or −1 may stand there. What comes out
 * at padding is 0.
 *
 * Slot t (from 0) of an input holds the slide's x_{t+1}.
 */
import type { AbstractMatrix } from 'ml-matrix';
import { isMadeBy } from './copies.ts';
import { ShapeError, ValueError } from './errors.ts';
import { packIndices, packVectors, type Ragged } from './packing.ts';
import { copyNumbers, requireIndices, requireNumbers, withoutPadding } from './padding.ts';
import {
  allocate,
  countOf,
  describe,
  requireCount,
  requireInteger,
  requireKnown,
  requireList,
  requireSize,
} from './require.ts';
import { FlatMatrix, type FloatArray, OneHotMatrix, requireFloats } from './views.ts';

/** T steps of B sequences. */
export interface Extent {
  /** Number of time steps. */
  readonly T: number;
  /** Number of sequences in the batch; 1 unless given. */
  readonly B?: number;
  /** Steps that count, per sequence: B integers in 1…T. All T unless given. */
  readonly lengths?: ArrayLike<number>;
}

/**
 * @example
 * ```ts
 * import { Sequence } from 'bptt';
 *
 * // Two sequences of three steps, two features a step; the second sequence ends after two steps.
 * const x = Sequence.dense([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 0], { T: 3, B: 2, F: 2, lengths: [3, 2] });
 * console.log(x.at(1).to2DArray()); // → [ [ 5, 6 ], [ 7, 8 ] ]
 * ```
 */
export class Sequence {
  /** Said here, since a bundle calls classes otherwise. */
  static readonly name: string = 'Sequence';
  static readonly brand: string = 'bptt.Sequence';
  readonly T: number;
  readonly B: number;
  /** Features a step: the columns of each `at(t)`. */
  readonly F: number;
  /** Steps that count, per sequence; absent when all T do. */
  readonly lengths: Int32Array | undefined;
  /** The buffer: T·B·F numbers, or T·B class indices where the sequence is one-hot. */
  readonly data: FloatArray | Int32Array;

  /** Whether a value is a sequence, with its numbers: not what only has the methods of one. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return isMadeBy(Sequence, value) && ArrayBuffer.isView((value as Sequence).data);
  }

  private constructor(data: FloatArray | Int32Array, F: number, { T, B, lengths }: Extent & { B: number }) {
    requireLength('data', data, { T, B, F }, data instanceof Int32Array ? 1 : F);
    this.T = T;
    this.B = B;
    this.F = F;
    this.data = data;
    this.lengths = lengths === undefined ? undefined : checkedLengths(lengths, T, B);
  }

  /**
   * A sequence of dense rows. A Float64Array or Float32Array is shared, not copied; anything else is copied.
   *
   * Whoever writes into a shared array writes into the sequence: every pass looks at what it reads. Between a forward
   * pass and its backward pass nobody should, since a tape may share the memory too.
   *
   * @param data T·B·F numbers, time-major: all of step 0 (sequence after sequence), then all of step 1, …
   * @throws ShapeError when `data` has another length; ValueError when a number that counts is not finite or a length not
   * in 1…T.
   */
  static dense(data: FloatArray | readonly number[], extent: Extent & { readonly F: number }): Sequence {
    const known = requireKnown('extent', extent, ['T', 'B', 'F', 'lengths']);
    const { T, B = 1, F } = known;
    requireLength('data', requireList('data', data), { T, B, F }, F);
    const shared = data instanceof Float64Array || data instanceof Float32Array;
    const made = shared ? Sequence.over(data, known) : Sequence.zeros(known);
    requireNumbers('data', data, made, F);
    if (!shared) copyNumbers(data, made.data);
    return made;
  }

  /** A sequence over an array that is to be filled, shared and not looked at: what is in it need not be finite. */
  static over(data: FloatArray, extent: Extent & { readonly F: number }): Sequence {
    const { T, B = 1, F, lengths } = requireKnown('extent', extent, ['T', 'B', 'F', 'lengths']);
    return new Sequence(requireFloats('data', data), F, { T, B, ...(lengths !== undefined && { lengths }) });
  }

  /** A sequence of zeros, to be filled: of 64 bits a number, or 32 where those of `like` have 32. */
  static zeros(extent: Extent & { readonly F: number }, like?: Sequence): Sequence {
    const { T, B = 1, F, lengths } = requireKnown('extent', extent, ['T', 'B', 'F', 'lengths']);
    const size = requireSize('T', T) * requireSize('B', B) * requireSize('F', F);
    const Kind: new (count: number) => FloatArray = like?.data instanceof Float32Array ? Float32Array : Float64Array;
    return new Sequence(allocate('T·B·F', size, Kind), F, {
      T,
      B,
      ...(lengths !== undefined && { lengths }),
    });
  }

  /**
   * A sequence of one-hot rows, stored as class indices. An `Int32Array` is shared, not copied; anything else is
   * copied. It may be filled with other classes: every pass looks at them, and keeps those it saw for its way back.
   *
   * @param indices T·B class indices in 0…classes−1, time-major.
   * @throws ShapeError when there are not T·B of them; ValueError when one that counts is no class.
   */
  static oneHot(indices: ArrayLike<number>, extent: Extent & { readonly classes: number }): Sequence {
    const { T, B = 1, classes, lengths } = requireKnown('extent', extent, ['T', 'B', 'classes', 'lengths']);
    requireSize('classes', classes);
    requireLength('indices', requireList('indices', indices), { T, B, F: classes }, 1);
    const flat = indices instanceof Int32Array ? indices : new Int32Array(indices.length);
    const made = new Sequence(flat, classes, { T, B, ...(lengths !== undefined && { lengths }) });
    requireIndices('indices', indices, made, classes);
    if (flat !== indices) copyNumbers(indices, flat);
    return made;
  }

  /**
   * A batch of sequences of unequal length as they are at hand, one list each: of vectors, or, where `classes` says how many
   * there are, of class indices. Sequence b is `rows[b]`, and T is the length of the longest. Everything is copied.
   *
   * @param rows one list a sequence, of one step each: F numbers, or a class in 0…classes−1.
   * @throws ShapeError when there is no sequence, one is empty, or a vector is wider or narrower than the first; ValueError
   * when a number is not finite or an index is no class: each names its place, as `rows[3][7]`; MemoryError when memory
   * does not hold B sequences as long as the longest.
   * @example
   * ```ts
   * import { Sequence } from 'bptt';
   *
   * const x = Sequence.pack([[[1, 2], [3, 4]], [[5, 6]]]); // two steps, then one, of two features
   * console.log(x.T, x.B, x.F, x.lengths); // → 2 2 2 Int32Array(2) [ 2, 1 ]
   * console.log(x.unpack()); // → [ [ [ 1, 2 ], [ 3, 4 ] ], [ [ 5, 6 ] ] ]
   *
   * const words = Sequence.pack([[0, 2, 1], [2]], { classes: 3 });
   * console.log(words.unpackIndices()); // → [ [ 0, 2, 1 ], [ 2 ] ]
   * ```
   */
  static pack(rows: readonly (readonly ArrayLike<number>[])[]): Sequence;
  static pack(rows: readonly ArrayLike<number>[], options: { readonly classes: number }): Sequence;
  static pack(rows: Ragged, options?: { readonly classes: number }): Sequence {
    const { data, F, extent } = options === undefined ? packVectors(rows) : packIndices(rows, options);
    return new Sequence(data, F, extent);
  }

  /**
   * The steps that count, one list a sequence, as {@link Sequence.pack} takes them: B lists of vectors of F numbers, be the
   * sequence one-hot or not.
   *
   * @throws ShapeError when the memory was taken away.
   */
  unpack(): number[][][] {
    const rows = this.rows();
    return this.#eachCounted(n => rows.getRow(n));
  }

  /**
   * The classes of the steps that count of a one-hot sequence, as {@link Sequence.pack} takes them: B lists of indices.
   *
   * @throws ValueError when the sequence is not one-hot; ShapeError when the memory was taken away.
   */
  unpackIndices(): number[][] {
    const { data } = requireWhole('sequence', this);
    if (!(data instanceof Int32Array)) throw new ValueError('sequence', 'a one-hot sequence', 'one of numbers');
    return this.#eachCounted(n => data[n] ?? Number.NaN);
  }

  #eachCounted<V>(of: (n: number) => V): V[][] {
    const { T, B, lengths } = this;
    return Array.from({ length: B }, (_, b) => Array.from({ length: lengths?.[b] ?? T }, (_, t) => of(t * B + b)));
  }

  /**
   * The B×F block of step t (0…T−1): a view, not a copy.
   *
   * @throws ValueError when there is no such step; ShapeError when the memory was taken away.
   */
  at(t: number): AbstractMatrix {
    requireInteger('t', t, 0, this.T - 1);
    const { data, B, F } = requireWhole('sequence', this);
    if (data instanceof Int32Array) return new OneHotMatrix(data.subarray(t * B, (t + 1) * B), F);
    return new FlatMatrix(data, B, F, t * B * F);
  }

  /**
   * All steps as one (T·B)×F matrix, step after step: a view, not a copy.
   *
   * @throws ShapeError when the memory was taken away.
   */
  rows(): AbstractMatrix {
    const { data, T, B, F } = requireWhole('sequence', this);
    return data instanceof Int32Array ? new OneHotMatrix(data, F) : new FlatMatrix(data, T * B, F);
  }

  /**
   * Steps `from` (included) to `to` (excluded), sharing this sequence's memory.
   *
   * @throws ValueError when the steps are not in 0…T, when there are none, or when the sequence has lengths: a chunk
   * behind the end of one of its sequences would have no steps that count; ShapeError when the memory was taken away.
   */
  slice(from: number, to: number): Sequence {
    requireInteger('from', from, 0, this.T - 1);
    requireInteger('to', to, from + 1, this.T);
    if (this.lengths) throw new ValueError('lengths', 'a sequence without lengths to slice', 'lengths');
    const { data } = requireWhole('sequence', this);
    const width = data.length / this.T;
    return new Sequence(data.subarray(from * width, to * width), this.F, { T: to - from, B: this.B });
  }

  /** Which sequences still count at step t: B booleans, or `undefined` when all do at every step. */
  active(t: number): boolean[] | undefined {
    requireInteger('t', t, 0, this.T - 1);
    return this.lengths && Array.from(this.lengths, length => t < length);
  }

  /** Whether row n of {@link rows} (sequence n mod B at step ⌊n/B⌋) counts. */
  counts(n: number): boolean {
    requireInteger('n', n, 0, this.T * this.B - 1);
    return this.lengths === undefined || Math.floor(n / this.B) < (this.lengths[n % this.B] ?? 0);
  }

  /** {@link counts} for every row: T·B booleans. */
  countedRows(): boolean[] {
    return Array.from({ length: this.T * this.B }, (_, n) => this.counts(n));
  }

  /** This extent, for a sequence of F features a step beside this one. */
  extent(): Extent & { readonly B: number } {
    const { T, B, lengths } = this;
    return { T, B, ...(lengths && { lengths }) };
  }
}

/**
 * `x` is a sequence of F features over the given extent, where these are given, and what counts of it is finite numbers or
 * classes, or throws {@link ShapeError} or ValueError naming the argument. What counts is what does in the extent: x may
 * come without lengths, or end later. Returns it.
 */
export function requireSequence(argument: string, x: Sequence, F?: number, extent?: Sequence): Sequence {
  requireExtent(argument, x, F, extent);
  look(argument, x.data, x.F, extent ?? x);
  return x;
}

/**
 * The same, as it is now: of zeros, or classes 0, wherever it does not count, and with indices that nobody else can write to.
 * A copy, unless it is of numbers that all count. What it returns may be computed with as a whole, padding and all.
 */
export function read(argument: string, x: Sequence, F?: number, extent?: Sequence): Sequence {
  requireExtent(argument, x, F, extent);
  const counted = extent ?? x;
  const symbols = x.data instanceof Int32Array;
  const data = symbols || counted.lengths ? withoutPadding(x.data, counted) : x.data;
  look(argument, data, x.F, counted);
  if (data === x.data) return x;
  return data instanceof Int32Array
    ? Sequence.oneHot(data, { ...counted.extent(), classes: x.F })
    : Sequence.over(data, { ...counted.extent(), F: x.F });
}

/** `x` as a sequence of numbers: itself, unless it is one-hot. */
export function dense(x: Sequence): Sequence {
  if (!(x.data instanceof Int32Array)) return x;
  return Sequence.over(Float64Array.from(x.rows().to1DArray()), { ...x.extent(), F: x.F });
}

/**
 * As {@link requireSequence}, of whatever numbers, for who looks at them later: all of them there, since a buffer may have been
 * transferred or shrunk meanwhile.
 */
export function requireExtent(argument: string, x: Sequence, F?: number, extent?: Sequence): Sequence {
  if (!(x instanceof Sequence)) throw new ShapeError(argument, 'a Sequence', describe(x));
  if (F !== undefined && x.F !== F) throw new ShapeError(argument, `${F} features a step`, `${x.F}`);
  requireWhole(argument, x);
  if (!extent) return x;
  if (x.T !== extent.T || x.B !== extent.B) {
    throw new ShapeError(argument, `T=${extent.T} B=${extent.B}`, `T=${x.T} B=${x.B}`);
  }
  x.lengths?.forEach((length, b) => {
    const least = extent.lengths?.[b] ?? extent.T;
    if (length < least) throw new ShapeError(`${argument}.lengths[${b}]`, `at least ${least}`, `${length}`);
  });
  return x;
}

function look(argument: string, data: Sequence['data'], F: number, counted: Sequence): void {
  if (data instanceof Int32Array) requireIndices(argument, data, counted, F);
  else requireNumbers(argument, data, counted, F);
}

/** The sequence, whose memory is as long as when it was made, as are its sequences: either may have been written to. */
function requireWhole(argument: string, x: Sequence): Sequence {
  const { data, T, B, F, lengths } = x;
  const size = T * B * (data instanceof Int32Array ? 1 : F);
  const count = countOf(data);
  if (count !== size) throw new ShapeError(`${argument}.data`, `${size} numbers`, `${count}`);
  if (lengths) requireLengths(`${argument}.lengths`, lengths, T, B);
  return x;
}

/** There are as many numbers as in a sequence of these sizes, `width` a row. */
function requireLength(
  argument: string,
  data: ArrayLike<number>,
  { T, B, F }: { readonly T: number; readonly B: number; readonly F: number },
  width: number,
): void {
  requireSize('F', F);
  const size = requireSize('T', T) * requireSize('B', B) * width;
  const count = countOf(data);
  if (count !== size) throw new ShapeError(argument, `${size} numbers (T=${T}, B=${B}, F=${F})`, `${count}`);
}

function checkedLengths(lengths: ArrayLike<number>, T: number, B: number): Int32Array {
  requireLengths('lengths', lengths, T, B);
  return Int32Array.from(lengths);
}

function requireLengths(argument: string, lengths: ArrayLike<number>, T: number, B: number): void {
  requireCount(argument, lengths, B, 'integers, one a sequence');
  for (let b = 0; b < B; b++) {
    const length = lengths[b] ?? Number.NaN;
    if (!(Number.isInteger(length) && length >= 1 && length <= T)) requireInteger(`${argument}[${b}]`, length, 1, T);
  }
}
