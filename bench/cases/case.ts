/** What is measured. */

import type { Precision } from '../../lib/engine/precision.ts';
import type { Backend, Ours } from '../backends.ts';
import type { Tensors } from '../tensors.ts';

/** How much work it is to do something once. */
export interface Work {
  /** Floating-point operations of the matrix products, two for a multiply-add; all others are few beside them. */
  readonly flops: number;
  /** Numbers that must at least come from memory or go there, when no cache keeps any between two uses. */
  readonly numbers: number;
  /** Steps of sequences, padding not counted. */
  readonly tokens?: number;
}

/** Of a case in a series that grows in one size: which, and how far. */
export interface Place {
  readonly along: 'T' | 'B' | 'm' | 'workers';
  readonly at: number;
}

export interface Case {
  readonly name: string;
  /** Left out unless everything is asked for. */
  readonly full: boolean;
  readonly series?: Place;
  readonly work: Work;
  /** Threads that ours is done by; those of the backend unless given. */
  readonly workers?: number;
  /** Whether it gains by a backend of several threads, and so is run on it, too; no unless given. */
  gains?(backend: Backend): boolean;
  /** Whether it is a whole step of training, of which is counted what it allocates; false unless given. */
  readonly trains?: boolean;
  /** Starts what work on several threads needs; called before it is opened. */
  prepare?(backends: readonly Backend[]): Promise<void>;
  /** Draws its numbers, the same ones each time. */
  open(): Opened;
}

/** A case whose numbers are drawn. */
export interface Opened {
  /** As other libraries get it; absent where none is asked. */
  readonly problem?: Problem;
  ours(backend: Backend, precision: Precision): Ours;
  /**
   * Finds mistakes where the reference would take too long for all of it.
   *
   * @returns what was done, and whether all was well.
   */
  spotCheck?(backend: Backend): Verification;
}

/** Whether a result is right, and how that is known. */
export interface Verification {
  readonly ok: boolean;
  /** What it was held against: the reference, f64; a dot test. */
  readonly by: string;
  /** The largest deviation, over the largest number of its tensor, and where it is. */
  readonly worst: number;
  readonly tensor: string;
  readonly bound: number;
}

export type Problem = LayerProblem | CharProblem | TrainProblem | ProductProblem;

export type CellName = 'lstm' | 'gru' | 'rnn';
export type Topology = 'one' | 'stacked' | 'bidirectional';

/** A recurrent layer, forward and backward, from zero states; results are y, dx and, of every parameter θ, dθ. */
export interface LayerProblem {
  readonly kind: 'layer';
  readonly cell: CellName;
  readonly topology: Topology;
  readonly d: number;
  readonly m: number;
  readonly B: number;
  readonly T: number;
  readonly lengths?: readonly number[];
  /** By our names: W_f, or low.W_f, or backward.W_f. */
  readonly params: Tensors;
  /** [T][B][d], and [T][B] and as many as there are outputs. */
  readonly x: Float64Array;
  readonly dy: Float64Array;
}

/**
 * Steps of training a character model, through a text chunk by chunk: forward from the state that the last chunk ended
 * with, backward, the gradient clipped to ±clip, Adagrad; from zeros at the text's beginning, which comes again when no
 * whole chunk and a symbol more are left. Results are the losses before the first and the second step, which tells of the
 * update, and the first step's clipped gradients dθ.
 */
export interface CharProblem {
  readonly kind: 'char';
  readonly m: number;
  readonly C: number;
  readonly T: number;
  /** W, U, b, V, c. */
  readonly params: Tensors;
  /** Class indices. */
  readonly text: readonly number[];
  readonly learningRate: number;
  readonly epsilon: number;
  readonly clip: number;
}

/**
 * Steps of training an LSTM on B streams of a text, chunk by chunk: as {@link CharProblem}, with the mean over the streams for a
 * loss, the first ⌊(symbols − 1) / B⌋ symbols being the first stream's, and Adam.
 */
export interface TrainProblem {
  readonly kind: 'train';
  readonly m: number;
  readonly C: number;
  readonly B: number;
  readonly T: number;
  /** W_f, …, U_f, …, b_f, …, V, c. */
  readonly params: Tensors;
  /** Class indices. */
  readonly text: readonly number[];
  readonly learningRate: number;
  readonly clip: number;
}

/** C = A·B of n×n matrices. */
export interface ProductProblem {
  readonly kind: 'product';
  readonly n: number;
  readonly a: Float64Array;
  readonly b: Float64Array;
}
