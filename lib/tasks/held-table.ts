/** A table that is held in memory, as it is handed over. */
import { ValueError } from '../errors.ts';
import { requireDelimiter } from '../io/csv-rows.ts';
import { type Missing, requireFile, requireMissing } from '../io/records.ts';
import { sha256, sha256Of } from '../io/sha256.ts';
import { describe, requireKnown, requireList, requireName } from '../require.ts';
import { delimiterOf, formatOf, type HowRead, type Reading } from './table.ts';

/** How a table is read. */
export interface TableOptions {
  /**
   * What it is called, for errors; and by what its name ends in, how it is written: CSV (.csv, .tsv) or JSON Lines (.jsonl,
   * .ndjson). `table.csv` unless given.
   */
  readonly name?: string;
  /** What stands between the fields of CSV: a comma, or a tab in .tsv, unless given. */
  readonly delimiter?: string;
  /** What is done where a value is missing: an error unless given. */
  readonly missing?: Missing;
  /** What stands where a value is missing, in CSV: an empty field unless given. */
  readonly missingValues?: readonly string[];
}

/** Their names. */
export const tableOptions = ['name', 'delimiter', 'missing', 'missingValues'] as const;

/**
 * A table of a text or its bytes.
 *
 * @param before how it is read where nothing is said.
 * @throws ValueError when it is neither, or an option is none.
 */
export function tableOf(
  source: string | Uint8Array,
  { name = 'table.csv', delimiter, missing, missingValues }: TableOptions,
  before?: HowRead,
): Reading {
  if (typeof source !== 'string' && !(source instanceof Uint8Array))
    throw new ValueError('source', 'a text, or its bytes', describe(source));
  const format = formatOf('name', requireFile(name));
  const usual = before?.format === format ? before : undefined;
  for (const text of missingValues === undefined ? [] : requireList('missingValues', missingValues, 'a list of texts'))
    requireName('missingValues', text);
  return {
    name,
    open: () => source,
    format,
    delimiter: requireDelimiter(delimiter ?? usual?.delimiter ?? delimiterOf(name)),
    missing: requireMissing(missing ?? usual?.missing ?? 'error'),
    missingValues: missingValues ?? usual?.missingValues ?? [''],
  };
}

/** Options of a table alone. */
export function ofTable(options: TableOptions): TableOptions {
  return requireKnown('options', options, tableOptions);
}

/** The SHA-256 of a table's bytes. */
export function hashOf(source: string | Uint8Array): string {
  return typeof source === 'string' ? sha256(source) : sha256Of([source]);
}
