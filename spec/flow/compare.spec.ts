/** Untrained networks beside each other, what clipping does, and both of an LSTM's paths. */
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { gru } from '../../lib/cells/gru.ts';
import { lstm } from '../../lib/cells/lstm.ts';
import { rnn, rnnRelu } from '../../lib/cells/rnn.ts';
import { trace } from '../../lib/cells/trace.ts';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { clippingOf, clippingSummary } from '../../lib/flow/clipping.ts';
import { type Compared, type ComparisonOptions, compared, quartiles, reachingBack } from '../../lib/flow/compare.ts';
import { productOfSteps, stepJacobians } from '../../lib/flow/jacobians.ts';
import {
  hasKeepingGate,
  initNames,
  type NetworkOptions,
  network,
  probe,
  standardNetwork,
} from '../../lib/flow/networks.ts';
import { lstmPathNorms } from '../../lib/flow/paths.ts';
import { spectralNorm } from '../../lib/flow/spectrum.ts';
import { STUDY_STAGES, study } from '../../lib/flow/study.ts';
import { clipByGlobalNorm, clipByValue } from '../../lib/optim/clip.ts';
import { ParamSet, pick } from '../../lib/params.ts';
import { deviation, flat } from '../numbers.ts';
import { everyCell } from './networks.ts';

/** Runs a generator to its end. */
function finish<T>(steps: Generator<number, T, undefined>): { readonly yielded: number[]; readonly value: T } {
  const yielded: number[] = [];
  for (;;) {
    const { done, value } = steps.next();
    if (done) return { yielded, value };
    yielded.push(value);
  }
}

const small: ComparisonOptions = { length: 60, d: 6, m: 16, seeds: 3 };
const both = (names: readonly string[], options = small): readonly Compared[] => finish(compared(names, options)).value;

describe('what reaches step 1 from the last', () => {
  it('vanishes in a tanh network, and survives in an IRNN and in an LSTM whose forget gates are open', () => {
    const { yielded, value } = finish(compared(['rnn', 'irnn', 'lstm'], small));
    const [tanhs, irnn, open] = value.map(({ quartiles }) => quartiles?.median);
    expect(tanhs).toBeLessThan(1e-10);
    expect(irnn).toBeGreaterThan(0.05);
    expect(open).toBeGreaterThan(0.05);
    expect(yielded).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(value.map(({ cell, init, forgetBias }) => [cell, init, forgetBias])).toEqual([
      ['rnn', 'uniform', null],
      ['rnn-relu', 'identity', null],
      ['lstm', 'uniform', Math.log(60)],
    ]);
  });

  it('is ‖∂h_T/∂s_1‖_F/√m: the root mean square over directions, 1 at the last step', () => {
    const { layer, x } = probe({ cell: lstm, init: 'glorot', d: 2, m: 3, seed: 5 }, 4);
    const curve = reachingBack(layer, x);
    const trajectory = stepJacobians(layer, x);
    expect(curve).toHaveLength(4);
    curve.forEach((norm, n) => {
      const J = productOfSteps(trajectory, 4, 4 - n).subMatrix(0, 2, 0, 5);
      expect(norm).toBeCloseTo(J.norm('frobenius') / Math.sqrt(3), 12);
    });
    expect(curve[0]).toBe(1);
  });

  it('hangs on the bias: at 0, LSTM and GRU vanish too', () => {
    for (const { quartiles: q, forgetBias } of both(['lstm', 'gru'], { ...small, forgetBias: 0 })) {
      expect(forgetBias).toBe(0);
      expect(q?.q3).toBeLessThan(1e-8);
    }
  });

  it('is the same for the same seeds, and another for others', () => {
    const [one] = both(['rnn'], { ...small, seeds: 2 });
    const [two] = both(['rnn'], { ...small, seeds: 3 });
    expect(two?.reaching.slice(0, 2)).toEqual(one?.reaching);
    expect(new Set(two?.reaching).size).toBe(3);
  });

  it('has medians and quartiles on straight lines between two numbers', () => {
    expect(quartiles([4, 1, 3, 2])).toEqual({ median: 2.5, q1: 1.75, q3: 3.25 });
    expect(quartiles([7])).toEqual({ median: 7, q1: 7, q3: 7 });
  });

  it('is refused of unknown names and of no seeds', () => {
    expect(() => both(['rnn', 'rmm'])).toThrow(ValueError);
    expect(() => both(['rnn'], { ...small, seeds: 0 })).toThrow('seeds');
  });
});

