import { ShapeError } from '../errors.ts';
import { requireCount, requireInteger, requireKnown, requireList, requireSize } from '../require.ts';
import { Sequence } from '../sequence.ts';
import { type Examples, everyOne, examples } from './examples.ts';

/**
 * Pairs of sequences for an encoder–decoder to learn from, of class indices, as `Vocabulary.encode` gives them. `x[n]` is read by
 * the encoder. `y[n]` begins with the start mark and ends with the stop mark: the decoder reads it without its last symbol, and
 * should write it without its first (teacher forcing). Sequences may differ in length on both sides.
 *
 * @param given x, of so many `classes`, and y, of so many `targets`: as many as x unless given.
 * @throws ShapeError, ValueError when x and y are not of one length, there are none, an index is no class, or one of y has fewer than
 * two symbols: each names its place.
 *
 * @example
 * ```ts
 * import { pairs } from 'bptt';
 *
 * const { x, beside, y } = pairs({ x: [[2, 3], [3]], y: [[0, 2, 1], [0, 3, 3, 1]], classes: 4 }).batch([0, 1]);
 * console.log(x.lengths, beside?.unpackIndices(), y); // → Int32Array(2) [ 2, 1 ] [ [ 0, 2 ], [ 0, 3, 3 ] ] Int32Array(6) [ 2, 3, 1, 3, 0, 1 ]
 * ```
 */
export function pairs(given: {
  readonly x: readonly ArrayLike<number>[];
  readonly y: readonly ArrayLike<number>[];
  readonly classes: number;
  readonly targets?: number;
}): Examples<Int32Array, Sequence> {
  const { x, y, classes, targets = classes } = requireKnown('given', given, ['x', 'y', 'classes', 'targets']);
  requireSize('classes', classes);
  requireSize('targets', targets);
  requireList('x', x, 'a list of sequences');
  requireCount('y', y, x.length, 'targets, one a sequence');
  for (const [n, symbols] of Array.from(y).entries()) {
    if (requireList(`y[${n}]`, symbols).length < 2)
      throw new ShapeError(`y[${n}]`, 'a start and a stop at least', `${symbols.length} symbols`);
    for (let t = 0; t < symbols.length; t++) requireInteger(`y[${n}][${t}]`, symbols[t] ?? Number.NaN, 0, targets - 1);
  }
  const read = Array.from(y, symbols => Array.from(symbols).slice(0, -1));
  const written = examples({ x, classes, y: Array.from(y, symbols => Array.from(symbols).slice(1)) });
  return {
    ...written,
    batch: (which = everyOne(x.length)) => {
      const batch = written.batch(which);
      const beside = Sequence.pack(
        which.map(n => read[n] ?? []),
        { classes: targets },
      );
      return { ...batch, beside };
    },
  };
}
