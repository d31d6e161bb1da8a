import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ValueError } from '../../lib/errors.ts';
import { symbolCount } from '../../lib/models/text.ts';
import { Vocabulary } from '../../lib/models/vocabulary.ts';

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

describe('a vocabulary of tokens', () => {
  const token = fc.oneof(
    fc.string({ minLength: 1, maxLength: 3 }),
    fc.constantFrom('the', 'th', 't', '🚀', '🚀🚀', '\uffff'),
  );
  const tokens = fc.array(token, { minLength: 1, maxLength: 20 });

  it('takes any tokens to classes and back', () => {
    fc.assert(
      fc.property(tokens, written => {
        const vocabulary = Vocabulary.ofTokens(written);
        expect(vocabulary.decodeTokens(vocabulary.encode(written))).toEqual(written);
        expect(vocabulary.decode(vocabulary.encode(written))).toBe(written.join(''));
        expect(written.map(token => vocabulary.symbols[vocabulary.classOf(token)])).toEqual(written);
        expect(new Set(vocabulary.symbols)).toEqual(new Set(written));
      }),
    );
  });

  it('is the same in whatever order they come, and made again of its list and marks through JSON', () => {
    fc.assert(
      fc.property(tokens, written => {
        const marks = { unknown: '<unknown>', start: '<s>', stop: '</s>' };
        const vocabulary = Vocabulary.ofTokens(written, marks);
        expect(Vocabulary.ofTokens(written.toReversed(), marks).symbols).toEqual(vocabulary.symbols);
        const kept = JSON.parse(JSON.stringify(vocabulary)) as Pick<Vocabulary, 'symbols' | 'marks'>;
        const again = Vocabulary.from(kept.symbols, kept.marks);
        expect(again).toEqual(vocabulary);
        const unseen = [...written, 'never seen'];
        expect(again.encode(unseen, { stop: true })).toEqual(vocabulary.encode(unseen, { stop: true }));
      }),
    );
  });

  it('has its marks first, then the tokens by their code points', () => {
    const { symbols, marks } = Vocabulary.ofTokens(['b', '🚀', '\uffff', 'ab', '<u>', 'a'], {
      stop: '!',
      unknown: '<u>',
    });
    expect(symbols).toEqual(['<u>', '!', 'a', 'ab', 'b', '\uffff', '🚀']);
    expect(marks).toEqual({ stop: '!', unknown: '<u>' });
  });

  it('leaves out what is rare, which is unknown', () => {
    const words = 'to be or not to be'.split(' ');
    const vocabulary = Vocabulary.ofTokens(words, { least: 2, unknown: '?' });
    expect(vocabulary.symbols).toEqual(['?', 'be', 'to']);
    expect(Array.from(vocabulary.encode(words))).toEqual([2, 1, 0, 0, 2, 1]);
    expect(vocabulary.classOf('bee')).toBe(0);
    expect(() => Vocabulary.ofTokens(words, { least: 2 }).encode(words)).toThrow(
      'text[2]: expected a token of the vocabulary (2 of them), got "or"',
    );
  });

  it('puts marks at the ends, and leaves them out', () => {
    const vocabulary = Vocabulary.from(['a', 'stop', 'b', 'start'], { start: 'start', stop: 'stop' });
    const classes = vocabulary.encode(['a', 'b'], { start: true, stop: true });
    expect(Array.from(classes)).toEqual([3, 0, 2, 1]);
    expect(vocabulary.decodeTokens([...classes, 2, 2])).toEqual(['start', 'a', 'b', 'stop', 'b', 'b']);
    expect(vocabulary.decodeTokens([...classes, 2, 2], { plain: true })).toEqual(['a', 'b']);
    expect(Array.from(vocabulary.encode([], { stop: true }))).toEqual([1]);
  });

  it('of characters and marks takes a text', () => {
    const vocabulary = Vocabulary.ofTokens([...'hello'], { unknown: '<unk>', stop: '<stop>' });
    expect(Array.from(vocabulary.encode('hexe', { stop: true }))).toEqual([3, 2, 0, 2, 1]);
  });

  it.each<[string, () => unknown, string]>([
    [
      'a text where tokens belong',
      () => Vocabulary.ofTokens('abc' as never),
      'tokens: expected a list of tokens, got "abc"',
    ],
    ['no tokens', () => Vocabulary.ofTokens([]), 'tokens: expected at least one that occurs 1 times or more, got none'],
    ['none but marks', () => Vocabulary.ofTokens(['?'], { unknown: '?' }), 'tokens: expected at least one'],
    ['an empty token', () => Vocabulary.ofTokens(['a', '']), 'tokens[1]: expected a string that is not empty, got ""'],
    ['a number', () => Vocabulary.ofTokens([1 as never]), 'tokens[0]: expected a string that is not empty, got 1'],
    [
      'one mark twice',
      () => Vocabulary.ofTokens(['a'], { start: '#', stop: '#' }),
      'options: expected marks that differ',
    ],
    ['an empty mark', () => Vocabulary.from(['a'], { stop: '' }), 'marks.stop: expected a string that is not empty'],
    [
      'a mark not in the list',
      () => Vocabulary.from(['a'], { stop: 'b' }),
      'marks: expected symbols of the list, got "b"',
    ],
    [
      'a symbol twice',
      () => Vocabulary.from(['a', 'b', 'a']),
      'list[2]: expected another symbol than list[0], got "a"',
    ],
    ['an empty list', () => Vocabulary.from([]), 'list: expected at least one symbol, got none'],
    [
      'a label never seen',
      () => Vocabulary.from(['yes', 'no']).classOf('maybe'),
      'token: expected a token of the vocabulary (2',
    ],
    [
      'a text for words',
      () => Vocabulary.from(['yes', 'n']).encode('n'),
      'text: expected a list of tokens, as "yes" of the vocabulary is one, got a text',
    ],
    [
      'no such mark',
      () => Vocabulary.of('ab').encode('a', { stop: true }),
      'stop: expected false, where the vocabulary has no',
    ],
    ['no class', () => Vocabulary.of('ab').decodeTokens([0, 2]), 'indices[1]: expected an integer in 0…1, got 2'],
  ])('%s: refused', (_, act, message) => {
    expect(act).toThrow(ValueError);
    expect(act).toThrow(message);
  });
});
