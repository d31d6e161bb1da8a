/** Tables at a path. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FileError, FormatError, ValueError } from '../../../lib/errors.ts';
import { readCsvFile, readJsonLinesFile } from '../../../lib/io/node/file-tables.ts';

const folder = mkdtempSync(join(tmpdir(), 'bptt-tables-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function valuesOf<T>(records: AsyncIterable<{ readonly value: T }>): Promise<T[]> {
  const values: T[] = [];
  for await (const { value } of records) values.push(value);
  return values;
}

describe('a file', () => {
  it('of CSV is read, and named in errors', async () => {
    const path = file('days.csv', `day,t\n${'1,2\n'.repeat(20_000)}1,x\n`);
    expect(await valuesOf(readCsvFile(file('two.csv', 'a\n1\n2\n')))).toEqual([{ a: 1 }, { a: 2 }]);
    await expect(valuesOf(readCsvFile(path))).rejects.toThrow(`${path}:20002 "t": expected a finite number`);
    await expect(valuesOf(readCsvFile(path, { name: 'days' }))).rejects.toThrow('days:20002 "t"');
  });

  it('of JSON Lines is read, and named in errors', async () => {
    const path = file('steps.jsonl', '{"x": 1}\n{"x": 2}\n');
    expect(await valuesOf(readJsonLinesFile(path))).toEqual([{ x: 1 }, { x: 2 }]);
    const texts = readJsonLinesFile(path, { columns: { x: 'text' } });
    await expect(valuesOf(texts)).rejects.toThrow(new FormatError(`${path}:1 "x"`, 'a string', '1'));
  });

  it('that is not there, or a folder, is refused by its name', async () => {
    const none = join(folder, 'none.csv');
    await expect(valuesOf(readCsvFile(none))).rejects.toThrow(
      new FileError(none, 'a file that can be read', 'no such file'),
    );
    await expect(valuesOf(readJsonLinesFile(folder))).rejects.toThrow(
      new FileError(folder, 'a file that can be read', 'a folder'),
    );
    expect(() => readCsvFile('')).toThrow(ValueError);
  });
});
