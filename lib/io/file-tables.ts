/** Tables at a path, read as they are walked over: a file may be larger than memory. */
import { createReadStream } from 'node:fs';
import { FileError, ValueError } from '../errors.ts';
import { describe, requireObject } from '../require.ts';
import { type CsvOptions, readCsv, type Table } from './csv.ts';
import { reason } from './files.ts';
import { type JsonLinesOptions, type JsonRecordsOptions, readJsonLines } from './json-lines.ts';
import type { Fields, Kinds, Records } from './records.ts';

/**
 * As `readCsv`, of the file at a path; errors name it by that, unless a name is given.
 *
 * @throws as `readCsv`; FileError, when it comes to it, where the file cannot be read.
 *
 * @example
 * ```ts
 * import { readCsvFile, writeAtomically } from 'bptt/io/node';
 *
 * writeAtomically('days.csv', 'day,t\n1,-3.5\n2,-1\n');
 * for await (const { value } of readCsvFile('days.csv', { columns: { t: 'number' } })) console.log(value.t); // → -3.5
 * // → -1
 * ```
 */
export function readCsvFile<const K extends Kinds = Kinds>(
  path: string,
  options: CsvOptions<K> = {},
): Table<Fields<K>> {
  return readCsv(piecesAt(path), { name: path, ...requireObject('options', options) });
}

/**
 * As `readJsonLines`, of the file at a path; errors name it by that, unless a name is given.
 *
 * @throws as `readJsonLines`; FileError, when it comes to it, where the file cannot be read.
 */
export function readJsonLinesFile(path: string, options?: JsonLinesOptions): Records<unknown>;
export function readJsonLinesFile<const K extends Kinds>(
  path: string,
  options: JsonRecordsOptions<K>,
): Records<Fields<K>>;
export function readJsonLinesFile(
  path: string,
  options: JsonLinesOptions & Partial<JsonRecordsOptions<Kinds>> = {},
): Records<unknown> {
  return readJsonLines(piecesAt(path), {
    name: path,
    ...requireObject('options', options),
  } as JsonRecordsOptions<Kinds>);
}

/** The bytes of a file, piece after piece. */
function piecesAt(path: string): AsyncIterable<Uint8Array> {
  if (typeof path !== 'string' || path === '') throw new ValueError('path', 'the path of a file', describe(path));
  return pieces(path);
}

async function* pieces(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw new FileError(path, 'a file that can be read', reason(error, 'no such file'));
  }
}
