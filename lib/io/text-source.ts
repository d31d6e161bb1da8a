/** Text of a file, piece by piece, from wherever it comes: no more of it is held than a piece. */
import { FormatError, ValueError } from '../errors.ts';
import { describe } from '../require.ts';

/**
 * A text, its bytes in UTF-8, or a stream of either: what `fs.createReadStream(path)`, `process.stdin`, a response's `body` or an
 * asynchronous generator is.
 */
export type TextSource = string | Uint8Array | AsyncIterable<string | Uint8Array>;

/** Characters, or bytes, that are worked on at a time. */
const PIECE = 2 ** 16;

/** Characters that one record may have. */
export const LONGEST_RECORD: number = 2 ** 24;

/** `source` can be read, or throws {@link ValueError}. Returns it. */
export function requireSource(source: TextSource): TextSource {
  if (typeof source === 'string' || source instanceof Uint8Array) return source;
  if (typeof source === 'object' && source !== null && Symbol.asyncIterator in source) return source;
  throw new ValueError('source', 'a text, its bytes, or a stream of either', describe(source));
}

/**
 * The text of a source, with `\n` for every end of a line, `\r\n` and `\r` too, and without a mark of the order of its bytes.
 *
 * @param name the file, for errors.
 * @throws FormatError naming file and line where bytes are not UTF-8, or a piece is neither text nor bytes. The text before
 * that line has come by then.
 */
export async function* piecesOf(source: TextSource, name: string): AsyncGenerator<string> {
  let line = 1;
  let isFirst = true;
  let held = ''; // a \r at the end of a piece, behind which \n may come
  for await (const text of textsOf(source, name, () => line)) {
    const whole = held + (isFirst && text.startsWith('\ufeff') ? text.slice(1) : text);
    if (text !== '') isFirst = false;
    held = whole.endsWith('\r') ? '\r' : '';
    const piece = endedByNewlines(held ? whole.slice(0, -1) : whole);
    line += newlinesIn(piece, 0, piece.length);
    if (piece !== '') yield piece;
  }
  if (held) yield '\n';
}

/** How many ends of lines there are in part of a text. */
export function newlinesIn(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

function endedByNewlines(text: string): string {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
}

/** The pieces of a source as text. */
async function* textsOf(source: TextSource, name: string, line: () => number): AsyncGenerator<string> {
  let cut = new Uint8Array(); // the beginning of a character whose end is in the next piece
  for await (const piece of smallPieces(source, name, line)) {
    if (typeof piece === 'string') {
      if (cut.length > 0) throw notUtf8(name, line());
      yield piece;
      continue;
    }
    const bytes = cut.length === 0 ? piece : joined(cut, piece);
    const end = endOfWhole(bytes);
    cut = bytes.slice(end);
    yield* decoded(bytes.subarray(0, end), () => notUtf8(name, line()));
  }
  if (cut.length > 0) throw notUtf8(name, line());
}

/** The text of some bytes; where they are none, that of the lines before, and then an error. */
function* decoded(bytes: Uint8Array, wrong: () => Error): Generator<string> {
  const text = textOf(bytes);
  if (text !== undefined) {
    yield text;
    return;
  }
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, from) + 1 || bytes.length;
    const one = textOf(bytes.subarray(from, end));
    if (one === undefined) throw wrong();
    yield one;
    from = end;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Where the last character that is there whole ends. */
function endOfWhole(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const width = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return width > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

async function* smallPieces(source: TextSource, name: string, line: () => number): AsyncGenerator<string | Uint8Array> {
  if (typeof source === 'string' || source instanceof Uint8Array) {
    yield* cutUp(source);
    return;
  }
  for await (const piece of source) {
    if (typeof piece !== 'string' && !(piece instanceof Uint8Array)) {
      throw new FormatError(`${name}:${line()}`, 'text or bytes from the stream', describe(piece));
    }
    yield* cutUp(piece);
  }
}

function* cutUp(whole: string | Uint8Array): Generator<string | Uint8Array> {
  for (let from = 0; from < whole.length; from += PIECE) {
    yield typeof whole === 'string' ? whole.slice(from, from + PIECE) : whole.subarray(from, from + PIECE);
  }
}

function notUtf8(name: string, line: number): FormatError {
  return new FormatError(`${name}:${line}`, 'text in UTF-8', 'bytes that are not');
}

const NEWLINE = 0x0a;

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}
