/**
 * What the symbols of a text are: its characters, its words, or its bytes.
 *
 * Words are said so that they can be joined again: a word has the space before it, `Shall`, ` I`, ` compare`, and a mark such as a
 * comma, or a line's end, is a symbol of its own. Paragraphs, between which a line is empty, stand each between a start and a stop
 * mark; and words that occur once only are one symbol, the unknown.
 */
import { ValueError } from '../errors.ts';
import { describe, requireClasses } from '../require.ts';
import type { Marks } from './marks.ts';
import { Vocabulary } from './vocabulary.ts';

/** What a symbol is. */
export type Level = 'char' | 'word' | 'byte';

/** The levels there are. */
export const levelNames: readonly Level[] = ['char', 'word', 'byte'];

/** `level` is one, or throws ValueError. Returns it. */
export function requireLevel(level: Level): Level {
  if (!levelNames.includes(level)) throw new ValueError('level', `one of ${levelNames.join(', ')}`, describe(level));
  return level;
}

/** What stands for no word of the text; that no word can be, since they are split at such signs. */
const MARKS: Required<Marks> = { unknown: '<unknown>', start: '<start>', stop: '<stop>' };

/** How often a word has to occur at least, not to be unknown. */
const LEAST = 2;

/** A word with the space before it, any other sign alike, or a white space by itself. */
const WORDS = / ?[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*| ?[^\s\p{L}\p{M}\p{N}]|\s/gu;

/** Lines' ends between two paragraphs, and what they are written as. */
const [BETWEEN, GAP] = [/\n{2,}/, '\n\n'];

/**
 * The symbols of a text, of bytes all there can be.
 *
 * @throws ValueError when it has none, or of words none that occurs twice.
 */
export function vocabularyAt(level: Level, text: string): Vocabulary {
  if (level === 'char') return Vocabulary.of(text);
  if (typeof text !== 'string' || text === '') throw new ValueError('text', 'a text that is not empty', describe(text));
  if (level === 'byte')
    return Vocabulary.ofSymbols(Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)));
  return Vocabulary.ofTokens(paragraphsOf(text).flat(), { ...MARKS, least: LEAST });
}

/** The vocabulary of a list of symbols that {@link vocabularyAt} once made, or throws ValueError. */
export function vocabularyFrom(level: Level, symbols: readonly string[]): Vocabulary {
  return level === 'word' ? Vocabulary.from(symbols, MARKS) : Vocabulary.ofSymbols(symbols);
}

/**
 * A text as classes.
 *
 * @throws ValueError when it has characters outside the vocabulary, or of bytes half a surrogate pair.
 */
export function encodeAt(level: Level, vocabulary: Vocabulary, text: string): Int32Array {
  if (level === 'char') return vocabulary.encode(text);
  if (level === 'byte') return Int32Array.from(bytesOf(text));
  return vocabulary.encode(paragraphsOf(text).flatMap(words => [MARKS.start, ...words, MARKS.stop]));
}

/**
 * What a model is given to go on from, as classes, if it is not given as such: of words the beginning of a paragraph, which may
 * be empty.
 *
 * @throws ValueError when there is no symbol, or one that the vocabulary does not have.
 */
export function encodePromptAt(level: Level, vocabulary: Vocabulary, prompt: string | Int32Array): Int32Array {
  if (prompt instanceof Int32Array) return requireClasses('prompt', prompt, vocabulary.size, 1).slice();
  if (typeof prompt !== 'string' || (prompt === '' && level !== 'word')) {
    throw new ValueError('prompt', 'at least one symbol', describe(prompt));
  }
  if (level === 'char') requireSymbols(vocabulary, prompt);
  if (level !== 'word') return encodeAt(level, vocabulary, prompt);
  const paragraphs = prompt.split(BETWEEN).map(wordsOf);
  const words = paragraphs.flatMap((own, n) => [...(n > 0 ? [MARKS.stop] : []), MARKS.start, ...own]);
  return vocabulary.encode(words);
}

function requireSymbols(vocabulary: Vocabulary, prompt: string): void {
  const known = new Set(vocabulary.symbols);
  const unknown = [...new Set(prompt)].filter(symbol => !known.has(symbol));
  if (unknown.length === 0) return;
  const some = describe(vocabulary.symbols.join(''));
  throw new ValueError('prompt', `symbols the model was trained on, such as ${some}`, describe(unknown.join('')));
}

/** What writes classes as text, one after the other: of bytes a character when its last byte has come. */
export interface Scribe {
  write(k: number): string;
  /** What is still to be written when no more come: a sign for bytes that are no character. */
  end(): string;
}

export function scribeAt(level: Level, { symbols }: Vocabulary): Scribe {
  if (level === 'byte') {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    return { write: k => decoder.decode(Uint8Array.of(k), { stream: true }), end: () => decoder.decode() };
  }
  if (level === 'char') return { write: k => symbols[k] ?? '', end: () => '' };
  const written: Readonly<Record<string, string>> = { [MARKS.start]: '', [MARKS.stop]: GAP };
  return { write: k => written[symbols[k] ?? ''] ?? symbols[k] ?? '', end: () => '' };
}

/** Classes as text, or throws ValueError when one is none. */
export function decodeAt(level: Level, vocabulary: Vocabulary, classes: Int32Array): string {
  if (level === 'char') return vocabulary.decode(classes);
  const scribe = scribeAt(level, vocabulary);
  return Array.from(classes, k => scribe.write(k)).join('') + scribe.end();
}

/** The words of every paragraph that has some. */
function paragraphsOf(text: string): string[][] {
  return text
    .split(BETWEEN)
    .map(wordsOf)
    .filter(({ length }) => length > 0);
}

function wordsOf(text: string): string[] {
  return text.match(WORDS) ?? [];
}

function bytesOf(text: string): Uint8Array {
  if (/\p{Surrogate}/u.test(text)) throw new ValueError('text', 'characters that UTF-8 has', 'half a surrogate pair');
  return new TextEncoder().encode(text);
}
