import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { adagrad } from '../../lib/optim/adagrad.ts';
import { adam } from '../../lib/optim/adam.ts';
import type { Optimiser } from '../../lib/optim/optimiser.ts';
import { rmsprop } from '../../lib/optim/rmsprop.ts';
import { sgd } from '../../lib/optim/sgd.ts';
import { ParamSet } from '../../lib/params.ts';
import { entries, size } from '../arbitraries.ts';
import { deviation } from '../numbers.ts';

/** Parameters to begin with and the gradients of some steps. */
const run = size(6).chain(n =>
  fc.record({ start: entries(n), steps: fc.array(entries(n), { minLength: 1, maxLength: 5 }) }),
);

const rate = fc.constantFrom(0.001, 0.1, 1.5);

const paramsOf = (start: readonly number[]) => {
  const params = ParamSet.of({ theta: [1, start.length] });
  params.values.set(start);
  return params;
};

/** Takes the steps, and sees to it that gradients stay as they are. */
const descend = (optimiser: Optimiser, params: ParamSet, steps: readonly (readonly number[])[]): void => {
  for (const g of steps) {
    params.grads.set(g);
    optimiser.step(params);
    expect(Array.from(params.grads)).toEqual(g);
  }
};

const expectValues = ({ values }: ParamSet, expected: readonly number[]): void => {
  expect(deviation(new Matrix([Array.from(values)]), new Matrix([[...expected]]))).toBeLessThan(1e-13);
};

describe('sgd', () => {
  it('is θ − η g, step after step', () => {
    fc.assert(
      fc.property(run, rate, ({ start, steps }, learningRate) => {
        const params = paramsOf(start);
        descend(sgd({ learningRate }), params, steps);
        const sums = start.map((_, i) => steps.reduce((sum, g) => sum + (g[i] ?? 0), 0));
        expectValues(
          params,
          start.map((theta, i) => theta - learningRate * (sums[i] ?? 0)),
        );
      }),
    );
  });

  it('remembers nothing', () => {
    expect(sgd({ learningRate: 1 })).toMatchObject({ name: 'sgd', memory: {} });
  });
});

describe('adagrad', () => {
  it('is θ − η g / √(Σ g² + ε), step after step, Σ g² its memory', () => {
    fc.assert(
      fc.property(run, rate, fc.constantFrom(undefined, 1e-8, 0.3), ({ start, steps }, learningRate, epsilon) => {
        const params = paramsOf(start);
        const optimiser = adagrad(params, { learningRate, ...(epsilon && { epsilon }) });
        descend(optimiser, params, steps);
        const column = (i: number) => steps.map(g => g[i] ?? Number.NaN);
        const mem = (gs: readonly number[]) => gs.reduce((sum, g) => sum + g ** 2, 0);
        expectValues(
          params,
          start.map((theta, i) =>
            column(i).reduce((at, g, n, gs) => {
              return at - (learningRate * g) / Math.sqrt(mem(gs.slice(0, n + 1)) + (epsilon ?? 1e-8));
            }, theta),
          ),
        );
        const sums = start.map((_, i) => mem(column(i)));
        expect(deviation(new Matrix([Array.from(optimiser.memory.mem ?? [])]), new Matrix([sums]))).toBeLessThan(1e-14);
      }),
    );
  });

  it('keeps its memory in the same array', () => {
    const params = paramsOf([1]);
    const optimiser = adagrad(params, { learningRate: 1 });
    const { mem } = optimiser.memory;
    descend(optimiser, params, [[2], [3]]);
    expect(mem).toEqual(Float64Array.of(13));
    expect(optimiser.memory.mem).toBe(mem);
  });

  it('moves nothing where the gradient is zero', () => {
    const params = paramsOf([1, -2]);
    descend(adagrad(params, { learningRate: 1 }), params, [[0, 0]]);
    expect(Array.from(params.values)).toEqual([1, -2]);
  });
});

