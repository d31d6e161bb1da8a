/** Parameters in a memory of their own: what kernels do of them there is what JavaScript does, to the last bit. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { beside, kernelsOver, residence } from '../../lib/engine/resident.ts';
import { adagrad } from '../../lib/optim/adagrad.ts';
import { adam } from '../../lib/optim/adam.ts';
import { clipByGlobalNorm, clipByNorm, clipByValue } from '../../lib/optim/clip.ts';
import { squaredNorm } from '../../lib/optim/norm.ts';
import type { Optimiser } from '../../lib/optim/optimiser.ts';
import { rmsprop } from '../../lib/optim/rmsprop.ts';
import { sgd } from '../../lib/optim/sgd.ts';
import { ParamSet } from '../../lib/params.ts';
import { Random } from '../../lib/random.ts';

/** Large enough to live in a memory of its own, and no multiple of what kernels do in a turn. */
const LARGE = 4099;
/** As large as a set that does not. */
const SMALL = 4095;

const OPTIMISERS: Readonly<Record<string, (params: ParamSet) => Optimiser>> = {
  sgd: params => sgd(params, { learningRate: 0.1 }),
  momentum: params => sgd(params, { learningRate: 0.1, momentum: 0.9 }),
  nesterov: params => sgd(params, { learningRate: 0.1, momentum: 0.9, nesterov: true }),
  adagrad: params => adagrad(params, { learningRate: 0.1, epsilon: 1e-3 }),
  rmsprop: params => rmsprop(params, { learningRate: 0.1, decay: 0.95, epsilon: 1e-3 }),
  adam: params => adam(params, { learningRate: 0.1, beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.01 }),
};

/** A set over the numbers from one on, with an optimiser. */
function learner(make: (params: ParamSet) => Optimiser, from: number, size: number) {
  const params = ParamSet.of({ p: [1, size] });
  const optimiser = make(params);
  const give = (to: Float64Array, numbers: Float64Array) => to.set(numbers.subarray(from, from + size));
  return {
    params,
    optimiser,
    begin: (numbers: Float64Array) => give(params.values, numbers),
    step(grads: Float64Array) {
      give(params.grads, grads);
      optimiser.step(params);
    },
  };
}

/** Gradients of all sizes; many are 0, of either sign, side by side and alone. */
function drawn(rng: Random, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => {
    const x = (rng.uniform() - 0.5) * 2 ** Math.floor(40 * rng.uniform() - 30);
    if (rng.uniform() < 0.2 || (i >> 4) % 3 === 1) return x < 0 ? -0 : 0;
    return x;
  });
}

/** Arrays one behind the other, as bits. */
const bits = (...parts: readonly Float64Array[]): readonly bigint[] =>
  parts.flatMap(part => Array.from(new BigUint64Array(part.slice().buffer)));

afterEach(() => vi.unstubAllGlobals());

describe.each(Object.entries(OPTIMISERS))('%s', (_, make) => {
  test('has the same bits by kernels and in JavaScript, its memory too', () => {
    const rng = new Random(3);
    const whole = learner(make, 0, LARGE);
    const parts = [learner(make, 0, SMALL), learner(make, SMALL, LARGE - SMALL)];
    expect(
      kernelsOver(
        whole.params.values,
        Object.values(whole.optimiser.memory)
          .slice(0, 2)
          .filter(m => m.length > 1),
      ),
    ).toBeDefined();
    for (const { params } of parts) expect(kernelsOver(params.values)).toBeUndefined();
    const start = drawn(rng, LARGE);
    for (const one of [whole, ...parts]) one.begin(start);
    for (let n = 0; n < 5; n++) {
      const grads = drawn(rng, LARGE);
      for (const one of [whole, ...parts]) one.step(grads);
    }
    expect(bits(whole.params.values)).toEqual(bits(...parts.map(({ params }) => params.values)));
    for (const [name, memory] of Object.entries(whole.optimiser.memory)) {
      if (memory.length === 1) continue;
      expect(bits(memory), name).toEqual(
        bits(...parts.map(({ optimiser }) => optimiser.memory[name] ?? new Float64Array())),
      );
    }
    expect(bits(whole.params.values)).not.toEqual(bits(start));
  });

  test('goes on in JavaScript, with the same bits, where its memory is full', () => {
    const rng = new Random(4);
    const params = ParamSet.of({ p: [1, LARGE] });
    while (kernelsOver(params.values, [beside(params.values, LARGE)])); // until there is no room
    const [late, early] = [make(params), learner(make, 0, LARGE)];
    const start = drawn(rng, LARGE);
    params.values.set(start);
    early.begin(start);
    for (let n = 0; n < 3; n++) {
      const grads = drawn(rng, LARGE);
      params.grads.set(grads);
      late.step(params);
      early.step(grads);
    }
    expect(bits(params.values)).toEqual(bits(early.params.values));
  });
});

