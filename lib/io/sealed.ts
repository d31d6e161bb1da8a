/**
 * Safetensors files that show damage: the metadata field `sha256` holds the hash of the whole file as it is with that
 * field's 64 digits set to 0. Any tool that reads safetensors reads them. The seal is against accidents, not against
 * someone who wants to change the file: whoever can write it can compute a new hash.
 */
import { FormatError, ValueError } from '../errors.ts';
import { requireStrings } from '../require.ts';
import { headerOf, readSafetensors, type Tensor, type TensorFile, writeSafetensors } from './safetensors.ts';
import { sha256Of } from './sha256.ts';

const FIELD = 'sha256';
const BLANK = '0'.repeat(64);

/**
 * The bytes of a safetensors file with the given tensors and metadata, and the field `sha256` over all of it.
 *
 * @throws {ShapeError} and {ValueError} as `writeSafetensors` does, and {ValueError} when `metadata` has a `sha256`.
 */
export function writeSealed(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const strings = requireStrings('metadata', metadata);
  if (Object.hasOwn(strings, FIELD)) throw new ValueError('metadata', `keys other than ${FIELD}`, FIELD);
  // First, so that no key that ends in `"sha256` is found before it.
  const bytes = writeSafetensors(tensors, { [FIELD]: BLANK, ...strings });
  const at = findDigits(bytes, BLANK);
  bytes.set(new TextEncoder().encode(hashAround(bytes, at)), at);
  return bytes;
}

/**
 * What a file of {@link writeSealed} holds, without the field `sha256`; `file` is its name in errors.
 *
 * @throws {FormatError} when the bytes are no safetensors file, have no `sha256`, or are not the bytes that were written.
 */
export function readSealed(bytes: Uint8Array, file: string = 'file'): TensorFile {
  const contents = readSafetensors(bytes, file);
  const digits = contents.metadata.get(FIELD);
  if (digits === undefined) throw new FormatError(file, 'a file that bptt has written', `no ${FIELD} in its metadata`);
  const at = findDigits(bytes, digits);
  if (digits.length !== BLANK.length || at < 0) throw altered(file, `a ${FIELD} that is not 64 plain digits`);
  const hash = hashAround(bytes, at);
  if (hash !== digits) throw altered(file, `bytes of ${FIELD} ${hash}, not ${digits}`);
  contents.metadata.delete(FIELD);
  return contents;
}

/** Where the digits of the field begin in the header, or −1. A quote inside a JSON string is `\"`, so no value matches. */
function findDigits(bytes: Uint8Array, digits: string): number {
  const opening = `"${FIELD}":"`;
  const { text, begin } = headerOf(bytes);
  const at = text.indexOf(`${opening}${digits}"`);
  return at < 0 ? -1 : begin + at + opening.length;
}

/** The hash of the bytes, with the 64 at `at` as if they were {@link BLANK}. */
function hashAround(bytes: Uint8Array, at: number): string {
  const digits = new TextEncoder().encode(BLANK);
  return sha256Of([bytes.subarray(0, at), digits, bytes.subarray(at + digits.length)]);
}

function altered(file: string, got: string): FormatError {
  return new FormatError(file, 'an unaltered file, sealed when it was written', got);
}
