import { type Rows, requireRows } from '../entries.ts';
import { ShapeError, ValueError } from '../errors.ts';
import { requireInteger, requireKnown, requireList, requireSize } from '../require.ts';
import { Sequence } from '../sequence.ts';
import { type Examples, everyOne } from './examples.ts';

/** Which windows are examples, and what is foretold. */
export interface WindowExampleOptions {
  /** Steps that are seen. */
  readonly length: number;
  /** Steps behind these that are foretold, as one vector; 1 unless given. */
  readonly horizon?: number;
  /** The column that is foretold; all of them unless given. */
  readonly target?: number;
}

/**
 * Examples for forecasting: every window over every series, with what comes behind it. They are cut when they are asked for, so that they
 * take no more memory than the series. A target is one step: a vector of the steps to come, one after the other.
 *
 * @param series some series, each of one vector a step; copied. One that is shorter than a window with its horizon has none.
 * @throws ShapeError when vectors differ in width, or there are none; ValueError when a number is not finite, or no series is long enough.
 *
 * @example
 * ```ts
 * import { windowExamples } from 'bptt';
 *
 * const { count, batch } = windowExamples([[[1, 5], [2, 6], [3, 7], [4, 8]]], { length: 2, target: 0 });
 * const { x, y } = batch([0, 1]);
 * console.log(count, x.unpack()[1], y.unpack()); // → 2 [ [ 2, 6 ], [ 3, 7 ] ] [ [ [ 3 ] ], [ [ 4 ] ] ]
 * ```
 */
export function windowExamples(
  series: readonly (readonly ArrayLike<number>[])[],
  options: WindowExampleOptions,
): Examples<Sequence> {
  const { length, horizon = 1, target } = requireKnown('options', options, ['length', 'horizon', 'target']);
  const whole = requireSize('length', length) + requireSize('horizon', horizon);
  const all = Array.from(requireList('series', series, 'a list of series'), (rows, n) =>
    requireRows(`series[${n}]`, rows),
  );
  const F = all[0]?.columns ?? 0;
  if (target !== undefined) requireInteger('target', target, 0, F - 1);
  const places: (readonly [rows: Rows, start: number])[] = [];
  for (const [n, rows] of all.entries()) {
    if (rows.columns !== F) throw new ShapeError(`series[${n}]`, `vectors of ${F} numbers`, `${rows.columns}`);
    for (let start = 0; start + whole <= rows.rows; start++) places.push([rows, start]);
  }
  if (places.length === 0) throw new ValueError('series', `one of at least ${whole} steps`, 'none');
  const columns = target === undefined ? Array.from({ length: F }, (_, k) => k) : [target];
  return {
    count: places.length,
    batch(which = everyOne(places.length)) {
      const B = requireList('which', which).length;
      const x = Sequence.zeros({ T: length, B, F });
      const y = Sequence.zeros({ T: 1, B, F: horizon * columns.length });
      for (const [b, n] of which.entries()) {
        const place = places[requireInteger(`which[${b}]`, n, 0, places.length - 1)];
        if (place) cut(place, b, x, y, columns);
      }
      return { x, y };
    },
  };
}

/** Puts a window, and what comes behind it, into sequence b. */
function cut(
  [{ data, columns: F }, start]: readonly [rows: Rows, start: number],
  b: number,
  x: Sequence,
  y: Sequence,
  columns: readonly number[],
): void {
  for (let t = 0; t < x.T; t++) x.data.set(data.subarray((start + t) * F, (start + t + 1) * F), (t * x.B + b) * F);
  for (let i = 0; i < y.F; i++) {
    const step = start + x.T + Math.floor(i / columns.length);
    y.data[b * y.F + i] = data[step * F + (columns[i % columns.length] ?? 0)] ?? Number.NaN;
  }
}