describe('norms and clipping', () => {
  const numbers = drawn(new Random(5), LARGE);
  const set = () => {
    const params = ParamSet.of({ p: [1, LARGE] });
    params.grads.set(numbers);
    return params;
  };

  test.each([LARGE, LARGE - 1, LARGE - 2, LARGE - 3])('of %i numbers: the same squares', count => {
    const lives = set().grads.subarray(0, count);
    expect(kernelsOver(lives)).toBeDefined();
    expect(squaredNorm(lives)).toBe(squaredNorm(numbers.subarray(0, count)));
  });

  test('by value: every element within the limit as it was, the others at it', () => {
    const params = set();
    const limit = 0.01;
    clipByValue(params, limit);
    expect(bits(params.grads)).toEqual(bits(numbers.map(g => (Math.abs(g) > limit ? Math.sign(g) * limit : g))));
    expect(numbers.filter(g => Math.abs(g) > limit).length).toBeGreaterThan(100);
  });

  test('by norms: every element times the factor', () => {
    const [all, each] = [set(), set()];
    const norm = clipByGlobalNorm(all, 0.5);
    expect(clipByNorm(each, 0.5)).toEqual({ p: norm });
    expect(norm).toBeGreaterThan(0.5);
    for (const { grads } of [all, each]) expect(bits(grads)).toEqual(bits(numbers.map(g => g * (0.5 / norm))));
  });
});

describe('a residence', () => {
  test('is of sets of some size, and no view of it is ever detached', () => {
    expect(residence(SMALL)).toBeUndefined();
    const params = ParamSet.of({ p: [1, LARGE] });
    const { values, grads } = params;
    for (let n = 0; n < 8; n++) adam(params, { learningRate: 1 });
    expect([values.length, grads.length]).toEqual([LARGE, LARGE]);
    expect(values.buffer).toBe(params.values.buffer);
  });

  test('is the joined set’s, of parts that were at home elsewhere', () => {
    const [a, b] = [ParamSet.of({ p: [1, LARGE] }), ParamSet.of({ q: [1, 3] })];
    const early = adagrad(a, { learningRate: 0.1 });
    const whole = ParamSet.join({ a, b });
    expect(a.values.buffer).toBe(whole.values.buffer);
    a.grads.fill(1);
    early.step(a); // whose memory has stayed where it was
    expect(a.values.every(x => x === a.values[0] && x < 0)).toBe(true);
    expect(kernelsOver(whole.values, [a.values, b.grads])).toBeDefined();
  });

  test('is not of more sets at once than there are addresses for', async () => {
    vi.resetModules();
    const { residence: another } = await import('../../lib/engine/resident.ts');
    const held = Array.from({ length: 1024 }, () => another(LARGE));
    expect(held).not.toContain(undefined);
    expect(another(LARGE)).toBeUndefined();
  });

  test('is not there without WebAssembly, and all works', async () => {
    vi.stubGlobal('WebAssembly', undefined);
    expect(residence(LARGE)).toBeUndefined();
    const params = ParamSet.of({ p: [1, LARGE] });
    params.grads.fill(2);
    expect(clipByGlobalNorm(params, 1)).toBeCloseTo(2 * Math.sqrt(LARGE), 10);
    adagrad(params, { learningRate: 0.1 }).step(params);
    expect(params.values[LARGE - 1]).toBeLessThan(0);
  });
});