describe('sgd with momentum', () => {
  it('is a sum of all gradients so far, each faded by μ a step; Nesterov’s looks one step ahead', () => {
    fc.assert(
      fc.property(
        run,
        rate,
        fc.constantFrom(0.5, 0.9),
        fc.boolean(),
        ({ start, steps }, learningRate, mu, nesterov) => {
          const params = paramsOf(start);
          const optimiser = sgd(params, { learningRate, momentum: mu, nesterov });
          descend(optimiser, params, steps);
          const velocity = (i: number, n: number) =>
            steps.slice(0, n + 1).reduce((sum, g, k) => sum + mu ** (n - k) * (g[i] ?? Number.NaN), 0);
          expectValues(
            params,
            start.map((theta, i) =>
              steps.reduce((at, g, n) => {
                const v = velocity(i, n);
                return at - learningRate * (nesterov ? (g[i] ?? Number.NaN) + mu * v : v);
              }, theta),
            ),
          );
          const last = start.map((_, i) => velocity(i, steps.length - 1));
          expect(deviation(new Matrix([Array.from(optimiser.memory.velocity ?? [])]), new Matrix([last]))).toBeLessThan(
            1e-14,
          );
        },
      ),
    );
  });

  it('is the same as without where μ is 0, and remembers nothing then', () => {
    const [with0, without] = [paramsOf([1, -2]), paramsOf([1, -2])];
    const optimiser = sgd(with0, { learningRate: 0.3, momentum: 0 });
    descend(optimiser, with0, [
      [1, 2],
      [-3, 0.5],
    ]);
    descend(sgd({ learningRate: 0.3 }), without, [
      [1, 2],
      [-3, 0.5],
    ]);
    expect(with0.values).toEqual(without.values);
    expect(optimiser.memory).toEqual({});
  });

  it('needs momentum for Nesterov’s, and μ in [0, 1)', () => {
    const refused = (options: object) => expect(() => sgd(paramsOf([1]), { learningRate: 1, ...options }));
    refused({ nesterov: true }).toThrow(/^momentum: expected a positive one for Nesterov's, got 0$/);
    for (const momentum of [-0.1, 1, Number.NaN, '0.9'])
      refused({ momentum }).toThrow(/^momentum: expected a number in \[0, 1\)/);
  });
});

describe('rmsprop', () => {
  it('takes steps of length η where the gradient has long been the same', () => {
    const params = paramsOf([0, 0]);
    descend(
      rmsprop(params, { learningRate: 1, decay: 0.5 }),
      params,
      Array.from({ length: 60 }, () => [100, -0.01]),
    );
    const before = params.values.slice();
    descend(rmsprop(params, { learningRate: 1, decay: 0 }), params, [[100, -0.01]]);
    expect(Array.from(params.values, (x, i) => x - (before[i] ?? 0)).map(x => x.toFixed(5))).toEqual([
      '-1.00000',
      '1.00000',
    ]);
  });
});

describe('adam', () => {
  it('takes a first step of length η, whatever the gradient: the bias is made good', () => {
    const params = paramsOf([0, 0, 0]);
    descend(adam(params, { learningRate: 0.1 }), params, [[1e4, -3, 0.02]]);
    expect(Array.from(params.values, x => x.toFixed(6))).toEqual(['-0.100000', '0.100000', '-0.100000']);
  });

  it('decays weights apart from the gradient: by η λ θ where that is 0', () => {
    const params = paramsOf([2, -4]);
    descend(adam(params, { learningRate: 0.1, weightDecay: 0.5 }), params, [
      [0, 0],
      [0, 0],
    ]);
    expect(Array.from(params.values, x => x.toFixed(12))).toEqual([
      (2 * 0.95 ** 2).toFixed(12),
      (-4 * 0.95 ** 2).toFixed(12),
    ]);
  });

  it('remembers how many steps it took', () => {
    const params = paramsOf([1]);
    const optimiser = adam(params, { learningRate: 0.1 });
    expect(optimiser.memory).toEqual({ m: Float64Array.of(0), v: Float64Array.of(0), t: Float64Array.of(0) });
    descend(optimiser, params, [[1], [2], [3]]);
    expect(optimiser.memory.t).toEqual(Float64Array.of(3));
  });
});

const remembering: [string, (params: ParamSet, learningRate: number) => Optimiser][] = [
  ['adagrad', (params, learningRate) => adagrad(params, { learningRate })],
  ['sgd', (params, learningRate) => sgd(params, { learningRate, momentum: 0.9 })],
  ['sgd', (params, learningRate) => sgd(params, { learningRate, momentum: 0.9, nesterov: true })],
  ['rmsprop', (params, learningRate) => rmsprop(params, { learningRate })],
  ['adam', (params, learningRate) => adam(params, { learningRate, weightDecay: 0.1 })],
];

describe.each(remembering)('the memory of %s', (name, make) => {
  it('is all that a new optimiser needs to go on exactly, and it does need it', () => {
    fc.assert(
      fc.property(run, rate, ({ start, steps }, learningRate) => {
        const params = paramsOf(start);
        const optimiser = make(params, learningRate);
        expect(optimiser.name).toBe(name);
        descend(optimiser, params, [start.map(() => 2), ...steps]);
        const [saved, again] = [paramsOf(Array.from(params.values)), paramsOf(Array.from(params.values))];
        const restored = make(saved, learningRate);
        for (const [name, memory] of Object.entries(optimiser.memory)) restored.memory[name]?.set(memory.slice());
        const next = [start.map(() => 1)];
        descend(optimiser, params, next);
        descend(restored, saved, next);
        descend(make(again, learningRate), again, next);
        expect(saved.values).toEqual(params.values);
        expect(again.values).not.toEqual(params.values);
        descend(optimiser, params, steps);
        descend(restored, saved, steps);
        expect(saved.values).toEqual(params.values);
        expect(restored.memory).toEqual(optimiser.memory);
      }),
    );
  });

  it('is for the parameters it was made for: others are refused, and left as they were', () => {
    const optimiser = make(paramsOf([1, 2]), 1);
    const memory = JSON.stringify(optimiser.memory);
    for (const other of [paramsOf([1]), paramsOf([1, 2, 3]), paramsOf([1, 2])]) {
      other.grads.fill(1);
      const before = other.values.slice();
      expect(() => optimiser.step(other)).toThrow(
        expect.objectContaining({ name: 'ValueError', argument: 'params', got: `a set of ${other.size} numbers` }),
      );
      expect(other.values).toEqual(before);
    }
    expect(JSON.stringify(optimiser.memory)).toBe(memory);
  });

  it('goes on with its parameters when they have become part of others', () => {
    const [alone, part] = [paramsOf([1, 2]), paramsOf([1, 2])];
    const [optimiser, joined] = [make(alone, 0.1), make(part, 0.1)];
    ParamSet.join({ part, more: paramsOf([3]) });
    descend(optimiser, alone, [[1, -1]]);
    descend(joined, part, [[1, -1]]);
    expect(part.values).toEqual(alone.values);
  });

  it('changes nothing for a gradient that is not finite, be it the last', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const params = paramsOf([1, 2, 3]);
      const optimiser = make(params, 0.1);
      descend(optimiser, params, [[1, -1, 2]]);
      const before = JSON.stringify([params.values, optimiser.memory]);
      params.grads.set([1, 1, bad]);
      expect(() => optimiser.step(params)).toThrow(
        expect.objectContaining({ name: 'ValueError', argument: 'grads[2]' }),
      );
      expect(JSON.stringify([params.values, optimiser.memory])).toBe(before);
    }
  });
});

