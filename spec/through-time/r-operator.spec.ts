/** The Hessian times a vector: against differences of the gradient, its symmetry, and PyTorch. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { Sequence } from '../../lib/sequence.ts';
import type { Matrices } from '../../lib/shape.ts';
import { gaussNewtonVector } from '../../lib/through-time/gauss-newton.ts';
import { hessianVector } from '../../lib/through-time/r-operator.ts';
import { lstmTwice } from '../../lib/through-time/second-order/lstm.ts';
import type { LabelledBatch } from '../../lib/through-time/second-order/r-forward.ts';
import { rnnTwice } from '../../lib/through-time/second-order/rnn.ts';
import { crossEntropyTwice } from '../../lib/through-time/second-order/twice-loss.ts';
import { entry } from '../arbitraries.ts';
import { disagreements, tensorsOf } from '../layers/pytorch.ts';
import { deviation, flat } from '../numbers.ts';
import {
  type AnyLoss,
  asymmetry,
  different,
  fixed,
  layerOf,
  networks,
  norm,
  type Problem,
  problem,
  pytorchCases,
  type Target,
  tensors,
  waves,
  wrong,
} from './second-order/problem.ts';

/** H·v of a problem. */
const product = ({ net, theta, batch, v }: Problem): Float64Array => hessianVector(net, theta, batch, v);

describe.each(networks)('the Hessian of %s', (_, cell, loss) => {
  it('times v is the difference of the gradient along v', () => {
    fc.assert(
      fc.property(problem(cell, loss), drawn => {
        fc.pre(norm(drawn.v) > 0);
        const found = wrong(drawn, product(drawn)); // ROP-D1  R{f(θ)} = ∂f(θ+εv)/∂ε at ε = 0
        expect(found).toEqual([]); // ROP-D3  R{dL/dθ} = vᵀH
      }),
      { numRuns: 8 },
    );
  });

  it('is symmetric: uᵀHv = vᵀHu', () => {
    fc.assert(
      fc.property(problem(cell, loss), drawn => {
        const { u, v } = drawn;
        expect(asymmetry(u, v, product({ ...drawn, v: u }), product(drawn))).toBeLessThan(1e-12);
      }),
      { numRuns: 8 },
    );
  });

  it('is not, where one number of it is a part in a million off', () => {
    const drawn = fixed(cell, loss);
    const [Hv, Hu] = [product(drawn), product({ ...drawn, v: drawn.u })];
    const off = Hv.map((value, i) => (i === 3 ? value * (1 + 1e-6) : value));
    expect(asymmetry(drawn.u, drawn.v, Hu, off)).toBeGreaterThan(1e-11);
  });

  it('is linear: H(a·v + b·u) = a·Hv + b·Hu', () => {
    fc.assert(
      fc.property(problem(cell, loss), entry, entry, (drawn, a, b) => {
        const { net, u, v } = drawn;
        const mix = (p: ArrayLike<number>, q: ArrayLike<number>) =>
          Array.from(p, (value, i) => a * value + b * (q[i] ?? Number.NaN));
        const both = mix(product(drawn), product({ ...drawn, v: u }));
        expect(different(net, product({ ...drawn, v: mix(v, u) }), both, 1e-11)).toEqual([]);
      }),
      { numRuns: 8 },
    );
  });

  it('is the same matrix, column by column, as its transpose, and has no column of zeros', () => {
    const drawn = fixed(cell, loss);
    const columns = drawn.theta.map((_, j) => [
      ...product({ ...drawn, v: drawn.theta.map((_, i) => (i === j ? 1 : 0)) }),
    ]);
    const H = new Matrix(columns);
    expect(deviation(H, H.transpose())).toBeLessThan(1e-14);
    expect(columns.every(column => column.some(value => Math.abs(value) > 1e-3))).toBe(true);
  });

  it('is the sum of those of the sequences, each alone and without padding', () => {
    const drawn = fixed(cell, loss);
    const sum = drawn.theta.map(() => 0);
    for (let b = 0; b < drawn.batch.x.B; b++) {
      product({ ...drawn, batch: alone(drawn.batch, b) }).forEach((value, i) => {
        sum[i] = (sum[i] ?? 0) + value;
      });
    }
    expect(different(drawn.net, product(drawn), sum, 1e-13)).toEqual([]);
  });

  it('does not look at padding', () => {
    const drawn = fixed(cell, loss);
    expect(product({ ...drawn, batch: spoilt(drawn.batch) })).toEqual(product(drawn));
  });

  it('has the same numbers for one-hot inputs, tokens repeated, as for dense ones', () => {
    const drawn = fixed(cell, loss, true);
    const { x } = drawn.batch;
    const dense = Sequence.dense(flat(x.rows()), { ...x.extent(), F: x.F });
    expect(product({ ...drawn, batch: { ...drawn.batch, x: dense } })).toEqual(product(drawn));
    expect(wrong(drawn, product(drawn))).toEqual([]);
  });

  it('changes nothing that it is given', () => {
    const drawn = fixed(cell, loss);
    const before = JSON.stringify(drawn);
    const first = product(drawn);
    expect(product(drawn)).toEqual(first);
    expect(JSON.stringify(drawn)).toBe(before);
  });
});

