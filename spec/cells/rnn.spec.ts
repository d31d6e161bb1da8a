/** One step of the vanilla network: its equations against the slide's column form, its Jacobians, its planted mistakes. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { type RnnTape, rnn, rnnRelu } from '../../lib/cells/rnn.ts';
import { checkCell } from '../../lib/check/check-cell.ts';
import { addColumnSums, addTo, addTTimes, mul, tanhSlope, times } from '../../lib/matrix.ts';
import type { Matrices } from '../../lib/shape.ts';
import { matrix, size } from '../arbitraries.ts';
import { deviation, flat } from '../numbers.ts';

type Rnn = Cell<'W' | 'U' | 'b', 'h', RnnTape>;

/** A step of B sequences with everything it depends on, and a cotangent. */
const step = fc.tuple(size(4), size(6), size(6)).chain(([B, d, m]) =>
  fc.record({
    p: fc.record({ W: matrix(m, m), U: matrix(m, d), b: matrix(1, m) }),
    x: matrix(B, d),
    h: matrix(B, m),
    dh: matrix(B, m),
  }),
);

const zerosLike = ({ W, U, b }: Matrices<'W' | 'U' | 'b'>) => ({
  W: Matrix.zeros(W.rows, W.columns),
  U: Matrix.zeros(U.rows, U.columns),
  b: Matrix.zeros(b.rows, b.columns),
});

/** Row n of a matrix as the lecture's column vector. */
const column = (a: Matrix, n: number): Matrix => a.getRowVector(n).transpose();

describe.each([
  ['rnn', rnn, Math.tanh, (a: number) => 1 - Math.tanh(a) ** 2],
  ['rnn-relu', rnnRelu, (a: number) => Math.max(0, a), (a: number) => (a > 0 ? 1 : 0)],
] as const)('%s', (name, cell: Rnn, g, slope) => {
  it('is the slide, sample by sample, in column vectors', () => {
    fc.assert(
      fc.property(step, ({ p, x, h, dh }) => {
        const { next, tape } = cell.forward(p, x, { h });
        const dp = zerosLike(p);
        const { dx, dprev } = cell.backward(p, tape, { h: dh }, dp);
        const sums = zerosLike(p);
        for (let n = 0; n < x.rows; n++) {
          const a = p.W.mmul(column(h, n))
            .add(p.U.mmul(column(x, n)))
            .add(p.b.transpose());
          expect(deviation(next.h.getRowVector(n), new Matrix([flat(a).map(g)]))).toBeLessThan(1e-14);
          const D = Matrix.diag(flat(a).map(slope)); // RNN-D1  ∂h_t/∂a_t = diag(g′(a_t))
          const da = dh.getRowVector(n).mmul(D);
          expect(deviation(dprev.h.getRowVector(n), da.mmul(p.W))).toBeLessThan(1e-13); // RNN-D2  ∂a_t/∂h_{t−1} = W
          expect(deviation(dx.getRowVector(n), da.mmul(p.U))).toBeLessThan(1e-13); // RNN-D2  ∂a_t/∂x_t = U
          const I = Matrix.eye(da.columns);
          const dvecW = da.mmul(I.kroneckerProduct(h.getRowVector(n))); // RNN-D3  ∂a_t/∂vec(W) = I ⊗ h_{t−1}ᵀ
          const dvecU = da.mmul(I.kroneckerProduct(x.getRowVector(n))); // RNN-D3  ∂a_t/∂vec(U) = I ⊗ x_tᵀ
          sums.W.add(Matrix.from1DArray(p.W.rows, p.W.columns, flat(dvecW)));
          sums.U.add(Matrix.from1DArray(p.U.rows, p.U.columns, flat(dvecU)));
          sums.b.add(da);
        }
        for (const key of ['W', 'U', 'b'] as const) expect(deviation(dp[key], sums[key])).toBeLessThan(1e-13);
      }),
    );
  });

  it('adds into the gradients, twice the same to the last bit, and changes nothing else', () => {
    fc.assert(
      fc.property(step, ({ p, x, h, dh }) => {
        const before = JSON.stringify([p, x, h, dh]);
        const { tape } = cell.forward(p, x, { h });
        const kept = JSON.stringify(tape);
        const once = zerosLike(p);
        const first = cell.backward(p, tape, { h: dh }, once);
        const twice = { W: once.W.clone(), U: once.U.clone(), b: once.b.clone() };
        const fresh = zerosLike(p);
        const second = cell.backward(p, tape, { h: dh }, fresh);
        expect(second).toEqual(first);
        expect(fresh).toEqual(once);
        cell.backward(p, tape, { h: dh }, twice);
        expect(deviation(twice.W, Matrix.mul(once.W, 2))).toBeLessThan(1e-14);
        expect(JSON.stringify(tape)).toBe(kept);
        expect(JSON.stringify([p, x, h, dh])).toBe(before);
      }),
    );
  });

  it('passes the gradient check, each tensor under the tag of its equation', () => {
    const { ok, restsOn, tensors } = checkCell(cell);
    expect({ ok, restsOn }).toEqual({ ok: true, restsOn: 'proof' });
    expect(cell.name).toBe(name);
    expect(tensors.map(({ name, tag }) => `${name} ${tag}`)).toEqual([
      'W RNN-B2',
      'U RNN-B3',
      'b RNN-B4',
      'V RO-B1',
      'c RO-B2',
      'x RNN-B5',
      'h0 RNN-B6',
    ]);
    for (const { maxRel } of tensors) expect(maxRel).toBeGreaterThan(0);
  });
});

