/** What a demo is: a small system of the lectures that learns before one's eyes, and says how well it has. */

import type { Cell } from '../cells/cell.ts';
import type { Engine } from '../models/network.ts';

/** How far a demo is. */
export interface DemoProgress {
  readonly done: number;
  readonly total: number;
  /** The loss, or what else is telling. */
  readonly note: string;
}

/** Lines of a picture, each a name and its points. */
export interface Curves {
  readonly x: string;
  readonly y: string;
  readonly series: readonly { readonly name: string; readonly points: readonly (readonly [x: number, y: number])[] }[];
}

/** How a demo ended. */
export interface DemoResult {
  /** The figure that is held against the demo's threshold, on data it was not trained on where there is any. */
  readonly metric: number;
  /** What to show: examples, tables. */
  readonly lines: readonly string[];
  /** What to draw, where a picture helps. */
  readonly curves?: Curves;
}

/** The network asked for: the demo's own where a part is absent. */
export interface DemoNetwork {
  readonly cell?: Cell;
  readonly layers?: number;
  /** What computes it: the engine unless given. */
  readonly engine?: Engine;
}

/** A system that learns something in seconds to minutes. */
export interface Demo {
  readonly name: string;
  /** One line: what is learnt, by what. */
  readonly title: string;
  /** What the metric is, with its unit. */
  readonly metric: string;
  /** The metric is at least this when the demo has done well. */
  readonly threshold: number;
  /**
   * Learns; yields now and then. The seed fixes every number that is drawn. Few demos leave the cell to be chosen, all of
   * them the engine.
   */
  run(seed: number, network?: DemoNetwork): Generator<DemoProgress, DemoResult, undefined>;
}
