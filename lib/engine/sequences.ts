/** Sequences to be used again, so that a training loop allocates none. */
import { Sequence } from '../sequence.ts';
import type { FloatArray } from '../views.ts';

/** What a sequence is made beside. */
type Steps = Pick<Sequence, 'T' | 'B'> & { readonly lengths?: ArrayLike<number> | undefined };

/** The array that a sequence lies in, and its bytes: it may have been taken away since, as by a transfer. */
interface Lent {
  readonly whole: FloatArray;
  readonly bytes: number;
  readonly sequence: Sequence;
}

/**
 * Arrays that were given back. A sequence takes the smallest that holds it, or a new one where none does. What is kept is
 * never more than what was once in use at the same time, whatever sizes come: the smallest arrays are let go first, since
 * a larger one serves in their place.
 */
export class Sequences {
  readonly #free: Lent[] = [];
  readonly #lent = new WeakMap<Sequence, Lent>();
  /** Bytes of arrays that are in use, as far as is known: some are never given back. */
  #inUse = 0;
  #most = 0;

  /** Bytes of arrays that wait to be used again. */
  get kept(): number {
    let bytes = 0;
    for (const one of this.#free) bytes += one.whole.byteLength;
    return bytes;
  }

  /**
   * A sequence of F features a step beside x, of the same kind of numbers as `like`: zeros where it has lengths; else whatever was
   * there, to be overwritten.
   */
  take(x: Steps, F: number, like?: Sequence): Sequence {
    const count = x.T * x.B * F;
    const old = this.#pick(count, like?.data instanceof Float32Array ? Float32Array : Float64Array);
    const lent = old && isOf(old.sequence, x, F) ? old : lentOf(x, F, old?.whole, like);
    if (old && x.lengths) lent.sequence.data.fill(0);
    this.#lent.set(lent.sequence, lent);
    this.#inUse += lent.bytes;
    this.#most = Math.max(this.#most, this.#inUse);
    this.#letGo();
    return lent.sequence;
  }

  /** Takes a sequence back that {@link take} gave: it is to be used no more. */
  give(s: Sequence): void {
    const lent = this.#lent.get(s);
    if (!lent) return;
    this.#lent.delete(s);
    this.#inUse -= lent.bytes;
    if (lent.whole.byteLength === lent.bytes) this.#free.push(lent);
    this.#letGo();
  }

  /** The smallest array that holds so many numbers, and is free no more; of equals the last. */
  #pick(count: number, Kind: typeof Float32Array | typeof Float64Array): Lent | undefined {
    let found: Lent | undefined;
    for (const one of this.#free) {
      const { whole } = one;
      if (!(whole instanceof Kind) || whole.length < count) continue;
      if (!found || whole.length <= found.whole.length) found = one;
    }
    if (found) this.#remove(found);
    return found;
  }

  #letGo(): void {
    let kept = this.kept;
    while (kept > 0 && kept + this.#inUse > this.#most) {
      const smallest = this.#free.reduce((least, one) => (one.whole.byteLength < least.whole.byteLength ? one : least));
      this.#remove(smallest);
      kept -= smallest.whole.byteLength;
    }
  }

  /** Another takes its place and the last the other's, so that nothing is made. */
  #remove(one: Lent): void {
    const last = this.#free.pop();
    const at = this.#free.indexOf(one);
    if (last && at >= 0) this.#free[at] = last;
  }
}

/** Whether a sequence is one of F features a step beside x, none of which have lengths. */
function isOf(s: Sequence, { T, B, lengths }: Steps, F: number): boolean {
  return s.T === T && s.B === B && s.F === F && !s.lengths && !lengths;
}

/** A new sequence of F features a step beside x, in that array if there is one. */
function lentOf({ T, B, lengths }: Steps, F: number, old?: FloatArray, like?: Sequence): Lent {
  const [count, extent] = [T * B * F, { T, B, F, ...(lengths && { lengths }) }];
  const sequence = old
    ? Sequence.over(old.length === count ? old : old.subarray(0, count), extent)
    : Sequence.zeros(extent, like);
  const whole = old ?? (sequence.data as FloatArray);
  return { whole, bytes: whole.byteLength, sequence };
}
