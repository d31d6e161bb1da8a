/** What the page of texts asks of its worker beside the training, which is `bptt/worker`'s. */
import type { Level } from 'bptt';

/** How a network is trained, as the page chooses it. */
export interface Choice {
  readonly cell: string;
  readonly level: Level;
  readonly hidden: number;
  readonly layers: number;
  readonly learningRate: number;
  readonly batch: number;
  readonly chunk: number;
}

/** What a training is made of: a text, and how it is learnt or where it goes on. */
export type Given = { readonly text: Uint8Array } & (
  | { readonly choice: Choice; readonly checkpoint?: undefined }
  | { readonly checkpoint: Uint8Array; readonly choice?: undefined }
);

/** A question, answered with the same `own`. */
export type Own = { readonly own: number } & (
  | { readonly kind: 'text'; readonly text: Uint8Array; readonly level: Level }
  | { readonly kind: 'open'; readonly checkpoint: Uint8Array; readonly text: Uint8Array | undefined }
  | { readonly kind: 'save'; readonly source: unknown }
  | { readonly kind: 'units'; readonly layer: number }
  | { readonly kind: 'track'; readonly layer: number }
  | { readonly kind: 'write'; readonly prompt: string; readonly temperature: number; readonly seed: number }
);

/** A checkpoint, and the update that it is of. */
export interface Saved {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly step: number;
}

/** What a text is. */
export interface TextFacts {
  readonly symbols: number;
  readonly different: number;
}

/** What a checkpoint is. */
export interface CheckpointFacts {
  readonly choice: Choice;
  readonly step: number;
  readonly smoothed: number;
  /** Whether it was trained on the text that is there, on which alone it can go on. */
  readonly isOfText: boolean;
  /** What its text was called, where that is said. */
  readonly source: string | undefined;
}

/** What units did over some symbols of a text. */
export interface Units {
  readonly symbols: readonly string[];
  readonly m: number;
  readonly layers: number;
  /** `h`, or tanh(c) where the cell has a c. */
  readonly state: string;
  /** m numbers a symbol, in [−1, 1] unless the cell has others. */
  readonly values: Float32Array;
}

/** Which unit follows a property of the text best, and how closely, of a part that it was not chosen by. */
export interface Track {
  readonly name: string;
  readonly unit: number;
  readonly r: number;
}

/** How it is trained: as chosen, or as much of it as the text is long enough for; and by what. */
export interface Trained {
  readonly choice: Choice;
  readonly isSlow: boolean;
  readonly parameters: number;
  readonly heldOut: number;
}

export type OwnAnswer =
  | { readonly own: number; readonly answer: unknown }
  | { readonly own: number; readonly why: string }
  | { readonly own: 'made'; readonly answer: Trained };
