/**
 * A text as so many streams that are read side by side, each a part of it: what a batch is of a text whose state is carried.
 *
 * | symbol | shape | meaning |
 * |--------|-------|---------|
 * | x | T×B, one-hot | the symbol that stream b reads at step t: number b·T + t of the text |
 * | y | T·B | the one after it, which is to be foretold |
 */
import { Sequence } from '../sequence.ts';

/** What is read, and what is to be foretold, of each stream. */
export interface Streams {
  readonly x: Sequence;
  /** The classes to be foretold at the steps [from, to), time-major. */
  targets(from: number, to: number): Int32Array;
}

/**
 * B streams of ⌊(symbols − 1) / B⌋ steps; fewer than B symbols at the end of the text may be left over. One stream shares the
 * text's memory, several take as much again.
 *
 * @param text class indices, more than B of them.
 */
export function streamsOf(text: Int32Array, B: number, classes: number): Streams {
  const T = stepsOfEach(text.length, B);
  const rows = B === 1 ? text : inTurn(text, T, B);
  return {
    x: Sequence.oneHot(rows.subarray(0, T * B), { T, B, classes }),
    targets: (from, to) => rows.subarray((from + 1) * B, (to + 1) * B),
  };
}

/** How many steps each of B streams of a text has. */
export function stepsOfEach(symbols: number, B: number): number {
  return Math.floor((symbols - 1) / B);
}

/** Step after step, a symbol of each stream, and one step more: the last that is foretold. */
function inTurn(text: Int32Array, T: number, B: number): Int32Array {
  const rows = new Int32Array((T + 1) * B);
  for (let t = 0; t <= T; t++) for (let b = 0; b < B; b++) rows[t * B + b] = text[b * T + t] ?? 0;
  return rows;
}
