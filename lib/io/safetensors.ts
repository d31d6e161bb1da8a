/**
 * The safetensors format, for tensors of 64-bit floats, or of 32-bit ones where another tool has them: named arrays and a
 * map of strings in one file, no code in it.
 *
 *     8 bytes    N, the length of the header, little-endian
 *     N bytes    the header: JSON in UTF-8, padded with spaces
 *     the rest   the numbers, little-endian, row after row; every byte belongs to exactly one tensor
 *
 * The header maps a name to `{ dtype, shape, data_offsets: [begin, end] }`, where offsets count from the end of the
 * header, and `__metadata__` to a map of strings.
 *
 * Source: huggingface.co/docs/safetensors, "Format"; the limit on the header is the reference implementation's.
 */
import { FormatError, MemoryError, ShapeError, ValueError } from '../errors.ts';
import { shown } from '../foreign.ts';
import { describe, requireInstance, requireList, requireName, requireObject, requireStrings } from '../require.ts';
import { outlineOf, parseJson } from './json.ts';
import { recognise } from './recognise.ts';
import { requireSingle } from './single.ts';

/** An array of any rank, its numbers row after row; rank 0 holds one number. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** How a file keeps its numbers: in 64 bits, as here, or in 32, as most of PyTorch does. */
export type Dtype = 'F64' | 'F32';

/** What a safetensors file holds. */
export interface TensorFile {
  /** In the order of their bytes. */
  readonly tensors: Map<string, Tensor>;
  readonly metadata: Map<string, string>;
}

const METADATA = '__metadata__';
const LENGTH_BYTES = 8;
const BYTES: Readonly<Record<Dtype, number>> = { F64: 8, F32: 4 };
const MAX_HEADER_BYTES = 100_000_000;

/**
 * The bytes of a file with the given tensors, in the map's order, and metadata. The same input gives the same bytes.
 *
 * @param dtype how the numbers are kept: as they are, or rounded to 32 bits.
 * @throws {ShapeError} when a shape does not match the length of its data.
 * @throws {ValueError} when a tensor is called `__metadata__`, a metadata value is no string, a finite number is too large
 * for 32 bits, or the header would be larger than is read again: 100 MB, or 125,000 tensors.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>>,
  dtype: Dtype = 'F64',
): Uint8Array {
  requireInstance('tensors', tensors, Map);
  requireDtype('dtype', dtype);
  const header = headerBytes(tensors, requireStrings('metadata', metadata), dtype);
  let size = LENGTH_BYTES + header.length;
  for (const { data } of tensors.values()) size += data.length * BYTES[dtype];

  const bytes = allocateBytes(size);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, LENGTH_BYTES);
  let at = LENGTH_BYTES + header.length;
  for (const { data } of tensors.values()) {
    for (const x of data) {
      if (dtype === 'F64') view.setFloat64(at, x, true);
      else view.setFloat32(at, x, true);
      at += BYTES[dtype];
    }
  }
  return bytes;
}

/**
 * The tensors and metadata in the bytes of a file; `file` is its name in errors. The numbers are copied.
 *
 * @param dtypes how the file may keep its numbers; those of 32 bits are widened, which changes none of them.
 * @throws {FormatError} when the bytes are not a safetensors file of such tensors that cover its buffer exactly once.
 */
export function readSafetensors(
  bytes: Uint8Array,
  file: string = 'file',
  dtypes: readonly Dtype[] = ['F64'],
): TensorFile {
  requireList('bytes', requireInstance('bytes', bytes, Uint8Array), 'a Uint8Array');
  requireName('file', file);
  for (const dtype of requireList('dtypes', dtypes, 'a list of F64 and F32')) requireDtype('dtypes', dtype);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const refused = (rule: string, got: string): FormatError => {
    const other = recognise(bytes);
    return other === undefined ? malformed(file, rule, got) : new FormatError(file, 'a safetensors file', other);
  };
  const start = LENGTH_BYTES + headerLength(view, refused);
  const header = parseHeader(bytes.subarray(LENGTH_BYTES, start), refused);

  const places: Place[] = [];
  let metadata = new Map<string, string>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === METADATA) metadata = parseMetadata(entry, file);
    else places.push(parseEntry(name, entry, file, dtypes));
  }
  // Before any number is read: tensors that share no byte cannot ask for more memory than the file has.
  places.sort((a, b) => a.begin - b.begin || a.end - b.end);
  requireCover(places, bytes.length - start, file);

  const tensors = new Map<string, Tensor>();
  for (const { name, dtype, shape, begin, end } of places) {
    const data = new Float64Array((end - begin) / BYTES[dtype]);
    for (let i = 0; i < data.length; i++) {
      const at = start + begin + i * BYTES[dtype];
      data[i] = dtype === 'F64' ? view.getFloat64(at, true) : view.getFloat32(at, true);
    }
    tensors.set(name, { shape, data });
  }
  return { tensors, metadata };
}

