import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random, streamSeed } from '../lib/random.ts';

const DRAWS = 100_000;

/** States whose next uniform is the least there is, 0, and the greatest, 1 − 2⁻⁵³. */
const [LEAST, GREATEST] = [
  [0, 0, 2 ** 27, 0],
  [-16_769_280, -1, -16_769_280, 0],
];

const seed = fc.integer({ min: 0, max: 2 ** 32 - 1 });

/** Draws of all kinds, mixed. */
const kinds = fc.array(fc.constantFrom('uniform', 'normal', 'index'), { maxLength: 20 });

const draw = (rng: Random, kind: string): number => {
  if (kind === 'uniform') return rng.uniform();
  return kind === 'normal' ? rng.normal() : rng.index([1, 2, 3, 4]);
};

const uniforms = (rng: Random, count: number): number[] => Array.from({ length: count }, () => rng.uniform());
const mean = (numbers: readonly number[]): number => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;

describe('a seed', () => {
  it('fixes all that is drawn', () => {
    fc.assert(
      fc.property(seed, kinds, (s, draws) => {
        const [a, b] = [new Random(s), new Random(s)];
        expect(draws.map(kind => draw(a, kind))).toEqual(draws.map(kind => draw(b, kind)));
      }),
    );
  });

  it('that differs in one bit draws other numbers', () => {
    fc.assert(
      fc.property(seed, fc.nat(31), (s, bit) => {
        const other = (s ^ (1 << bit)) >>> 0;
        expect(uniforms(new Random(other), 4)).not.toEqual(uniforms(new Random(s), 4));
      }),
    );
  });

  it.each([0, 1, 2 ** 31 - 500, 2 ** 32 - 1000])('from %d on, a thousand of them: first draws around ½', from => {
    const firsts = Array.from({ length: 1000 }, (_, n) => new Random(from + n).uniform());
    expect(Math.abs(mean(firsts) - 1 / 2)).toBeLessThan(0.03);
    expect(Math.abs(mean(firsts.map(x => (x - 1 / 2) ** 2)) - 1 / 12)).toBeLessThan(0.01);
  });

  it.each([-1, 1.5, 2 ** 32, Number.NaN, Number.POSITIVE_INFINITY])('of %d is refused', bad => {
    expect(() => new Random(bad)).toThrow(expect.objectContaining({ name: 'ValueError', argument: 'seed' }));
  });
});

describe('a state', () => {
  it('goes on exactly, wherever it was taken, also after JSON', () => {
    fc.assert(
      fc.property(seed, kinds, kinds, (s, before, after) => {
        const rng = new Random(s);
        for (const kind of before) draw(rng, kind);
        const again = Random.fromState(JSON.parse(JSON.stringify(rng.state())));
        expect(after.map(kind => draw(again, kind))).toEqual(after.map(kind => draw(rng, kind)));
        expect(again.state()).toEqual(rng.state());
      }),
    );
  });

  it('stays as it was while its generator goes on', () => {
    const rng = new Random(1);
    const state = rng.state();
    const [next] = uniforms(rng, 1);
    expect(uniforms(Random.fromState(state), 1)).toEqual([next]);
    expect(rng.state()).not.toEqual(state);
  });

  it.each([
    [[]],
    [[1, 2, 3]],
    [[1, 2, 3, 4, 5]],
    [[0, 0, 0, 0]],
    [[1, 2, 3, 0.5]],
    [[2 ** 32, 0, 0, 0]],
    [[1, 2, 3, 2 ** 31]],
    [[1, Number.NaN, 3, 4]],
  ])('of %j is refused', state => {
    const refusal = { name: 'ValueError', argument: 'state', got: `Array of length ${state.length}` };
    expect(() => Random.fromState(state)).toThrow(expect.objectContaining(refusal));
  });
});

describe('uniform', () => {
  it('has the moments of [0, 1)', () => {
    const xs = uniforms(new Random(1), DRAWS);
    expect(xs.every(x => x >= 0 && x < 1)).toBe(true);
    expect(Math.abs(mean(xs) - 1 / 2)).toBeLessThan(0.004); // 4 standard deviations, here and below
    expect(Math.abs(mean(xs.map(x => (x - 1 / 2) ** 2)) - 1 / 12)).toBeLessThan(0.001);
  });

  it('reaches 0 and never 1', () => {
    expect(uniforms(Random.fromState(LEAST), 1)).toEqual([0]);
    expect(uniforms(Random.fromState(GREATEST), 1)).toEqual([1 - 2 ** -53]);
  });
});

