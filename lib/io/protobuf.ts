/**
 * Messages of protocol buffers, as far as they are to be written here: numbers that are whole and not negative, texts, bytes,
 * and messages within. They are written with no code made at run time, which a page's policy may forbid.
 *
 * Source: protobuf.dev, "Encoding".
 */

/** What a field holds; a list is of numbers that are packed into one field. */
export type FieldValue = number | string | Uint8Array | readonly number[] | Message;

/** Fields in the order in which they are written, each under its number; one that is repeated comes several times. */
export interface Message {
  readonly fields: readonly (readonly [field: number, value: FieldValue])[];
}

/** How a field is written: as a varint, or behind the number of its bytes. */
const [VARINT, SIZED] = [0, 2];

/** The bytes of a message. */
export function encodeMessage(message: Message): Uint8Array {
  const chunks = chunksOf(message);
  const bytes = new Uint8Array(sizeOf(chunks));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** The same in pieces: what is large is copied once, however deep it lies. */
function chunksOf({ fields }: Message): ArrayLike<number>[] {
  return fields.flatMap(([field, value]) => {
    if (typeof value === 'number') return [varint(field * 8 + VARINT), varint(value)];
    const chunks = contentOf(value);
    return [varint(field * 8 + SIZED), varint(sizeOf(chunks)), ...chunks];
  });
}

function contentOf(value: Exclude<FieldValue, number>): ArrayLike<number>[] {
  if (typeof value === 'string') return [new TextEncoder().encode(value)];
  if (value instanceof Uint8Array) return [value];
  return 'fields' in value ? chunksOf(value) : value.map(varint);
}

function sizeOf(chunks: readonly ArrayLike<number>[]): number {
  return chunks.reduce((size, { length }) => size + length, 0);
}

/** Seven bits a byte, the lowest first; all but the last have their eighth set. */
function varint(n: number): number[] {
  const bytes: number[] = [];
  let rest = n;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return [...bytes, rest];
}