/** The names of the tensors in the bytes of a file, whatever their dtypes; none where it is no such file. */
export function namesIn(bytes: Uint8Array): readonly string[] {
  const refused = (rule: string, got: string) => malformed('file', rule, got);
  try {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const end = LENGTH_BYTES + headerLength(view, refused);
    return Object.keys(parseHeader(bytes.subarray(LENGTH_BYTES, end), refused)).filter(name => name !== METADATA);
  } catch (error) {
    if (error instanceof FormatError) return [];
    throw error;
  }
}

/** The header of a file as it is written, a character for every byte, and where in the file it begins. */
export function headerOf(bytes: Uint8Array): { readonly text: string; readonly begin: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = LENGTH_BYTES + headerLength(view, (rule, got) => malformed('file', rule, got));
  return { text: new TextDecoder('latin1').decode(bytes.subarray(LENGTH_BYTES, end)), begin: LENGTH_BYTES };
}

/** @throws ValueError when it is none. */
function requireDtype(argument: string, dtype: Dtype): void {
  if (dtype !== 'F64' && dtype !== 'F32') throw new ValueError(argument, 'F64 or F32', describe(dtype));
}

/** The error for bytes that are no safetensors file, or another kind of file that is known. */
type Refused = (rule: string, got: string) => FormatError;

/** Where a tensor lies: bytes begin … end − 1 of the buffer. */
interface Place {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function allocateBytes(size: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(size);
  } catch {
    throw new MemoryError('tensors', 'as many bytes as memory holds', `${size}`);
  }
}

