import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError, ValueError } from '../../lib/errors.ts';
import { type CsvOptions, readCsv } from '../../lib/io/csv.ts';
import type { Kinds, Numbered } from '../../lib/io/records.ts';
import type { TextSource } from '../../lib/io/text-source.ts';

/** Everything that is read of it. */
async function all<T>(records: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const record of records) found.push(record);
  return found;
}

/** The records, and what is thrown behind them. */
async function until(records: AsyncIterable<Numbered<unknown>>): Promise<readonly [unknown[], unknown]> {
  const found: unknown[] = [];
  try {
    for await (const { value } of records) found.push(value);
  } catch (error) {
    return [found, error];
  }
  return [found, undefined];
}

/** A source in pieces of so many bytes, or characters. */
async function* inPieces(whole: string | Uint8Array, length: number): AsyncGenerator<string | Uint8Array> {
  for (let from = 0; from < whole.length; from += length) yield whole.slice(from, from + length);
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

const field = fc.oneof(
  fc.string({ maxLength: 4 }),
  fc.string({ unit: fc.constantFrom('"', ',', '\n', ' ', 'a', 'é', '🚀'), maxLength: 5 }),
);

/** Tables, and how they are written: every field in quotes or only where it must be. */
const tables = fc
  .record({
    rows: fc
      .integer({ min: 2, max: 4 })
      .chain(width =>
        fc.array(fc.array(field, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 6 }),
      ),
    end: fc.constantFrom('\n', '\r\n', '\r'),
    ended: fc.boolean(),
    quoted: fc.boolean(),
    mark: fc.constantFrom('', '\ufeff'),
  })
  .map(({ rows, end, ended, quoted, mark }) => {
    const write = (text: string) => (quoted || /[",\n\r\ufeff]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const names = rows[0]?.map((_, n) => `c${n}`) ?? [];
    const lines = [names, ...rows].map(row => row.map(write).join(','));
    return { rows, names, text: mark + lines.join('\n').replaceAll('\n', end) + (ended ? end : '') };
  });

describe('a table', () => {
  it('is read as it was written, in whatever pieces it comes, with the line of each record', async () => {
    const kinds = (names: readonly string[]) => Object.fromEntries(names.map(name => [name, 'text'] as const));
    await fc.assert(
      fc.asyncProperty(
        tables,
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom('text', 'bytes'),
        async (table, length, as) => {
          const { rows, names, text } = table;
          const whole = as === 'text' ? text : bytesOf(text);
          const read = await all(readCsv(inPieces(whole, length), { columns: kinds(names), missingValues: [] }));
          const plain = (text: string) => text.replaceAll(/\r\n?/g, '\n');
          expect(read.map(({ value }) => names.map(name => value[name]))).toEqual(rows.map(row => row.map(plain)));
          let line = 2;
          rows.forEach((row, n) => {
            expect(read[n]?.line).toBe(line);
            line += 1 + row.join('').split(/\r\n?|\n/).length - 1;
          });
        },
      ),
    );
  });

  it('holds what it is guessed to hold, which is said, or what it is told', async () => {
    const text = 'day, place ,t\n1,7a, 1.5 \n2,8,-2e-3\n';
    const table = readCsv(text);
    expect(await table.columns()).toEqual([
      { name: 'day', kind: 'number', guessed: true },
      { name: 'place', kind: 'text', guessed: true },
      { name: 't', kind: 'number', guessed: true },
    ]);
    expect(await all(table)).toEqual([
      { line: 2, value: { day: 1, place: '7a', t: 1.5 } },
      { line: 3, value: { day: 2, place: '8', t: -0.002 } },
    ]);
    const told = readCsv(text, { columns: { t: 'number', day: 'text' } });
    expect(await told.columns()).toEqual([
      { name: 'day', kind: 'text', guessed: false },
      { name: 't', kind: 'number', guessed: false },
    ]);
    expect((await all(told))[1]?.value).toEqual({ day: '2', t: -0.002 });
  });

  it('has the names that it is given, and the delimiter', async () => {
    const read = await all(readCsv('1;"2;3"\n', { header: ['a', 'b'], delimiter: ';' }));
    expect(read).toEqual([{ line: 1, value: { a: 1, b: '2;3' } }]);
  });

  it('has no records in empty lines, but missing values where it has one column', async () => {
    const blank = await all(readCsv('\na,b\n\n1,2\n \n\n3,4\n\n'));
    expect(blank.map(({ line, value }) => [line, value.a])).toEqual([
      [4, 1],
      [7, 3],
    ]);
    const single = readCsv('a\n1\n\n3\n', { missing: 'carry' });
    expect((await all(single)).map(({ value }) => value.a)).toEqual([1, 1, 3]);
    expect(await all(readCsv('a,b\n'))).toEqual([]);
  });

  it('is walked over once', async () => {
    const table = readCsv('a\n1\n');
    await all(table);
    await expect(all(table)).rejects.toThrow('source: expected to be walked over once, got a second time');
  });
});

describe('what is missing', () => {
  const text = 'a,b\n1,x\n,y\n3,NA\n4,z\n';
  const missingValues = ['', 'NA'];

  it('is an error unless told otherwise, which names its place', async () => {
    expect(await until(readCsv(text, { name: 'f.csv', missingValues }))).toEqual([
      [{ a: 1, b: 'x' }],
      new FormatError('f.csv:3 "a"', 'a value', 'none (missing: error, drop or carry)'),
    ]);
  });

  it('drops the record, or takes the value before, and is counted', async () => {
    const dropped = readCsv(text, { missing: 'drop', missingValues });
    expect((await all(dropped)).map(({ line }) => line)).toEqual([2, 5]);
    expect(dropped.counts()).toEqual({ records: 2, dropped: 2, carried: 0 });
    const carried = readCsv(text, { missing: 'carry', missingValues });
    expect((await all(carried)).map(({ value }) => [value.a, value.b])).toEqual([
      [1, 'x'],
      [1, 'y'],
      [3, 'y'],
      [4, 'z'],
    ]);
    expect(carried.counts()).toEqual({ records: 4, dropped: 0, carried: 2 });
  });

  it('is not carried from a record that differs in a column', async () => {
    const text = 'id,x\na,1\na,\nb,\n';
    const [found, error] = await until(readCsv(text, { missing: 'carry', within: 'id' }));
    expect(found).toEqual([
      { id: 'a', x: 1 },
      { id: 'a', x: 1 },
    ]);
    expect(String(error)).toContain('csv:4 "x": expected a value, got none, nor in a record before of the same "id"');
    const other = readCsv(text, { within: 'name' });
    await expect(all(other)).rejects.toThrow('csv:1: expected a column "name", got "id", "x"');
    expect(() => readCsv(text, { columns: { x: 'number' }, within: 'id' })).toThrow(
      'within: expected one of the columns',
    );
  });

  it('cannot be carried where nothing goes before', async () => {
    const [found, error] = await until(readCsv('a,b\n1,\n', { missing: 'carry' }));
    expect([found, String(error)]).toEqual([
      [],
      'FormatError: csv:2 "b": expected a value, got none, nor in a record before to carry',
    ]);
  });

  it('is nothing where no value stands for it', async () => {
    expect((await all(readCsv('a,b\nx,\n', { missingValues: [] })))[0]?.value).toEqual({ a: 'x', b: '' });
  });
});

describe('is refused, with file and line, behind what is right:', () => {
  const long = `a,b\n${'1,2\n'.repeat(150)}`;

  it.each<[string, TextSource, CsvOptions, number, string]>([
    ['a field more', 'a,b\n1,2\n3,4,5\n', {}, 1, 'f.csv:3: expected 2 fields, as the header has, got 3'],
    ['a field less', 'a,b\n1,2\n"3\n3"\n', {}, 1, 'f.csv:3: expected 2 fields, as the header has, got 1'],
    [
      'text for a number',
      `${long}x,2\n`,
      {},
      150,
      'f.csv:152 "a": expected a finite number, as the records before have',
    ],
    [
      'text for a number that was told',
      'a\n1\nx\n',
      { columns: { a: 'number' } },
      1,
      'f.csv:3 "a": expected a finite number, got "x"',
    ],
    ['a number that no double holds', 'a\n1\n1e999\n', {}, 1, 'f.csv:3 "a": expected a finite number, as the records'],
    ['NaN', 'a\n1\nNaN\n', { columns: { a: 'number' } }, 1, 'f.csv:3 "a": expected a finite number, got "NaN"'],
    ['hexadecimal digits', 'a\n1\n0x1\n', { columns: { a: 'number' } }, 1, 'f.csv:3 "a": expected a finite number'],
    [
      'a quote that is not closed',
      'a,b\n1,2\n3,"4\n5,6\n',
      {},
      1,
      'f.csv:3: expected a closing quote, got the end of the file',
    ],
    ['a quote within quotes', 'a,b\n1,2\n3,"4"5"\n6,7\n', {}, 1, 'f.csv:3: expected quotes doubled within quotes'],
    ['no such column', 'a,b\n1,2\n', { columns: { c: 'number' } }, 0, 'f.csv:1: expected a column "c", got "a", "b"'],
    ['one name twice', '\na,a\n1,2\n', {}, 0, 'f.csv:2: expected columns of different names, got "a"'],
    [
      'a name of all objects',
      '__proto__,a\n1,2\n',
      {},
      0,
      'f.csv:1: expected columns of different names, got "__proto__"',
    ],
    ['an empty file', '', {}, 0, 'f.csv:1: expected the names of the columns, got an empty file'],
    [
      'a file of empty lines',
      '\n'.repeat(300_000),
      {},
      0,
      'f.csv:1: expected the names of the columns, got empty lines',
    ],
    [
      'many digits and no number',
      `a\n1\n${'1'.repeat(400_000)}x\n`,
      { columns: { a: 'number' } },
      1,
      'f.csv:3 "a": expected a finite number',
    ],
    [
      'bytes that are no text',
      Uint8Array.of(...bytesOf('a,é\r\n1,2\n3,'), 0xff, 0x0a),
      {},
      1,
      'f.csv:3: expected text in UTF-8',
    ],
    ['a character cut off', Uint8Array.of(...bytesOf('a\n1\n'), 0xc3), {}, 1, 'f.csv:3: expected text in UTF-8'],
    [
      'a record without end',
      `a\n1\n"${'x\n'.repeat(2 ** 23)}`,
      {},
      1,
      'f.csv:3: expected a record of at most 16777216',
    ],
  ])('%s', async (_, source, options, count, message) => {
    const [found, error] = await until(readCsv(source, { ...options, name: 'f.csv' } as CsvOptions<Kinds>));
    expect(found.length).toBe(count);
    expect(error).toBeInstanceOf(FormatError);
    expect(String(error)).toContain(message);
  });

  it('a stream of something else', async () => {
    const numbers = (async function* () {
      yield 'a\n1\n';
      yield 5 as never;
    })();
    expect(await until(readCsv(numbers))).toEqual([
      [{ a: 1 }],
      new FormatError('csv:3', 'text or bytes from the stream', '5'),
    ]);
  });

  it('whatever the stream throws, as it is', async () => {
    const broken = (async function* () {
      yield 'a\n1\n';
      throw new Error('unplugged');
    })();
    expect(await until(readCsv(broken))).toEqual([[{ a: 1 }], new Error('unplugged')]);
  });

  it.each<[string, unknown, object, string]>([
    ['no source', 5, {}, 'source: expected a text, its bytes, or a stream of either, got 5'],
    ['a list', ['a'], {}, 'source: expected a text, its bytes, or a stream of either, got Array of length 1'],
    ['an unknown option', '', { seperator: ';' }, 'options: expected no names but name, delimiter'],
    ['a delimiter of two', '', { delimiter: '::' }, 'delimiter: expected one character'],
    ['a quote as delimiter', '', { delimiter: '"' }, 'delimiter: expected one character'],
    ['another kind', '', { columns: { a: 'date' } }, 'columns.a: expected number or text, got "date"'],
    ['no columns', '', { columns: {} }, 'columns: expected at least one, got none'],
    ['no names', '', { header: [] }, 'header: expected at least one name, got none'],
    ['another way', '', { missing: 'skip' }, 'missing: expected error, drop or carry, got "skip"'],
    ['a number for a missing value', '', { missingValues: [0] }, 'missingValues[0]: expected a string, got 0'],
  ])('%s, at once', (_, source, options, message) => {
    expect(() => readCsv(source as string, options)).toThrow(ValueError);
    expect(() => readCsv(source as string, options)).toThrow(message);
  });
});

describe('a stream', () => {
  /** Lines without end, in pieces of 1000. */
  const endless = () => {
    const state = { pulled: 0, closed: false };
    const stream = (async function* () {
      try {
        yield 'n,name\n';
        for (let line = 0; ; state.pulled++)
          yield Array.from({ length: 1000 }, () => `${line++},"a, ""b"""\n`).join('');
      } finally {
        state.closed = true;
      }
    })();
    return { state, stream };
  };

  it('is read no further than is asked for, and closed when nothing more is', async () => {
    const { state, stream } = endless();
    let n = 0;
    let most = 0;
    for await (const { line, value } of readCsv(stream)) {
      if (value.n !== n || line !== n + 2) throw new Error(`${value.n} in line ${line}`);
      n += 1;
      most = Math.max(most, state.pulled - n / 1000);
      if (n === 100_000) break;
    }
    expect(most).toBeLessThan(3);
    expect(state.closed).toBe(true);
  });

  it('is begun by whoever asks for the columns first', async () => {
    const { state, stream } = endless();
    const table = readCsv(stream);
    expect(state.pulled).toBe(0);
    expect((await table.columns()).map(({ kind }) => kind)).toEqual(['number', 'text']);
    expect(state.pulled).toBeLessThan(3);
    for await (const { value } of table) {
      expect(value.n).toBe(0);
      break;
    }
    expect(state.closed).toBe(true);
  });
});
