/** How `bptt cells` shows an activation: in order, legible, and without obeying the text. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byteOf, coloursOf, contrast, printable, SHADES, shaded, shadeOf } from '../../../lib/cli/cells/shades.ts';

const luminance = (shade: number): number => contrast(coloursOf(shade).back, [0, 0, 0]);
/** The escapes that colour a text. */
const ESCAPES = new RegExp(`${'\u001b'}\\[[\\d;]+m`, 'g');

const bytes = (...of: readonly number[]): Uint8Array => Uint8Array.from(of);

describe('shades', () => {
  test('go from −scale to scale, and no further', () => {
    expect([-3, -2, 0, 2, 3].map(a => byteOf(a, 2))).toEqual([0, 0, 128, 255, 255]);
    expect([0, 15, 16, 128, 255].map(shadeOf)).toEqual([0, 0, 1, 8, SHADES - 1]);
    fc.assert(
      fc.property(fc.double({ min: -1, max: 1, noNaN: true }), a => {
        expect(Math.abs(byteOf(a, 1) / 127.5 - 1 - a)).toBeLessThanOrEqual(0.5 / 127.5 + 1e-12);
      }),
    );
  });

  test('grow darker from the first to the last, as black and white shows them too', () => {
    for (let s = 1; s < SHADES; s++) expect(luminance(s)).toBeLessThan(luminance(s - 1));
    expect(luminance(0) / luminance(SHADES - 1)).toBeGreaterThan(10);
  });

  test('leave every symbol legible: a contrast of 4.5 (WCAG 2, AA)', () => {
    expect(contrast([0, 0, 0], [255, 255, 255])).toBeCloseTo(21, 10);
    for (let s = 0; s < SHADES; s++) {
      const { back, front } = coloursOf(s);
      expect(contrast(back, front)).toBeGreaterThan(4.5);
    }
  });
});

describe('in a terminal', () => {
  const at = (depth: number, shade: number): string => {
    const { front, back } = coloursOf(shade);
    if (depth === 24) return `\u001b[38;2;${front.join(';')};48;2;${back.join(';')}m`;
    return { 0: '\u001b[38;5;16;48;5;255m', 15: '\u001b[38;5;231;48;5;232m' }[shade] ?? 'none';
  };
  const plain = '\u001b[0m';

  test.each([24, 8])('with %i bits of colour: a change of shade where it changes, none across lines', depth => {
    const text = shaded([...'abc\nd'], bytes(0, 5, 255, 255, 255), depth, 80);
    expect(text).toBe(`${at(depth, 0)}ab${at(depth, 15)}c${plain}\n${at(depth, 15)}d${plain}`);
  });

  test.each([1, 4])('with %i: blocks below each line, no escapes, long lines broken', depth => {
    expect(shaded([...'abc\n\nde\n'], bytes(0, 128, 255, 0, 0, 64, 96, 0), depth, 80)).toBe('abc\n▁▅█\n\nde\n▃▄');
    expect(shaded([...'abcde'], bytes(0, 0, 0, 255, 255), depth, 3)).toBe('abc\n▁▁▁\nde\n██');
    expect(shaded([...'abc\nd'], bytes(0, 0, 0, 0, 0), depth, 3)).toBe('abc\n▁▁▁\nd\n▁');
  });

  test('what a terminal would obey is not sent to it', () => {
    const nasty = [...'a\u001b[31m\u0007\r\u202e\u2028\tb'];
    for (const depth of [24, 8, 1]) {
      const text = shaded(nasty, new Uint8Array(nasty.length), depth, 80);
      expect(text.replaceAll(ESCAPES, '').replaceAll(/[▁\n]/g, '')).toBe('a\ufffd[31m\ufffd\ufffd\ufffd\ufffd b');
    }
    expect([...'a é字🎭“'].map(printable).join('')).toBe('a é字🎭“');
  });
});
