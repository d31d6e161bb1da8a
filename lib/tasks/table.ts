/** The file that a task is about: what columns it has, and its rows, one after the other, however large it is. */
import { FormatError, ValueError } from '../errors.ts';
import { readCsv } from '../io/csv.ts';
import { csvRows } from '../io/csv-rows.ts';
import { readJsonLines } from '../io/json-lines.ts';
import { type Missing, type Numbered, placeOf, type ReadCounts, recordMaker } from '../io/records.ts';
import type { TextSource } from '../io/text-source.ts';
import { describe, isPlain } from '../require.ts';

/** How a file is written: CSV, or a line of JSON each. */
export type Format = 'csv' | 'jsonl';

/** What a column holds: a number, text, or a list of either. Only JSON has lists. */
export type ColumnKind = 'number' | 'text' | 'list';

/** A column of the file. */
export interface SeenColumn {
  readonly name: string;
  readonly kind: ColumnKind;
}

/** How a file is read. */
export interface HowRead {
  readonly format: Format;
  /** What stands between the fields of CSV. */
  readonly delimiter: string;
  readonly missing: Missing;
  /** What stands where a value is missing, in CSV. */
  readonly missingValues: readonly string[];
}

/** A file, and how it is read. */
export interface Reading extends HowRead {
  /** What it is called, for errors. */
  readonly name: string;
  /** What is in it, from its beginning on: it is read more than once. */
  readonly open: () => TextSource;
}

/** A row of a file: its columns by name. */
export type Row = Readonly<Record<string, unknown>>;

/** The rows of a file, walked over once. */
export interface Rows extends AsyncIterable<Numbered<Row>> {
  counts(): ReadCounts;
}

/**
 * How a file is written, by its name.
 *
 * @param argument what names it.
 * @throws ValueError where that does not say.
 */
export function formatOf(argument: string, name: string): Format {
  if (/\.(jsonl|ndjson)$/i.test(name)) return 'jsonl';
  if (/\.(csv|tsv)$/i.test(name)) return 'csv';
  const got = `${describe(name)} (a running text is for bptt train)`;
  throw new ValueError(argument, 'a file of CSV (.csv, .tsv) or JSON Lines (.jsonl, .ndjson)', got);
}

/** What stands between the fields of a file, by its name. */
export function delimiterOf(name: string): string {
  return /\.tsv$/i.test(name) ? '\t' : ',';
}

/** The columns of a file, and what they seem to hold, by its beginning. */
export async function columnsOf(reading: Reading): Promise<readonly SeenColumn[]> {
  const { name: file, open, format, delimiter, missingValues } = reading;
  if (format === 'csv') return readCsv(open(), { name: file, delimiter, missingValues }).columns();
  for await (const { line, value } of readJsonLines(open(), { name: file })) {
    const row = objectOf(value, file, line);
    return Object.entries(row).map(([name, own]) => ({ name, kind: kindOf(own, placeOf(file, line, name)) }));
  }
  throw new FormatError(`${file}:1`, 'an object on every line', 'an empty file');
}

/** A table has a row below its header, or throws FormatError: without one its columns are of no kind. */
export async function requireRow({ name: file, open, format, delimiter }: Reading): Promise<void> {
  if (format === 'jsonl') return; // there columns are those of the first row
  let filled = 0;
  for await (const rows of csvRows(open(), file, delimiter)) {
    filled += rows.filter(({ fields }) => fields.some(field => field.trim() !== '')).length;
    if (filled > 1) return;
  }
  throw new FormatError(file, 'rows below its header', 'none');
}

/**
 * The rows of a file, of some columns.
 *
 * @param within the column in which rows must be equal for a value to be carried.
 * @throws FormatError, when it comes to it, naming file and line where a value is missing and must not be, or is of another kind.
 */
export function rowsOf(reading: Reading, columns: Readonly<Record<string, ColumnKind>>, within?: string): Rows {
  const { name: file, open, format, delimiter, missing, missingValues } = reading;
  if (format === 'jsonl') return jsonRows(reading, columns, within);
  const kinds = Object.fromEntries(
    Object.entries(columns).map(([name, kind]) => [name, kind === 'number' ? kind : ('text' as const)]),
  );
  return readCsv(open(), {
    name: file,
    delimiter,
    columns: kinds,
    missing,
    missingValues,
    ...(within !== undefined && { within }),
  });
}

function jsonRows(
  { name: file, open, missing }: Reading,
  columns: Readonly<Record<string, ColumnKind>>,
  within: string | undefined,
): Rows {
  const maker = recordMaker<unknown>(file, missing, within);
  const names = Object.keys(columns);
  return {
    counts: () => maker.counts(),
    async *[Symbol.asyncIterator]() {
      for await (const { line, value } of readJsonLines(open(), { name: file })) {
        const row = objectOf(value, file, line);
        const cells = names.map(name => {
          const own = Object.hasOwn(row, name) ? row[name] : null;
          if (own === null) return undefined;
          const kind = kindOf(own, placeOf(file, line, name));
          if (kind === columns[name]) return own;
          throw new FormatError(placeOf(file, line, name), `a ${columns[name]}`, describe(own));
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
