/** The vanilla network: its derivation with either function, its gradients, its planted mistakes. */
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { rnn, rnnRelu } from '../../lib/cells/rnn.ts';
import { checkCell } from '../../lib/check/check-cell.ts';
import { reluSlope, tanhSlope } from '../../lib/matrix.ts';
import { assigned, everything, zerosLike } from './problems.ts';
import { describeCheck, describeDerivation, describeMistakes } from './proven.ts';

describe.each([
  ['rnn', rnn, '\\tanh'],
  ['rnn-relu', rnnRelu, '\\operatorname{ReLU}'],
] as const)('%s', (_, cell, g) => {
  const withFunction = (text: string) => text.replaceAll(/\bg('?)\(\\mathbf a_t\)/g, `${g}$1(\\mathbf a_t)`);

  describeDerivation(cell, { file: 'rnn', with: withFunction });

  describeCheck(cell, ['W RNN-B2', 'U RNN-B3', 'b RNN-B4', 'V RO-B1', 'c RO-B2', 'x RNN-B5', 'h0 RNN-B6']);
});

const all = everything(rnn);

describeMistakes(rnn, [
  ['W not transposed in dL/dh_{t−1}', ['h0'], { 'times(da, W)': 'timesT(da, W)' }],
  ['dW transposed', ['W'], { 'addTTimes(dp.W, da, hPrev)': 'addTTimes(dp.W, hPrev, da)' }],
  ['dW assigned where it must be added', ['W'], assigned(rnn, 'W')],
  ['dU assigned where it must be added', ['U'], assigned(rnn, 'U')],
  ['h_t for h_{t−1} in dW', ['W'], { 'addTTimes(dp.W, da, hPrev)': 'addTTimes(dp.W, da, h)' }],
  ['the slope dropped', all, { 'mul(dh, slope(h))': 'copy(dh)' }],
  ['the slope of the slope: 1 − h instead of 1 − h²', all, { 'mul(dh, slope(h))': 'mul(dh, oneMinus(h))' }],
  ['the recurrent term dropped', ['h0'], { 'times(da, W)': 'scale(dh, 0)' }],
  ['the sign of dx', ['x'], { 'times(da, U)': 'scale(times(da, U), -1)' }],
  [
    'the mean over the batch in db instead of the sum',
    ['b'],
    { 'addColumnSums(dp.b, da)': 'addColumnSums(dp.b, scale(da, 1 / dh.rows))' },
  ],
  ['ReLU’s slope under tanh', all, { "'rnn', tanh, tanhSlope": "'rnn', tanh, reluSlope" }],
]);

it.each([
  ['rnn', rnn, tanhSlope],
  ['rnn-relu', rnnRelu, reluSlope],
] as const)(
  '%s goes back by the slope of its output, and to stacked matrices by a Kronecker product',
  (_, cell, slope) => {
    const [x, h] = [Matrix.rowVector([0.5, -1]), Matrix.rowVector([1, 0.25, -0.75])];
    const p = {
      W: new Matrix([h.to1DArray(), [2, -1, 0.5], [0.5, 0.5, 1]]),
      U: Matrix.ones(3, 2),
      b: Matrix.zeros(1, 3),
    };
    const [dp, dh] = [zerosLike(p), Matrix.rowVector([1, -2, 3])];
    const { next, tape } = cell.forward(p, x, { h });
    cell.backward(p, tape, { h: dh }, dp);
    const da = dh.mmul(Matrix.diag(slope(next.h).to1DArray())); // RNN-D1  ∂h_t/∂a_t = diag(g′(a_t))
    const I = Matrix.eye(3);
    expect(dp.b.to1DArray()).toEqual(da.to1DArray());
    expect(dp.W.to1DArray()).toEqual(da.mmul(I.kroneckerProduct(h)).to1DArray()); // RNN-D3  ∂a_t/∂vec(W) = I ⊗ h_{t−1}ᵀ
    expect(dp.U.to1DArray()).toEqual(da.mmul(I.kroneckerProduct(x)).to1DArray()); // RNN-D3  ∂a_t/∂vec(U) = I ⊗ x_tᵀ
  },
);

it('a first step whose gradients are lost is caught: the one that is undone last', () => {
  let depth = 0;
  const cell: typeof rnn = {
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
  const { tensors } = checkCell(cell, { T: 3, B: 2, d: 2, m: 3, C: 2 });
  expect(tensors.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(['W', 'U', 'b']);
});
