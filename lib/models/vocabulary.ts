import { MemoryError, ValueError } from '../errors.ts';
import { describe, requireList } from '../require.ts';

/**
 * The symbols of a text: its Unicode code points, in ascending order. Symbol number k is class k.
 *
 * @example
 * ```ts
 * import { Vocabulary } from 'bptt';
 *
 * const vocabulary = Vocabulary.of('hello');
 * console.log(vocabulary.symbols.join('')); // → ehlo
 * console.log(vocabulary.encode('hole')); // → Int32Array(4) [ 1, 3, 2, 0 ]
 * ```
 */
export class Vocabulary {
  /** Said here, since a bundle calls classes otherwise. */
  static readonly name: string = 'Vocabulary';
  /** Every symbol, a string of one code point. */
  readonly symbols: readonly string[];
  /** The class of every code point up to the last symbol's, −1 where it is no symbol. */
  readonly #classes: Int32Array;

  private constructor(symbols: readonly string[]) {
    this.symbols = symbols;
    this.#classes = new Int32Array((symbols.at(-1)?.codePointAt(0) ?? 0) + 1).fill(-1);
    for (const [k, symbol] of symbols.entries()) this.#classes[symbol.codePointAt(0) ?? 0] = k;
  }

  /**
   * The symbols that occur in `text`.
   *
   * @throws ValueError when there are none.
   */
  static of(text: string): Vocabulary {
    if (typeof text !== 'string' || text === '')
      throw new ValueError('text', 'a text that is not empty', describe(text));
    const seen = new Uint8Array(CODE_POINTS / 8); // a bit each
    const points: number[] = [];
    for (let n = 0; n < text.length; n++) {
      const point = text.codePointAt(n) ?? 0;
      if (point >= PAIRED) n += 1;
      const byte = point >> 3;
      const bit = 1 << (point & 7);
      const known = seen[byte] ?? 0;
      if (known & bit) continue;
      seen[byte] = known | bit;
      points.push(point);
    }
    return new Vocabulary(points.sort((a, b) => a - b).map(point => String.fromCodePoint(point)));
  }

  /**
   * The vocabulary of these symbols, as another one's `symbols`. Not that of their text: there, two halves of a surrogate
   * pair would be one symbol.
   *
   * @throws ValueError when they are none, or not different code points in ascending order.
   */
  static ofSymbols(symbols: readonly string[]): Vocabulary {
    if (!Array.isArray(symbols) || symbols.length === 0)
      throw new ValueError('symbols', 'a list of symbols', describe(symbols));
    let last = -1;
    for (let k = 0; k < symbols.length; k++) {
      const symbol: unknown = symbols[k];
      const code = typeof symbol === 'string' ? (symbol.codePointAt(0) ?? -1) : -1;
      if (code <= last || symbol !== String.fromCodePoint(code)) {
        throw new ValueError(`symbols[${k}]`, 'different code points in ascending order', describe(symbol));
      }
      last = code;
    }
    return new Vocabulary([...symbols]);
  }

  /** How many symbols there are. */
  get size(): number {
    return this.symbols.length;
  }

  /**
   * The class of every code point of `text`: four bytes each, and nothing beside them while it is made.
   *
   * @throws ValueError naming the first symbol that is not in the vocabulary, and its place; MemoryError when memory does
   * not hold the classes.
   */
  encode(text: string): Int32Array {
    if (typeof text !== 'string') throw new ValueError('text', 'a text', describe(text));
    const classes = indices('text', symbolCount(text));
    let at = 0;
    for (let place = 0; place < classes.length; place++) {
      const point = text.codePointAt(at) ?? 0;
      const k = this.#classes[point] ?? -1;
      if (k < 0) {
        const got = `${describe(String.fromCodePoint(point))} at ${place}`;
        throw new ValueError('text', `symbols of the vocabulary (${this.size} of them)`, got);
      }
      classes[place] = k;
      at += point >= PAIRED ? 2 : 1;
    }
    return classes;
  }

  /**
   * The text of the given classes.
   *
   * @throws ValueError when one is no class of this vocabulary, or a string does not hold the text.
   */
  decode(indices: ArrayLike<number>): string {
    const { length } = requireList('indices', indices);
    if (length > LONGEST_TEXT) throw new ValueError('indices', LIMIT, `${length} symbols`);
    let text = '';
    for (let from = 0; from < length; from += JOINED) {
      const piece: string[] = [];
      for (let n = from; n < Math.min(from + JOINED, length); n++) {
        const k = indices[n];
        const symbol = typeof k === 'number' ? this.symbols[k] : undefined;
        piece.push(symbol ?? this.#refuse(n, k));
      }
      const more = piece.join('');
      if (text.length + more.length > LONGEST_TEXT) throw new ValueError('indices', LIMIT, `${length} symbols`);
      text += more;
    }
    return text;
  }

  #refuse(n: number, k: number | undefined): never {
    throw new ValueError(`indices[${n}]`, `an integer in 0…${this.size - 1}`, describe(k));
  }
}

/** Characters that a string may have, of 16 bits each. */
export const LONGEST_TEXT: number = 2 ** 29 - 24;

const LIMIT = `a text of at most ${LONGEST_TEXT} characters, which a string holds`;

/** Code points that there are, and the first of those that take two characters of a string. */
const [CODE_POINTS, PAIRED] = [0x110000, 0x10000];

/** Symbols that are joined at a time. */
const JOINED = 4096;

/** How many symbols a text has: its code points, of which a half of a surrogate pair without the other is one. */
export function symbolCount(text: string): number {
  let count = 0;
  for (let n = 0; n < text.length; n++) {
    if ((text.codePointAt(n) ?? 0) >= PAIRED) n += 1;
    count += 1;
  }
  return count;
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
