/** Lists of unequal length, laid into one buffer [T][B][F] with zeros behind the end of each. */
import { requireSome, requireWidth } from './entries.ts';
import { ShapeError, ValueError } from './errors.ts';
import { allocate, describe, requireInteger, requireKnown, requireSize } from './require.ts';

/** One list a sequence, of vectors or of class indices. */
export type Ragged = readonly (ArrayLike<number> | readonly ArrayLike<number>[])[];

/** The buffer, and what a sequence over it is. */
export interface Packed<Data> {
  readonly data: Data;
  readonly F: number;
  readonly extent: { readonly T: number; readonly B: number; readonly lengths?: Int32Array };
}

/** The largest index that an `Int32Array` holds. */
const LARGEST = 2 ** 31 - 1;

/** Of vectors: see `Sequence.pack`. */
export function packVectors(rows: Ragged): Packed<Float64Array> {
  const extent = extentOf(rows);
  const { T, B } = extent;
  let F: number | undefined;
  for (let b = 0; b < B; b++) F = requireWidth(`rows[${b}]`, vectorsOf(rows, b), F);
  const columns = F ?? 0;
  const data = allocate('T·B·F', T * B * columns);
  for (let b = 0; b < B; b++) {
    vectorsOf(rows, b).forEach((vector, t) => {
      const at = (t * B + b) * columns; // of so few numbers a loop is faster than a copy
      for (let j = 0; j < columns; j++) data[at + j] = vector[j] ?? Number.NaN;
    });
  }
  return { data, F: columns, extent };
}

/** Of class indices: see `Sequence.pack`. */
export function packIndices(rows: Ragged, options: { readonly classes: number }): Packed<Int32Array> {
  const { classes } = requireKnown('options', options, ['classes']);
  requireSize('classes', classes);
  const extent = extentOf(rows);
  const { T, B } = extent;
  const eachIndex = (visit: (k: number, t: number, b: number) => void) => {
    for (let b = 0; b < B; b++) {
      const row = rows[b] ?? [];
      for (let t = 0; t < row.length; t++) visit(row[t] as number, t, b);
    }
  };
  const last = Math.min(classes - 1, LARGEST);
  eachIndex((k, t, b) => {
    if (!(Number.isInteger(k) && k >= 0 && k <= last)) requireInteger(`rows[${b}][${t}]`, k, 0, last);
  });
  const data = allocate('T·B', T * B, Int32Array);
  eachIndex((k, t, b) => {
    data[t * B + b] = k;
  });
  return { data, F: classes, extent };
}

/** How long the sequences are: none of them empty. */
function extentOf(rows: Ragged): Packed<unknown>['extent'] {
  const B = requireSome('rows', rows, 'one list a sequence');
  let T = 0;
  for (let b = 0; b < B; b++) T = Math.max(T, requireSome(`rows[${b}]`, rows[b], 'a sequence of steps'));
  if (rows.every(row => row.length === T)) return { T, B };
  return { T, B, lengths: Int32Array.from(rows, row => row.length) };
}

/** Sequence b as vectors, its first one looked at: numbers in their place are classes, of which nobody said how many. */
function vectorsOf(rows: Ragged, b: number): readonly ArrayLike<number>[] {
  const row = rows[b];
  const place = `rows[${b}]`;
  if (!Array.isArray(row)) throw new ValueError(place, 'a list of vectors', describe(row));
  if (typeof row[0] === 'number') {
    throw new ShapeError(`${place}[0]`, 'a vector of numbers, or { classes } beside the rows', describe(row[0]));
  }
  return row as readonly ArrayLike<number>[];
}
