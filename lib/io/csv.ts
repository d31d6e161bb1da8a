import { FormatError, ValueError } from '../errors.ts';
import { describe, requireKnown, requireList, requireName } from '../require.ts';
import { type CsvRow, csvRows, requireDelimiter } from './csv-rows.ts';
import {
  type Cell,
  type Fields,
  type Kind,
  type Kinds,
  type Missing,
  type Numbered,
  once,
  placeOf,
  type RecordMaker,
  type Records,
  recordMaker,
  requireFile,
  requireKinds,
  requireMissing,
} from './records.ts';
import { requireSource, type TextSource } from './text-source.ts';

/** How CSV is read. */
export interface CsvOptions<K extends Kinds = Kinds> {
  /** The file's name, for errors; `csv` unless given. */
  readonly name?: string;
  /** What stands between fields: one character, a comma unless given. */
  readonly delimiter?: string;
  /** The names of all columns, where the first line does not have them. */
  readonly header?: readonly string[];
  /**
   * The columns that are read, and what they hold; others are passed over. All unless given, and what they hold is guessed:
   * numbers where the first hundred records have nothing else, and text otherwise.
   */
  readonly columns?: K;
  /** What is done where a value is missing; an error unless given. */
  readonly missing?: Missing;
  /** A column in which records must be equal for a value to be carried from one to the next: such as that of a series' name. */
  readonly within?: string;
  /** What stands where a value is missing, such as `['', 'NA']`; an empty field unless given. */
  readonly missingValues?: readonly string[];
}

/** A column that is read. */
export interface Column {
  readonly name: string;
  readonly kind: Kind;
  /** Whether nobody said what it holds. */
  readonly guessed: boolean;
}

/** The records of a table. */
export interface Table<T> extends Records<T> {
  /** The columns that are read, and what was guessed of them, of the beginning of the file. */
  columns(): Promise<readonly Column[]>;
}

/**
 * The records of a file of CSV (RFC 4180), in memory that does not grow with the file. Blanks around a name or a number do
 * not count, nor do empty lines, unless there is but one column. Ends of lines within quotes are read as `\n`.
 *
 * @returns each record with the line that it begins in, as an object of its columns.
 * @throws ValueError at once when the source or an option is none; FormatError, when it comes to it, naming file and line, where
 * a record has more or fewer fields than the header, a quote is not closed, text stands where a number belongs, a value is
 * missing and must not be, bytes are not UTF-8, or a record is longer than 16 Mi characters. What stands before has come by then.
 * @example
 * ```ts
 * import { readCsv } from 'bptt';
 *
 * const text = 'day,place,t\n1,"Kiruna, S",-3.5\n2,"Kiruna, S",\n3,"Kiruna, S",-1\n';
 * const table = readCsv(text, { name: 'weather.csv', missing: 'drop' }); // in Node, readCsv(createReadStream(path), …)
 * for (const { name, kind, guessed } of await table.columns()) console.log(name, kind, guessed);
 * // → day number true
 * // → place text true
 * // → t number true
 * for await (const { line, value } of table) console.log(line, value);
 * // → 2 { day: 1, place: 'Kiruna, S', t: -3.5 }
 * // → 4 { day: 3, place: 'Kiruna, S', t: -1 }
 * console.log(table.counts()); // → { records: 2, dropped: 1, carried: 0 }
 *
 * const series: number[][] = [];
 * const chosen = readCsv(text, { columns: { t: 'number' }, missing: 'carry' }); // value.t is a number, and nothing else
 * for await (const { value } of chosen) series.push([value.t]);
 * console.log(series); // → [ [ -3.5 ], [ -3.5 ], [ -1 ] ]
 * ```
 */
