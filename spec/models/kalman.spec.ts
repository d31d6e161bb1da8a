/**
 * The linear dynamical system: against the joint normal distribution of all that is seen, its gradients and their planted
 * mistakes, and what it learns of a series of which it is known how well it can be foretold.
 */
import fc from 'fast-check';
import { type AbstractMatrix, determinant, inverse, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { checkGradients } from '../../lib/check/finite-differences.ts';
import { normal } from '../../lib/init/initialisers.ts';
import { type FilterStep, type Kalman, kalman } from '../../lib/models/kalman.ts';
import { adam } from '../../lib/optim/adam.ts';
import { Random } from '../../lib/random.ts';
import { entries, matrix, size } from '../arbitraries.ts';

const drawn = (m: number, d: number, seed = 1): Kalman => {
  const model = kalman({ m, d });
  normal(0.7)(model.params, new Random(seed));
  return model;
};

const seen = (T: number, d: number, seed = 2): Matrix => {
  const rng = new Random(seed);
  return new Matrix(Array.from({ length: T }, () => Array.from({ length: d }, () => rng.normal())));
};

/** A system with numbers of the grid, and at most five steps of what it shows. */
const problem = fc.tuple(size(3), size(3), size(5)).chain(([m, d, T]) =>
  fc.tuple(entries(m * m + d * m + 2 * d + 3 * m), matrix(T, d)).map(([numbers, x]) => {
    const model = kalman({ m, d });
    model.params.values.set(numbers.map(number => number / 2));
    return { model, x };
  }),
);

/** Mean and covariance of x_1 … x_T, one below the other, by the definition of the system and with no filter. */
function joint({ params, m, d }: Kalman, T: number): { readonly mean: Matrix; readonly covariance: Matrix } {
  const { W, V, c, q, r, mu, p } = params.named();
  const diagonal = (logs: AbstractMatrix) => Matrix.diag(logs.to1DArray().map(Math.exp));
  const powers: AbstractMatrix[] = [Matrix.eye(m, m)];
  const own: AbstractMatrix[] = [diagonal(p)];
  for (let t = 1; t < T; t++) {
    powers.push(W.mmul(powers[t - 1] ?? W));
    own.push(
      W.mmul(own[t - 1] ?? W)
        .mmul(W.transpose())
        .add(diagonal(q)),
    );
  }
  const mean = Matrix.zeros(T * d, 1);
  const covariance = Matrix.zeros(T * d, T * d);
  for (let t = 0; t < T; t++) {
    const h = (powers[t] ?? W).mmul(mu.transpose());
    mean.setSubMatrix(V.mmul(h).add(c.transpose()), t * d, 0);
    for (let s = 0; s <= t; s++) {
      const block = V.mmul(powers[t - s] ?? W)
        .mmul(own[s] ?? W)
        .mmul(V.transpose());
      if (s === t) block.add(diagonal(r));
      covariance.setSubMatrix(block, t * d, s * d);
      covariance.setSubMatrix(block.transpose(), s * d, t * d);
    }
  }
  return { mean, covariance };
}

/** −log of the joint density. */
function surprise(model: Kalman, x: Matrix): number {
  const { mean, covariance } = joint(model, x.rows);
  const away = Matrix.sub(Matrix.columnVector(x.to1DArray()), mean);
  const square = away.transpose().mmul(inverse(covariance)).mmul(away).get(0, 0);
  return (x.rows * model.d * Math.log(2 * Math.PI) + Math.log(determinant(covariance)) + square) / 2;
}

/** The gradient check of a model's backward pass: the names of what is wrong. */
function wrong(model: Kalman, x: Matrix, backward: Kalman['backward'] = model.backward): string[] {
  model.params.zeroGrads();
  const dx = backward(model.forward(x).tape);
  const [values, grads] = [model.params.named(), model.params.namedGrads()];
  const tensors = (['W', 'V', 'c', 'q', 'r', 'mu', 'p'] as const).map(name => ({
    name: name as string,
    values: values[name],
    gradient: grads[name].clone(),
  }));
  const report = checkGradients(() => model.forward(x).loss, [...tensors, { name: 'x', values: x, gradient: dx }]);
  return report.tensors.filter(({ ok }) => !ok).map(({ name }) => name);
}

describe('the forward pass', () => {
  it('is minus the logarithm of the joint density', () => {
    fc.assert(
      fc.property(problem, ({ model, x }) => {
        expect(model.forward(x).loss).toBeCloseTo(surprise(model, x), 8);
      }),
    );
  });

  it('foretells what the joint distribution does, given what was seen, and how far off', () => {
    fc.assert(
      fc.property(problem, ({ model, x }) => {
        const [n, d] = [x.rows * model.d, model.d];
        const { mean, covariance } = joint(model, x.rows + 1);
        const block = (i: number, j: number) =>
          covariance.subMatrix(i, i === 0 ? n - 1 : n + d - 1, j, j === 0 ? n - 1 : n + d - 1);
        const gain = block(n, 0).mmul(inverse(block(0, 0)));
        const away = Matrix.sub(Matrix.columnVector(x.to1DArray()), mean.subMatrix(0, n - 1, 0, 0));
        const expected = mean
          .subMatrix(n, n + d - 1, 0, 0)
          .add(gain.mmul(away))
          .to1DArray();
        const variances = Matrix.sub(block(n, n), gain.mmul(block(0, n))).diagonal();
        const forecast = model.forecast(x);
        expect(forecast.mean.rows).toBe(x.rows + 1);
        forecast.mean.getRow(x.rows).forEach((value, k) => {
          expect(value).toBeCloseTo(expected[k] ?? 0, 8);
          expect(forecast.deviation.get(x.rows, k) ** 2).toBeCloseTo(variances[k] ?? 0, 8);
        });
      }),
    );
  });

  it('takes up what is seen in a straight line: the gain and the covariances are the same whatever it is', () => {
    const model = drawn(3, 2);
    const { V, c, r } = model.params.named();
    const [first, second] = [3, 4].map(seed => model.forward(seen(6, 2, seed)).tape.steps);
    const x = seen(6, 2, 3);
    for (const [t, { before, after, K }] of (first ?? []).entries()) {
      expect(second?.[t]?.K).toEqual(K);
      const kept = Matrix.sub(Matrix.eye(3, 3), K.mmul(V));
      const h = before.h.mmul(kept.transpose()).add(Matrix.sub(x.subMatrix(t, t, 0, 1), c).mmul(K.transpose())); // KF-D1  ĥ_t = (I − K_t V) h̄_t + K_t (x_t − c)
      const R = Matrix.diag(r.to1DArray().map(Math.exp));
      const P = kept.mmul(before.P).mmul(kept.transpose()).add(K.mmul(R).mmul(K.transpose())); // KF-D2  P_t = (I − K_t V) P̄_t (I − K_t V)ᵀ + K_t R K_tᵀ
      for (const [a, b] of [
        [h, after.h],
        [P, after.P],
      ] as const)
        expect(Matrix.sub(a, b).abs().max()).toBeLessThan(1e-13);
    }
  });

  it('holds out: after 1000 steps every covariance is one', () => {
    const model = drawn(3, 2);
    model.params.named().r.fill(-12);
    const { loss, tape } = model.forward(seen(1000, 2));
    expect(Number.isFinite(loss)).toBe(true);
    for (const variance of tape.steps.at(-1)?.after.P.diagonal() ?? []) expect(variance).toBeGreaterThan(0);
  });
});

describe('the backward pass', () => {
  it.each([
    [1, 1, 7],
    [3, 1, 5],
    [1, 3, 4],
    [3, 2, 6],
    [2, 2, 1],
  ])('gives the gradients of all parameters and of what is seen: m = %i, d = %i, T = %i', (m, d, T) => {
    expect(wrong(drawn(m, d), seen(T, d))).toEqual([]);
  });

  it('gives them for any numbers', () => {
    fc.assert(
      fc.property(problem, ({ model, x }) => {
        expect(wrong(model, x)).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('without anything to follow is the slope of a normal density', () => {
    const model = drawn(2, 3);
    const x = seen(1, 3);
    const { tape } = model.forward(x);
    const [{ u, inverse: precision } = { u: x, inverse: x }] = tape.steps;
    const dS = Matrix.sub(precision, u.transpose().mmul(u)).mul(0.5); // KF-D3  ∂l_t/∂e_t = u_tᵀ, ∂l_t/∂S_t = ½ (S_t⁻¹ − u_t u_tᵀ)
    expect(model.backward(tape).to1DArray()).toEqual(u.to1DArray());
    const { c: dc, r: dr } = model.params.namedGrads();
    dS.diagonal().forEach((slope, i) => {
      expect(dc.get(0, i)).toBeCloseTo(-u.get(0, i), 14);
      expect(dr.get(0, i)).toBeCloseTo(slope * Math.exp(model.params.named().r.get(0, i)), 14);
    });
  });

  it('adds, twice the same to the last bit, and changes nothing else', () => {
    const model = drawn(3, 2);
    const { tape } = model.forward(seen(5, 2));
    const before = JSON.stringify([tape, [...model.params.values]]);
    model.backward(tape);
    const once = model.params.grads.slice();
    model.backward(tape);
    for (const [k, g] of model.params.grads.entries()) expect(g).toBeCloseTo(2 * (once[k] ?? 0), 11);
    model.params.zeroGrads();
    model.backward(tape);
    expect(model.params.grads).toEqual(once);
    expect(JSON.stringify([tape, [...model.params.values]])).toBe(before);
  });

  describe('with a planted mistake is caught:', () => {
    /** A backward pass of another tape. */
    const of =
      (change: (step: FilterStep, t: number, steps: readonly FilterStep[]) => Partial<FilterStep>) =>
      (model: Kalman): Kalman['backward'] =>
      ({ steps }) =>
        model.backward({ steps: steps.map((step, t) => ({ ...step, ...change(step, t, steps) })) });

    it.each<[string, readonly string[], (model: Kalman) => Kalman['backward']]>([
      ['the mean after for the one before', ['V'], of(({ before, after }) => ({ before: { ...before, h: after.h } }))],
      [
        'the covariance after for the one before',
        ['W', 'V', 'q', 'r', 'p'],
        of(({ before, after }) => ({ before: { ...before, P: after.P } })),
      ],
      ['the mean before for the one after', ['W'], of(({ before, after }) => ({ after: { ...after, h: before.h } }))],
      [
        'the covariance before for the one after',
        ['W'],
        of(({ before, after }) => ({ after: { ...after, P: before.P } })),
      ],
      [
        'the difference for its share of the covariance',
        ['W', 'V', 'c', 'q', 'r', 'mu', 'p', 'x'],
        of(({ e }) => ({ u: e })),
      ],
      [
        'the gain of the step before',
        ['W', 'V', 'c', 'q', 'r', 'mu', 'p', 'x'],
        of((_, t, steps) => ({ K: steps[Math.max(t - 1, 0)]?.K ?? seen(3, 2) })),
      ],
      [
        'the sign of the noise’s gradient',
        ['q'],
        model => tape => {
          const dx = model.backward(tape);
          model.params.namedGrads().q.mul(-1);
          return dx;
        },
      ],
      [
        'truncation after two steps',
        ['W', 'V', 'c', 'q', 'r', 'mu', 'p', 'x'],
        model =>
          ({ steps }) => {
            const dx = model.backward({ steps: steps.slice(0, 2) });
            return new Matrix([...dx.to2DArray(), ...steps.slice(2).map(({ u }) => u.getRow(0))]);
          },
      ],
    ])('%s', (_, spoilt, backward) => {
      const model = drawn(3, 2);
      const x = seen(5, 2);
      expect(wrong(model, x)).toEqual([]);
      expect(wrong(model, x, backward(model))).toEqual(spoilt);
    });
  });
});

it('learns a series that remembers two steps, and foretells it as who knows how it was made', () => {
  const rng = new Random(3);
  const series = [0, 0];
  const known = (before: readonly number[], t: number) => 0.9 * (before[t - 1] ?? 0) - 0.4 * (before[t - 2] ?? 0);
  for (let t = 2; t < 500; t++) series.push(known(series, t) + 2 * rng.normal());
  const [learnt, held] = [series.slice(0, 200), series.slice(200)];
  const model = kalman({ m: 2, d: 1 });
  normal(0.5)(model.params, new Random(1));
  const optimiser = adam(model.params, { learningRate: 0.1 });
  const x = Matrix.columnVector(learnt);
  for (let n = 0; n < 60; n++) {
    model.params.zeroGrads();
    model.backward(model.forward(x).tape);
    optimiser.step(model.params);
  }
  const rmse = (foretold: (t: number) => number) =>
    Math.sqrt(held.reduce((sum, value, t) => sum + (value - foretold(t)) ** 2, 0) / held.length);
  const { mean, deviation } = model.forecast(Matrix.columnVector(held));
  const own = rmse(t => mean.get(t, 0));
  expect(own).toBeLessThan(1.02 * rmse(t => known(held, t)));
  expect(own).toBeLessThan(0.9 * rmse(t => held[t - 1] ?? 0)); // the last value, foretold again
  expect(Math.abs(deviation.get(held.length, 0) - 2)).toBeLessThan(0.1); // and it knows how far off it is
});

it.each<[argument: string, name: string, run: () => unknown]>([
  ['m', 'ValueError', () => kalman({ m: 0, d: 2 })],
  ['d', 'ValueError', () => kalman({ m: 2, d: 1.5 })],
  ['x', 'ShapeError', () => drawn(2, 2).forward(seen(3, 1))],
  ['x[1,0]', 'ValueError', () => drawn(2, 1).forward(Matrix.columnVector([1, Number.NaN]))],
  ['params', 'ValueError', () => overflowing().forward(seen(3, 1))],
])('refuses a bad %s: %s', (argument, name, run) => {
  expect(run).toThrow(expect.objectContaining({ name, argument }));
});

/** A system whose state has the variance e^1000, which is ∞. */
function overflowing(): Kalman {
  const model = drawn(1, 1);
  model.params.named().p.fill(1000);
  return model;
}
