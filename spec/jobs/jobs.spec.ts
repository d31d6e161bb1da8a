/**
 * The programs of `jobs.md`: each does what it is for well enough, as it says itself, and takes no more lines than it is worth. Where the
 * library makes one longer, the library is to be mended.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../lib/random.ts';
import { checkExamples, examplesOf, ROOT } from '../examples.ts';

const jobs = examplesOf('jobs.md', readFileSync(join(ROOT, 'spec/jobs/jobs.md'), 'utf8'));

/** What each may take: lines that are not empty, imports among them, what it says that it prints not. */
const LINES: Readonly<Record<string, number>> = {
  'jobs.md #1': 15, // forecast
  'jobs.md #2': 15, // classify
  'jobs.md #3': 18, // tag
  'jobs.md #4': 15, // translate
  'jobs.md #5': 4, // stream
};

const rng = new Random(7);
const upTo = (n: number) => Math.floor(n * rng.uniform());
const pick = <T>(list: readonly T[]): T => list[upTo(list.length)] as T;

/** Ways along a circle, back, not at all or forth, of unequal length, with some noise. */
function walks(): string {
  const walk = () => {
    const [rounds, T, begin] = [upTo(3), 6 + upTo(10), 6 * rng.uniform()];
    const steps = Array.from({ length: T }, (_, t) => {
      const angle = begin + ((rounds - 1) * 5 * t) / T;
      return [Math.cos(angle) + 0.1 * rng.normal(), Math.sin(angle) + 0.1 * rng.normal()];
    });
    return JSON.stringify({ steps, rounds });
  };
  return Array.from({ length: 120 }, walk).join('\n');
}

/** Sentences in which `saw` is a noun or a verb, which the words around it tell. */
function sentences(): string {
  const words = { D: ['the', 'a'], J: ['big', 'old'], N: ['cat', 'dog', 'saw'], V: ['saw', 'sees', 'likes'] } as const;
  const sentence = () => {
    const noun = () => pick([['D', 'N'] as const, ['D', 'J', 'N'] as const]);
    const tags = [...noun(), 'V' as const, ...noun()];
    return `${tags.map(tag => pick<string>(words[tag])).join(' ')},${tags.join(' ')}`;
  };
  return `words,tags\n${Array.from({ length: 160 }, sentence).join('\n')}\n`;
}

/** Days as people write them, in two manners, and as machines do. */
function dates(): string {
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  const two = (n: number) => `${n}`.padStart(2, '0');
  const date = () => {
    const [month, day] = [upTo(12), 1 + upTo(28)];
    return `${pick([`${day} ${months[month]}`, `${months[month]} ${day}`])},${two(month + 1)}-${two(day)}`;
  };
  return `written,iso\n${Array.from({ length: 640 }, date).join('\n')}\n`;
}

describe('a job', () => {
  let problems: ReadonlyMap<string, readonly string[]>;

  beforeAll(async () => {
    problems = await checkExamples(join(ROOT, '.jobs'), jobs, {
      'days.csv': readFileSync(join(ROOT, 'spec/fixtures/temperatures.csv'), 'utf8'),
      'walks.jsonl': walks(),
      'sentences.csv': sentences(),
      'dates.csv': dates(),
    });
  });

  it.each(Object.entries(LINES))('%s does what it says, in %i lines at most', (name, most) => {
    expect(problems.get(name)).toEqual([]);
    const { code } = jobs.find(job => job.name === name) ?? { code: '' };
    expect(code.split('\n').filter(line => !/^(\/\/ →.*)?$/.test(line)).length).toBeLessThanOrEqual(most);
  });

  it('is every program there', () => {
    expect(jobs.map(({ name }) => name)).toEqual(Object.keys(LINES));
  });
});
