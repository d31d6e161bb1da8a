import { ValueError } from '../errors.ts';
import { describe, requireBoolean, requireInteger, requireKnown, requireList } from '../require.ts';
import { type Marks, requireMarks, requireToken } from './marks.ts';
import { ascending, CODE_POINTS, indices, LONGEST_TEXT, PAIRED, pointOf, symbolCount } from './text.ts';

/**
 * Symbols and their classes: symbol number k is class k. They are the characters of a text, its Unicode code points in
 * ascending order, or tokens of any length, such as words. `symbols` and `marks` are all that is to be kept of a vocabulary:
 * {@link Vocabulary.from} makes it of them again.
 *
 * @example
 * ```ts
 * import { Vocabulary } from 'bptt';
 *
 * const vocabulary = Vocabulary.of('hello');
 * console.log(vocabulary.symbols.join('')); // → ehlo
 * console.log(vocabulary.encode('hole')); // → Int32Array(4) [ 1, 3, 2, 0 ]
 *
 * const words = Vocabulary.ofTokens('the cat saw the dog'.split(' '), { unknown: '<unk>', stop: '<stop>' });
 * console.log(words.symbols); // → [ '<unk>', '<stop>', 'cat', 'dog', 'saw', 'the' ]
 * const classes = words.encode(['the', 'bird'], { stop: true });
 * console.log(classes, words.decodeTokens(classes)); // → Int32Array(3) [ 5, 0, 1 ] [ 'the', '<unk>', '<stop>' ]
 * ```
 */
export class Vocabulary {
  /** Said here, since a bundle calls classes otherwise. */
  static readonly name: string = 'Vocabulary';
  /** Every symbol, by its class. */
  readonly symbols: readonly string[];
  /** Those that stand for something else. */
  readonly marks: Marks;
  /** The class of every code point up to the last that is a symbol, −1 where it is none. */
  readonly #classes: Int32Array;
  /** The classes of the symbols of several code points. */
  readonly #longer: ReadonlyMap<string, number>;
  /** The class of what is not in the vocabulary, −1 where there is none. */
  readonly #unknown: number;

  private constructor(symbols: readonly string[], marks: Marks = {}) {
    this.symbols = symbols;
    this.marks = marks;
    const points = symbols.map(pointOf);
    this.#classes = new Int32Array(points.reduce((most, point) => Math.max(most, point), -1) + 1).fill(-1);
    const longer = new Map<string, number>();
    for (const [k, symbol] of symbols.entries()) {
      const point = points[k] ?? -1;
      if (point < 0) longer.set(symbol, k);
      else this.#classes[point] = k;
    }
    this.#longer = longer;
    this.#unknown = marks.unknown === undefined ? -1 : this.#find(marks.unknown);
  }

  /**
   * The characters that occur in `text`.
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
   * The marks, and behind them the tokens that occur, in ascending order: the same in whatever order they come.
   *
   * @param options the marks; how often a token has to occur at least, once unless given. What is rarer is unknown.
   * @throws ValueError when one is no string or an empty one, when two marks are the same, or none is left.
   */
  static ofTokens(tokens: readonly string[], options: Marks & { readonly least?: number } = {}): Vocabulary {
    requireList('tokens', tokens, 'a list of tokens');
    const { least = 1, ...marks } = requireKnown('options', options, ['least', 'unknown', 'start', 'stop']);
    requireInteger('least', least, 1);
    const first = requireMarks('options', marks);
    const counts = new Map<string, number>();
    for (let n = 0; n < tokens.length; n++) {
      const token = requireToken('tokens', n, tokens[n]);
      counts.set(token, (counts.get(token) ?? 0) + 1);
    }
    for (const mark of first) counts.delete(mark);
    const kept = [...counts].filter(([, count]) => count >= least).map(([token]) => token);
    if (kept.length === 0) throw new ValueError('tokens', `at least one that occurs ${least} times or more`, 'none');
    return new Vocabulary([...first, ...kept.sort(ascending)], marks);
  }

  /**
   * The vocabulary of a list of symbols, in its very order, as another one's `symbols`, and its `marks`.
   *
   * @param marks which symbols of the list stand for something else; none unless given.
   * @throws ValueError when the list is empty, one is no string, empty or there twice, or a mark is not in it.
   */
  static from(list: readonly string[], marks: Marks = {}): Vocabulary {
    requireList('list', list, 'a list of symbols');
    if (list.length === 0) throw new ValueError('list', 'at least one symbol', 'none');
    const own = requireKnown('marks', marks, ['unknown', 'start', 'stop']);
    const first = requireMarks('marks', own);
    const classes = new Map<string, number>();
    for (let k = 0; k < list.length; k++) {
      const symbol = requireToken('list', k, list[k]);
      const before = classes.get(symbol);
      if (before !== undefined)
        throw new ValueError(`list[${k}]`, `another symbol than list[${before}]`, describe(symbol));
      classes.set(symbol, k);
    }
    const absent = first.find(mark => !classes.has(mark));
    if (absent !== undefined) throw new ValueError('marks', 'symbols of the list', describe(absent));
    return new Vocabulary([...classes.keys()], own);
  }

