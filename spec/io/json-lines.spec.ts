import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError, ValueError } from '../../lib/errors.ts';
import { type JsonLinesOptions, type JsonRecordsOptions, readJsonLines } from '../../lib/io/json-lines.ts';
import type { Kinds, Numbered } from '../../lib/io/records.ts';

/** The records, and what is thrown behind them. */
async function until(records: AsyncIterable<Numbered<unknown>>): Promise<readonly [Numbered<unknown>[], unknown]> {
  const found: Numbered<unknown>[] = [];
  try {
    for await (const record of records) found.push(record);
  } catch (error) {
    return [found, error];
  }
  return [found, undefined];
}

async function* inPieces(whole: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < whole.length; from += length) yield whole.subarray(from, from + length);
}

describe('JSON Lines', () => {
  it('are read as they were written, in whatever pieces they come, with their lines', async () => {
    const line = fc.oneof(
      fc.json({ maxDepth: 2 }).map(json => [json]),
      fc.constantFrom([''], [' ']),
    );
    const files = fc.tuple(fc.array(line, { maxLength: 6 }), fc.constantFrom('\n', '\r\n', '\r'), fc.boolean());
    await fc.assert(
      fc.asyncProperty(files, fc.integer({ min: 1, max: 9 }), async ([lines, end, ended], length) => {
        const text = lines.flat().join(end) + (ended ? end : '');
        const [found, error] = await until(readJsonLines(inPieces(new TextEncoder().encode(text), length)));
        const expected = lines
          .flat()
          .flatMap((json, n) => (json.trim() ? [{ line: n + 1, value: JSON.parse(json) as unknown }] : []));
        expect([found, error]).toEqual([expected, undefined]);
      }),
    );
  });

  it('are records where columns are said, and the rest is passed over', async () => {
    const text = '{"t": 1, "u": [2], "name": "a"}\n{"t": null, "name": "b"}\n{"name": "c", "t": 3}\n';
    const columns = { t: 'number', name: 'text' } as const;
    const dropped = readJsonLines(text, { columns, missing: 'drop' });
    const [found] = await until(dropped);
    expect(found).toEqual([
      { line: 1, value: { t: 1, name: 'a' } },
      { line: 3, value: { t: 3, name: 'c' } },
    ]);
    expect(dropped.counts()).toEqual({ records: 2, dropped: 1, carried: 0 });
    const carried = readJsonLines(text, { columns, missing: 'carry' });
    expect((await until(carried))[0][1]?.value).toEqual({ t: 1, name: 'b' });
    const refused = await until(readJsonLines(text, { columns, name: 'f.jsonl' }));
    expect(String(refused[1])).toBe(
      'FormatError: f.jsonl:2 "t": expected a value, got none (missing: error, drop or carry)',
    );
  });

  it('are counted', async () => {
    const records = readJsonLines('1\n2\n');
    await until(records);
    expect(records.counts()).toEqual({ records: 2, dropped: 0, carried: 0 });
    expect(String((await until(records))[1])).toContain('to be walked over once');
  });

  it.each<[string, string, Partial<JsonRecordsOptions<Kinds>>, string]>([
    ['no JSON', '1\n\n{"a": }\n', {}, 'f.jsonl:3: expected JSON, got text that is not JSON: "{\\"a\\": }"'],
    ['JSON over two lines', '1\n{\n"a": 1}\n', {}, 'f.jsonl:2: expected JSON, got text that is not JSON: "{"'],
    [
      'too many brackets',
      `1\n${'['.repeat(70)}${']'.repeat(70)}`,
      {},
      'f.jsonl:2: expected JSON of at most 64 brackets',
    ],
    [
      'a list for an object',
      '{"a": 1}\n[1]\n',
      { columns: { a: 'number' } },
      'f.jsonl:2: expected an object, got Array of length 1',
    ],
    [
      'text for a number',
      '{"a": 1}\n{"a": "1"}\n',
      { columns: { a: 'number' } },
      'f.jsonl:2 "a": expected a finite number, got "1"',
    ],
    [
      'a number for text',
      '{"a": "1"}\n{"a": 1}\n',
      { columns: { a: 'text' } },
      'f.jsonl:2 "a": expected a string, got 1',
    ],
    [
      'a number too large',
      '{"a": 1}\n{"a": 1e999}\n',
      { columns: { a: 'number' } },
      'f.jsonl:2 "a": expected a finite number, got Infinity',
    ],
    [
      'a name of all objects',
      '{"toString": "a"}\n{}\n',
      { columns: { toString: 'text' as const } },
      'f.jsonl:2 "toString": expected a value',
    ],
    [
      'a line without end',
      `1\n${'x'.repeat(2 ** 24 + 1)}`,
      {},
      'f.jsonl:2: expected a line of at most 16777216 characters',
    ],
  ])('%s: refused, behind what is right', async (_, text, options, message) => {
    const [found, error] = await until(
      readJsonLines(text, { ...options, name: 'f.jsonl' } as JsonRecordsOptions<Kinds>),
    );
    expect(found.length).toBe(1);
    expect(error).toBeInstanceOf(FormatError);
    expect(String(error)).toContain(message);
  });

  it.each<[string, unknown, object, string]>([
    ['no source', undefined, {}, 'source: expected a text, its bytes, or a stream of either, got undefined'],
    ['missing, of what', '', { missing: 'drop' }, 'missing: expected columns beside it, that may be missing, got none'],
    ['an unknown option', '', { column: {} }, 'options: expected no names but name, columns, missing, got "column"'],
    ['no name', '', { name: '' }, 'name: expected the name of a file, got ""'],
  ])('%s: refused at once', (_, source, options, message) => {
    expect(() => readJsonLines(source as string, options as JsonLinesOptions)).toThrow(ValueError);
    expect(() => readJsonLines(source as string, options as JsonLinesOptions)).toThrow(message);
  });

  it('are read no further than is asked for', async () => {
    let pulled = 0;
    const stream = (async function* () {
      for (;;) {
        pulled += 1;
        yield '[1, 2]\n'.repeat(1000);
      }
    })();
    let n = 0;
    for await (const { line } of readJsonLines(stream)) {
      n += 1;
      if (line !== n) throw new Error(`line ${line}`);
      if (n === 20_000) break;
    }
    expect(pulled).toBeLessThan(23);
  });
});
