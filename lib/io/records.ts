/** What the readers of tables share: records with the lines they stand in, the kinds of their columns, and what is missing. */
import { FormatError, ValueError } from '../errors.ts';
import { describe, isPlain, requireName } from '../require.ts';

/** What a column holds: finite numbers, or text. */
export type Kind = 'number' | 'text';

/** The columns that are wanted, by name, with what they hold. */
export type Kinds = Readonly<Record<string, Kind>>;

/** A record of such columns. */
export type Fields<K extends Kinds> = { readonly [Name in keyof K]: ValueOf<K[Name]> };

type ValueOf<K extends Kind> = K extends 'number' ? number : string;

/**
 * What is done where a value is missing: an `error` that names its place, `drop` the record, or `carry` the value of the
 * record before. {@link Records.counts} says how often.
 */
export type Missing = 'error' | 'drop' | 'carry';

/** Something, and the line that it begins in, from 1. */
export interface Numbered<T> {
  readonly line: number;
  readonly value: T;
}

/** What has been read. */
export interface ReadCounts {
  /** Records that were handed out. */
  readonly records: number;
  /** Records that were dropped since a value is missing. */
  readonly dropped: number;
  /** Values that were taken from the record before. */
  readonly carried: number;
}

/** The records of a file, read while they are walked over, once. */
export interface Records<T> extends AsyncIterable<Numbered<T>> {
  /** What has been read by now. */
  counts(): ReadCounts;
}

/** The value of a column, if there is one. */
export type Cell = number | string | undefined;

/** Makes records of cells, of numbers and text unless told otherwise: see {@link recordMaker}. */
export interface RecordMaker<V = number | string> {
  /** The record of a line, or undefined where it is dropped; throws FormatError where a value is missing and must not be. */
  make(line: number, names: readonly string[], cells: readonly (V | undefined)[]): Record<string, V> | undefined;
  counts(): ReadCounts;
}

/** Records in which nothing is missing any more. */
export function recordMaker<V = number | string>(file: string, missing: Missing, within?: string): RecordMaker<V> {
  let [records, dropped, carried] = [0, 0, 0];
  let before: Readonly<Record<string, V>> | undefined;
  const filled = (line: number, name: string, isSame: boolean): V => {
    const value = missing === 'carry' && isSame ? before?.[name] : undefined;
    if (value !== undefined) return value;
    const beside = within === undefined ? '' : ` of the same ${JSON.stringify(within)}`;
    const none = `none, nor in a record before${beside} to carry`;
    const got = missing === 'carry' ? none : 'none (missing: error, drop or carry)';
    throw new FormatError(placeOf(file, line, name), 'a value', got);
  };
  return {
    make(line, names, cells) {
      const absent = cells.includes(undefined);
      if (absent && missing === 'drop') {
        dropped += 1;
        return undefined;
      }
      const isSame = within === undefined || cells[names.indexOf(within)] === before?.[within];
      const record: Record<string, V> = {};
      names.forEach((name, n) => {
        record[name] = cells[n] ?? filled(line, name, isSame);
      });
      for (const cell of absent ? cells : []) if (cell === undefined) carried += 1;
      records += 1;
      before = record;
      return record;
    },
    counts: () => ({ records, dropped, carried }),
  };
}

/** Where a value stands. */
export function placeOf(file: string, line: number, column: string): string {
  return `${file}:${line} ${JSON.stringify(column)}`;
}

/** Columns by name with their kinds, or throws ValueError. Returns a copy. */
export function requireKinds<K extends Kinds>(columns: K): K {
  if (!isPlain(columns)) throw new ValueError('columns', 'an object of number or text by name', describe(columns));
  const own = { ...columns };
  for (const [name, kind] of Object.entries(own)) {
    if (kind !== 'number' && kind !== 'text') throw new ValueError(`columns.${name}`, 'number or text', describe(kind));
  }
  if (Object.keys(own).length === 0) throw new ValueError('columns', 'at least one', 'none');
  return own;
}

/** What is done where a value is missing, or throws ValueError. Returns it. */
export function requireMissing(missing: Missing): Missing {
  if (missing === 'error' || missing === 'drop' || missing === 'carry') return missing;
  throw new ValueError('missing', 'error, drop or carry', describe(missing));
}

/** The name of a file, for errors, or throws ValueError. Returns it. */
export function requireFile(name: string): string {
  if (requireName('name', name) === '') throw new ValueError('name', 'the name of a file', '""');
  return name;
}

/** Walks over something once: what streams have is gone then. */
export function once<T>(walk: () => AsyncGenerator<T>): () => AsyncGenerator<T> {
  let isBegun = false;
  return () => {
    if (isBegun) throw new ValueError('source', 'to be walked over once', 'a second time');
    isBegun = true;
    return walk();
  };
}
