/** What models that learn a text are given, and what they give. */
import type { Vocabulary } from '../models/vocabulary.ts';

/** A text in three parts, one after the other, as class indices. */
export interface Texts {
  readonly vocabulary: Vocabulary;
  /** What all models learn from. */
  readonly fit: Int32Array;
  /** What they are chosen by: the order, and when to stop. */
  readonly validation: Int32Array;
  /** What they are held against, once. */
  readonly heldOut: Int32Array;
}

/** How large the models are, and how long they learn. */
export interface Budget {
  /** Hidden units of the networks. */
  readonly hidden: number;
  /** Updates of each network. */
  readonly steps: number;
  /** The largest order of the n-grams. */
  readonly order: number;
  /** Symbols that the window net sees. */
  readonly window: number;
  /** States of the hidden Markov model, and how often they are re-estimated. */
  readonly states: number;
  readonly rounds: number;
  /** Fixes every number that is drawn. */
  readonly seed: number;
}

/** A model that has learnt. */
export interface Learnt {
  /** What it is: sizes, and what was chosen. */
  readonly what: string;
  /** How many numbers it has learnt. */
  readonly parameters: number;
  /** The mean of −log p over every symbol of a text but the first, in nats a symbol. */
  evaluate(text: Int32Array): number;
}

/** A model that learns, and says now and then how far it is. */
export type Learning = Generator<
  { readonly done: number; readonly total: number; readonly note: string },
  Learnt,
  undefined
>;

/** A model that can learn. */
export type Contender = (texts: Texts, budget: Budget) => Learning;

/** A loss in nats as bits a symbol. */
export function bits(nats: number): string {
  return Number.isFinite(nats) ? `${(nats / Math.LN2).toFixed(3)} bits/char` : '…';
}