export function readCsv<const K extends Kinds = Kinds>(
  source: TextSource,
  options: CsvOptions<K> = {},
): Table<Fields<K>> {
  const own = requireOptions(options);
  const maker = recordMaker(own.file, own.missing, own.within);
  const rows = csvRows(requireSource(source), own.file, own.delimiter);
  let beginning: Promise<Beginning> | undefined;
  const begun = () => {
    beginning ??= beginningOf(rows, own);
    return beginning;
  };
  return {
    columns: async () => (await begun()).columns.map(({ name, kind, guessed }) => ({ name, kind, guessed })),
    counts: () => maker.counts(),
    [Symbol.asyncIterator]: once(() => recordsOf(rows, begun, own, maker) as AsyncGenerator<Numbered<Fields<K>>>),
  };
}

/** Records by which it is guessed what a column holds. */
const GUESSED_BY = 100;

/** Rows among which these, and the header, have to be. */
const LOOKED_AT = 10_000;

/** A number as it is written. */
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

interface Options {
  readonly file: string;
  readonly delimiter: string;
  readonly header: readonly string[] | undefined;
  readonly kinds: Kinds | undefined;
  readonly missing: Missing;
  readonly within: string | undefined;
  readonly absent: ReadonlySet<string>;
}

/** A column, and which field of a row is its. */
interface PlacedColumn extends Column {
  readonly at: number;
}

/** What is known of a table when its first records are handed out. */
interface Beginning {
  /** Fields of every row. */
  readonly width: number;
  readonly columns: readonly PlacedColumn[];
  /** Rows that have been looked at. */
  readonly ahead: readonly CsvRow[];
  /** What came behind these. */
  readonly failure: { readonly error: unknown } | undefined;
}

function requireOptions<K extends Kinds>(options: CsvOptions<K>): Options {
  const {
    name = 'csv',
    delimiter = ',',
    header,
    columns,
    missing = 'error',
    within,
    missingValues = [''],
  } = requireKnown('options', options, [
    ...(['name', 'delimiter', 'header', 'columns', 'missing', 'within', 'missingValues'] as const),
  ]);
  const kinds = columns === undefined ? undefined : requireKinds(columns);
  if (within !== undefined && kinds && !Object.hasOwn(kinds, requireName('within', within)))
    throw new ValueError('within', 'one of the columns', describe(within));
  return {
    file: requireFile(name),
    delimiter: requireDelimiter(delimiter),
    header: header === undefined ? undefined : requireNames(header),
    kinds,
    missing: requireMissing(missing),
    within: within === undefined ? undefined : requireName('within', within),
    absent: new Set(requireTexts('missingValues', missingValues)),
  };
}

function requireNames(header: readonly string[]): readonly string[] {
  const names = requireTexts('header', header);
  if (names.length === 0) throw new ValueError('header', 'at least one name', 'none');
  return names;
}

/** A list of strings, or throws ValueError. Returns them without blanks around. */
function requireTexts(argument: string, texts: readonly string[]): readonly string[] {
  requireList(argument, texts, 'a list of strings');
  return Array.from({ length: texts.length }, (_, n) => {
    const text: unknown = texts[n];
    if (typeof text !== 'string') throw new ValueError(`${argument}[${n}]`, 'a string', describe(text));
    return text.trim();
  });
}