// Text is joined by hand: an object would move names such as '1' to the front and lose '__proto__'.
function headerBytes(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>>,
  dtype: Dtype,
): Uint8Array<ArrayBuffer> {
  const fields: string[] = [];
  let characters = 0;
  for (const [key, value] of Object.entries(metadata)) characters += key.length + value.length;
  if (characters > MAX_HEADER_BYTES) throw tooLong(`${characters} characters`); // more than one string need hold
  if (Object.keys(metadata).length > 0) fields.push(`"${METADATA}":${JSON.stringify(metadata)}`);

  let begin = 0;
  for (const [name, tensor] of tensors) {
    const { shape, data } = requireObject('tensors', tensor);
    requireName('tensors', name);
    requireList(`tensors[${describe(name)}].shape`, shape);
    requireInstance(`tensors[${describe(name)}].data`, data, Float64Array);
    if (name === METADATA) throw new ValueError('tensors', `names other than ${METADATA}`, METADATA);
    if (elementCount(shape) !== data.length) {
      const expected = `${data.length} numbers' worth of shape`;
      throw new ShapeError(`tensors[${describe(name)}].shape`, expected, `[${shape.join(', ')}]`);
    }
    if (dtype === 'F32') requireSingle(`tensors[${describe(name)}]`, data);
    const end = begin + data.length * BYTES[dtype];
    fields.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape: [...shape], data_offsets: [begin, end] })}`);
    begin = end;
  }

  const json = `{${fields.join(',')}}`;
  if (outlineOf(json).tooMany !== undefined) throw tooLong(`${tensors.size} tensors`);
  const text = new TextEncoder().encode(json);
  const padded = new Uint8Array(Math.ceil(text.length / LENGTH_BYTES) * LENGTH_BYTES).fill(0x20);
  padded.set(text);
  if (padded.length > MAX_HEADER_BYTES) throw tooLong(`${padded.length} bytes`);
  return padded;
}

function tooLong(got: string): ValueError {
  return new ValueError('tensors', 'names, shapes and metadata of at most 100 MB, as they are read again', got);
}

function headerLength(view: DataView, refused: Refused): number {
  if (view.byteLength < LENGTH_BYTES) throw refused('of at least 8 bytes', `${view.byteLength} bytes`);
  const length = view.getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) throw refused('with a header of at most 100 MB', `one of ${length} bytes`);
  const rest = view.byteLength - LENGTH_BYTES;
  if (length > rest) throw refused(`with its header of ${length} bytes`, `only ${rest} bytes`);
  return Number(length);
}

function parseHeader(bytes: Uint8Array, refused: Refused): Record<string, unknown> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw refused('with a header in UTF-8', 'bytes that are not');
  }
  const header = parseJson(text, (expected, got) => refused(`with a header of ${expected}`, got));
  if (!isRecord(header) || !text.startsWith('{')) {
    throw refused('whose header is a JSON object from its first byte', briefly(header));
  }
  const names = Object.keys(header).length;
  const written = outlineOf(text).fields;
  if (written !== names) throw refused('that names each tensor once', `${written - names} repeated`);
  return header;
}

function parseMetadata(entry: unknown, file: string): Map<string, string> {
  if (!isRecord(entry)) throw malformed(file, `whose ${METADATA} is a map of strings`, briefly(entry));
  const metadata = new Map<string, string>();
  for (const [key, value] of Object.entries(entry)) {
    if (typeof value !== 'string') {
      throw malformed(file, `whose ${METADATA} is a map of strings`, `${briefly(value)} at ${describe(key)}`);
    }
    metadata.set(key, value);
  }
  return metadata;
}

function parseEntry(name: string, entry: unknown, file: string, dtypes: readonly Dtype[]): Place {
  const tensor = `tensor ${describe(name)}`;
  if (!isRecord(entry)) throw malformed(file, `that describes ${tensor} by an object`, briefly(entry));

  const { dtype: kept, shape, data_offsets: offsets } = entry;
  const dtype = dtypes.find(known => known === kept);
  if (!dtype) throw malformed(file, `with ${tensor} of dtype ${dtypes.join(' or ')}`, `dtype ${briefly(kept)}`);

  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw malformed(file, `with ${tensor} of a shape of non-negative integers`, briefly(shape));
  }
  const count = elementCount(shape);
  if (count === undefined) throw malformed(file, `with ${tensor} of a shape that can be counted`, 'an overflow');

  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw malformed(file, `with data_offsets [begin, end] for ${tensor}`, briefly(offsets));
  }
  const [begin = 0, end = 0] = offsets;
  if (end - begin !== count * BYTES[dtype]) {
    throw malformed(file, `with ${count * BYTES[dtype]} bytes for ${tensor}`, `data_offsets [${begin}, ${end}]`);
  }
  return { name, dtype, shape, begin, end };
}

/** The places, sorted, cover `size` bytes without overlap or gap. */
function requireCover(places: readonly Place[], size: number, file: string): void {
  let covered = 0;
  for (const { name, begin, end } of places) {
    if (begin !== covered) {
      throw malformed(file, 'whose tensors lie end to end', `${describe(name)} at byte ${begin}, not ${covered}`);
    }
    covered = end;
  }
  if (covered !== size) throw malformed(file, `with ${covered} bytes of numbers`, `${size} bytes`);
}

/** The product of a shape, or undefined when an entry is no count or the product is too large to be exact. */
function elementCount(shape: readonly number[]): number | undefined {
  let count = 1;
  for (const n of shape) {
    count *= n;
    if (!isCount(n) || !Number.isSafeInteger(count)) return undefined;
  }
  return count;
}

function isCount(n: unknown): n is number {
  return typeof n === 'number' && Number.isSafeInteger(n) && n >= 0 && !Object.is(n, -0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Like {@link describe}, of bounded length whatever a file holds. */
function briefly(value: unknown): string {
  if (Array.isArray(value)) return `an array of length ${value.length}`;
  if (isRecord(value)) return 'an object';
  return value === undefined ? 'none' : describe(value);
}

function malformed(file: string, rule: string, got: string): FormatError {
  return new FormatError(file, `a safetensors file ${shown(rule)}`, shown(got));
}
