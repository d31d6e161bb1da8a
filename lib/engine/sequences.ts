/** Sequences to be used again, so that a training loop allocates none. */
import { type Extent, Sequence } from '../sequence.ts';

/** Arrays that were given back, by their length. */
export class Sequences {
  readonly #free = new Map<number, Float64Array[]>();

  /** A sequence of zeros where it has lengths; else of whatever was there, to be overwritten. */
  take(extent: Extent & { readonly B: number; readonly F: number }): Sequence {
    const count = extent.T * extent.B * extent.F;
    const data = this.#free.get(count)?.pop();
    if (!data) return Sequence.zeros(extent);
    if (extent.lengths) data.fill(0);
    return Sequence.over(data, extent);
  }

  give({ data }: Sequence): void {
    if (!(data instanceof Float64Array)) return;
    const free = this.#free.get(data.length);
    if (free) free.push(data);
    else this.#free.set(data.length, [data]);
  }
}
