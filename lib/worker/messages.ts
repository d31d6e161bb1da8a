/**
 * What a page and its worker tell each other: plain data, which structured cloning carries. Each message says what it is in its
 * field `bptt`; whatever else goes through the same worker is left alone.
 */
import type { SampleOptions } from '../models/char-model.ts';
import type { TrainingStep } from '../models/char-trainer.ts';
import type { DivergenceError } from '../models/divergence.ts';
import type { Update } from '../training/training.ts';
import type { TrainingState } from '../training/training-state.ts';

/** From the page to the worker. */
export type FromPage =
  | Begin
  | { readonly bptt: 'resume' }
  | { readonly bptt: 'pause' }
  /** To be answered with the same `id`. */
  | { readonly bptt: 'ask'; readonly id: number; readonly asked: Asked };

/** The first: what is to be trained there, and of what it is made. */
export type Begin = { readonly bptt: 'begin'; readonly given: unknown } & Beginning;

/** What is trained, and where it goes on and stands. */
export type Beginning =
  | { readonly what: 'training'; readonly from?: TrainingState | undefined }
  | { readonly what: 'trainer'; readonly from?: Uint8Array | undefined; readonly steps?: number | undefined };

/** What is asked for. */
export type Asked =
  | { readonly what: 'snapshot' }
  | { readonly what: 'save'; readonly note?: unknown }
  | { readonly what: 'gradients' }
  | { readonly what: 'evaluate'; readonly symbols: number | undefined; readonly streams: number }
  | { readonly what: 'sample'; readonly options: RemoteSampleOptions };

/** How a model in a worker writes: as `sample` does, but for a seed in place of the source of randomness. */
export interface RemoteSampleOptions extends Omit<SampleOptions, 'rng' | 's0' | 'prompt'> {
  /** What the model reads first: the beginning of a line, or of words of a paragraph, unless given. */
  readonly prompt?: string;
  /** Fixes what is drawn: 1 unless given. */
  readonly seed?: number;
}

/** One update of a `CharTrainer`. */
export interface TrainerUpdate extends TrainingStep {
  /** ‖g‖ of all parameters together, before clipping. */
  readonly norm: number;
}

/** A matrix on its way, row after row. */
export interface SentMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

/** From the worker to the page. */
export type FromWorker =
  /** The first: that it is there; and again, where there are locks, with the one that it holds as long. */
  | { readonly bptt: 'here'; readonly lock?: string }
  /** Some updates, the latest last. */
  | { readonly bptt: 'updates'; readonly updates: readonly (Update | TrainerUpdate)[] }
  | { readonly bptt: 'done' }
  | { readonly bptt: 'answer'; readonly id: number; readonly answer: unknown }
  /** What was asked for with that `id` cannot be had; or where there is none, the training cannot go on. */
  | { readonly bptt: 'failed'; readonly id?: number; readonly failure: Failure };

/** An error of the library in its parts, since cloning leaves the message alone of it; any other as it is. */
export type Failure =
  | { readonly name: string; readonly argument: string; readonly expected: string; readonly got: string }
  | { readonly divergence: Pick<DivergenceError, 'step' | 'tensor' | 'norms' | 'got'> }
  | { readonly error: unknown };