describe('first weights', () => {
  /** The parameter of that name, of nine units. */
  const weights = (cell: Cell, name: string, options: Partial<NetworkOptions> = {}) =>
    flat(pick(network({ cell, init: 'uniform', d: 4, m: 9, seed: 1, ...options }).params.named(), name));

  it('are within ±1/√m where uniform, with the gains that are given', () => {
    for (const name of ['W', 'U', 'b']) {
      const most = Math.max(...weights(rnn, name).map(Math.abs));
      expect(most).toBeLessThanOrEqual(1 / 3);
      expect(most).toBeGreaterThan(0.2);
    }
    const gains = { gain: 2, inputGain: 3 };
    expect(weights(rnn, 'W', gains)).toEqual(weights(rnn, 'W').map(w => 2 * w));
    expect(weights(rnn, 'U', gains)).toEqual(weights(rnn, 'U').map(u => 3 * u));
  });

  it('are an IRNN’s: W = I, small U, no bias', () => {
    const { cell, init } = standardNetwork('irnn');
    expect(cell).toBe(rnnRelu);
    expect(weights(cell, 'W', { init })).toEqual(flat(Matrix.eye(9)));
    expect(Math.max(...weights(cell, 'U', { init }).map(Math.abs))).toBeLessThan(0.01);
    expect(weights(cell, 'b', { init }).every(value => value === 0)).toBe(true);
    const Q = Matrix.from1DArray(9, 9, weights(rnn, 'W', { init: 'orthogonal' }));
    expect(deviation(Q.mmul(Q.transpose()), Matrix.eye(9))).toBeLessThan(1e-12);
    expect(initNames).toHaveLength(5);
  });

  it('set the bias of the gate that keeps, and refuse it where there is none', () => {
    expect([lstm, gru, trace, rnn].map(cell => hasKeepingGate(cell as Cell))).toEqual([true, true, false, false]);
    expect(weights(lstm, 'b_f', { forgetBias: 2.5 })).toEqual(new Array(9).fill(2.5));
    expect(weights(gru, 'b_z', { forgetBias: 2.5 })).toEqual(new Array(9).fill(2.5));
    expect(() => weights(rnn, 'W', { forgetBias: 1 })).toThrow('a cell with a gate that keeps');
    expect(() => weights(rnn, 'W', { gain: 0 })).toThrow(ValueError);
  });
});

describe('a probe', () => {
  it('has inputs of variance 1, and a loss of length 1 at every step, other ones with another seed', () => {
    const of = (seed: number) => probe({ cell: rnn, init: 'glorot', d: 5, m: 6, seed }, 400);
    const { x, dy } = of(1);
    const squares = flat(x.rows()).reduce((sum, value) => sum + value * value, 0) / 2000;
    expect(Math.abs(squares - 1)).toBeLessThan(0.1);
    for (const row of dy.rows().to2DArray()) expect(Math.hypot(...row)).toBeCloseTo(1, 12);
    expect(Math.abs(dy.rows().mean())).toBeLessThan(0.05);
    expect(flat(of(2).x.at(0))).not.toEqual(flat(x.at(0)));
    expect(flat(of(1).x.rows())).toEqual(flat(x.rows()));
  });
});

describe('clipping', () => {
  const params = ParamSet.of({ W: [1, 2], b: [1, 2] });
  const gradient = [3, -4, 0, 12];

  it('by norm bites where the norm is above, and keeps the direction; the gradients are left as they were', () => {
    params.grads.set(gradient);
    const clipped = clippingOf(params, p => clipByGlobalNorm(p, 6.5));
    expect(clipped).toEqual({ before: 13, after: 6.5, bites: true, changed: 0.75, cosine: expect.closeTo(1, 14) });
    expect([...params.grads]).toEqual(gradient);
    expect(clippingOf(params, p => clipByGlobalNorm(p, 14))).toMatchObject({
      bites: false,
      after: 13,
      cosine: 1,
      changed: 0,
    });
  });

  it('by value turns it', () => {
    params.grads.set(gradient);
    const { changed, cosine, after } = clippingOf(params, p => clipByValue(p, 3));
    expect([changed, after]).toEqual([0.5, Math.sqrt(27)]);
    expect(cosine).toBeCloseTo((9 + 12 + 36) / (13 * Math.sqrt(27)), 14);
  });

  it('is summed up: how often, and how hard', () => {
    params.grads.set(gradient);
    const one = clippingOf(params, p => clipByValue(p, 3));
    const two = clippingOf(params, p => clipByGlobalNorm(p, 20));
    expect(clippingSummary([one, two])).toEqual({ count: 2, bites: 0.5, before: 13, after: 13, cosine: one.cosine });
    expect(() => clippingSummary([])).toThrow(ValueError);
    params.zeroGrads();
    expect(() => clippingOf(params, () => {})).toThrow('a gradient that is not zero');
    params.grads[1] = Number.NaN;
    expect(() => clippingOf(params, () => {})).toThrow('grads[1]');
  });
});