/** Sequence b of a batch, cut to its length. */
function alone({ x, y, s0 = {}, weighting }: LabelledBatch<Target>, b: number): LabelledBatch<Target> {
  const T = x.lengths?.[b] ?? x.T;
  const steps = Array.from({ length: T }, (_, t) => t);
  const cut = (s: Sequence) =>
    Sequence.dense(
      steps.flatMap(t => s.at(t).getRow(b)),
      { T, F: s.F },
    );
  const own = (values: ArrayLike<number>) => steps.map(t => values[t * x.B + b] ?? Number.NaN);
  const state = Object.entries(s0).map(([part, value]) => [part, value.getRowVector(b)]);
  return {
    x: cut(x),
    y: y instanceof Sequence ? cut(y) : own(y),
    s0: Object.fromEntries(state),
    weighting: { weights: own(weighting?.weights ?? []) },
  };
}

/** The batch with other inputs and targets at padding. */
function spoilt(batch: LabelledBatch<Target>): LabelledBatch<Target> {
  const spoil = (s: Sequence) =>
    Sequence.dense(
      flat(s.rows()).map((value, i) => (s.counts(Math.floor(i / s.F)) ? value : 50 - i)),
      { ...s.extent(), F: s.F },
    );
  const { x, y } = batch;
  const other = y instanceof Sequence ? spoil(y) : Array.from(y, (k, n) => (x.counts(n) ? k : 1 - k));
  return { ...batch, x: spoil(x), y: other };
}
describe('against PyTorch', () => {
  it.each(pytorchCases())('$name: the gradient and H v, tensor by tensor', ({ drawn, expected }) => {
    expect(disagreements(tensorsOf(tensors(drawn.net, product(drawn))), expected.Hv)).toEqual([]);
  });

  it.each(pytorchCases())('$name: the comparison tells H v from G v, in all but c', ({ expected }) => {
    const parts = Object.keys(expected.Hv).filter(part => part !== 'c');
    expect(disagreements(expected.Gv, expected.Hv)).toEqual(parts);
  });
});

