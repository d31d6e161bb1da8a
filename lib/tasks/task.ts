/** What is common to the tasks: each makes a network of what it reads, teaches it, judges it, and lets it answer. */
import type { Cell } from '../cells/cell.ts';
import type { Models } from '../io/model-file.ts';
import type { Vocabulary } from '../models/vocabulary.ts';
import type { Scaler } from '../training/scaler.ts';
import type { Training } from '../training/training.ts';
import type { Item } from './items.ts';
import type { Understanding } from './understanding.ts';

/** What a user may choose: it goes into the file of the model, but for the cell, which is in the network. */
export interface Settings {
  readonly hidden: number;
  readonly layers: number;
  readonly epochs: number;
  /** Sequences, or windows, an update. */
  readonly batch: number;
  readonly learningRate: number;
  /** Epochs without a better loss after which it ends. */
  readonly patience: number;
  readonly seed: number;
  /** Steps that a forecast sees, and that it foretells. */
  readonly length: number;
  readonly horizon: number;
  /** The parts of the file that are chosen and tested by. */
  readonly validation: number;
  readonly test: number;
}

/** What there is to know beside the network: it is saved with it. */
export interface Known {
  readonly understanding: Understanding;
  readonly settings: Settings;
  readonly scaler?: Scaler | undefined;
  readonly vocabulary?: Vocabulary | undefined;
  /** What is told apart, by number. */
  readonly classes?: readonly string[] | undefined;
  /** How often each symbol was in what was learnt from. */
  readonly counts?: readonly number[] | undefined;
}

/** The sequences of a file, by what they are for. */
export interface Parts {
  readonly train: readonly Item[];
  readonly validation: readonly Item[];
  readonly test: readonly Item[];
}

/** What is known of a file by who made it. */
export interface About {
  /** The least root mean square error that there can be. */
  readonly noiseFloor?: number;
}

/** How well a network does. */
export interface Judged {
  /** The loss that it was trained by, and what people ask for: a number each, by name. */
  readonly figures: Readonly<Record<string, number | null>>;
  /** A table, a line each. */
  readonly lines: readonly string[];
  /** What was foretold, beside what came; of a forecast. */
  readonly forecast?: readonly { readonly at: string; readonly truth: number; readonly foretold: number }[];
  /** How often a class (row) was taken for another (column). */
  readonly confusion?: { readonly classes: readonly string[]; readonly counts: readonly (readonly number[])[] };
}

/** What a network says of a sequence. */
export type Answer = Readonly<Record<string, string | number | readonly string[]>>;

/** A training, whatever its targets are. */
export type Steps = Pick<Training<unknown>, 'step' | 'done' | 'state' | 'history'> & {
  resume(state: ReturnType<Training<unknown>['state']>): unknown;
};

/** A network that has learnt, or is about to. */
export interface Learnt {
  readonly model: Models['any'];
  /** The training that it is to go through, from its beginning. */
  train(parts: Parts): Steps;
  judge(items: readonly Item[], about: About): Judged;
  /** One answer a sequence, or several. */
  answer(items: readonly Item[]): readonly Answer[];
}

/** A task. */
export interface Task {
  /** @throws FormatError when there is too little. */
  split(items: readonly Item[], known: Pick<Known, 'understanding' | 'settings'>): Parts;
  /** What there is to know of what is learnt from; of the other parts, which classes there are and no more. */
  know(parts: Parts, known: Pick<Known, 'understanding' | 'settings'>): Known;
  /** A network that has learnt nothing. */
  build(known: Known, cell: Cell): Models['any'];
  /** A network with what it can do. */
  learnt(model: Models['any'], known: Known): Learnt;
}
