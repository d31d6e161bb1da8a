/** Characters, words and bytes: whatever is read is written again, and what is no word of the text is unknown. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCheckpoint, encodeCheckpoint } from '../../lib/io/checkpoint.ts';
import { resumeTrainer } from '../../lib/io/resume-trainer.ts';
import { evaluate, sample } from '../../lib/models/char-model.ts';
import { CharTrainer } from '../../lib/models/char-trainer.ts';
import {
  decodeAt,
  encodeAt,
  encodePromptAt,
  levelNames,
  scribeAt,
  vocabularyAt,
  vocabularyFrom,
} from '../../lib/models/level.ts';
import { sampleStream } from '../../lib/models/sample-stream.ts';
import { Random } from '../../lib/random.ts';

const TEXT =
  "Shall I compare thee, my love?\nThou art my love; 'tis so.\n\nI compare thee, love, to thee.\nThou art so.\n";

/** Texts of signs that are split in all manners. */
const texts = fc
  .array(
    fc.constantFrom(
      'ab',
      "don't",
      'a-b',
      '’',
      ' ',
      '  ',
      '\t',
      '\n',
      ',',
      '—',
      'é',
      'e\u0301',
      '字',
      '🎭',
      '7',
      '_',
      '(',
    ),
    { minLength: 1, maxLength: 30 },
  )
  .map(parts => parts.join(''));

describe('words', () => {
  it('have the space before them, and signs and lines’ ends are symbols of their own', () => {
    const vocabulary = vocabularyAt('word', TEXT);
    expect(vocabulary.symbols.slice(0, 3)).toEqual(['<unknown>', '<start>', '<stop>']);
    const told = vocabulary.decodeTokens(encodeAt('word', vocabulary, TEXT));
    expect(told.slice(0, 9)).toEqual([
      ...['<start>', '<unknown>', '<unknown>', ' compare', ' thee', ',', ' my', ' love', '<unknown>'],
    ]);
    expect(told.filter(token => token === '<stop>')).toHaveLength(2);
  });

  it('of any text that has each of them twice are joined to what they were, but for empty lines', () => {
    fc.assert(
      fc.property(texts, text => {
        fc.pre(/^[^\n].*[^\n]$/s.test(text));
        const twice = `${text}\n\n${text}`;
        const vocabulary = vocabularyAt('word', twice);
        const written = decodeAt('word', vocabulary, encodeAt('word', vocabulary, twice));
        const paragraphs = twice.split(/\n{2,}/).filter(own => own !== '');
        expect(written).toBe(paragraphs.map(own => `${own}\n\n`).join(''));
      }),
    );
  });

  it('of a prompt begin a paragraph, or end one and begin the next', () => {
    const vocabulary = vocabularyAt('word', TEXT);
    const told = (prompt: string) => vocabulary.decodeTokens(encodePromptAt('word', vocabulary, prompt));
    expect(told('')).toEqual(['<start>']);
    expect(told('Thou art')).toEqual(['<start>', 'Thou', ' art']);
    expect(told('Thou\n\nI')).toEqual(['<start>', 'Thou', '<stop>', '<start>', '<unknown>']);
  });

  it('that are unknown are never written, however likely', () => {
    const trainer = new CharTrainer(TEXT, { level: 'word', hidden: 4, chunk: 4, heldOut: 0 });
    const { model } = trainer;
    model.net.params.named()['readout.c']?.set(0, 0, 50); // the unknown mark is the first class
    for (const temperature of [0, 1])
      expect(sample(model, { prompt: '', length: 40, temperature, rng: new Random(1) })).not.toContain('<');
  });
});

describe('bytes', () => {
  it('are 256, and any text is written again', () => {
    const vocabulary = vocabularyAt('byte', 'a');
    expect(vocabulary.size).toBe(256);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), text => {
        fc.pre(!/\p{Surrogate}/u.test(text));
        const classes = encodeAt('byte', vocabulary, text);
        expect(Array.from(classes)).toEqual([...new TextEncoder().encode(text)]);
        expect(decodeAt('byte', vocabulary, classes)).toBe(text);
      }),
    );
    expect(() => encodeAt('byte', vocabulary, 'a\ud83c')).toThrow(/^text: expected characters that UTF-8 has/);
  });

  it('are written when the last of a character has come, and what is none by a sign', () => {
    const scribe = scribeAt('byte', vocabularyAt('byte', 'a'));
    expect([0x61, 0xc3, 0xa9, 0xf0, 0x9f].map(byte => scribe.write(byte))).toEqual(['a', '', 'é', '', '']);
    expect(scribe.end()).toBe('\ufffd');
  });
});

describe.each(levelNames)('a model of %ss', level => {
  const options = { level, hidden: 12, chunk: 5, batch: 2, heldOut: 0, initStd: 0.3, embedding: 6 } as const;

  it('learns, and goes on from its checkpoint to the last bit', () => {
    const trainer = new CharTrainer(TEXT, options);
    const { vocabulary } = trainer.model;
    const before = evaluate(trainer.model, trainer.train);
    for (let n = 0; n < 100; n++) trainer.step();
    expect(evaluate(trainer.model, trainer.train)).toBeLessThan(before - 0.5);
    const checkpoint = decodeCheckpoint(encodeCheckpoint(trainer));
    expect(checkpoint.model.level).toBe(level);
    expect(checkpoint.model.vocabulary.marks).toEqual(vocabulary.marks);
    const resumed = resumeTrainer(checkpoint, TEXT);
    const [losses, own] = [trainer, resumed].map(each => Array.from({ length: 7 }, () => each.step().loss));
    expect(own).toEqual(losses);
  });

  it('writes the same at once as bit by bit', async () => {
    const { model } = new CharTrainer(TEXT, options);
    const how = { prompt: 'Thou', length: 60 };
    let text = '';
    for await (const part of sampleStream(model, { ...how, rng: new Random(3) })) text += part;
    expect(text).toBe(sample(model, { ...how, rng: new Random(3) }));
  });

  it('has the vocabulary of its list of symbols', () => {
    const { symbols, marks } = vocabularyAt(level, TEXT);
    expect(vocabularyFrom(level, symbols)).toMatchObject({ symbols, marks });
  });

  it('is not made of nothing', () => {
    expect(() => vocabularyAt(level, '')).toThrow(/^text: expected a text that is not empty/);
  });
});

it('there is no other level', () => {
  expect(() => new CharTrainer(TEXT, { level: 'line' as 'char' })).toThrow(
    /^level: expected one of char, word, byte, got "line"$/,
  );
});
