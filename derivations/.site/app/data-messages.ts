/** What the page of tables asks its worker, and what that answers. */
import type { GivenRoles, Judged, Answer as Said, Settings, Sizes, TaskName, Understanding } from 'bptt/tasks';

/** How a table is to be read and learnt from; what is not said is guessed. */
export interface Wish {
  readonly task?: TaskName;
  readonly roles?: GivenRoles;
  readonly delimiter?: string;
  readonly missing: 'error' | 'drop' | 'carry';
  readonly cell: string;
  readonly settings: Partial<Settings>;
}

export type Question =
  | {
      readonly id: number;
      readonly kind: 'read';
      readonly name: string;
      readonly bytes: Uint8Array;
      readonly wish: Wish;
      /** The model of a training that was kept, to be gone on with where it is of this table. */
      readonly before?: Uint8Array;
    }
  | { readonly id: number; readonly kind: 'train' | 'pause' | 'save' | 'foretell' };

/** A table, as it looks. */
export interface Look {
  readonly columns: readonly { readonly name: string; readonly kind: string }[];
  /** The first rows, as they are written. */
  readonly rows: readonly (readonly string[])[];
  /** What else is to be said of it. */
  readonly notes: readonly string[];
  readonly task: TaskName;
}

/** What is made of it. */
export interface Made {
  readonly understanding: Understanding;
  readonly sizes: Sizes;
  readonly rows: number;
  readonly dropped: number;
  readonly carried: number;
  readonly parameters: number;
  /** Where its training stands. */
  readonly stands: Standing;
}

/** How far a training is. */
export interface Standing {
  readonly update: number;
  readonly epochs: readonly { readonly epoch: number; readonly loss: number; readonly validation: number | null }[];
  readonly done: boolean;
}

/** How far one is that goes on. */
export interface Progress extends Standing {
  readonly updates: number;
  readonly loss: number;
}

export type Answer = { readonly id: number } & (
  | { readonly kind: 'looked'; readonly look: Look }
  | { readonly kind: 'made'; readonly made: Made }
  | { readonly kind: 'progress'; readonly progress: Progress }
  /** How well it does after so many epochs. */
  | { readonly kind: 'judged'; readonly judged: Judged; readonly epochs: number }
  | { readonly kind: 'saved'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'kept'; readonly bytes: Uint8Array<ArrayBuffer>; readonly update: number }
  | { readonly kind: 'foretold'; readonly answers: readonly Said[] }
  | { readonly kind: 'failed'; readonly why: string }
);
