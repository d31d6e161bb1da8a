/** The Gauss–Newton matrix times a vector: against its three factors, written out, and against the Hessian where they meet. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { readout } from '../../lib/layers/readout.ts';
import { unroll } from '../../lib/layers/unroll.ts';
import { addTo, times } from '../../lib/matrix.ts';
import { Sequence } from '../../lib/sequence.ts';
import { gaussNewtonVector } from '../../lib/through-time/gauss-newton.ts';
import { hessianVector } from '../../lib/through-time/r-operator.ts';
import { lstmTwice } from '../../lib/through-time/second-order/lstm.ts';
import { rnnTwice } from '../../lib/through-time/second-order/rnn.ts';
import { crossEntropyTwice, squaredErrorTwice } from '../../lib/through-time/second-order/twice-loss.ts';
import { disagreements, tensorsOf } from '../layers/pytorch.ts';
import { flat } from '../numbers.ts';
import {
  cells,
  different,
  dot,
  fixed,
  gradient,
  layerOf,
  networks,
  norm,
  type Problem,
  problem,
  pytorchCases,
  scaled,
  stateOf,
  tensors,
  wrong,
} from './second-order/problem.ts';

const product = ({ net, theta, batch, v }: Problem): Float64Array => gaussNewtonVector(net, theta, batch, v);
const hessian = ({ net, theta, batch, v }: Problem): Float64Array => hessianVector(net, theta, batch, v);

/** The network at its parameters, and its outputs. */
function run({ net, theta, batch }: Problem) {
  const layer = layerOf(net);
  layer.params.values.set(theta);
  return { layer, ...layer.forward(batch.x, stateOf(batch)) };
}

/** J, row by row: the ordinary backward pass of one output of one step at a time, zero at padding. */
function jacobian(drawn: Problem): Matrix {
  const { layer, y: o, tape } = run(drawn);
  const { rows, columns } = o.rows();
  const J = Matrix.zeros(rows * columns, layer.params.size);
  for (let i = 0; i < rows * columns; i++) {
    const unit = Sequence.zeros({ ...o.extent(), F: o.F });
    unit.rows().set(Math.floor(i / columns), i % columns, 1);
    layer.params.zeroGrads();
    layer.backward(tape, unit);
    J.setRow(i, layer.params.grads);
  }
  return J;
}

/** H_L, the Hessian of the loss in all outputs: one block a step, as the softmax or the square gives it. */
function lossHessian(drawn: Problem): Matrix {
  const o = run(drawn).y;
  const H = Matrix.zeros(o.T * o.B * o.F, o.T * o.B * o.F);
  weightsOf(drawn, o).forEach((weight, n) => {
    const p = softmax(o.rows().getRow(n));
    const outer = Matrix.columnVector(p).mmul(Matrix.rowVector(p));
    const block = drawn.net.loss.name === 'cross-entropy' ? Matrix.diag(p).sub(outer) : Matrix.eye(o.F);
    H.setSubMatrix(block.mul(weight), n * o.F, n * o.F);
  });
  return H;
}

/** The weight of every step, 0 at padding; over their sum for a mean. */
function weightsOf({ batch: { weighting } }: Problem, o: Sequence): number[] {
  const { weights = [], reduction } = weighting ?? {};
  const counted = Array.from({ length: o.T * o.B }, (_, n) => (o.counts(n) ? (weights[n] ?? Number.NaN) : 0));
  const total = reduction === 'mean' ? counted.reduce((sum, weight) => sum + weight, 0) : 1;
  return counted.map(weight => weight / total);
}

/** The slide's softmax. */
function softmax(o: readonly number[]): number[] {
  const e = o.map(Math.exp);
  const Z = e.reduce((sum, ek) => sum + ek, 0);
  return e.map(ek => ek / Z);
}

/** Jᵀ H_L J v, from the factors. */
function fromFactors(drawn: Problem): number[] {
  const [J, HL] = [jacobian(drawn), lossHessian(drawn)];
  return flat(J.transpose().mmul(HL.mmul(J.mmul(Matrix.columnVector([...drawn.v])))));
}

/** v with the cell's part zero: it moves the readout alone; with V's part zero too, c alone. */
function ofReadout({ net, v }: Problem, only: 'V and c' | 'c'): number[] {
  const kept = only === 'c' ? net.C : net.C * net.m + net.C;
  return v.map((value, i) => (i < v.length - kept ? 0 : value));
}

