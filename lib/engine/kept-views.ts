/** Views of parts of arrays that are asked for again and again: of a span of a sequence, of a part of the parameters. */
import type { FloatArray } from '../views.ts';

/** What is kept of an array goes with it: it is kept no longer than the array is by others. */
export class KeptViews {
  readonly #of = new WeakMap<object, (FloatArray | Int32Array)[]>();

  /**
   * The numbers of an array from one (included) to another: itself where that is all of it, else a view.
   *
   * @param n which part it is, counted from 0: the view that was made for it is given again where it is of the same numbers.
   */
  part<Numbers extends FloatArray | Int32Array>(numbers: Numbers, from: number, to: number, n: number): Numbers {
    if (from === 0 && to === numbers.length) return numbers;
    let views = this.#of.get(numbers);
    if (!views) {
      views = [];
      this.#of.set(numbers, views);
    }
    const known = views[n];
    const start = numbers.byteOffset + from * numbers.BYTES_PER_ELEMENT;
    if (known && known.byteOffset === start && known.length === to - from) return known as Numbers;
    const made = numbers.subarray(from, to) as Numbers;
    views[n] = made;
    return made;
  }
}

/** Views of the numbers in a memory that arrays are filled from: of each array the last one, where it is of the same numbers. */
export class Sources {
  readonly #of = new WeakMap<object, FloatArray>();

  /** As many numbers as an array has, from an address in the memory on. @param memory a view of all of it. */
  of(values: FloatArray, memory: FloatArray, address: number): FloatArray {
    const known = this.#of.get(values);
    if (known && known.byteOffset === address && known.length === values.length) return known;
    const first = address / memory.BYTES_PER_ELEMENT;
    const made = memory.subarray(first, first + values.length);
    this.#of.set(values, made);
    return made;
  }
}
