import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { constant, cosine, type Schedule, stepDecay, warmUp } from '../../lib/optim/schedules.ts';
import { size } from '../arbitraries.ts';

const rates = (schedule: Schedule, ...steps: number[]): number[] => steps.map(schedule);

const close = (actual: readonly number[], expected: readonly number[]): void => {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((x, n) => {
    expect(x).toBeCloseTo(expected[n] ?? Number.NaN, 14);
  });
};

it('constant is the same at every step', () => {
  expect(rates(constant(0.3), 0, 1, 1e9)).toEqual([0.3, 0.3, 0.3]);
});

describe('stepDecay', () => {
  it('falls right after every so many steps', () => {
    const schedule = stepDecay({ learningRate: 8, every: 3, factor: 0.5 });
    expect(rates(schedule, 0, 1, 2, 3, 5, 6, 30)).toEqual([8, 8, 8, 4, 4, 2, 8 / 1024]);
  });
});

describe('cosine', () => {
  it('goes from the learning rate to its floor, half-way between at half-time, and stays there', () => {
    const schedule = cosine({ learningRate: 1, steps: 8, floor: 0.2 });
    close(rates(schedule, 0, 4), [1, 0.6]);
    expect(rates(schedule, 8, 9, 1000)).toEqual([0.2, 0.2, 0.2]);
    expect(schedule(7)).toBeGreaterThan(0.2);
  });

  it('has a floor of 0 unless given, may be one step long, and may have its floor at the learning rate', () => {
    expect(cosine({ learningRate: 1, steps: 3 })(3)).toBe(0);
    expect(rates(cosine({ learningRate: 1, steps: 1 }), 0, 1)).toEqual([1, 0]);
    expect(rates(cosine({ learningRate: 1, steps: 4, floor: 1 }), 0, 2, 4)).toEqual([1, 1, 1]);
  });

  it('only falls, and as much in the first half as in the second', () => {
    fc.assert(
      fc.property(size(40), fc.constantFrom(0, 0.1, 0.5), (steps, floor) => {
        const schedule = cosine({ learningRate: 0.5, steps, floor });
        for (let n = 0; n < steps; n++) {
          expect(schedule(n + 1)).toBeLessThanOrEqual(schedule(n));
          expect(schedule(n) + schedule(steps - n)).toBeCloseTo(0.5 + floor, 14);
        }
      }),
    );
  });
});

describe('warmUp', () => {
  it('rises in equal steps to where the other schedule begins, which then runs from its own beginning', () => {
    const schedule = warmUp(4, stepDecay({ learningRate: 1, every: 2, factor: 0.1 }));
    close(rates(schedule, 0, 1, 2, 3, 4, 5, 6), [0.2, 0.4, 0.6, 0.8, 1, 1, 0.1]);
  });

  it('is never 0, and only rises', () => {
    fc.assert(
      fc.property(size(30), steps => {
        const schedule = warmUp(steps, constant(2));
        expect(schedule(0)).toBeGreaterThan(0);
        for (let n = 0; n < steps; n++) expect(schedule(n + 1)).toBeGreaterThan(schedule(n));
        expect(rates(schedule, steps, steps + 1)).toEqual([2, 2]);
      }),
    );
  });
});

it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('%d is no step', bad => {
  const schedules = [
    constant(1),
    stepDecay({ learningRate: 1, every: 1, factor: 0.5 }),
    cosine({ learningRate: 1, steps: 2 }),
    warmUp(2, constant(1)),
  ];
  for (const schedule of schedules) {
    expect(() => schedule(bad)).toThrow(expect.objectContaining({ name: 'ValueError', argument: 'step' }));
  }
});

it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])(
  '%d is no learning rate, no factor and no number of steps',
  bad => {
    const refusal = (argument: string) => expect.objectContaining({ name: 'ValueError', argument });
    expect(() => constant(bad)).toThrow(refusal('learningRate'));
    expect(() => stepDecay({ learningRate: bad, every: 1, factor: 1 })).toThrow(refusal('learningRate'));
    expect(() => stepDecay({ learningRate: 1, every: bad, factor: 1 })).toThrow(refusal('every'));
    expect(() => stepDecay({ learningRate: 1, every: 1, factor: bad })).toThrow(refusal('factor'));
    expect(() => cosine({ learningRate: bad, steps: 1 })).toThrow(refusal('learningRate'));
    expect(() => cosine({ learningRate: 1, steps: bad })).toThrow(refusal('steps'));
    expect(() => warmUp(bad, constant(1))).toThrow(refusal('steps'));
  },
);

it.each([-0.1, 1.1, Number.NaN])('%d is no floor under 1', floor => {
  const act = () => cosine({ learningRate: 1, steps: 1, floor });
  expect(act).toThrow(expect.objectContaining({ name: 'ValueError', argument: 'floor' }));
});

describe('a schedule at the edges', () => {
  const schedules: readonly Schedule[] = [
    constant(0.1),
    stepDecay({ learningRate: 0.1, every: 10, factor: 0.5 }),
    cosine({ learningRate: 0.1, steps: 10, floor: 0.01 }),
    warmUp(10, constant(0.1)),
  ];

  it('is a number ≥ 0 at any step', () => {
    for (const schedule of schedules) {
      for (const step of [0, -0, 1, 1e15, Number.MAX_SAFE_INTEGER]) {
        expect(schedule(step)).toBeGreaterThanOrEqual(0);
        expect(schedule(step)).toBeLessThanOrEqual(0.1);
      }
    }
  });

  it.each([-1, 0.5, 2 ** 53, Number.NaN, '1', 1n, true])('has no step %s', step => {
    for (const schedule of schedules) {
      expect(() => schedule(step as number)).toThrow(expect.objectContaining({ name: 'ValueError', argument: 'step' }));
    }
  });

  it('says at which step it is no learning rate any more', () => {
    expect(() => stepDecay({ learningRate: 1, every: 1, factor: 10 })(400)).toThrow('learning rate of step 400: ');
    expect(() => warmUp(1, () => -1)(5)).toThrow('learning rate of step 5: expected a number ≥ 0, got -1');
    expect(() => warmUp(1, (() => '0.1') as unknown as Schedule)(5)).toThrow('learning rate of step 5: ');
  });
});