describe('normal', () => {
  it('has the moments of the standard normal, draw after draw independent', () => {
    const rng = new Random(2);
    const xs = Array.from({ length: DRAWS }, () => rng.normal());
    expect(Math.abs(mean(xs))).toBeLessThan(0.013);
    expect(Math.abs(mean(xs.map(x => x ** 2)) - 1)).toBeLessThan(0.018);
    expect(Math.abs(mean(xs.map(x => x ** 3)))).toBeLessThan(0.05);
    expect(Math.abs(mean(xs.map(x => x ** 4)) - 3)).toBeLessThan(0.125);
    expect(Math.abs(mean(xs.map((x, n) => x * (xs[n - 1] ?? 0))))).toBeLessThan(0.013);
  });

  it('is finite at the least and the greatest uniform', () => {
    for (const state of [LEAST, GREATEST]) expect(Random.fromState(state).normal()).toSatisfy(Number.isFinite);
  });
});

describe('index', () => {
  it('comes in proportion to its weight', () => {
    const weights = [1, 0, 2.5, 0.5, 4];
    const counts = weights.map(() => 0);
    const rng = new Random(3);
    for (let n = 0; n < DRAWS; n++) {
      const k = rng.index(weights);
      counts[k] = (counts[k] ?? 0) + 1;
    }
    weights.forEach((weight, k) => {
      const p = weight / 8;
      expect(Math.abs((counts[k] ?? 0) / DRAWS - p)).toBeLessThanOrEqual(4 * Math.sqrt((p * (1 - p)) / DRAWS));
    });
  });

  it('is never one of weight zero', () => {
    const weight = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e300, noNaN: true }));
    const weights = fc.array(weight, { minLength: 1 }).filter(list => list.some(w => w > 0));
    const generator = fc.oneof(
      seed.map(s => new Random(s)),
      fc.constantFrom(LEAST, GREATEST).map(state => Random.fromState(state)),
    );
    fc.assert(
      fc.property(weights, generator, fc.boolean(), (list, rng, typed) => {
        expect(list[rng.index(typed ? Float64Array.from(list) : list)]).toBeGreaterThan(0);
      }),
    );
  });

  it('is none of weight zero at the edges, rounding included', () => {
    expect(Random.fromState(LEAST).index([0, 1])).toBe(1);
    expect(Random.fromState(GREATEST).index([0.1, 0.2, 0.3, 0])).toBe(2); // 0.1 + 0.2 + 0.3 rounds up
  });
});

describe('weights to draw by', () => {
  it('are drawn in proportion where their sum is beyond all numbers', () => {
    const rng = new Random(1);
    const drawn = [0, 0, 0];
    for (let n = 0; n < 3000; n++) {
      const k = rng.index([0.6e308, 0, 1.4e308]);
      drawn[k] = (drawn[k] ?? 0) + 1;
    }
    expect(drawn[1]).toBe(0);
    expect(Math.abs((drawn[0] ?? 0) / 3000 - 0.3)).toBeLessThan(4 * Math.sqrt((0.3 * 0.7) / 3000));
  });

  it.each<[string, readonly unknown[]]>([
    ['weights[1]', [1, -1]],
    ['weights[0]', [Number.NaN]],
    ['weights[1]', [1, Number.POSITIVE_INFINITY]],
    ['weights[1]', [1, '1']],
    ['weights[0]', [true]],
    ['weights[0]', new Array<number>(3)],
    ['weights', []],
    ['weights', [0, -0]],
  ])('%s: %j has nothing to draw, and nothing is drawn', (argument, weights) => {
    const rng = new Random(1);
    const before = rng.state();
    expect(() => rng.index(weights as number[])).toThrow(expect.objectContaining({ name: 'ValueError', argument }));
    expect(rng.state()).toEqual(before);
  });
});

it('streams of one seed are independent by their names, and of the seed itself', () => {
  const names = ['', 'a', 'b', 'a.b', 'b.a', 'dropout a', 'dropout b'];
  const seeds = [0, 1, 2, 2 ** 32 - 1].flatMap(seed => [seed, ...names.map(name => streamSeed(seed, name))]);
  expect(new Set(seeds).size).toBe(seeds.length);
  expect(seeds.every(seed => Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)).toBe(true);
  const draws = seeds.map(seed => {
    const rng = new Random(seed);
    return Array.from({ length: 2000 }, () => rng.uniform() - 0.5);
  });
  draws.forEach((a, i) => {
    for (const b of draws.slice(i + 1)) {
      const correlation = a.reduce((sum, x, n) => sum + x * (b[n] ?? 0), 0) / (2000 / 12);
      expect(Math.abs(correlation)).toBeLessThan(5 / Math.sqrt(2000));
    }
  });
});
