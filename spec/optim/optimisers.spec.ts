import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { adagrad } from '../../lib/optim/adagrad.ts';
import type { Optimiser } from '../../lib/optim/optimiser.ts';
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

  it('goes on exactly with its memory in a new optimiser, and not without', () => {
    fc.assert(
      fc.property(run, rate, ({ start, steps }, learningRate) => {
        const params = paramsOf(start);
        const optimiser = adagrad(params, { learningRate });
        descend(optimiser, params, [start.map(() => 2), ...steps]);
        const [saved, again] = [paramsOf(Array.from(params.values)), paramsOf(Array.from(params.values))];
        const restored = adagrad(saved, { learningRate });
        for (const [name, memory] of Object.entries(optimiser.memory)) restored.memory[name]?.set(memory.slice());
        const next = [start.map(() => 1)];
        descend(optimiser, params, next);
        descend(restored, saved, next);
        descend(adagrad(again, { learningRate }), again, next);
        expect(saved.values).toEqual(params.values);
        expect(again.values).not.toEqual(params.values);
        descend(optimiser, params, steps);
        descend(restored, saved, steps);
        expect(saved.values).toEqual(params.values);
        expect(restored.memory).toEqual(optimiser.memory);
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

  it('refuses parameters of another size, and leaves them as they were', () => {
    const optimiser = adagrad(paramsOf([1, 2]), { learningRate: 1 });
    for (const other of [paramsOf([1]), paramsOf([1, 2, 3])]) {
      other.grads.fill(1);
      const before = other.values.slice();
      expect(() => optimiser.step(other)).toThrow(
        expect.objectContaining({ name: 'ShapeError', argument: 'params', got: `${other.size}` }),
      );
      expect(other.values).toEqual(before);
    }
  });
});

it.each([0, -0.1, Number.NaN, Number.POSITIVE_INFINITY])('%d is no learning rate and no ε', bad => {
  const refusal = (argument: string) => expect.objectContaining({ name: 'ValueError', argument });
  expect(() => sgd({ learningRate: bad })).toThrow(refusal('learningRate'));
  expect(() => adagrad(paramsOf([1]), { learningRate: bad })).toThrow(refusal('learningRate'));
  expect(() => adagrad(paramsOf([1]), { learningRate: 1, epsilon: bad })).toThrow(refusal('epsilon'));
});
