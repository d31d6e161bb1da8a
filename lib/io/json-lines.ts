import { FormatError, ValueError } from '../errors.ts';
import { describe, isPlain, requireKnown } from '../require.ts';
import { parseJson } from './json.ts';
import {
  type Cell,
  type Fields,
  type Kind,
  type Kinds,
  type Missing,
  type Numbered,
  once,
  placeOf,
  type Records,
  recordMaker,
  requireFile,
  requireKinds,
  requireMissing,
} from './records.ts';
import { LONGEST_RECORD, piecesOf, requireSource, type TextSource } from './text-source.ts';

/** How JSON Lines are read. */
export interface JsonLinesOptions {
  /** The file's name, for errors; `json` unless given. */
  readonly name?: string;
}

/** How records are read from JSON Lines. */
export interface JsonRecordsOptions<K extends Kinds> extends JsonLinesOptions {
  /** The fields that are read of every line, which is an object, and what they hold. Others are passed over. */
  readonly columns: K;
  /** What is done where one is not there, or null; an error unless given. */
  readonly missing?: Missing;
}

/**
 * The values of a file of JSON Lines, one a line, in memory that does not grow with the file. Empty lines are passed over.
 *
 * @returns each with its line: whatever JSON it is, or, where `columns` are given, a record of these.
 * @throws ValueError at once when the source or an option is none; FormatError, when it comes to it, naming file and line: where
 * a line is not JSON in UTF-8, is longer than 16 Mi characters, or is no such record. What stands before has come by then.
 * @example
 * ```ts
 * import { readJsonLines, Sequence } from 'bptt';
 *
 * const text = '{"steps": [[1, 2], [3, 4]]}\n{"steps": [[5, 6]]}\n';
 * const rows: number[][][] = [];
 * for await (const { value } of readJsonLines(text, { name: 'walks.jsonl' })) {
 *   rows.push((value as { steps: number[][] }).steps);
 * }
 * console.log(Sequence.pack(rows).lengths); // → Int32Array(2) [ 2, 1 ]
 *
 * const days = readJsonLines('{"t": 1.5}\n{"t": null}\n', { columns: { t: 'number' }, missing: 'carry' });
 * for await (const { line, value } of days) console.log(line, value.t);
 * // → 1 1.5
 * // → 2 1.5
 * console.log(days.counts()); // → { records: 2, dropped: 0, carried: 1 }
 * ```
 */
export function readJsonLines(source: TextSource, options?: JsonLinesOptions): Records<unknown>;
export function readJsonLines<const K extends Kinds>(
  source: TextSource,
  options: JsonRecordsOptions<K>,
): Records<Fields<K>>;
export function readJsonLines(
  source: TextSource,
  options: JsonLinesOptions & Partial<JsonRecordsOptions<Kinds>> = {},
): Records<unknown> {
  requireSource(source);
  const { name = 'json', columns, missing } = requireKnown('options', options, ['name', 'columns', 'missing']);
  const file = requireFile(name);
  if (columns !== undefined)
    return recordsOf(source, file, requireKinds(columns), requireMissing(missing === undefined ? 'error' : missing));
  if (missing !== undefined) throw new ValueError('missing', 'columns beside it, that may be missing', 'none');
  let records = 0;
  return {
    counts: () => ({ records, dropped: 0, carried: 0 }),
    [Symbol.asyncIterator]: once(async function* () {
      for await (const { line, value } of linesOf(source, file)) {
        const parsed = jsonOf(value, file, line);
        records += 1;
        yield { line, value: parsed };
      }
    }),
  };
}

function recordsOf(source: TextSource, file: string, columns: Kinds, missing: Missing): Records<unknown> {
  const wanted = Object.entries(columns);
  const names = Object.keys(columns);
  const maker = recordMaker(file, missing);
  return {
    counts: () => maker.counts(),
    [Symbol.asyncIterator]: once(async function* () {
      for await (const { line, value: text } of linesOf(source, file)) {
        const object = jsonOf(text, file, line);
        if (!isPlain(object)) throw new FormatError(`${file}:${line}`, 'an object', describe(object));
        const fields = object as Readonly<Record<string, unknown>>;
        const cells = wanted.map(([name, kind]) =>
          cellOf(Object.hasOwn(fields, name) ? fields[name] : null, kind, () => placeOf(file, line, name)),
        );
        const value = maker.make(line, names, cells);
        if (value) yield { line, value };
      }
    }),
  };
}

function cellOf(value: unknown, kind: Kind, place: () => string): Cell {
  if (value === null) return undefined;
  if (kind === 'text' && typeof value === 'string') return value;
  if (kind === 'number' && typeof value === 'number' && Number.isFinite(value)) return value;
  throw new FormatError(place(), kind === 'number' ? 'a finite number' : 'a string', describe(value));
}

function jsonOf(text: string, file: string, line: number): unknown {
  return parseJson(text, (expected, got) => new FormatError(`${file}:${line}`, expected, `${got}: ${describe(text)}`));
}

/** The lines that are not blank. */
async function* linesOf(source: TextSource, file: string): AsyncGenerator<Numbered<string>> {
  let line = 1;
  let begun = '';
  for await (const piece of piecesOf(source, file)) {
    const [first = '', ...more] = piece.split('\n');
    begun += first;
    for (const next of more) {
      if (begun.trim() !== '') yield { line, value: begun };
      line += 1;
      begun = next;
    }
    if (begun.length > LONGEST_RECORD) {
      throw new FormatError(`${file}:${line}`, `a line of at most ${LONGEST_RECORD} characters`, 'a longer one');
    }
  }
  if (begun.trim() !== '') yield { line, value: begun };
}
