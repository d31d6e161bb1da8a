/** What counts in the buffer of a batch of sequences, [T][B][width]: nothing else is ever looked at. */
import { ValueError } from './errors.ts';
import { describe, requireFinite, requireInteger } from './require.ts';
import type { FloatArray } from './views.ts';

/** Steps, sequences, and how many steps of each count: all T unless given. */
export interface Counted {
  readonly T: number;
  readonly B: number;
  readonly lengths?: Int32Array | undefined;
}

/** The largest index that an `Int32Array` holds. */
const LARGEST = 2 ** 31 - 1;

/** Calls `visit` with where the numbers of a step that counts begin and end: once, where all do. */
function eachCounted({ T, B, lengths }: Counted, width: number, visit: (from: number, to: number) => void): void {
  if (!lengths) {
    visit(0, T * B * width);
    return;
  }
  for (let n = 0; n < T * B; n++) {
    if (n < (lengths[n % B] ?? 0) * B) visit(n * width, (n + 1) * width); // n = tB + b, and t < length
  }
}

/** Every number that counts is finite, or throws {@link ValueError} naming the first that is not. */
export function requireNumbers(argument: string, data: ArrayLike<number>, counted: Counted, width: number): void {
  if (!counted.lengths) {
    requireFinite(argument, data);
    return;
  }
  eachCounted(counted, width, (from, to) => {
    for (let i = from; i < to; i++) {
      if (!Number.isFinite(data[i])) throw new ValueError(`${argument}[${i}]`, 'a finite number', describe(data[i]));
    }
  });
}

/** Every index that counts is one of so many classes, or throws {@link ValueError} naming the first that is not. */
export function requireIndices(argument: string, data: ArrayLike<number>, counted: Counted, classes: number): void {
  const last = Math.min(classes - 1, LARGEST);
  eachCounted(counted, 1, (from, to) => {
    for (let n = from; n < to; n++) {
      const k = data[n] ?? Number.NaN;
      if (!(Number.isInteger(k) && k >= 0 && k <= last)) requireInteger(`${argument}[${n}]`, k, 0, last);
    }
  });
}

/** Copies a list whose numbers that count are known to be some; 0 for what is no number at all. */
export function copyNumbers(from: ArrayLike<unknown>, to: FloatArray | Int32Array): void {
  for (let i = 0; i < to.length; i++) {
    const value = from[i];
    to[i] = typeof value === 'number' ? value : 0;
  }
}

/** A copy with zeros at padding. */
export function withoutPadding<Data extends FloatArray | Int32Array>(data: Data, { T, B, lengths }: Counted): Data {
  const copy = data.slice() as Data;
  const width = data.length / (T * B);
  lengths?.forEach((length, b) => {
    for (let t = length; t < T; t++) copy.fill(0, (t * B + b) * width, (t * B + b + 1) * width);
  });
  return copy;
}
