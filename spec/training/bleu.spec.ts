import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { bleu } from '../../lib/training/bleu.ts';

const words = (text: string): string[] => text.toLowerCase().split(' ');

/** The example of Papineni et al. 2002. */
const candidates = [
  words('It is a guide to action which ensures that the military always obeys the commands of the party'),
  words('It is to insure the troops forever hearing the activity guidebook that party direct'),
] as const;
const references = [
  words('It is a guide to action that ensures that the military will forever heed Party commands'),
  words('It is the guiding principle which guarantees the military forces always being under the command of the Party'),
  words('It is the practical guide for the army always to heed the directions of the party'),
];

const text = fc.array(fc.constantFrom('a', 'b', 'c', ','), { maxLength: 8 });
const corpora = fc.array(fc.tuple(text, fc.array(text, { minLength: 1, maxLength: 3 })), {
  minLength: 1,
  maxLength: 4,
});

describe('BLEU', () => {
  it('has the precisions of the paper', () => {
    const [first, second] = candidates.map(candidate => bleu([candidate], [references]).precisions);
    expect(first?.slice(0, 2)).toEqual([17 / 18, 10 / 17]);
    expect(second?.slice(0, 2)).toEqual([8 / 14, 1 / 13]);
    const the = bleu(
      [words('the the the the the the the')],
      [[words('the cat is on the mat'), words('there is a cat on the mat')]],
    );
    expect(the.precisions.slice(0, 2)).toEqual([2 / 7, 0]);
  });

  it('is what NLTK says of its own examples', () => {
    const one = bleu([candidates[0]], [references]);
    expect(one.bleu).toBeCloseTo(0.5045666840058485, 14);
    const second = words('he read the book because he was interested in world history');
    const reference = words('he was interested in world history because he read the book');
    expect(bleu([candidates[0], second], [references, [reference]]).bleu).toBeCloseTo(0.5920778868801042, 14);
  });

  it('takes the reference nearest in length, the shorter of two as near', () => {
    const long = (length: number) => new Array<string>(length).fill('a');
    const of = (length: number, ...others: readonly number[]) => bleu([long(length)], [others.map(long)]);
    expect(of(12, 12, 15, 17)).toMatchObject({ brevity: 1, length: 12, referenceLength: 12 });
    expect(of(12, 13, 11).referenceLength).toBe(11);
    expect(of(12, 11, 13).referenceLength).toBe(11);
    expect(of(10, 15).brevity).toBeCloseTo(Math.exp(1 - 15 / 10), 14);
    expect(of(10, 10).brevity).toBe(1);
    expect(of(12, 10).brevity).toBe(1);
  });

  it('is 1 of texts that are a reference, whatever their tokens, and 0 where an order has no match', () => {
    const many = fc.array(fc.oneof(fc.string(), fc.nat()), { minLength: 4, maxLength: 9 });
    fc.assert(
      fc.property(fc.array(many, { minLength: 1, maxLength: 3 }), texts => {
        expect(
          bleu(
            texts,
            texts.map(text => [[], text]),
          ).bleu,
        ).toBeCloseTo(1, 12);
      }),
    );
    expect(bleu([words('a b c')], [[words('a b c')]])).toMatchObject({ bleu: 0, precisions: [1, 1, 1, Number.NaN] });
    expect(bleu([[]], [[words('a')]])).toMatchObject({ bleu: 0, brevity: 0, length: 0, referenceLength: 1 });
  });

  it('tells tokens apart, not their spelling: "a,b" is not "a" and "b", nor 1 "1"', () => {
    expect(bleu([['a,b', 'c']], [[['a', 'b,c']]], { order: 1 }).bleu).toBe(0);
    expect(bleu([[1]], [[['1']]], { order: 1 }).bleu).toBe(0);
  });

  it('counts as the equations say, and more references match no less', () => {
    fc.assert(
      fc.property(corpora, corpus => {
        const [texts, others] = [corpus.map(([text]) => text), corpus.map(([, own]) => own)];
        const { precisions } = bleu(texts, others, { order: 2 });
        [1, 2].forEach((n, i) => {
          const grams = (text: readonly string[]) =>
            text.slice(n - 1).map((_, from) => text.slice(from, from + n).join(' '));
          const times = (text: readonly string[], gram: string) => grams(text).filter(other => other === gram).length;
          let [matched, all] = [0, 0];
          texts.forEach((text, k) => {
            for (const gram of new Set(grams(text)))
              matched += Math.min(times(text, gram), Math.max(...(others[k] ?? []).map(other => times(other, gram))));
            all += grams(text).length;
          });
          expect(precisions[i]).toBe(matched / all);
        });
        const more = bleu(
          texts,
          others.map(own => [...own, words('a b c')]),
          { order: 2 },
        ).precisions;
        more.forEach((p, i) => {
          if (!Number.isNaN(p)) expect(p).toBeGreaterThanOrEqual(precisions[i] ?? Number.NaN);
        });
      }),
    );
  });

  it.each<[string, () => unknown, typeof ShapeError, string]>([
    ['no texts', () => bleu([], []), ShapeError, 'candidates: expected at least one text, got none'],
    [
      'fewer references',
      () => bleu([['a'], ['b']], [[['a']]]),
      ShapeError,
      'references: expected 2 lists, one a candidate, got 1',
    ],
    ['no reference', () => bleu([['a']], [[]]), ValueError, 'references[0]: expected at least one reference'],
    [
      'a text uncut',
      () => bleu(['a b' as never], [[['a']]]),
      ValueError,
      'candidates[0]: expected a list of tokens, got "a b"',
    ],
    [
      'references uncut',
      () => bleu([['a']], [['a'] as never]),
      ValueError,
      'references[0][0]: expected a list of tokens',
    ],
    ['NaN', () => bleu([[Number.NaN]], [[['a']]]), ValueError, 'candidates[0][0]: expected a token'],
    ['order 0', () => bleu([['a']], [[['a']]], { order: 0 }), ValueError, 'order: expected an integer in 1…100, got 0'],
  ])('of %s: refused', (_, act, Kind, message) => {
    expect(act).toThrow(Kind);
    expect(act).toThrow(message);
  });
});
