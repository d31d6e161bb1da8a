import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ValueError } from '../../lib/errors.ts';
import { symbolCount, Vocabulary } from '../../lib/models/vocabulary.ts';

/** Texts of all code points, with emoji and combining characters often among them. */
const text = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.string({ unit: fc.constantFrom('a', 'e', '\u0301', 'é', '👩', '\u200d', '🚀', '\uffff', '𐀀'), minLength: 1 }),
);

describe('a vocabulary', () => {
  it('takes any text to classes and back', () => {
    fc.assert(
      fc.property(text, written => {
        const vocabulary = Vocabulary.of(written);
        const classes = vocabulary.encode(written);
        expect(classes).toBeInstanceOf(Int32Array);
        expect(classes.length).toBe([...written].length);
        expect(vocabulary.decode(classes)).toBe(written);
        expect(vocabulary.decode(Array.from(classes))).toBe(written);
      }),
    );
  });

  it('has every code point of the text once, in ascending order', () => {
    fc.assert(
      fc.property(text, written => {
        const { symbols, size } = Vocabulary.of(written);
        const points = symbols.map(symbol => symbol.codePointAt(0) ?? Number.NaN);
        expect(symbols).toEqual(points.map(point => String.fromCodePoint(point)));
        expect(points.slice(1).every((point, k) => point > (points[k] ?? Number.NaN))).toBe(true);
        expect(new Set(symbols)).toEqual(new Set(written));
        expect(size).toBe(symbols.length);
      }),
    );
  });

  it('orders by code point where UTF-16 has another order', () => {
    expect(Vocabulary.of('🚀\uffffa').symbols).toEqual(['a', '\uffff', '🚀']);
  });

  it('numbers its symbols from 0', () => {
    const vocabulary = Vocabulary.of('hello');
    expect(Array.from(vocabulary.encode('hole'))).toEqual([1, 3, 2, 0]);
    expect(vocabulary.decode([1, 3, 2, 0])).toBe('hole');
    expect([vocabulary.encode('').length, vocabulary.decode([])]).toEqual([0, '']);
  });

  it('keeps a letter and its combining accent apart', () => {
    expect(Vocabulary.of('e\u0301').symbols).toEqual(['e', '\u0301']);
  });

  it('takes lone surrogates for symbols', () => {
    const vocabulary = Vocabulary.of('a\ud83d\udc00\udc00\ud83d');
    expect(vocabulary.symbols).toEqual(['a', '\ud83d', '\udc00', '🐀']);
    expect(vocabulary.decode(vocabulary.encode('\udc00\ud83d'))).toBe('\udc00\ud83d');
  });

  it('is made again of its symbols, halves of surrogate pairs among them', () => {
    fc.assert(
      fc.property(fc.oneof(text, fc.constant('a\ud83d\udc00\udc00\ud83d')), written => {
        const { symbols } = Vocabulary.of(written);
        const again = Vocabulary.ofSymbols(symbols);
        expect(again.symbols).toEqual(symbols);
        expect(again.encode(written)).toEqual(Vocabulary.of(written).encode(written));
      }),
    );
    for (const wrong of [
      [],
      ['b', 'a'],
      ['a', 'a'],
      ['ab'],
      [''],
      [1],
      [['a']],
      [{ toString: 1 }],
      [undefined, 'a'],
      'ab',
      null,
    ]) {
      expect(() => Vocabulary.ofSymbols(wrong as string[])).toThrow(ValueError);
    }
  });
});

describe('is refused:', () => {
  const vocabulary = Vocabulary.of('ab🚀');

  it.each([
    ['abca', '"c" at 2'],
    ['🚀🚀c', '"c" at 2'], // its place counts code points
    ['a👩', '"👩" at 1'],
    ['\n', String.raw`"\n" at 0`],
  ])('%j, with a symbol that is not in the vocabulary', (written, got) => {
    const refusal = { name: 'ValueError', argument: 'text', expected: 'symbols of the vocabulary (3 of them)', got };
    expect(() => vocabulary.encode(written)).toThrow(expect.objectContaining(refusal));
  });

  it.each(['', undefined as unknown as string, 5 as unknown as string])('%j, no text to make a vocabulary of', bad => {
    expect(() => Vocabulary.of(bad)).toThrow(expect.objectContaining({ name: 'ValueError', argument: 'text' }));
  });

  it.each([3, -1, 0.5, Number.NaN])('%d, no class of the vocabulary', bad => {
    const refusal = { name: 'ValueError', argument: 'indices[1]', got: String(bad) };
    expect(() => vocabulary.decode([0, bad])).toThrow(expect.objectContaining(refusal));
  });
});

describe('a long text', () => {
  it('is taken to classes and back over the ends of the pieces that are joined, whatever its symbols', () => {
    const vocabulary = Vocabulary.of('a🚀é\ud83d');
    for (const length of [4095, 4096, 4097, 9000]) {
      const classes = Int32Array.from({ length }, (_, n) => (n * n + (n >> 3)) % 4);
      for (let n = 1; n < length; n++) if (classes[n - 1] === 2) classes[n] = 0; // a lone half is not to be made a pair
      const text = vocabulary.decode(classes);
      expect(symbolCount(text)).toBe(length);
      expect(vocabulary.encode(text)).toEqual(classes);
    }
  });

  it('is no longer than a string: more is refused before it is made', () => {
    const vocabulary = Vocabulary.of('ab');
    const endless = new Proxy([0], { get: (list, key) => (key === 'length' ? 2 ** 32 - 1 : Reflect.get(list, 0)) });
    const refused = expect.objectContaining({ name: 'ValueError', argument: 'indices', got: '4294967295 symbols' });
    expect(() => vocabulary.decode(endless)).toThrow(refused);
  });
});
