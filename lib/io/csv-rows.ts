/**
 * CSV as rows of fields, by Papa Parse. It is one file of 19 kB without dependencies, kept since 2013, runs in browsers and in Node
 * alike, and its parser takes a text to rows by itself: csv-parse is a transform of Node's streams, and brings 200 kB of these
 * into a browser. It is loaded when the first table is read.
 */
import { FormatError, ValueError } from '../errors.ts';
import { describe } from '../require.ts';
import { LONGEST_RECORD, newlinesIn, piecesOf, type TextSource } from './text-source.ts';

/** The fields of a record, and the line that it begins in. */
export interface CsvRow {
  readonly line: number;
  readonly fields: readonly string[];
}

/** What the parser says of a row. */
interface Step {
  readonly data: readonly (readonly string[])[];
  readonly errors: readonly unknown[];
  readonly meta: { readonly cursor: number };
}

/** One character that can stand between fields, or throws {@link ValueError}. Returns it. */
export function requireDelimiter(delimiter: string): string {
  if (typeof delimiter === 'string' && /^[^"\r\n\ufeff]$/.test(delimiter)) return delimiter;
  throw new ValueError('delimiter', 'one character that is no quote and ends no line', describe(delimiter));
}

/**
 * All rows, as many at a time as a piece of the source has; an empty line is one of an empty field.
 *
 * @throws FormatError with file and line: see `readCsv`.
 */
export async function* csvRows(source: TextSource, file: string, delimiter: string): AsyncGenerator<readonly CsvRow[]> {
  const { default: Papa } = await import('papaparse');
  let rest = ''; // a row that has begun
  let line = 1;
  let least = 0; // characters worth parsing: a long row is not to be begun anew with every piece
  const wholeRows = function* (): Generator<readonly CsvRow[]> {
    const rows: CsvRow[] = [];
    let [end, wrong] = [0, false];
    const step = ({ data, errors, meta }: Step): void => {
      if (wrong) return;
      wrong = errors.length > 0;
      if (!wrong) rows.push({ line, fields: data[0] ?? [] });
      if (!wrong) line += newlinesIn(rest, end, meta.cursor);
      end = meta.cursor;
    };
    new Papa.Parser({ delimiter, newline: '\n', step }).parse(rest, 0, true);
    if (rows.length > 0) yield rows;
    if (wrong)
      throw new FormatError(`${file}:${line}`, 'quotes doubled within quotes', 'a quote in the middle of a field');
    rest = rest.slice(end);
  };
  for await (const piece of piecesOf(source, file)) {
    rest += piece;
    if (rest.length < Math.min(least, LONGEST_RECORD)) continue;
    yield* wholeRows();
    least = 2 * rest.length;
    if (rest.length > LONGEST_RECORD) {
      throw new FormatError(`${file}:${line}`, `a record of at most ${LONGEST_RECORD} characters`, 'a longer one');
    }
  }
  if (rest !== '' && !rest.endsWith('\n')) rest += '\n';
  yield* wholeRows();
  if (rest !== '') throw new FormatError(`${file}:${line}`, 'a closing quote', 'the end of the file');
}
