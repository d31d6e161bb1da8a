/**
 * What a page and its worker tell each other: plain data, which structured cloning carries. Each message says what it is in its
 * field `bptt`; whatever else goes through the same worker is left alone.
 */
import type { DivergenceError } from '../models/divergence.ts';
import type { Update } from '../training/training.ts';
import type { TrainingState } from '../training/training-state.ts';

/** From the page to the worker. */
export type FromPage =
  /** The first: what the training is made of, and where it goes on. */
  | { readonly bptt: 'begin'; readonly given: unknown; readonly from?: TrainingState | undefined }
  | { readonly bptt: 'resume' }
  | { readonly bptt: 'pause' }
  /** To be answered with the same `id`. */
  | { readonly bptt: 'snapshot' | 'save'; readonly id: number };

/** From the worker to the page. */
export type FromWorker =
  /** Some updates, the latest last. */
  | { readonly bptt: 'updates'; readonly updates: readonly Update[] }
  | { readonly bptt: 'done' }
  | { readonly bptt: 'snapshot'; readonly id: number; readonly state: TrainingState }
  | { readonly bptt: 'saved'; readonly id: number; readonly bytes: Uint8Array }
  /** What was asked for with that `id` cannot be had; or where there is none, the training cannot go on. */
  | { readonly bptt: 'failed'; readonly id?: number; readonly failure: Failure };

/** An error of the library in its parts, since cloning leaves the message alone of it; any other as it is. */
export type Failure =
  | { readonly name: string; readonly argument: string; readonly expected: string; readonly got: string }
  | { readonly divergence: Pick<DivergenceError, 'step' | 'tensor' | 'norms' | 'got'> }
  | { readonly error: unknown };
