/** Reviews of a cereal, good and bad: most made of parts, some written as people write them. */
import type { Random } from '../random.ts';

/** A review, and what it says in the end. */
export interface Review {
  readonly text: string;
  readonly good: boolean;
}

const GOOD = ['good', 'great', 'tasty', 'crisp', 'lovely', 'fresh', 'sweet', 'perfect'];
const BAD = ['bad', 'awful', 'stale', 'soggy', 'dull', 'bitter', 'dry', 'terrible'];

/** What leaves the word that follows as it is, and what turns it round; how often the first is used. */
const PLAIN = ['it is', 'it was really', 'it tastes', 'we all find it', 'i call it'];
const TURNED = ['it is not', 'it was never', 'it is far from', 'nobody here calls it', 'i would not call it'];
const OFTEN = 2 / 3;

/** What says nothing of the cereal. */
const ASIDE = [
  'i bought a big box of it last week',
  'my children eat it in the morning',
  'we had it with cold milk',
  'the box has a tiger on it',
  'it came with a small spoon',
  'my neighbour told me of it',
];

/** What was thought before, which does not count. */
const EXPECTED = ['i thought it would be', 'the box says it is', 'my neighbour said it was'];

/** Written by hand. The second half is for the test, and has no word that the first and the parts do not have. */
const WRITTEN: Readonly<Record<'good' | 'bad', readonly string[]>> = {
  good: [
    'my children love it and so do i',
    'i will buy it again',
    'a perfect breakfast and not too sweet',
    'we never had a better breakfast',
    'the spoon is awful but the cereal is great',
    'no other cereal is so crisp',
    'what a lovely taste',
    'i would not eat another cereal',
    'never a dull breakfast again',
    'a bad box but a good cereal',
    'we love the fresh taste of it',
    'i will never eat another cereal again',
    'i thought it was dry and soggy but no it is perfect',
    'my children would eat it again and so would i',
    'not bad and never stale',
    'better than i thought it would be',
  ],
  bad: [
    'my children hate it and so do i',
    'i will never buy it again',
    'a bitter breakfast and too sweet with milk',
    'we never had a worse breakfast',
    'the spoon is lovely but the cereal is awful',
    'any other cereal is better than this',
    'what a terrible taste',
    'i would not eat it again',
    'never a good breakfast with it',
    'a good box but a terrible cereal',
    'we hate the stale taste of it',
    'i will not eat it any other week',
    'i thought it was fresh and tasty but no it is stale',
    'my children would not eat it again and never will i',
    'not good and never fresh',
    'worse than i thought it would be',
  ],
};

/** Those written by hand, to learn from or for the test. */
export function writtenReviews(test: boolean): Review[] {
  return [true, false].flatMap(good => {
    const texts = WRITTEN[good ? 'good' : 'bad'];
    return texts.filter((_, n) => n >= texts.length / 2 === test).map(text => ({ text, good }));
  });
}

/**
 * One made of parts. What it says of the cereal is a phrase and a word: a quarter of these pairs are for the test, each of
 * whose halves is learnt with others.
 */
export function madeReview(rng: Random, test: boolean): Review {
  const one = (list: readonly string[]) => {
    const chosen = list[Math.floor(rng.uniform() * list.length)];
    if (chosen === undefined) throw new Error('a list to choose from is empty');
    return chosen;
  };
  const phrases = [...PLAIN, ...TURNED];
  const words = [...GOOD, ...BAD];
  for (;;) {
    const [phrase, word] = [one(rng.uniform() < OFTEN ? PLAIN : TURNED), one(words)];
    if (((phrases.indexOf(phrase) + words.indexOf(word)) % 4 === 0) !== test) continue;
    const good = GOOD.includes(word) !== TURNED.includes(phrase);
    const before = rng.uniform() < 0.5 ? [`${one(EXPECTED)} ${one(words)} but`] : [one(ASIDE)];
    const after = rng.uniform() < 0.5 ? [one(ASIDE)] : [];
    return { text: [...before, phrase, word, ...after].join(' '), good };
  }
}
