import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newlinesIn, piecesOf, type TextSource } from '../../lib/io/text-source.ts';

async function textOf(source: TextSource): Promise<string> {
  let text = '';
  for await (const piece of piecesOf(source, 'f')) text += piece;
  return text;
}

async function* inPieces<T extends string | Uint8Array>(whole: T, length: number): AsyncGenerator<string | Uint8Array> {
  for (let from = 0; from < whole.length; from += length) yield whole.slice(from, from + length);
}

const texts = fc.string({ unit: fc.constantFrom('\r', '\n', 'a', 'é', '€', '🚀', '\ufeff'), maxLength: 20 });
const utf8 = new TextEncoder();

describe('a text', () => {
  it('has one end of lines, and no mark at its beginning, in whatever pieces it comes', async () => {
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: 1, max: 5 }), async (text, length) => {
        const plain = text.replace(/^\ufeff/, '').replaceAll(/\r\n|\r/g, '\n');
        for (const source of [text, utf8.encode(text), inPieces(text, length), inPieces(utf8.encode(text), length)])
          expect(await textOf(source)).toBe(plain);
      }),
    );
  });

  it('comes in pieces of at most 64 Ki, whatever it came in', async () => {
    const text = 'é\n'.repeat(100_000);
    for (const source of [text, utf8.encode(text)]) {
      const lengths: number[] = [];
      for await (const piece of piecesOf(source, 'f')) lengths.push(piece.length);
      expect(Math.max(...lengths)).toBeLessThanOrEqual(2 ** 16);
      expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(text.length);
    }
  });

  it('that is none is named with its line, wherever its pieces end, and the lines before have come', async () => {
    const bytes = Uint8Array.of(...utf8.encode('é\r\n€\n🚀'), 0x80, ...utf8.encode('a\n'));
    for (const length of [1, 2, 3, 4, 5, 100]) {
      let text = '';
      const read = async () => {
        for await (const piece of piecesOf(inPieces(bytes, length), 'f')) text += piece;
      };
      await expect(read()).rejects.toThrow('f:3: expected text in UTF-8, got bytes that are not');
      expect(text.startsWith('é\n€\n')).toBe(true);
    }
  });

  it('behind half a character is refused', async () => {
    const mixed = (async function* () {
      yield Uint8Array.of(0x61, 0xc3);
      yield 'b';
    })();
    await expect(textOf(mixed)).rejects.toThrow('f:1: expected text in UTF-8');
  });
});

it('ends of lines are counted between two places', () => {
  expect([newlinesIn('\na\n\n', 0, 4), newlinesIn('\na\n\n', 1, 3), newlinesIn('a', 0, 1)]).toEqual([3, 1, 0]);
});
