/** What the pages that learn do without a page: how a table is written and what it is for, whether bytes are text, the course of a loss. */
import { describe, expect, it } from 'vitest';
import { Course } from '../../derivations/.site/app/course.ts';
import { looked, readable } from '../../derivations/.site/app/table.ts';
import { sizeOf, textOf } from '../../derivations/.site/app/text-of.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('a table', () => {
  it.each<[string, string, string, string]>([
    ['numbers in columns', 't,x\n1,2\n3,4\n', 'table.csv', 'forecast'],
    ['numbers and a class', 'id,x,kind\n1,2,a\n1,3,a\n2,1,b\n2,1,b\n', 'table.csv', 'classify'],
    ['two texts', 'english,swedish\nyes,ja\nno,nej\ncat,katt\n', 'table.csv', 'translate'],
    ['a text', 'line\nthe cat\nthe dog\n', 'table.csv', 'language'],
    ['lists', '{"tokens":["the","cat"],"tags":["D","N"]}\n', 'table.jsonl', 'tag'],
  ])('of %s is for what one would think', async (_, text, name, task) => {
    const table = readable(bytes(text), 'table.txt');
    expect(table.name).toBe(name);
    expect((await looked(table)).task).toBe(task);
  });

  it('shows its first rows', async () => {
    const { columns, rows } = await looked(readable(bytes('t,x\n1,2\n3,\n'), 'a.csv'));
    expect(columns.map(({ name, kind }) => [name, kind])).toEqual([
      ['t', 'number'],
      ['x', 'number'],
    ]);
    expect(rows).toEqual([
      ['1', '2'],
      ['3', ''],
    ]);
  });

  it('is parted by what stands in its first line, and gets names where it has none', () => {
    expect(readable(bytes('a;b\n1;2\n'), 'a.csv').delimiter).toBe(';');
    expect(readable(bytes('a\tb\n1\t2\n'), 'a.csv').delimiter).toBe('\t');
    expect(readable(bytes('a;b\n1;2\n'), 'a.csv', ',').delimiter).toBe(',');
    expect(new TextDecoder().decode(readable(bytes('1,2\n3,4\n'), 'a.csv').bytes)).toBe(
      'column 1,column 2\n1,2\n3,4\n',
    );
  });
});

describe('bytes', () => {
  it('are a text, or it is said why not', () => {
    expect(textOf(bytes('å\r\n'))).toEqual({ text: 'å\r\n' });
    expect(textOf(new Uint8Array())).toEqual({ why: 'There is no text: it is empty.' });
    expect(textOf(Uint8Array.of(65, 0))).toEqual({ why: expect.stringContaining('byte 2 is 0') });
    expect(textOf(Uint8Array.of(0xff, 0xfe, 65))).toEqual({ why: expect.stringContaining('no text in UTF-8') });
    expect([sizeOf(999), sizeOf(94_039), sizeOf(20_020_000)]).toEqual(['999 bytes', '94 kB', '20.0 MB']);
  });
});

describe('the course of a loss', () => {
  it('is as many points as are drawn, each a mean, in order', () => {
    const course = new Course();
    for (let step = 1; step <= 10_000; step++) course.add(step, step);
    const { points } = course;
    expect(points.length).toBeGreaterThan(200);
    expect(points.length).toBeLessThanOrEqual(400);
    for (const [n, [step, loss]] of points.entries()) {
      const before = points[n - 1]?.[0] ?? 0;
      expect(step).toBeGreaterThan(before);
      expect(loss).toBeCloseTo((before + 1 + step) / 2, 9);
    }
    expect(course.now()).toBeGreaterThan(9000);
  });

  it('goes on from where another stood, and leaves out what is no number', () => {
    const course = new Course([
      [4, 3],
      [8, 2],
    ]);
    for (const loss of [1, 2, Number.NaN, 3, 2]) course.add(12, loss);
    expect(course.points.at(-1)).toEqual([12, 2]);
  });
});
