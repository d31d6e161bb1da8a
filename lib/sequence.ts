/**
 * A batch of sequences through time, [T][B][F] on one flat buffer: at each of T steps a B×F matrix, one sequence a row.
 *
 * Sequences of unequal length share a batch: `lengths[b]` says how many steps of sequence b count. What lies behind
 * that is padding, and contributes nothing to any output, loss, gradient or final state.
 *
 * Slot t (from 0) of an input holds the slide's x_{t+1}.
 */
import type { AbstractMatrix } from 'ml-matrix';
import { ShapeError, ValueError } from './errors.ts';
import {
  allocate,
  describe,
  requireCount,
  requireFinite,
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
    return Function.prototype[Symbol.hasInstance].call(Sequence, value) && ArrayBuffer.isView((value as Sequence).data);
  }

  private constructor(data: FloatArray | Int32Array, F: number, { T, B, lengths }: Extent & { B: number }) {
    this.T = requireSize('T', T);
    this.B = requireSize('B', B);
    this.F = requireSize('F', F);
    const size = data instanceof Int32Array ? T * B : T * B * F;
    if (data.length !== size)
      throw new ShapeError('data', `${size} numbers (T=${T}, B=${B}, F=${F})`, `${data.length}`);
    this.data = data;
    this.lengths = lengths === undefined ? undefined : checkedLengths(lengths, T, B);
  }

  /**
   * A sequence of dense rows. A typed array is shared, not copied.
   *
   * @param data T·B·F numbers, time-major: all of step 0 (sequence after sequence), then all of step 1, …
   * @throws ShapeError when `data` has another length; ValueError when a number is not finite or a length not in 1…T.
   */
  static dense(data: FloatArray | readonly number[], extent: Extent & { readonly F: number }): Sequence {
    const { T, B = 1, F, lengths } = requireKnown('extent', extent, ['T', 'B', 'F', 'lengths']);
    requireFinite('data', requireList('data', data));
    const flat = data instanceof Float64Array || data instanceof Float32Array ? data : Float64Array.from(data);
    return new Sequence(flat, F, { T, B, ...(lengths !== undefined && { lengths }) });
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
    const Kind = like?.data instanceof Float32Array ? Float32Array : Float64Array;
    return new Sequence(allocate('T·B·F', size, Kind), F, {
      T,
      B,
      ...(lengths !== undefined && { lengths }),
    });
  }

  /**
   * A sequence of one-hot rows, stored as class indices. An `Int32Array` is shared, not copied.
   *
   * @param indices T·B class indices in 0…classes−1, time-major.
   * @throws ShapeError when there are not T·B of them; ValueError when one is no class.
   */
  static oneHot(indices: ArrayLike<number>, extent: Extent & { readonly classes: number }): Sequence {
    const { T, B = 1, classes, lengths } = requireKnown('extent', extent, ['T', 'B', 'classes', 'lengths']);
    requireSize('classes', classes);
    requireList('indices', indices);
    for (let n = 0; n < indices.length; n++) requireInteger(`indices[${n}]`, indices[n] ?? Number.NaN, 0, classes - 1);
    const flat = indices instanceof Int32Array ? indices : Int32Array.from(indices);
    return new Sequence(flat, classes, { T, B, ...(lengths !== undefined && { lengths }) });
  }

  /**
   * The B×F block of step t (0…T−1): a view, not a copy.
   *
   * @throws ValueError when there is no such step.
   */
  at(t: number): AbstractMatrix {
    requireInteger('t', t, 0, this.T - 1);
    const { data, B, F } = this;
    if (data instanceof Int32Array) return new OneHotMatrix(data.subarray(t * B, (t + 1) * B), F);
    return new FlatMatrix(data, B, F, t * B * F);
  }

  /** All steps as one (T·B)×F matrix, step after step: a view, not a copy. */
  rows(): AbstractMatrix {
    const { data, T, B, F } = this;
    return data instanceof Int32Array ? new OneHotMatrix(data, F) : new FlatMatrix(data, T * B, F);
  }

  /**
   * Steps `from` (included) to `to` (excluded), sharing this sequence's memory.
   *
   * @throws ValueError when the steps are not in 0…T, when there are none, or when the sequence has lengths: a chunk
   * behind the end of one of its sequences would have no steps that count.
   */
  slice(from: number, to: number): Sequence {
    requireInteger('from', from, 0, this.T - 1);
    requireInteger('to', to, from + 1, this.T);
    if (this.lengths) throw new ValueError('lengths', 'a sequence without lengths to slice', 'lengths');
    const width = this.data.length / this.T;
    return new Sequence(this.data.subarray(from * width, to * width), this.F, { T: to - from, B: this.B });
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
 * `x` is a sequence of finite numbers, of F features and over the given extent where these are given, or throws
 * {@link ShapeError} or ValueError naming the argument.
 */
export function requireSequence(argument: string, x: Sequence, F?: number, extent?: Sequence): Sequence {
  requireExtent(argument, x, F, extent);
  if (!(x.data instanceof Int32Array)) requireFinite(argument, x.data);
  return x;
}

/** The same of whatever numbers: all of them there, since a buffer may have been transferred or shrunk meanwhile. */
export function requireExtent(argument: string, x: Sequence, F?: number, extent?: Sequence): Sequence {
  if (!(x instanceof Sequence)) throw new ShapeError(argument, 'a Sequence', describe(x));
  const size = x.data instanceof Int32Array ? x.T * x.B : x.T * x.B * x.F;
  if (x.data.length !== size) throw new ShapeError(`${argument}.data`, `${size} numbers`, `${x.data.length}`);
  if (F !== undefined && x.F !== F) throw new ShapeError(argument, `${F} features a step`, `${x.F}`);
  if (extent && (x.T !== extent.T || x.B !== extent.B)) {
    throw new ShapeError(argument, `T=${extent.T} B=${extent.B}`, `T=${x.T} B=${x.B}`);
  }
  return x;
}

function checkedLengths(lengths: ArrayLike<number>, T: number, B: number): Int32Array {
  requireCount('lengths', lengths, B, 'integers, one a sequence');
  return Int32Array.from(lengths, (length, b) => requireInteger(`lengths[${b}]`, length, 1, T));
}