it.each([
  ['adagrad', adagrad],
  ['rmsprop', rmsprop],
  ['adam', adam],
] as const)(
  '%s refuses a gradient whose square it could not remember, and takes the largest that it can',
  (_, make) => {
    const params = paramsOf([1, 1]);
    const optimiser = make(params, { learningRate: 0.1 });
    params.grads.set([1, -1e155]);
    expect(() => optimiser.step(params)).toThrow('grads[1]: expected a number whose square is finite');
    expect(
      [...params.values, ...Object.values(optimiser.memory).flatMap(m => [...m])].every(x => x === 1 || x === 0),
    ).toBe(true);
    params.grads.set([1e154, -1e154]); // the sum of squares overflows, each square does not
    optimiser.step(params);
    const [first = Number.NaN, second = Number.NaN] = params.values;
    expect(1 - first).toBeCloseTo(second - 1, 12);
    expect(first).toBeLessThan(1);
  },
);

describe.each([...remembering, ['sgd', (_, learningRate) => sgd({ learningRate })] as (typeof remembering)[number]])(
  'the learning rate of %s',
  (_, make) => {
    it('can be set before any step, and makes the step so much longer', () => {
      const [once, twice, still] = [paramsOf([1, -1]), paramsOf([1, -1]), paramsOf([1, -1])];
      const length = (params: ParamSet, learningRate: number) => {
        const optimiser = make(params, 0.1);
        expect(optimiser.learningRate).toBe(0.1);
        optimiser.learningRate = learningRate;
        expect(optimiser.learningRate).toBe(learningRate);
        descend(optimiser, params, [[2, -3]]);
        return Array.from(params.values, (x, i) => x - (i ? -1 : 1));
      };
      const step = length(once, 0.1);
      length(twice, 0.2).forEach((x, i) => {
        expect(x).toBeCloseTo(2 * (step[i] ?? Number.NaN), 13);
      });
      expect(length(still, 0)).toEqual([0, 0]);
    });

    it.each([-0.1, Number.NaN, Number.POSITIVE_INFINITY])('cannot be set to %d', bad => {
      const optimiser = make(paramsOf([1]), 0.1);
      expect(() => {
        optimiser.learningRate = bad;
      }).toThrow(expect.objectContaining({ name: 'ValueError', argument: 'learningRate' }));
      expect(optimiser.learningRate).toBe(0.1);
    });
  },
);

