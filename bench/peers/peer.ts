/** Other implementations of the same work. */
import type { Precision } from '../../lib/engine/precision.ts';
import type { Problem } from '../cases/case.ts';
import type { Tensors } from '../tensors.ts';
import type { Contender } from '../timing.ts';

/** One way to have work done elsewhere: a library, in one precision, on so many threads. */
export interface Peer {
  readonly name: string;
  /** What it computes in. */
  readonly precision: Precision;
  /** Floating-point operations a second, about: work that would take too long at this pace is not given to it. */
  readonly pace: number;
  /** Whether it does this kind of work. */
  takes(problem: Problem): boolean;
  /** Makes the problem ready. Rejects, with what is wrong, where the library cannot do it. */
  prepare(problem: Problem): Promise<Prepared>;
}

/** A problem that a peer is ready to work on. */
export interface Prepared extends Contender {
  /** What it computes, by our names: to be held against ours. Absent where it cannot be told to compute the same. */
  readonly result?: Tensors;
  /** In what its work differs from ours, if it does. */
  readonly differs?: string;
}

/** Peers that are there or not together. */
export interface Family {
  /** What `--peers` calls it. */
  readonly name: string;
  /** Its peers, or why there are none. */
  open(options: { readonly python: string | undefined }): Promise<readonly Peer[] | string>;
  /** Ends whatever it started. */
  close(): void;
}
