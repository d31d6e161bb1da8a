import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BpttError } from '../lib/errors.ts';
import { shown, shownJson, shownLines } from '../lib/foreign.ts';

/** What a terminal obeys, a reader cannot see, or XML forbids. */
const unseen = [
  ...['\0', '\u0007', '\b', '\u000b', '\u001b', '\u007f', '\u0085', '\u009b', '\u009d'],
  ...[
    '\u00ad',
    '\u034f',
    '\u061c',
    '\u180e',
    '\u200b',
    '\u200e',
    '\u2028',
    '\u2029',
    '\u202e',
    '\u2060',
    '\u2066',
    '\u206a',
  ],
  ...['\u3164', '\ufeff', '\ufff9', '\ufffe', '\uffff', '\ud83d', '\udc00', '\u{e0041}', '\u{1d173}', '\u{1ffff}'],
];

const escaped = (character: string) => `\\u{${character.codePointAt(0)?.toString(16)}}`;

describe('what a terminal would obey, or a reader could not see', () => {
  test.each(unseen)('%j stands as an escape', character => {
    for (const show of [shown, shownLines]) expect(show(`a${character}b`)).toBe(`a${escaped(character)}b`);
  });

  test('stands as an escape of JSON in JSON, which reads back the same', () => {
    const text = unseen.join('a');
    const json = shownJson({ [text]: [text] });
    expect(shown(json, json.length)).toBe(json);
    expect(JSON.parse(json)).toEqual({ [text]: [text] });
  });

  test('is escaped in any text, once', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        for (const show of [shown(text, 1e6), shownLines(text)]) expect(shownLines(show)).toBe(show);
        expect(shown(shown(text, 1e6), 1e6)).toBe(shown(text, 1e6));
      }),
    );
  });
});

test('text in any language stays as it is', () => {
  for (const text of ['déjà vu 😀 日本 ❤️', 'نص عربي', 'שלום', 'क्षत्रिय']) {
    expect(shown(text)).toBe(text);
    expect(shownLines(text)).toBe(text);
  }
});

test('line ends, tabs and joiners stay where a text may have lines, and nowhere else', () => {
  const lines = 'one\ttwo\nthree\r\nمی\u200cخواهم 👩\u200d🚀\n';
  expect(shownLines(lines)).toBe(lines);
  expect(shownLines('over\rwritten')).toBe('over\\u{d}written');
  expect(shown('a\tb\r\nc\u200dd')).toBe('a\\u{9}b\\u{d}\\u{a}c\\u{200d}d');
});

test('what is long is cut, and never in the middle of an escape or of a character', () => {
  expect(shown('a'.repeat(1000)).length).toBe(201);
  expect(shown('\u001b'.repeat(5), 2)).toBe('\\u{1b}\\u{1b}…');
  expect(shown('a😀😀', 2)).toBe('a…');
  expect(shown('😀😀', 2)).toBe('😀…');
});

test('the message of an error is one line of bounded length, whatever is in it; its parts are as they were', () => {
  const hostile = `\u001b]0;owned\u0007\n\u202e${'x'.repeat(200_000)}`;
  const error = new BpttError(hostile, hostile, hostile);
  const { argument, expected, got, message } = error;
  expect({ argument, expected, got }).toEqual({ argument: hostile, expected: hostile, got: hostile });
  expect(message.length).toBeLessThan(4000);
  expect(shown(message, message.length)).toBe(message);
  expect(message).toMatch(/^\\u\{1b\}\]0;owned\\u\{7\}\\u\{a\}\\u\{202e\}xxx.*…: expected .*…, got .*…$/);
});
