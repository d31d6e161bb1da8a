/** SHA-256 in hexadecimal digits, in every runtime. */
import { sha256 as digest } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/** Characters of a text that are made bytes at once. */
const PIECE = 2 ** 16;

/** The hash of some bytes, piece after piece. */
export function sha256Of(pieces: Iterable<Uint8Array>): string {
  const hash = digest.create();
  for (const piece of pieces) hash.update(piece);
  return bytesToHex(hash.digest());
}

/** The hash of a text in UTF-8; in UTF-16 where it has half a surrogate pair, for which UTF-8 has nothing. */
export function sha256(text: string): string {
  return sha256Of(/\p{Surrogate}/u.test(text) ? inUtf16(text) : inUtf8(text));
}

function* inUtf8(text: string): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  for (let from = 0; from < text.length; ) {
    const end = from + PIECE;
    const cutsPair = /[\ud800-\udbff]/.test(text.charAt(end - 1));
    const next = cutsPair ? end - 1 : end;
    yield encoder.encode(text.slice(from, next));
    from = next;
  }
}

function* inUtf16(text: string): Generator<Uint8Array> {
  for (let from = 0; from < text.length; from += PIECE) {
    const length = Math.min(PIECE, text.length - from);
    const view = new DataView(new ArrayBuffer(2 * length));
    for (let n = 0; n < length; n++) view.setUint16(2 * n, text.charCodeAt(from + n), true);
    yield new Uint8Array(view.buffer);
  }
}