it.each([0, -0.1, Number.NaN, Number.POSITIVE_INFINITY])('%d is no learning rate and no ε', bad => {
  const refusal = (argument: string) => expect.objectContaining({ name: 'ValueError', argument });
  expect(() => sgd({ learningRate: bad })).toThrow(refusal('learningRate'));
  expect(() => sgd(paramsOf([1]), { learningRate: bad, momentum: 0.9 })).toThrow(refusal('learningRate'));
  for (const make of [adagrad, rmsprop, adam]) {
    expect(() => make(paramsOf([1]), { learningRate: bad })).toThrow(refusal('learningRate'));
    expect(() => make(paramsOf([1]), { learningRate: 1, epsilon: bad })).toThrow(refusal('epsilon'));
  }
});

it.each([1, -0.1, Number.NaN, Number.POSITIVE_INFINITY])('%d is no decay', bad => {
  const refusal = (argument: string) => expect.objectContaining({ name: 'ValueError', argument });
  expect(() => rmsprop(paramsOf([1]), { learningRate: 1, decay: bad })).toThrow(refusal('decay'));
  expect(() => adam(paramsOf([1]), { learningRate: 1, beta1: bad })).toThrow(refusal('beta1'));
  expect(() => adam(paramsOf([1]), { learningRate: 1, beta2: bad })).toThrow(refusal('beta2'));
  const decay = () => adam(paramsOf([1]), { learningRate: 1, weightDecay: -Math.abs(bad) });
  expect(decay).toThrow(refusal('weightDecay'));
});
