/** Tables at a path, read as they are walked over: a file may be larger than memory. */
import { requireObject } from '../../require.ts';
import { type CsvOptions, readCsv, type Table } from '../csv.ts';
import { type JsonLinesOptions, type JsonRecordsOptions, readJsonLines } from '../json-lines.ts';
import type { Fields, Kinds, Records } from '../records.ts';
import { piecesAt } from './pieces.ts';

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
