/**
 * The vanilla recurrent network of DD2424 Lecture 9, "RNN: How hidden states generated" and "Back-prop for a vanilla
 * RNN", with tanh or with ReLU. Derived in `derivations/rnn.md`.
 *
 * | symbol | shape | meaning |
 * |--------|-------|---------|
 * | x, dx  | B×d   | the input at time t |
 * | h, dh  | B×m   | the hidden state at time t; hPrev is h_{t−1} |
 * | a, da  | B×m   | the hidden state before the non-linearity |
 * | W, dW  | m×m   | the recurrent (hidden-to-hidden) matrix |
 * | U, dU  | m×d   | the input-to-hidden matrix |
 * | b, db  | 1×m   | the bias, a row |
 *
 * Rows are samples, so the lecture's a = W h + U x + b reads a = h·Wᵀ + x·Uᵀ + b, and its row-vector gradients need
 * no transposing.
 */
import type { AbstractMatrix } from 'ml-matrix';
import {
  add,
  addColumnSums,
  addRow,
  addTTimes,
  mul,
  relu,
  reluSlope,
  tanh,
  tanhSlope,
  times,
  timesT,
} from '../matrix.ts';
import type { Cell } from './cell.ts';

/** What the backward pass of one step needs. */
export interface RnnTape {
  readonly x: AbstractMatrix;
  readonly hPrev: AbstractMatrix;
  readonly h: AbstractMatrix;
}

/** h_t = tanh(W h_{t−1} + U x_t + b), the lecture's. Its slope is 1 − tanh²(a_t) = 1 − h_t². */
export const rnn: RnnCell = rnnWith('rnn', tanh, tanhSlope);

/** h_t = max(0, W h_{t−1} + U x_t + b), the lecture's remedy against vanishing slopes. Its slope is 1 where h_t > 0. */
export const rnnRelu: RnnCell = rnnWith('rnn-relu', relu, reluSlope);

function rnnWith(name: string, g: Elementwise, slope: Elementwise): RnnCell {
  return {
    name,
    equations: { W: 'RNN-B2', U: 'RNN-B3', b: 'RNN-B4', x: 'RNN-B5', h: 'RNN-B6' },
    params: ({ d, m }) => ({ W: [m, m], U: [m, d], b: [1, m] }),
    state: ({ m }) => ({ h: m }),

    forward({ W, U, b }, x, { h: hPrev }) {
      const a = addRow(add(timesT(hPrev, W), timesT(x, U)), b); // RNN-F1  a_t = W h_{t−1} + U x_t + b
      const h = g(a); // RNN-F2  h_t = g(a_t): tanh(a_t), or max(0, a_t)
      return { next: { h }, tape: { x, hPrev, h } };
    },

    backward({ W, U }, { x, hPrev, h }, { h: dh }, dp) {
      const da = mul(dh, slope(h)); // RNN-B1  dL/da_t = dL/dh_t diag(g′(a_t)), through F2; for tanh diag(1 − tanh²(a_t))
      addTTimes(dp.W, da, hPrev); // RNN-B2  dL/dW += (dL/da_t)ᵀ h_{t−1}ᵀ, through F1
      addTTimes(dp.U, da, x); // RNN-B3  dL/dU += (dL/da_t)ᵀ x_tᵀ, through F1
      addColumnSums(dp.b, da); // RNN-B4  dL/db += dL/da_t, through F1
      const dx = times(da, U); // RNN-B5  dL/dx_t = dL/da_t U, through F1
      const dhPrev = times(da, W); // RNN-B6  dL/dh_{t−1} = dL/da_t W, through F1
      return { dx, dprev: { h: dhPrev } };
    },
  };
}

type RnnCell = Cell<'W' | 'U' | 'b', 'h', RnnTape>;

/** A function of every element: g itself, or its slope in terms of its output. */
type Elementwise = (a: AbstractMatrix) => AbstractMatrix;
