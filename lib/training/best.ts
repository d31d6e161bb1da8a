/** The best of the parameters that a training comes by. */
import type { ParamSet } from '../params.ts';

/** Keeps a copy of the parameters whose loss was least. */
export class Best {
  readonly #params: ParamSet;
  /** Their loss; infinite while there are none. */
  #loss = Number.POSITIVE_INFINITY;
  #values: Float64Array | null = null;

  constructor(params: ParamSet) {
    this.#params = params;
  }

  get loss(): number {
    return this.#loss;
  }

  get values(): Float64Array | null {
    return this.#values;
  }

  /** Keeps the parameters as they are now, where their loss is less than any before. Returns whether it is. */
  offer(loss: number): boolean {
    if (!(loss < this.#loss)) return false;
    this.set(loss, this.#params.values);
    return true;
  }

  /** Takes others for the best; a copy of them is kept. */
  set(loss: number, values: Float64Array | null): void {
    this.#loss = loss;
    this.#values = values?.slice() ?? null;
  }

  /** Gives the parameters the values that did best, where there are any. */
  restore(): void {
    if (this.#values) this.#params.values.set(this.#values);
  }
}
