/** Texts as their code points, of which a half of a surrogate pair without the other is one. */
import { MemoryError } from '../errors.ts';

/** Characters that a string may have, of 16 bits each. */
export const LONGEST_TEXT: number = 2 ** 29 - 24;

/** Code points that there are. */
export const CODE_POINTS = 0x110000;

/** The first code point that takes two characters of a string. */
export const PAIRED = 0x10000;

/** How many symbols a text has: its code points. */
export function symbolCount(text: string): number {
  let count = 0;
  for (let n = 0; n < text.length; n++) {
    if ((text.codePointAt(n) ?? 0) >= PAIRED) n += 1;
    count += 1;
  }
  return count;
}

/** The one code point that a text has; −1 where it has none or several. */
export function pointOf(text: string): number {
  const point = text.codePointAt(0) ?? -1;
  return text.length === (point >= PAIRED ? 2 : 1) ? point : -1;
}

/** Which of two texts comes first, by their code points: negative where the first does. */
export function ascending(a: string, b: string): number {
  let n = 0;
  while (n < a.length && a.charCodeAt(n) === b.charCodeAt(n)) n += 1;
  return (a.codePointAt(n) ?? -1) - (b.codePointAt(n) ?? -1);
}

/** Room for so many class indices, or throws {@link MemoryError}. */
export function indices(argument: string, count: number): Int32Array {
  try {
    return new Int32Array(count);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new MemoryError(argument, 'as many symbols as memory holds, four bytes each', `${count}`);
  }
}
