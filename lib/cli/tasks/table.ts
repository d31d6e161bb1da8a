/** The file that a task is about: what columns it has, and its rows, one after the other, however large it is. */
import { FormatError, ValueError } from '../../errors.ts';
import { readCsvFile, readJsonLinesFile } from '../../io/node/file-tables.ts';
import { type Missing, type Numbered, placeOf, type ReadCounts, recordMaker } from '../../io/records.ts';
import { describe, isPlain } from '../../require.ts';

/** How a file is written: by what its name ends in. */
export type Format = 'csv' | 'jsonl';

/** What a column holds: a number, text, or a list of either. Only JSON has lists. */
export type ColumnKind = 'number' | 'text' | 'list';

/** A column of the file. */
export interface SeenColumn {
  readonly name: string;
  readonly kind: ColumnKind;
}

/** How the file is read. */
export interface Reading {
  readonly path: string;
  readonly format: Format;
  /** What stands between the fields of CSV. */
  readonly delimiter: string;
  readonly missing: Missing;
  /** What stands where a value is missing, in CSV. */
  readonly missingValues: readonly string[];
}

/** A row of a file: its columns by name. */
export type Row = Readonly<Record<string, unknown>>;

/** The rows of a file, walked over once. */
export interface Rows extends AsyncIterable<Numbered<Row>> {
  counts(): ReadCounts;
}

/** The format of a file, by its name; throws ValueError where that does not say. */
export function formatOf(path: string): Format {
  if (/\.(jsonl|ndjson)$/i.test(path)) return 'jsonl';
  if (/\.(csv|tsv|txt)$/i.test(path)) return 'csv';
  throw new ValueError('FILE', 'a file of CSV (.csv, .tsv) or JSON Lines (.jsonl, .ndjson)', describe(path));
}

/** The columns of a file, and what they seem to hold, by its beginning. */
export async function columnsOf({ path, format, delimiter, missingValues }: Reading): Promise<readonly SeenColumn[]> {
  if (format === 'csv') return readCsvFile(path, { delimiter, missingValues }).columns();
  for await (const { line, value } of readJsonLinesFile(path)) {
    const row = objectOf(value, path, line);
    return Object.entries(row).map(([name, own]) => ({ name, kind: kindOf(own, placeOf(path, line, name)) }));
  }
  throw new FormatError(`${path}:1`, 'an object on every line', 'an empty file');
}

/**
 * The rows of a file, of some columns.
 *
 * @param within the column in which rows must be equal for a value to be carried.
 * @throws FormatError, when it comes to it, naming file and line where a value is missing and must not be, or is of another kind.
 */
export function rowsOf(reading: Reading, columns: Readonly<Record<string, ColumnKind>>, within?: string): Rows {
  const { path, format, delimiter, missing, missingValues } = reading;
  if (format === 'jsonl') return jsonRows(path, columns, missing, within);
  const kinds = Object.fromEntries(
    Object.entries(columns).map(([name, kind]) => [name, kind === 'number' ? kind : ('text' as const)]),
  );
  return readCsvFile(path, {
    delimiter,
    columns: kinds,
    missing,
    missingValues,
    ...(within !== undefined && { within }),
  });
}

function jsonRows(
  path: string,
  columns: Readonly<Record<string, ColumnKind>>,
  missing: Missing,
  within: string | undefined,
): Rows {
  const maker = recordMaker<unknown>(path, missing, within);
  const names = Object.keys(columns);
  return {
    counts: () => maker.counts(),
    async *[Symbol.asyncIterator]() {
      for await (const { line, value } of readJsonLinesFile(path)) {
        const row = objectOf(value, path, line);
        const cells = names.map(name => {
          const own = Object.hasOwn(row, name) ? row[name] : null;
          if (own === null) return undefined;
          const kind = kindOf(own, placeOf(path, line, name));
          if (kind === columns[name]) return own;
          throw new FormatError(placeOf(path, line, name), `a ${columns[name]}`, describe(own));
        });
        const made = maker.make(line, names, cells);
        if (made) yield { line, value: made };
      }
    },
  };
}

function objectOf(value: unknown, path: string, line: number): Row {
  if (isPlain(value)) return value as Row;
  throw new FormatError(`${path}:${line}`, 'an object', describe(value));
}

function kindOf(value: unknown, place: string): ColumnKind {
  if (typeof value === 'number') return 'number';
  if (typeof value === 'string') return 'text';
  if (Array.isArray(value)) return 'list';
  throw new FormatError(place, 'a number, a text or a list of these', describe(value));
}
