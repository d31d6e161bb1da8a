/** How a symbol is chosen: temperature, top-k and nucleus against their definitions, ties, what is refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ValueError } from '../../lib/errors.ts';
import { type ChoiceOptions, choose, requireChoice } from '../../lib/models/choice.ts';
import { Random } from '../../lib/random.ts';

/** How often each class is drawn. */
function shares(logits: readonly number[], options: ChoiceOptions, draws = 20_000): number[] {
  const rng = new Random(7);
  const counts = logits.map(() => 0);
  for (let n = 0; n < draws; n++) {
    const k = choose(logits, options, rng);
    counts[k] = (counts[k] ?? 0) + 1;
  }
  return counts.map(count => count / draws);
}

/** The probabilities by their definition: of every set of the likeliest, whether it is the one. */
function defined(
  logits: readonly number[],
  { temperature = 1, topK = logits.length, topP = 1 }: ChoiceOptions,
): number[] {
  const powers = logits.map(o => Math.exp(o / temperature));
  const kept = logits
    .map((o, k) => ({ o, k, q: powers[k] ?? 0 }))
    .sort((a, b) => b.o - a.o || a.k - b.k)
    .slice(0, topK ?? logits.length);
  const total = kept.reduce((sum, { q }) => sum + q, 0);
  let sum = 0;
  const nucleus = kept.filter(({ q }) => {
    const before = sum;
    sum += q;
    return before < (topP ?? 1) * total; // those before it are not enough
  });
  const all = nucleus.reduce((mass, { q }) => mass + q, 0);
  return logits.map((_, k) => (nucleus.find(one => one.k === k)?.q ?? 0) / all);
}

const logits = [0.3, 2, -1, 1.2, 2, 0];

describe('choose', () => {
  it.each<ChoiceOptions>([
    {},
    { temperature: 0.5 },
    { temperature: 3 },
    { topK: 1 },
    { topK: 3 },
    { topK: 100 },
    { topP: 0.01 },
    { topP: 0.6 },
    { topP: 0.95 },
    { topP: 1 },
    { temperature: 2, topK: 4, topP: 0.7 },
    { temperature: 0.3, topK: 5, topP: 0.99 },
  ])('draws what SA-F1 to SA-F4 say, %j', options => {
    const [drawn, expected] = [shares(logits, options), defined(logits, options)];
    drawn.forEach((share, k) => {
      expect(Math.abs(share - (expected[k] ?? 0))).toBeLessThan(0.015); // four deviations of 20,000 draws
      if (expected[k] === 0) expect(share).toBe(0);
    });
  });

  it('takes of equals the first classes, and no more than k', () => {
    expect(shares([1, 1, 1, 1], { topK: 2 }, 500).map(share => share > 0)).toEqual([true, true, false, false]);
    expect(shares([0, 1, 1, 1], { topK: 2 }, 500).map(share => share > 0)).toEqual([false, true, true, false]);
    expect(shares([1, 1, 1, 1], { topP: 0.5 }, 500).map(share => share > 0)).toEqual([true, true, false, false]);
    expect(shares([1, 1, 1, 1], { topP: 0.51 }, 500).map(share => share > 0)).toEqual([true, true, true, false]);
    expect(choose([1, 3, 3], { temperature: 0 }, new Random(1))).toBe(1);
  });

  it('draws the same whether all are kept or nothing is said of it, and as many numbers', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -30, max: 30 }), { minLength: 1, maxLength: 8 }),
        fc.nat(1000),
        (os, seed) => {
          const all = [{}, { topK: os.length }, { topP: 1 }, { topK: os.length + 3, topP: 1 }].map(options => {
            const rng = new Random(seed);
            return [choose(os, options, rng), choose(os, options, rng), rng.uniform()];
          });
          for (const drawn of all) expect(drawn).toEqual(all[0]);
        },
      ),
    );
  });

  it('keeps at least one, of whatever logits and however small P is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 8 }),
        fc.double({ min: 1e-9, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 9 }),
        fc.double({ min: 1e-3, max: 100, noNaN: true }),
        (os, topP, topK, temperature) => {
          const k = choose(os, { topP, topK, temperature }, new Random(3));
          expect(k).toBeGreaterThanOrEqual(0);
          expect(os.filter(o => o > (os[k] ?? 0)).length).toBeLessThan(topK);
        },
      ),
    );
  });

  it('draws nothing at temperature 0', () => {
    const rng = new Random(1);
    const before = rng.state();
    choose(logits, { temperature: 0, topK: 2, topP: 0.5 }, rng);
    expect(rng.state()).toEqual(before);
  });
});

it.each<[ChoiceOptions, string]>([
  [{ temperature: -1 }, 'temperature: expected a number ≥ 0, got -1'],
  [{ temperature: Number.NaN }, 'temperature: expected a finite number, got NaN'],
  [{ topK: 0 }, 'topK: expected a positive integer, got 0'],
  [{ topK: 1.5 }, 'topK: expected a positive integer, got 1.5'],
  [{ topP: 0 }, 'topP: expected a number in (0, 1], got 0'],
  [{ topP: 1.01 }, 'topP: expected a number in (0, 1], got 1.01'],
  [{ topP: '1' as never }, 'topP: expected a number in (0, 1], got "1"'],
])('refuses %j', (options, message) => {
  expect(() => requireChoice(options)).toThrow(message);
  expect(() => requireChoice(options)).toThrow(ValueError);
});
