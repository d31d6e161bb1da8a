import { type Rows, requireRows } from '../entries.ts';
import { ValueError } from '../errors.ts';
import { requireKnown, requireSize } from '../require.ts';
import { Sequence } from '../sequence.ts';

/** How windows are cut. */
export interface WindowOptions {
  /** Steps that are seen. */
  readonly length: number;
  /** Steps behind these that are to be foretold; 1 unless given. */
  readonly horizon?: number;
  /** Steps from the beginning of one window to that of the next; 1 unless given. */
  readonly stride?: number;
}

/** A batch of windows, one a sequence. */
export interface Windows {
  /** What is seen: T = length, B windows, F columns. */
  readonly x: Sequence;
  /** What comes next: T = horizon, B windows, F columns. */
  readonly y: Sequence;
  /** The step of the series that each window begins with. */
  readonly starts: Int32Array;
}

/**
 * All windows over a series that lie within it whole, for forecasting: window b sees the `length` steps from `starts[b]` on,
 * and is to foretell the `horizon` steps behind them. Steps at the end that make no whole window are in none.
 *
 * Cut a series into what is trained on and what is tested before, not the windows after: those that overlap know each
 * other's answers.
 *
 * @param series one vector a step, of F numbers; copied.
 * @throws ShapeError when vectors differ in width; ValueError when a number is not finite, or the series is shorter than one
 * window with its horizon; MemoryError.
 * @example
 * ```ts
 * import { windows } from 'bptt';
 *
 * const { x, y, starts } = windows([[1], [2], [3], [4], [5], [6]], { length: 3, horizon: 1, stride: 2 });
 * console.log(x.unpack()); // → [ [ [ 1 ], [ 2 ], [ 3 ] ], [ [ 3 ], [ 4 ], [ 5 ] ] ]
 * console.log(y.unpack(), starts); // → [ [ [ 4 ] ], [ [ 6 ] ] ] Int32Array(2) [ 0, 2 ]
 * ```
 */
export function windows(series: readonly ArrayLike<number>[], options: WindowOptions): Windows {
  const { length, horizon = 1, stride = 1 } = requireKnown('options', options, ['length', 'horizon', 'stride']);
  const whole = requireSize('length', length) + requireSize('horizon', horizon);
  requireSize('stride', stride);
  const rows = requireRows('series', series);
  if (rows.rows < whole) {
    throw new ValueError('series', `at least ${whole} steps, a window and its horizon`, `${rows.rows}`);
  }
  const B = Math.floor((rows.rows - whole) / stride) + 1;
  const starts = Int32Array.from({ length: B }, (_, b) => b * stride);
  return { x: cut(rows, starts, 0, length), y: cut(rows, starts, length, horizon), starts };
}

/** The steps of a series `from` behind each of the starts, T of them. */
function cut({ data, columns: F }: Rows, starts: Int32Array, from: number, T: number): Sequence {
  const B = starts.length;
  const made = Sequence.zeros({ T, B, F });
  starts.forEach((start, b) => {
    for (let t = 0; t < T; t++) {
      const step = start + from + t;
      made.data.set(data.subarray(step * F, (step + 1) * F), (t * B + b) * F);
    }
  });
  return made;
}