describe.each(networks)('the Gauss–Newton matrix of %s', (_, cell, loss) => {
  it('times v is Jᵀ H_L J v, and vᵀGv the sum of the steps’ squares, never negative', () => {
    fc.assert(
      fc.property(problem(cell, loss), drawn => {
        const [J, v] = [jacobian(drawn), Matrix.columnVector([...drawn.v])];
        const Gv = product(drawn);
        expect(different(drawn.net, Gv, flat(J.transpose().mmul(lossHessian(drawn).mmul(J.mmul(v)))), 1e-12)).toEqual(
          [],
        );
        const { y: o } = run(drawn);
        const Ro = Matrix.from1DArray(o.T * o.B, o.F, flat(J.mmul(v)));
        const squares = weightsOf(drawn, o).map((w, n) => {
          const [p, u] = [softmax(o.rows().getRow(n)), Ro.getRow(n)];
          const spread = u.map(uk => (uk - dot(p, u)) ** 2);
          return w * (loss.name === 'cross-entropy' ? dot(p, spread) : dot(u, u)); // GN-D2  vᵀGv = Σ_t w_t Σ_k p_tk (u_tk − p_tᵀu_t)², or Σ_t w_t ‖u_t‖²
        });
        const scale = norm(drawn.v) * norm(Gv);
        const sum = squares.reduce((total, square) => total + square, 0);
        expect(Math.abs(dot(drawn.v, Gv) - sum)).toBeLessThanOrEqual(1e-12 * Math.max(1, scale));
        expect(dot(drawn.v, Gv)).toBeGreaterThanOrEqual(-1e-14 * scale);
      }),
      { numRuns: 6 },
    );
  });

  it('leaves out of the Hessian what comes of the Jacobian’s own change', () => {
    const drawn = fixed(cell, loss);
    const { net, batch } = drawn;
    const dO = net.loss.backward(net.loss.forward(run(drawn).y, batch.y, batch.weighting).tape);
    const difference = hessian(drawn).map((value, i) => value - (product(drawn)[i] ?? Number.NaN));
    const change = (theta: readonly number[]) => {
      const { layer, tape } = run({ ...drawn, theta });
      layer.backward(tape, dO); // (dL/do)ᵀ as it was, times the Jacobian as it is
      return Matrix.rowVector([...layer.params.grads]);
    };
    expect(wrong(drawn, difference, change)).toEqual([]); // GN-D1  Hv = Σ_t J_tᵀ Λ_t J_t v + Σ_t R{J_t}ᵀ (dL/do_t)ᵀ
  });

  it('is positive along a direction in which the Hessian is not', () => {
    const drawn = fixed(cell, loss);
    const units = drawn.v.map((_, i) => ({ ...drawn, v: drawn.v.map((_, j) => (i === j ? 1 : 0)) }));
    const down = units.find(one => dot(one.v, hessian(one)) < -0.01);
    expect(down && dot(down.v, product(down))).toBeGreaterThan(1e-4);
  });

  it('is the Hessian in the readout’s own block, and differs from it on the cell by one backward pass', () => {
    fc.assert(
      fc.property(problem(cell, loss), drawn => {
        const along = { ...drawn, v: ofReadout(drawn, 'V and c') };
        const [Hv, Gv, between] = [hessian(along), product(along), throughV(along)];
        expect(different(drawn.net, Hv, Gv, 1e-13).filter(name => ['V', 'c'].includes(name))).toEqual([]); // GN-D4  (Hv)_{V,c} = (Gv)_{V,c} for v = (0; R{V}, R{c})
        const sum = Gv.map((value, i) => value + (between[i] ?? 0));
        expect(different(drawn.net, Hv, sum, 1e-12)).toEqual([]); // GN-D5  (Hv)_cell = (Gv)_cell + Σ_t dL/do_t R{V} ∂h_t/∂θ
      }),
      { numRuns: 6 },
    );
    const drawn = fixed(cell, loss);
    const along = { ...drawn, v: ofReadout(drawn, 'V and c') };
    expect(different(drawn.net, hessian(along), product(along), 1e-3)).toEqual(
      Object.keys(cell.params({ d: 1, m: 1 })),
    );
  });

  it('is the Hessian in all parameters where c alone moves', () => {
    const drawn = fixed(cell, loss);
    const along = { ...drawn, v: ofReadout(drawn, 'c') };
    expect(different(drawn.net, hessian(along), product(along), 1e-13)).toEqual([]);
  });
});

/** Σ_t dL/do_t R{V} ∂h_t/∂θ: the ordinary backward pass of the cell, begun with dL/do_t R{V}. */
function throughV({ net, theta, batch: { x, y, s0, weighting }, v }: Problem): Float64Array {
  const [layer, out] = [unroll(net.cell, { d: net.d, m: net.m }), readout({ m: net.m, C: net.C })];
  layer.params.values.set(theta.slice(0, layer.params.size));
  out.params.values.set(theta.slice(layer.params.size));
  const { y: h, tape } = layer.forward(x, s0);
  const dO = net.loss.backward(net.loss.forward(out.forward(h).y, y, weighting).tape);
  const dy = Sequence.zeros({ ...x.extent(), F: net.m });
  addTo(dy.rows(), times(dO.rows(), tensors(net, v).V ?? Matrix.zeros(0, 0)));
  layer.backward(tape, dy);
  return layer.params.grads;
}

