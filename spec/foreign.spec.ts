import { expect, test } from 'vitest';
import { shown } from '../lib/foreign.ts';

test('nothing reaches a terminal that it would obey, or a reader that they could not see', () => {
  const hostile = '\u001b[31mred\u0007\u009b2J\u202eabc\u2066\u200b\r\n\u2028\ud83d';
  const text = shown(hostile);
  expect(text).toBe('\\u{1b}[31mred\\u{7}\\u{9b}2J\\u{202e}abc\\u{2066}\\u{200b}\\u{d}\\u{a}\\u{2028}\\u{d83d}');
  expect(shown('déjà vu 😀 日本')).toBe('déjà vu 😀 日本');
});

test('what is long is cut, and never in the middle of an escape', () => {
  expect(shown('a'.repeat(1000)).length).toBe(201);
  expect(shown('\u001b'.repeat(5), 2)).toBe('\\u{1b}\\u{1b}…');
});
