/** What is learnt from: sequences, made of the rows of a file as they are understood. */
import { FormatError } from '../errors.ts';
import { type Numbered, placeOf, type ReadCounts } from '../io/records.ts';
import { describe } from '../require.ts';
import { type Reading, type Row, rowsOf } from './table.ts';
import type { Level, Understanding } from './understanding.ts';

/** A sequence of the file. */
export interface Item {
  /** The line that it begins in, and where it says what is to be foretold. */
  readonly line: number;
  readonly place: string;
  /** What the sequence is called, where rows are steps. */
  readonly name: string | undefined;
  /** When each step was, where that is said. */
  readonly times: readonly string[];
  /** Vectors, a step each, or none where there are tokens. */
  readonly vectors: readonly (readonly number[])[];
  readonly tokens: readonly string[];
  /** What is to be foretold: a label, or tokens; none where the file does not say. Of a forecast it is in the vectors. */
  readonly target: readonly string[];
}

/** Sequences, walked over once. */
export interface Items extends AsyncIterable<Item> {
  /** What has been read by now. */
  counts(): ReadCounts;
}

/**
 * The sequences of a file.
 *
 * @param asked whether what is to be foretold must be there.
 * @throws FormatError, when it comes to it, naming file and line.
 */
export function itemsOf(reading: Reading, understanding: Understanding, asked: boolean): Items {
  const { task, sequence, text, target, time, features, kinds } = understanding;
  const isWanted = asked || task === 'forecast';
  const wanted = [time, sequence, ...features, text, ...(isWanted ? [target] : [])];
  const names = [...new Set(wanted.filter(name => name !== undefined))];
  const rows = rowsOf(reading, Object.fromEntries(names.map(name => [name, kinds[name] ?? 'text'])), sequence);
  const making = { path: reading.name, understanding, isAsked: isWanted };
  const isLong = task === 'forecast' || sequence !== undefined;
  return {
    counts: () => rows.counts(),
    async *[Symbol.asyncIterator]() {
      if (!isLong) for await (const row of rows) yield whole(row, making);
      else for await (const steps of groups(rows, sequence, reading.name)) yield joined(steps, making);
    },
  };
}

/** Rows, one after the other, that are equal in a column; all, where there is none. */
async function* groups(
  rows: AsyncIterable<Numbered<Row>>,
  sequence: string | undefined,
  path: string,
): AsyncGenerator<readonly Numbered<Row>[]> {
  let steps: Numbered<Row>[] = [];
  let current: string | undefined;
  const ended = new Set<string>();
  for await (const row of rows) {
    const name = sequence === undefined ? '' : String(row.value[sequence]);
    if (steps.length > 0 && name !== current) {
      yield steps;
      ended.add(current ?? '');
      steps = [];
    }
    if (ended.has(name))
      throw new FormatError(
        placeOf(path, row.line, sequence ?? ''),
        'the rows of a sequence one after the other',
        `${describe(name)} again`,
      );
    current = name;
    steps.push(row);
  }
  if (steps.length > 0) yield steps;
}

/** What is needed to make sequences of rows: the file, for errors, what it is taken for, and whether targets are read. */
interface Making {
  readonly path: string;
  readonly understanding: Understanding;
  readonly isAsked: boolean;
}

/** A row that is a sequence. */
function whole({ line, value }: Numbered<Row>, { path, understanding, isAsked }: Making): Item {
  const { text = '', target, task, level } = understanding;
  const here = placeOf(path, line, text);
  const place = placeOf(path, line, target ?? text);
  const own = value[text];
  const isVectors = Array.isArray(own) && typeof own[0] !== 'string';
  const tokens = isVectors ? [] : tokensOf(own, level, here);
  const vectors = isVectors ? own.map((step: unknown, t) => vectorOf(step, here, t)) : [];
  if (tokens.length + vectors.length === 0) throw new FormatError(here, 'at least one step', 'none');
  const widths = new Set(vectors.map(({ length }) => length));
  if (widths.size > 1) throw new FormatError(here, 'vectors of one width', `${[...widths].join(' and ')} numbers`);
  const said = target === undefined || !isAsked ? undefined : value[target];
  const isList = task === 'tag' || task === 'translate';
  const foretold = said === undefined ? [] : isList ? tokensOf(said, level, place) : [String(said)];
  if (task === 'tag' && said !== undefined && foretold.length !== tokens.length)
    throw new FormatError(place, `${tokens.length} tags, one a token`, `${foretold.length}`);
  return { line, place, name: undefined, times: [], vectors, tokens, target: foretold };
}

/** Rows that are the steps of a sequence. */
function joined(steps: readonly Numbered<Row>[], { path, understanding, isAsked }: Making): Item {
  const { task, time, sequence, features, text, target } = understanding;
  const [first] = steps;
  const line = first?.line ?? 1;
  const said =
    target === undefined || !isAsked || task === 'forecast' ? [] : steps.map(({ value }) => String(value[target]));
  const other = task === 'classify' ? said.findIndex(label => label !== said[0]) : -1;
  if (other >= 0) {
    const place = placeOf(path, steps[other]?.line ?? line, target ?? '');
    throw new FormatError(place, `${describe(said[0])}, as the sequence has before`, describe(said[other]));
  }
  return {
    line,
    place: placeOf(path, line, target ?? text ?? ''),
    name: sequence === undefined ? undefined : String(first?.value[sequence]),
    times: time === undefined ? [] : steps.map(({ value }) => String(value[time])),
    vectors: text === undefined ? steps.map(({ value }) => features.map(name => Number(value[name]))) : [],
    tokens: text === undefined ? [] : steps.map(({ value }) => String(value[text])),
    target: task === 'classify' ? said.slice(0, 1) : said,
  };
}

function tokensOf(value: unknown, level: Level, place: string): readonly string[] {
  if (Array.isArray(value)) {
    const other = value.findIndex(token => typeof token !== 'string' || token === '');
    if (other < 0) return value as readonly string[];
    throw new FormatError(`${place}[${other}]`, 'a token', describe(value[other]));
  }
  const text = String(value);
  return level === 'char' ? Array.from(text) : text.split(/\s+/).filter(word => word !== '');
}

function vectorOf(step: unknown, place: string, t: number): readonly number[] {
  const numbers: readonly unknown[] = Array.isArray(step) ? step : [step];
  const other = numbers.findIndex(x => typeof x !== 'number' || !Number.isFinite(x));
  if (numbers.length > 0 && other < 0) return numbers as readonly number[];
  throw new FormatError(
    `${place}[${t}]`,
    'a finite number, or a vector of them',
    describe(other < 0 ? step : numbers[other]),
  );
}
