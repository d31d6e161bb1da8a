/** The formulas of a Markdown text, and where they stand. */
import { expect, test } from 'vitest';
import { formulasOf, placesIn } from '../../lib/derivation/markdown.ts';

const latexOf = (text: string) =>
  formulasOf(text).map(({ latex, display }) => `${display ? 'display' : 'inline'} ${latex}`);

test('displays and formulas in a line, in their order', () => {
  expect(latexOf('Let $a$ be $$b$$ or \\[c\\], \\(d\\) and\n\n$$e\n= f$$')).toEqual([
    'inline a',
    'display b',
    'display c',
    'inline d',
    'display e\n= f',
  ]);
});

test('an environment is a display, with its begin and end', () => {
  expect(latexOf('\\begin{align*} a &= b \\end{align*}')).toEqual(['display \\begin{align*} a &= b \\end{align*}']);
});

test('what is in code is none', () => {
  expect(latexOf('`$a$` and ``$$b$$``\n\n```tex\n$$c$$\n```\n\n$d$')).toEqual(['inline d']);
});

test('a dollar of money, and one that is escaped, begin none', () => {
  expect(latexOf('It costs $5.\n\nIt costs \\$6, or \\$7.')).toEqual([]);
});

test('a display that is not closed ends with its paragraph, and those after it are read', () => {
  const [open, next] = formulasOf('$$a = b\n\n# Next\n\n$$c = d$$');
  expect(open).toMatchObject({ latex: 'a = b', open: true });
  expect(next).toMatchObject({ latex: 'c = d', open: false });
});

test('what stands before a formula is known', () => {
  expect(formulasOf('Write $a$ for $b$').map(({ before }) => before)).toEqual(['Write ', ' for ']);
});

test('a place is a line and a column, both from 1', () => {
  const placeOf = placesIn('ab\n\ncd\n');
  expect([0, 1, 2, 3, 4, 5, 7].map(placeOf)).toEqual([
    { line: 1, column: 1 },
    { line: 1, column: 2 },
    { line: 1, column: 3 },
    { line: 2, column: 1 },
    { line: 3, column: 1 },
    { line: 3, column: 2 },
    { line: 4, column: 1 },
  ]);
});
