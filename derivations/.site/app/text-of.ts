/** Whether bytes are a text. */

/** Bytes that are looked through for what no text has. */
const LOOKED_AT = 2 ** 20;

/** Control characters that texts have: a tab, the ends of lines and pages. */
const USUAL: ReadonlySet<number> = new Set([9, 10, 12, 13]);

/** The text of some bytes in UTF-8, or why they are none. */
export function textOf(bytes: Uint8Array): { readonly text: string } | { readonly why: string } {
  if (bytes.length === 0) return { why: 'There is no text: it is empty.' };
  const odd = bytes.subarray(0, LOOKED_AT).findIndex(byte => byte < 32 && !USUAL.has(byte) && byte !== 27);
  if (odd >= 0) return { why: `This is no text: byte ${odd + 1} is ${bytes[odd]}, as in a picture or a program.` };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { why: 'This is no text in UTF-8: it may be of another encoding, or no text at all.' };
  }
}

/** A number of bytes in words. */
export function sizeOf(bytes: number): string {
  if (bytes < 10_000) return `${bytes.toLocaleString('en')} bytes`;
  return bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** A message as a sentence. */
export function sentence(message: string): string {
  return message.endsWith('.') ? message : `${message}.`;
}
