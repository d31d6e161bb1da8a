/** What can be wrong with a file that `bptt fit` is given: it says so in one line, with its place, and writes nothing. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freshFolder, inTurn, linesOf } from './command.ts';

const folder = freshFolder();
const at = (name: string) => join(folder, name);
const QUICK = ['--hidden', '8', '--epochs', '2'];

describe('what is wrong with a file is said in one line, with its place, and nothing is written', () => {
  const learn = (file: string, task: string, ...more: readonly string[]) => [
    'fit',
    file,
    '--task',
    task,
    ...QUICK,
    ...more,
  ];

  test.each<[string, string, string, readonly string[], RegExp]>([
    [
      'a ragged row',
      'a.csv',
      'text,label\nab,a\n2\n',
      learn('a.csv', 'classify'),
      /^a\.csv:3: expected 2 fields, as the header has, got 1$/,
    ],
    [
      'text where a number belongs',
      'b.csv',
      `t\n${'1\n'.repeat(150)}high\n`,
      learn('b.csv', 'forecast'),
      /^b\.csv:152 "t": expected a finite number, got "high"$/,
    ],
    [
      'a list of another kind',
      'c.jsonl',
      '{"tokens":["a"],"tags":["A"]}\n{"tokens":"a","tags":["A"]}\n',
      learn('c.jsonl', 'tag'),
      /^c\.jsonl:2 "tokens": expected a list, got "a"$/,
    ],
    [
      'an empty sequence',
      'd.jsonl',
      '{"tokens":["a"],"tags":["A"]}\n{"tokens":[],"tags":[]}\n',
      learn('d.jsonl', 'tag'),
      /^d\.jsonl:2 "tokens": expected at least one step, got none$/,
    ],
    [
      'a tag less',
      'e.jsonl',
      '{"tokens":["a","b"],"tags":["A"]}\n',
      learn('e.jsonl', 'tag'),
      /^e\.jsonl:1 "tags": expected 2 tags, one a token, got 1$/,
    ],
    [
      'a class of one',
      'f.csv',
      'text,label\na,A\nb,A\nc,B\nd,A\n',
      learn('f.csv', 'classify'),
      /^f\.csv:4 "label": expected at least 2 sequences of every class, got 1 of "B"$/,
    ],
    [
      'a series that is too short',
      'g.csv',
      't\n1\n2\n3\n',
      learn('g.csv', 'forecast'),
      /^g\.csv:2 "t": expected a series of at least \d+ rows, for windows of 28, got 3$/,
    ],
    [
      'a sequence in two pieces',
      'h.csv',
      'id,x,label\n1,0,A\n2,0,B\n1,0,A\n',
      learn('h.csv', 'classify'),
      /^h\.csv:4 "id": expected the rows of a sequence one after the other, got "1" again$/,
    ],
    [
      'two labels in a sequence',
      'i.csv',
      'id,x,label\n1,0,A\n1,0,B\n',
      learn('i.csv', 'classify'),
      /^i\.csv:3 "label": expected "A", as the sequence has before, got "B"$/,
    ],
    [
      'a vector with text',
      'j.jsonl',
      '{"steps":[[1],["a"]],"label":"A"}\n',
      learn('j.jsonl', 'classify'),
      /^j\.jsonl:1 "steps"\[1\]: expected a finite number, .*, got "a"$/,
    ],
    [
      'vectors of two widths',
      'k.jsonl',
      '{"steps":[[1],[1,2]],"label":"A"}\n',
      learn('k.jsonl', 'classify'),
      /^k\.jsonl:1 "steps": expected vectors of one width, got 1 and 2 numbers$/,
    ],
    [
      'an empty file',
      'l.csv',
      '',
      learn('l.csv', 'forecast'),
      /^l\.csv:1: expected the names of the columns, got an empty file$/,
    ],
    ...['forecast', 'classify', 'tag', 'translate', 'language'].map(
      (task): [string, string, string, readonly string[], RegExp] => [
        `no rows, for ${task}`,
        'm.csv',
        'a,b\n\n',
        learn('m.csv', task),
        /^m\.csv: expected rows below its header, got none$/,
      ],
    ),
    [
      'a running text',
      't.txt',
      'It was a bright day.\n',
      learn('t.txt', 'language'),
      /^FILE: .* got "t\.txt" \(a running text is for bptt train\)$/,
    ],
    [
      'no such column',
      'n.csv',
      'a\n1\n',
      learn('n.csv', 'forecast', '--target', 'b'),
      /^--target: expected one of the columns a, got b$/,
    ],
    [
      'no column of numbers',
      'o.csv',
      'a\nx\n',
      learn('o.csv', 'forecast'),
      /^--target: expected a column of numbers among a, got none$/,
    ],
    [
      'numbers without a sequence',
      'p.csv',
      'a,b\n1,x\n',
      learn('p.csv', 'classify'),
      /^--sequence: expected the column by which rows are the steps of one sequence among a, b, got none$/,
    ],
    [
      'a file of another kind',
      'q.xlsx',
      '',
      learn('q.xlsx', 'tag'),
      /^FILE: expected a file of CSV .* or JSON Lines .*, got "q\.xlsx" \(a running text is for bptt train\)$/,
    ],
    [
      'no task',
      'r.csv',
      'a\n1\n',
      ['fit', 'r.csv'],
      /^--task: expected one of forecast, classify, tag, translate, language, got none$/,
    ],
    [
      'a part of nothing',
      's.csv',
      'a\n1\n',
      learn('s.csv', 'forecast', '--test', '0.9'),
      /^--test: expected less than what validation leaves, got 0\.9$/,
    ],
  ])('%s', async (_, name, text, args, message) => {
    writeFileSync(at(name), text);
    const { status, stderr, stdout } = await inTurn(folder, ...args, '--json');
    expect({ status, lines: linesOf(stderr).length }).toEqual({ status: 2, lines: 1 });
    expect(stderr.slice('bptt: '.length).trimEnd()).toMatch(message);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false });
    expect(existsSync(at('runs'))).toBe(false);
  });
});