  /**
   * The characters of a list, as the `symbols` of {@link Vocabulary.of}. Not those of their text: there, two halves of a
   * surrogate pair would be one symbol.
   *
   * @throws ValueError when they are none, or not different code points in ascending order.
   */
  static ofSymbols(symbols: readonly string[]): Vocabulary {
    if (!Array.isArray(symbols) || symbols.length === 0)
      throw new ValueError('symbols', 'a list of symbols', describe(symbols));
    let last = -1;
    for (let k = 0; k < symbols.length; k++) {
      const symbol: unknown = symbols[k];
      const code = typeof symbol === 'string' ? pointOf(symbol) : -1;
      if (code <= last) {
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
   * The class of a symbol, or that of the unknown mark.
   *
   * @throws ValueError when it is not in the vocabulary, which has no such mark.
   */
  classOf(token: string): number {
    return this.#known(requireToken('token', undefined, token)) ?? this.#refuse('token', token);
  }

  /**
   * The class of every character of a text, or of every token of a list: four bytes each, and nothing beside them while it is
   * made. What is not in the vocabulary is of the class of the unknown mark, where it has one.
   *
   * @param text a text, where all symbols but the marks are characters; otherwise a list of tokens.
   * @param ends whether the start mark is put before, and the stop mark behind; neither unless given.
   * @throws ValueError naming the first symbol that is not in the vocabulary, and its place, or a mark that it does not have;
   * MemoryError when memory does not hold the classes.
   */
  encode(
    text: string | readonly string[],
    ends: { readonly start?: boolean; readonly stop?: boolean } = {},
  ): Int32Array {
    const { start = false, stop = false } = requireKnown('ends', ends, ['start', 'stop']);
    const [first, last] = [this.#end('start', start), this.#end('stop', stop)];
    const from = first.length;
    if (typeof text === 'string') {
      const classes = indices('text', from + symbolCount(text) + last.length);
      this.#encodeText(text, classes.subarray(from, classes.length - last.length));
      classes.set(first);
      classes.set(last, classes.length - last.length);
      return classes;
    }
    requireList('text', text, 'a text or a list of tokens');
    const classes = indices('text', from + text.length + last.length);
    for (let n = 0; n < text.length; n++) {
      const token = requireToken('text', n, text[n]);
      classes[from + n] = this.#known(token) ?? this.#refuse(`text[${n}]`, token);
    }
    classes.set(first);
    classes.set(last, from + text.length);
    return classes;
  }

  /**
   * The symbols of the given classes, one behind the other.
   *
   * @throws ValueError when one is no class of this vocabulary, or a string does not hold the text.
   */
  decode(indices: ArrayLike<number>): string {
    const { length } = requireList('indices', indices);
    if (length > LONGEST_TEXT) throw new ValueError('indices', LIMIT, `${length} symbols`);
    let text = '';
    for (let from = 0; from < length; from += JOINED) {
      const piece: string[] = [];
      for (let n = from; n < Math.min(from + JOINED, length); n++) piece.push(this.#symbolAt(indices, n));
      const more = piece.join('');
      if (text.length + more.length > LONGEST_TEXT) throw new ValueError('indices', LIMIT, `${length} symbols`);
      text += more;
    }
    return text;
  }

  /**
   * The symbols of the given classes.
   *
   * @param options whether start marks are left out, and the first stop mark with all behind it, as `plain` says; no
   * unless given.
   * @throws ValueError when one is no class of this vocabulary.
   */
  decodeTokens(indices: ArrayLike<number>, options: { readonly plain?: boolean } = {}): string[] {
    const { plain = false } = requireKnown('options', options, ['plain']);
    requireBoolean('plain', plain);
    const { length } = requireList('indices', indices);
    const tokens: string[] = [];
    let ended = false;
    for (let n = 0; n < length; n++) {
      const token = this.#symbolAt(indices, n);
      ended ||= plain && token === this.marks.stop;
      if (!ended && !(plain && token === this.marks.start)) tokens.push(token);
    }
    return tokens;
  }

  /** The class of a symbol, −1 where it is none. */
  #find(token: string): number {
    const point = pointOf(token);
    return point < 0 ? (this.#longer.get(token) ?? -1) : (this.#classes[point] ?? -1);
  }

  /** The class of a symbol, or of the unknown mark. */
  #known(token: string): number | undefined {
    const k = this.#find(token);
    if (k >= 0) return k;
    return this.#unknown < 0 ? undefined : this.#unknown;
  }

  #refuse(argument: string, token: string): never {
    throw new ValueError(argument, `a token of the vocabulary (${this.size} of them)`, describe(token));
  }

  /** The class of a mark, where it is asked for. */
  #end(name: 'start' | 'stop', asked: boolean): readonly number[] {
    if (!requireBoolean(name, asked)) return [];
    const mark = this.marks[name];
    if (mark === undefined) throw new ValueError(name, `false, where the vocabulary has no ${name} mark`, 'true');
    return [this.#find(mark)];
  }

  #encodeText(text: string, classes: Int32Array): void {
    const marks: readonly (string | undefined)[] = Object.values(this.marks);
    const word = Array.from(this.#longer.keys()).find(symbol => !marks.includes(symbol));
    if (word !== undefined) {
      throw new ValueError('text', `a list of tokens, as ${describe(word)} of the vocabulary is one`, 'a text');
    }
    let at = 0;
    for (let place = 0; place < classes.length; place++) {
      const point = text.codePointAt(at) ?? 0;
      const found = this.#classes[point] ?? -1;
      const k = found < 0 ? this.#unknown : found;
      if (k < 0) {
        const got = `${describe(String.fromCodePoint(point))} at ${place}`;
        throw new ValueError('text', `symbols of the vocabulary (${this.size} of them)`, got);
      }
      classes[place] = k;
      at += point >= PAIRED ? 2 : 1;
    }
  }

  #symbolAt(indices: ArrayLike<number>, n: number): string {
    const k = indices[n];
    const symbol = typeof k === 'number' ? this.symbols[k] : undefined;
    if (symbol === undefined) throw new ValueError(`indices[${n}]`, `an integer in 0…${this.size - 1}`, describe(k));
    return symbol;
  }
}

const LIMIT = `a text of at most ${LONGEST_TEXT} characters, which a string holds`;

/** Symbols that are joined at a time. */
const JOINED = 4096;