describe('a planted mistake is caught, and named by the parameters it spoils', () => {
  const rnnAll = Object.keys(rnnTwice.params({ d: 1, m: 1 }));
  const everything = [...rnnAll, 'V', 'c'];
  const wrongLoss = (rBackward: typeof crossEntropyTwice.rBackward): AnyLoss => ({ ...crossEntropyTwice, rBackward });
  const around: readonly (readonly [string, readonly string[], (drawn: Problem) => Float64Array])[] = [
    [
      'the Gauss–Newton matrix taken for the Hessian',
      [...rnnAll, 'V'],
      ({ net, theta, batch, v }) => gaussNewtonVector(net, theta, batch, v),
    ],
    [
      'a sequence that has ended goes on',
      everything,
      drawn => {
        const { T, B, F } = drawn.batch.x;
        const x = Sequence.dense(flat(drawn.batch.x.rows()), { T, B, F });
        return product({ ...drawn, batch: { ...drawn.batch, x } });
      },
    ],
    [
      'the initial state forgotten',
      everything,
      ({ net, theta, batch: { x, y, weighting = {} }, v }) => hessianVector(net, theta, { x, y, weighting }, v),
    ],
    [
      'the weights of the steps forgotten',
      everything,
      ({ net, theta, batch: { x, y, s0 = {} }, v }) => hessianVector(net, theta, { x, y, s0 }, v),
    ],
    [
      'p_t p_tᵀ dropped',
      everything,
      drawn => {
        const loss = wrongLoss(
          ({ logP, factors }, RO) =>
            new Matrix(
              RO.to2DArray().map((row, n) => row.map((r, k) => (factors[n] ?? 0) * Math.exp(logP.get(n, k)) * r)),
            ),
        );
        return product({ ...drawn, net: { ...drawn.net, loss } });
      },
    ],
    [
      'the sign of R{dL/do_t}',
      everything,
      drawn => {
        const loss = wrongLoss((tape, RO) => crossEntropyTwice.rBackward(tape, RO).mul(-1));
        return product({ ...drawn, net: { ...drawn.net, loss } });
      },
    ],
    ['another direction', everything, drawn => product({ ...drawn, v: waves(drawn.v.length, 3.01) })],
  ];

  it.each(around)('%s', (_, spoilt, mistaken) => {
    const drawn = fixed(rnnTwice, crossEntropyTwice);
    expect(wrong(drawn, mistaken(drawn))).toEqual(spoilt);
  });
});

describe('bad input', () => {
  const { net, theta, batch, v } = fixed(lstmTwice, crossEntropyTwice);
  const { h = Matrix.zeros(0, 0) }: Matrices = batch.s0 ?? {};
  const size = layerOf(net).params.size;

  it.each<[string, string, () => unknown]>([
    ['a number of parameters too few', 'theta', () => hessianVector(net, theta.slice(1), batch, v)],
    ['no parameters', 'theta', () => hessianVector(net, undefined as unknown as Float64Array, batch, v)],
    ['a direction for another network', 'v', () => hessianVector(net, theta, batch, [...v, 0])],
    [
      'inputs of another width',
      'x',
      () => hessianVector(net, theta, { ...batch, x: Sequence.zeros({ T: 5, B: 3, F: 3 }) }, v),
    ],
    ['targets of another length', 'y', () => hessianVector(net, theta, { ...batch, y: [0] }, v)],
    ['a state without its part', 's0.c', () => hessianVector(net, theta, { ...batch, s0: { h } }, v)],
  ])('is a ShapeError that names the argument: %s', (_, argument, act) => {
    expect(act).toThrow(ShapeError);
    expect(act).toThrow(new RegExp(`^${argument}: expected`));
  });

  it.each<[string, string, () => unknown]>([
    [
      'NaN among the parameters',
      'theta[3]',
      () =>
        hessianVector(
          net,
          theta.map((p, i) => (i === 3 ? Number.NaN : p)),
          batch,
          v,
        ),
    ],
    [
      'Infinity in the direction',
      `v[${size - 1}]`,
      () => hessianVector(net, theta, batch, [...v.slice(1), Number.POSITIVE_INFINITY]),
    ],
    ['no hidden units', 'm', () => hessianVector({ ...net, m: 0 }, theta, batch, v)],
    ['no classes', 'C', () => hessianVector({ ...net, C: 0 }, theta, batch, v)],
  ])('is a ValueError that names the place: %s', (_, argument, act) => {
    expect(act).toThrow(ValueError);
    expect(act).toThrow(`${argument}: expected`);
  });
});