async function beginningOf(rows: AsyncGenerator<readonly CsvRow[]>, options: Options): Promise<Beginning> {
  const { file, header, kinds, within, absent } = options;
  const looked = await rowsAhead(rows, kinds ? 1 : GUESSED_BY + 1);
  const first = looked.ahead.findIndex(({ fields }) => !isBlank(fields));
  const { fields = [], line = 1 } = (header ? { fields: header } : looked.ahead[first]) ?? {};
  if (fields.length === 0) {
    if (looked.failure) throw looked.failure.error;
    throw new FormatError(
      `${file}:1`,
      'the names of the columns',
      looked.ahead.length > 0 ? 'empty lines' : 'an empty file',
    );
  }
  const names = fields.map(name => name.trim());
  const asked = [...Object.keys(kinds ?? {}), ...(within === undefined ? [] : [within])];
  const unknown = asked.find(name => !names.includes(name));
  if (unknown !== undefined) {
    const got = names.map(name => describe(name)).join(', ');
    throw new FormatError(`${file}:${line}`, `a column ${describe(unknown)}`, got);
  }
  const wanted = names.map((name, at) => ({ name, at })).filter(({ name }) => !kinds || Object.hasOwn(kinds, name));
  const twice = wanted.find(({ name, at }) => name === '__proto__' || names.indexOf(name) < at);
  if (twice) throw new FormatError(`${file}:${line}`, 'columns of different names', describe(twice.name));
  const ahead = header ? looked.ahead : looked.ahead.slice(first + 1);
  const columns = wanted.map(({ name, at }): PlacedColumn => {
    const kind = kinds?.[name];
    return { name, at, kind: kind ?? guess(ahead, at, absent), guessed: kind === undefined };
  });
  return { width: names.length, columns, ahead, failure: looked.failure };
}

/** What a column seems to hold. */
function guess(rows: readonly CsvRow[], at: number, absent: ReadonlySet<string>): Kind {
  const there = rows.slice(0, GUESSED_BY).map(({ fields }) => (isBlank(fields) ? '' : (fields[at] ?? '').trim()));
  const written = there.filter(text => text !== '' && !absent.has(text));
  return written.length > 0 && written.every(text => NUMBER.test(text)) ? 'number' : 'text';
}

/** So many rows that are not empty, or more, unless there are but empty ones; or all that come before an error. */
async function rowsAhead(
  rows: AsyncGenerator<readonly CsvRow[]>,
  count: number,
): Promise<Pick<Beginning, 'ahead' | 'failure'>> {
  let ahead: readonly CsvRow[] = [];
  try {
    while (ahead.length < LOOKED_AT && ahead.filter(({ fields }) => !isBlank(fields)).length < count) {
      const next = await rows.next();
      if (next.done) break;
      ahead = ahead.concat(next.value);
    }
  } catch (error) {
    return { ahead, failure: { error } };
  }
  return { ahead, failure: undefined };
}

async function* recordsOf(
  rows: AsyncGenerator<readonly CsvRow[]>,
  begun: () => Promise<Beginning>,
  options: Options,
  maker: RecordMaker,
): AsyncGenerator<Numbered<unknown>> {
  try {
    const { width, columns, ahead, failure } = await begun();
    const names = columns.map(({ name }) => name);
    const recordsIn = function* (some: readonly CsvRow[]): Generator<Numbered<unknown>> {
      for (const { fields, line } of some) {
        if (width > 1 && isBlank(fields)) continue;
        if (fields.length !== width) {
          throw new FormatError(`${options.file}:${line}`, `${width} fields, as the header has`, `${fields.length}`);
        }
        const cells = columns.map(column => cellOf(fields[column.at] ?? '', column, line, options));
        const value = maker.make(line, names, cells);
        if (value) yield { line, value };
      }
    };
    for (const record of recordsIn(ahead)) yield record;
    if (failure) throw failure.error;
    for await (const some of rows) for (const record of recordsIn(some)) yield record;
  } finally {
    await rows.return(undefined);
  }
}

function cellOf(field: string, { name, kind, guessed }: PlacedColumn, line: number, options: Options): Cell {
  const text = field.trim();
  if (options.absent.has(text)) return undefined;
  if (kind === 'text') return field;
  const number = NUMBER.test(text) ? Number(text) : Number.NaN;
  if (Number.isFinite(number)) return number;
  const why = guessed ? ', as the records before have (say what it holds in columns if it is text)' : '';
  throw new FormatError(placeOf(options.file, line, name), `a finite number${why}`, describe(field));
}

function isBlank(fields: readonly string[]): boolean {
  return fields.length === 1 && fields[0]?.trim() === '';
}
