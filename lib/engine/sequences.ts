/** Sequences to be used again, so that a training loop allocates none. */
import { type Extent, Sequence } from '../sequence.ts';
import type { FloatArray } from '../views.ts';

/** Arrays that were given back, by their length. */
export class Sequences {
  readonly #free = { f64: new Map<number, FloatArray[]>(), f32: new Map<number, FloatArray[]>() };

  /** A sequence of the same kind of numbers as `like`: zeros where it has lengths; else whatever was there, to be overwritten. */
  take(extent: Extent & { readonly B: number; readonly F: number }, like?: Sequence): Sequence {
    const count = extent.T * extent.B * extent.F;
    const data = this.#of(like).get(count)?.pop();
    if (!data) return Sequence.zeros(extent, like);
    if (extent.lengths) data.fill(0);
    return Sequence.over(data, extent);
  }

  give(s: Sequence): void {
    const { data } = s;
    if (data instanceof Int32Array) return;
    const free = this.#of(s).get(data.length);
    if (free) free.push(data);
    else this.#of(s).set(data.length, [data]);
  }

  #of(like: Sequence | undefined): Map<number, FloatArray[]> {
    return like?.data instanceof Float32Array ? this.#free.f32 : this.#free.f64;
  }
}
