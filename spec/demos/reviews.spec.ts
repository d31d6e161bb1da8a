/** The reviews of the demo `sentiment`: what is for the test is not learnt from, and has no word that is not. */
import { describe, expect, it } from 'vitest';
import { madeReview, type Review, writtenReviews } from '../../lib/demos/reviews.ts';
import { Random } from '../../lib/random.ts';

const rng = new Random(1);
const made = (test: boolean): readonly Review[] => Array.from({ length: 2000 }, () => madeReview(rng, test));
const [learnt, tested] = [made(false), made(true)];
const texts = (reviews: readonly Review[]): readonly string[] => reviews.map(({ text }) => text);

describe('reviews made of parts', () => {
  /** What is said of the cereal: a phrase and a word, behind an expectation and before what says nothing. */
  const verdict =
    /(?:it is|it was really|it tastes|we all find it|i call it|it was never|nobody here calls it)(?: not| far from)? (?!not|far)\w+/g;
  const verdicts = (reviews: readonly Review[]): ReadonlySet<string> =>
    new Set(texts(reviews).flatMap(text => text.replace(/^.* but /, '').match(verdict) ?? []));

  it('say of the cereal in the test nothing that is learnt', () => {
    const [seen, unseen] = [verdicts(learnt), verdicts(tested)];
    expect(unseen.size).toBeGreaterThan(30);
    expect(seen.size).toBeGreaterThan(3 * 30);
    expect([...unseen].filter(said => seen.has(said))).toEqual([]);
  });

  it('are good where a good word is not turned round, or a bad one is', () => {
    const of = (said: RegExp): readonly boolean[] => [
      ...new Set([...learnt, ...tested].filter(({ text }) => said.test(text)).map(({ good }) => good)),
    ];
    expect(of(/ but it tastes fresh/)).toEqual([true]);
    expect(of(/ but it tastes stale/)).toEqual([false]);
    expect(of(/ but nobody here calls it fresh/)).toEqual([false]);
    expect(of(/ but it is far from stale/)).toEqual([true]);
  });
});

describe('reviews written by hand', () => {
  it('are as many of a kind to learn from as for the test, none twice', () => {
    const all = [false, true].flatMap(test =>
      [true, false].map(good => writtenReviews(test).filter(one => one.good === good)),
    );
    expect(all.map(({ length }) => length)).toEqual([8, 8, 8, 8]);
    expect(new Set(texts(all.flat())).size).toBe(32);
  });

  it('have in the test no word that is not learnt', () => {
    const words = (reviews: readonly Review[]): readonly string[] => texts(reviews).flatMap(text => text.split(' '));
    const known = new Set([...words(learnt), ...words(writtenReviews(false))]);
    expect(words([...tested, ...writtenReviews(true)]).filter(word => !known.has(word))).toEqual([]);
  });
});