/** The tanh cell with another backward pass. */
const planted = (backward: Rnn['backward']): Rnn => ({ ...rnn, backward });

/** The tanh cell that forgets the parameters' gradients at t = 1: the backward step that undoes the first forward one. */
const droppedFirst = (): Rnn => {
  let depth = 0;
  return {
    ...rnn,
    forward(p, x, prev) {
      depth += 1;
      return rnn.forward(p, x, prev);
    },
    backward(p, tape, dnext, dp) {
      depth -= 1;
      return rnn.backward(p, tape, dnext, depth === 0 ? zerosLike(p) : dp);
    },
  };
};

describe('a planted mistake is caught, and named by the tensor it spoils', () => {
  const mistakes: readonly (readonly [string, readonly string[], Rnn])[] = [
    [
      'W not transposed in dL/dh_{t−1}',
      ['W', 'U', 'b', 'x', 'h0'],
      planted((p, tape, dnext, dp) => ({
        ...rnn.backward(p, tape, dnext, dp),
        dprev: { h: times(mul(dnext.h, tanhSlope(tape.h)), p.W.transpose()) },
      })),
    ],
    [
      'dW transposed',
      ['W'],
      planted((p, tape, dnext, dp) => {
        const own = { ...dp, W: Matrix.zeros(p.W.rows, p.W.columns) };
        const result = rnn.backward(p, tape, dnext, own);
        addTo(dp.W, own.W.transpose());
        return result;
      }),
    ],
    [
      'dW assigned where it must be added',
      ['W'],
      planted((p, tape, dnext, dp) => {
        dp.W.mul(0);
        return rnn.backward(p, tape, dnext, dp);
      }),
    ],
    [
      'dU assigned where it must be added',
      ['U'],
      planted((p, tape, dnext, dp) => {
        dp.U.mul(0);
        return rnn.backward(p, tape, dnext, dp);
      }),
    ],
    [
      'h_t for h_{t−1} in dW',
      ['W'],
      planted((p, tape, dnext, dp) => rnn.backward(p, { ...tape, hPrev: tape.h }, dnext, dp)),
    ],
    [
      'the slope dropped',
      ['W', 'U', 'b', 'x', 'h0'],
      planted((p, { x, hPrev }, { h: da }, dp) => {
        addTTimes(dp.W, da, hPrev);
        addTTimes(dp.U, da, x);
        addColumnSums(dp.b, da);
        return { dx: times(da, p.U), dprev: { h: times(da, p.W) } };
      }),
    ],
    [
      'the slope of the slope: 1 − h instead of 1 − h²',
      ['W', 'U', 'b', 'x', 'h0'],
      planted((p, { x, hPrev, h }, { h: dh }, dp) => {
        const da = mul(dh, Matrix.sub(Matrix.ones(h.rows, h.columns), h));
        addTTimes(dp.W, da, hPrev);
        addTTimes(dp.U, da, x);
        addColumnSums(dp.b, da);
        return { dx: times(da, p.U), dprev: { h: times(da, p.W) } };
      }),
    ],
    [
      'the recurrent term dropped',
      ['W', 'U', 'b', 'x', 'h0'],
      planted((p, tape, dnext, dp) => ({
        ...rnn.backward(p, tape, dnext, dp),
        dprev: { h: Matrix.zeros(dnext.h.rows, dnext.h.columns) },
      })),
    ],
    ['t = 1 dropped', ['W', 'U', 'b'], droppedFirst()],
    [
      'the sign of dx',
      ['x'],
      planted((p, tape, dnext, dp) => {
        const { dx, dprev } = rnn.backward(p, tape, dnext, dp);
        return { dx: mul(dx, Matrix.ones(dx.rows, dx.columns).mul(-1)), dprev };
      }),
    ],
    [
      'the mean over the batch in db instead of the sum',
      ['b'],
      planted((p, tape, dnext, dp) => {
        const own = { ...dp, b: Matrix.zeros(1, p.b.columns) };
        const result = rnn.backward(p, tape, dnext, own);
        addTo(dp.b, own.b.div(dnext.h.rows));
        return result;
      }),
    ],
    ['ReLU’s slope under tanh', ['W', 'U', 'b', 'x', 'h0'], planted(rnnRelu.backward)],
  ];

  it.each(mistakes)('%s', (_, spoilt, cell) => {
    const { ok, tensors } = checkCell(cell);
    expect(ok).toBe(false);
    expect(tensors.filter(tensor => !tensor.ok).map(({ name }) => name)).toEqual(spoilt);
  });
});
