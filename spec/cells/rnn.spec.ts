/** The vanilla network: its derivation with either function, its gradients, its planted mistakes. */
import { describe, expect, it } from 'vitest';
import { rnn, rnnRelu } from '../../lib/cells/rnn.ts';
import { checkCell } from '../../lib/check/check-cell.ts';
import { assigned, everything, zerosLike } from './gated.ts';
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
