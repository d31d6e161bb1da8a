/** The gradients of the parameters in one pass back, added up over the rows of all spans. */
import type { ParamSet } from '../params.ts';
import { allocate } from '../require.ts';
import type { Layout } from './layout.ts';
import type { Pass } from './pass.ts';

/** Adds so many rows of the present span of a pass, from one on. */
export type Addition = (pass: Pass, from: number, count: number) => void;

/**
 * So many rows are added up in 32 bits, and their sum then in 64: numbers of one sign, which rounding may take the same way
 * each time, are off by n·2⁻²⁵ of their sum at most, which is 6e-5.
 */
const ROWS = 2048;

/** What is added to the block dp, and in f32 what it held before. Nothing is added to the gradients themselves until the end. */
export class Sums {
  readonly #pass: Pass;
  readonly #layout: Layout;
  readonly #params: ParamSet;
  /** In f32: how many rows dp is the sum of, and what was in it before these; undefined as long as that is nothing. */
  #rows = 0;
  #total: Float64Array | undefined;

  constructor(pass: Pass, layout: Layout, params: ParamSet) {
    this.#pass = pass;
    this.#layout = layout;
    this.#params = params;
    layout.beginSums(pass.runtime, params, pass.block('dp'));
  }

  /** Adds the rows of the present span, by as many calls as it takes. */
  add(gradients: Addition): void {
    const { rows, runtime } = this.#pass;
    if (runtime.precision === 'f64') {
      gradients(this.#pass, 0, rows);
      return;
    }
    for (let from = 0; from < rows; from += ROWS) {
      const count = Math.min(ROWS, rows - from);
      if (this.#rows + count > ROWS) this.#toTotal();
      gradients(this.#pass, from, count);
      this.#rows += count;
    }
  }

  /** Adds the sums to the gradients of the parameters. */
  end(): void {
    const { runtime } = this.#pass;
    if (!this.#total) {
      this.#layout.endSums(runtime, this.#params, this.#pass.block('dp'));
      return;
    }
    this.#layout.addTo(this.#params, this.#toTotal());
  }

  #toTotal(): Float64Array {
    const { runtime } = this.#pass;
    const address = this.#pass.block('dp');
    const { count } = this.#layout;
    this.#total ??= allocate('sums of the gradients', count);
    runtime.endSums(address, this.#total);
    runtime.zero(address, count);
    this.#rows = 0;
    return this.#total;
  }
}
