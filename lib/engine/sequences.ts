/** Sequences to be used again, so that a training loop allocates none. */
import { type Extent, Sequence } from '../sequence.ts';
import type { FloatArray } from '../views.ts';

/** The array that a sequence lies in, and its bytes: it may have been taken away since, as by a transfer. */
interface Lent {
  readonly whole: FloatArray;
  readonly bytes: number;
}

/**
 * Arrays that were given back. A sequence takes the smallest that holds it, or a new one where none does. What is kept is
 * never more than what was once in use at the same time, whatever sizes come: the smallest arrays are let go first, since
 * a larger one serves in their place.
 */
export class Sequences {
  readonly #free: FloatArray[] = [];
  readonly #lent = new WeakMap<Sequence, Lent>();
  /** Bytes of arrays that are in use, as far as is known: some are never given back. */
  #inUse = 0;
  #most = 0;

  /** Bytes of arrays that wait to be used again. */
  get kept(): number {
    return this.#free.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** A sequence of the same kind of numbers as `like`: zeros where it has lengths; else whatever was there, to be overwritten. */
  take(extent: Extent & { readonly B: number; readonly F: number }, like?: Sequence): Sequence {
    const count = extent.T * extent.B * extent.F;
    const old = this.#pick(count, like?.data instanceof Float32Array ? Float32Array : Float64Array);
    const s = old
      ? Sequence.over(old.length === count ? old : old.subarray(0, count), extent)
      : Sequence.zeros(extent, like);
    if (old && extent.lengths) s.data.fill(0);
    const whole = old ?? s.data;
    if (whole instanceof Int32Array) return s;
    this.#lent.set(s, { whole, bytes: whole.byteLength });
    this.#inUse += whole.byteLength;
    this.#most = Math.max(this.#most, this.#inUse);
    this.#letGo();
    return s;
  }

  /** Takes a sequence back that {@link take} gave: it is to be used no more. */
  give(s: Sequence): void {
    const lent = this.#lent.get(s);
    if (!lent) return;
    this.#lent.delete(s);
    this.#inUse -= lent.bytes;
    if (lent.whole.byteLength === lent.bytes) this.#free.push(lent.whole);
    this.#letGo();
  }

  /** The smallest array that holds so many numbers, and is free no more; of equals the last. */
  #pick(count: number, Kind: typeof Float32Array | typeof Float64Array): FloatArray | undefined {
    let [found, length] = [-1, Number.POSITIVE_INFINITY];
    for (let n = this.#free.length - 1; n >= 0 && length > count; n--) {
      const data = this.#free[n];
      if (data instanceof Kind && data.length >= count && data.length < length) [found, length] = [n, data.length];
    }
    return found < 0 ? undefined : this.#free.splice(found, 1)[0];
  }

  #letGo(): void {
    let kept = this.kept;
    while (kept > 0 && kept + this.#inUse > this.#most) {
      const smallest = this.#free.reduce((least, data) => (data.byteLength < least.byteLength ? data : least));
      this.#free.splice(this.#free.indexOf(smallest), 1);
      kept -= smallest.byteLength;
    }
  }
}
