/** What a cell is to the engine: the kernels of a step, and the products around them. */
import type { Layout } from '../layout.ts';
import type { Pass } from '../pass.ts';
import type { Operand } from '../products.ts';

/** A pass under way, and U and the recurrent matrices as its direction needs them: transposed forward, as they are backward. */
export interface Way {
  readonly pass: Pass;
  readonly layout: Layout;
  readonly operands: Readonly<Record<string, Operand>>;
}

/** Rows of the present span, from its first: those that are added up together. */
export interface Rows {
  readonly from: number;
  readonly count: number;
}

/** A cell as the engine runs it: one step for the first `rows` sequences of the batch, those that are still active. */
export interface FusedCell {
  /** Names of the gates in the order in which they lie in memory; one without a name where there is but one. */
  readonly gates: readonly string[];
  /** The recurrent matrices by name: each of the gates from (included) to (excluded). */
  readonly recurrent: Readonly<Record<string, readonly [from: number, to: number]>>;
  /** Parameters that are rows of m numbers and belong to no gate. */
  readonly extras: readonly string[];
  /** Whether there is a memory c beside h. */
  readonly hasC: boolean;
  /** Blocks that forward keeps of every step, for backward, beside gates and states: how many times m columns. */
  readonly kept: Readonly<Record<string, number>>;
  /** Blocks that backward makes of every step of a span, beside da. */
  readonly made: Readonly<Record<string, number>>;
  /** Blocks that forward and backward need once a pass, of zeros at first: how many times m numbers. */
  readonly once: Readonly<Record<string, number>>;
  /** Fills them, forward. */
  before?(pass: Pass, layout: Layout): void;
  /** Step t, from slot t of the states to slot t+1. */
  forward(way: Way, t: number, rows: number): void;
  /** Step t back: da_t, and in dh and dc what goes on to step t−1. */
  backward(way: Way, t: number, rows: number): void;
  /** The parameters' gradients from those of some rows of the present span, added to the block dp. */
  gradients(way: Way, rows: Rows): void;
}