describe('an LSTM’s two ways', () => {
  it('are those of lstmPaths: without recurrent matrices there is one, products of f', () => {
    const { layer, x } = probe({ cell: lstm, init: 'uniform', forgetBias: 1, d: 2, m: 3, seed: 2 }, 5);
    for (const [name, matrix] of Object.entries(layer.params.named())) if (name.startsWith('W')) matrix.fill(0);
    const dh = new Matrix([[1, -2, 0.5]]);
    const { alongC, throughH } = lstmPathNorms(layer.params.values, { d: 2, m: 3 }, x, dh);
    expect(throughH).toEqual([0, 0, 0, 0, 0]);
    expect(alongC).toHaveLength(5);
    expect(alongC.every((norm, n) => n === 0 || norm < (alongC[n - 1] ?? 0))).toBe(true);
    expect(() => lstmPathNorms(new Float64Array(3), { d: 2, m: 3 }, x, dh)).toThrow(ShapeError);
    expect(() => lstmPathNorms(layer.params.values, { d: 2, m: 3 }, x, new Matrix([[1]]))).toThrow('dh');
  });
});

describe('a study', () => {
  it('holds what its parts do, and every prediction is at least the truth where it is a bound', () => {
    const { layer, x, dy } = probe({ cell: rnn, init: 'glorot', d: 3, m: 4, seed: 3 }, 12);
    const { yielded, value } = finish(study(layer, x, dy));
    expect(yielded).toEqual(Array.from({ length: STUDY_STAGES - 1 }, (_, n) => n + 1));
    expect([value.steps, value.n, value.m, value.gradients.length, value.reach.length]).toEqual([12, 4, 4, 13, 13]);
    for (const { truth, bound } of value.predictions) expect(truth).toBeLessThanOrEqual(bound * (1 + 1e-12));
    expect(value.predictions[0]).toEqual({ distance: 0, truth: 1, bound: 1, eigenvalue: 1, exponent: 1 });
    expect(value.recurrent?.norm).toBeGreaterThan(1);
    expect(value.lastStep).toHaveLength(4);
    expect(value.exponents.sum).toBeCloseTo(value.exponents.meanLogDeterminant, 9);
    expect(value.memory).toBeGreaterThan(0);
    const gated = probe({ cell: gru, init: 'uniform', d: 3, m: 4, seed: 3 }, 6);
    const other = finish(study(gated.layer, gated.x, gated.dy)).value;
    expect(other.recurrent).toBeNull();
    const norms = stepJacobians(gated.layer, gated.x).steps.map(spectralNorm).reverse();
    other.predictions.forEach(({ distance, bound }) => {
      expect(bound).toBeCloseTo(
        norms.slice(0, distance).reduce((product, norm) => product * norm, 1),
        12,
      );
    });
    expect(other.predictions).toHaveLength(7);
    for (const { truth, bound } of other.predictions) expect(truth).toBeLessThanOrEqual(bound * (1 + 1e-12));
  });

  it('of a cell that is called rnn and does something else has a bound that holds', () => {
    // h' = 3 tanh(W h + U x + b): ‖W‖ᵀ bounds nothing here.
    const thrice: typeof rnn = {
      ...rnn,
      forward(p, x, prev) {
        const { next, tape } = rnn.forward(p, x, prev);
        return { next: { h: Matrix.mul(next.h, 3) }, tape };
      },
      backward: (p, tape, { h }, dp) => rnn.backward(p, tape, { h: Matrix.mul(h, 3) }, dp),
    };
    const { layer, x, dy } = probe({ cell: thrice as unknown as Cell, init: 'glorot', d: 3, m: 4, seed: 3 }, 4);
    const { value } = finish(study(layer, x, dy));
    expect(value.recurrent).toBeNull();
    for (const { truth, bound } of value.predictions) expect(truth).toBeLessThanOrEqual(bound * (1 + 1e-9));
  });

  it.each(everyCell.map(cell => [cell.name, cell] as const))(
    'of %s: the bound holds, and what fades is no less than 0',
    (_, cell) => {
      const { layer, x, dy } = probe({ cell, init: 'glorot', d: 2, m: 3, seed: 4 }, 6);
      const { value } = finish(study(layer, x, dy));
      for (const { truth, bound } of value.predictions) expect(truth).toBeLessThanOrEqual(bound * (1 + 1e-9));
      expect(value.fading[0]).toBeCloseTo(1, 12);
      expect(Math.min(...value.fading)).toBeGreaterThanOrEqual(0);
      expect(value.n).toBe(3 * Object.keys(layer.state).length);
    },
  );

  it('is refused where a weight is not finite, before any decomposition', () => {
    const { layer, x, dy } = probe({ cell: rnn, init: 'glorot', d: 3, m: 4, seed: 3 }, 5);
    layer.params.named().W?.set(2, 1, Number.POSITIVE_INFINITY);
    expect(() => finish(study(layer, x, dy))).toThrow('W[2,1]: expected a finite number, got Infinity');
  });

  it('is of the steps before a state overflows, and says which that is', () => {
    const { layer, x, dy } = probe({ cell: rnnRelu, init: 'identity', d: 3, m: 4, seed: 3, gain: 1e200 }, 5);
    pick(layer.params.named(), 'b').fill(1);
    const { value } = finish(study(layer, x, dy));
    expect(value).toMatchObject({ steps: 1, overflow: { step: 2, of: 'gradient', asked: 5 } });
    expect(value.gradients).toHaveLength(2);
    expect(value.gradients.every(Number.isFinite)).toBe(true);
  });
});