it.each(cells)('$name without an error in any output has H = G, and then only', cell => {
  fc.assert(
    fc.property(problem(cell, squaredErrorTwice), drawn => {
      const right = { ...drawn, batch: { ...drawn.batch, y: run(drawn).y } };
      expect(norm(gradient(right, right.theta))).toBe(0);
      expect(different(drawn.net, hessian(right), product(right), 1e-13)).toEqual([]); // GN-D3  o_t = y_t for all t ⟹ H = G
    }),
    { numRuns: 6 },
  );
  const drawn = fixed(cell, squaredErrorTwice);
  expect(different(drawn.net, hessian(drawn), product(drawn), 1e-3)).toEqual([
    ...Object.keys(cell.params({ d: 1, m: 1 })),
    'V',
  ]);
});

describe('against PyTorch', () => {
  it.each(pytorchCases())('$name: the gradient, and G v, tensor by tensor', ({ drawn, expected }) => {
    expect(disagreements(tensorsOf(tensors(drawn.net, gradient(drawn, drawn.theta))), expected.g)).toEqual([]);
    expect(disagreements(tensorsOf(tensors(drawn.net, product(drawn))), expected.Gv)).toEqual([]);
  });
});

describe('a planted mistake is caught, and named by the parameters it spoils', () => {
  const along = fixed(rnnTwice, crossEntropyTwice);
  const rnnAll = Object.keys(rnnTwice.params({ d: 1, m: 1 }));
  const everything = [...rnnAll, 'V', 'c'];
  const withLoss = (rBackward: typeof crossEntropyTwice.rBackward): Problem => ({
    ...along,
    net: { ...along.net, loss: { ...crossEntropyTwice, rBackward } },
  });
  const withCell = (rForward: typeof rnnTwice.rForward): Problem => ({
    ...along,
    net: { ...along.net, cell: { ...rnnTwice, rForward } },
  });

  const mistakes: readonly (readonly [string, readonly string[], () => ArrayLike<number>])[] = [
    ['none: the control', [], () => product(along)],
    ['the Hessian taken for it', [...rnnAll, 'V'], () => hessian(along)],
    [
      'p_t p_tᵀ dropped',
      everything,
      () =>
        product(
          withLoss(({ logP, factors }, RO) => {
            const scaledRow = (row: readonly number[], n: number) =>
              row.map((r, k) => (factors[n] ?? 0) * Math.exp(logP.get(n, k)) * r);
            return new Matrix(RO.to2DArray().map(scaledRow));
          }),
        ),
    ],
    [
      'the sign of H_L',
      everything,
      () => product(withLoss((tape, RO) => crossEntropyTwice.rBackward(tape, RO).mul(-1))),
    ],
    [
      'H_L twice',
      everything,
      () => product(withLoss((tape, RO) => crossEntropyTwice.rBackward(tape, crossEntropyTwice.rBackward(tape, RO)))),
    ],
    ['H_L the identity', everything, () => product(withLoss((_, RO) => new Matrix(RO.to2DArray())))],
    [
      'R{h_{t−1}} not carried',
      everything,
      () => product(withCell((p, v, tape, R) => rnnTwice.rForward(p, v, tape, { h: scaled(R.h, 0) }))),
    ],
    [
      'the slope left out of R{h_t}',
      everything,
      () => product(withCell((p, v, tape, R) => rnnTwice.rForward(p, v, { ...tape, h: scaled(tape.h, 0) }, R))),
    ],
    [
      'R{V} h_t and R{c} dropped',
      everything,
      () => product({ ...along, v: along.v.map((value, i) => (i < along.v.length - 8 ? value : 0)) }),
    ],
  ];

  it.each(mistakes)('%s', (_, spoilt, mistaken) => {
    expect(different(along.net, mistaken(), fromFactors(along), 1e-12)).toEqual(spoilt);
  });
});

describe('bad input', () => {
  const { net, theta, batch, v } = fixed(lstmTwice, squaredErrorTwice);

  it('is a ShapeError or ValueError that names the argument', () => {
    expect(() => gaussNewtonVector(net, [], batch, v)).toThrow(
      new ShapeError('theta', '80 numbers', 'Array of length 0'),
    );
    expect(() => gaussNewtonVector(net, theta, batch, v.slice(2))).toThrow(ShapeError);
    expect(() => gaussNewtonVector(net, theta, batch, [Number.NaN, ...v.slice(1)])).toThrow(ValueError);
  });

  it('changes nothing that it is given', () => {
    const before = JSON.stringify([theta, batch, v]);
    const first = gaussNewtonVector(net, theta, batch, v);
    expect(gaussNewtonVector(net, theta, batch, v)).toEqual(first);
    expect(JSON.stringify([theta, batch, v])).toBe(before);
  });
});
