import { ValueError } from '../errors.ts';
import { describe, requireInteger, requireList } from '../require.ts';

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
  readonly #index: ReadonlyMap<string, number>;

  private constructor(symbols: readonly string[]) {
    this.symbols = symbols;
    this.#index = new Map(symbols.map((symbol, k) => [symbol, k]));
  }

  /**
   * The symbols that occur in `text`.
   *
   * @throws ValueError when there are none.
   */
  static of(text: string): Vocabulary {
    if (typeof text !== 'string' || text === '')
      throw new ValueError('text', 'a text that is not empty', describe(text));
    return new Vocabulary([...new Set(text)].sort((a, b) => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0)));
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
   * The class of every code point of `text`.
   *
   * @throws ValueError naming the first symbol that is not in the vocabulary, and its place.
   */
  encode(text: string): Int32Array {
    if (typeof text !== 'string') throw new ValueError('text', 'a text', describe(text));
    return Int32Array.from(text, (symbol, place) => {
      const k = this.#index.get(symbol);
      if (k === undefined) {
        throw new ValueError(
          'text',
          `symbols of the vocabulary (${this.size} of them)`,
          `${describe(symbol)} at ${place}`,
        );
      }
      return k;
    });
  }

  /**
   * The text of the given classes.
   *
   * @throws ValueError when one is no class of this vocabulary.
   */
  decode(indices: ArrayLike<number>): string {
    return Array.from(
      requireList('indices', indices),
      (k, n) => this.symbols[requireInteger(`indices[${n}]`, k, 0, this.size - 1)],
    ).join('');
  }
}
