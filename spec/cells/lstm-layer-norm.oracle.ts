/** The LSTM with layer normalisation in plain numbers. Knows nothing of matrices, nor of `lib/cells/lstm-layer-norm.ts`. */
import type { CellOracle } from '../../lib/check/oracle.ts';
import { logistic, number, weighted } from './plain.ts';

export const lstmLayerNormOracle: CellOracle = (p, x, { h = [], c = [] }) => {
  const gates = ['f', 'i', 'o', 'g'];
  const fromState = standardised(gates.flatMap(k => h.map((_, j) => weighted(p[`W_${k}`]?.[j], h))));
  const fromInput = standardised(gates.flatMap(k => h.map((_, j) => weighted(p[`U_${k}`]?.[j], x))));
  const a = (k: string, j: number) => {
    const at = gates.indexOf(k) * h.length + j;
    const gain = (name: string) => number(p[`${name}_${k}`]?.[0], j);
    return gain('w') * number(fromState, at) + gain('u') * number(fromInput, at) + gain('b');
  };
  const cNext = c.map((old, j) => logistic(a('f', j)) * old + logistic(a('i', j)) * Math.tanh(a('g', j)));
  const shown = standardised(cNext).map((value, j) => Math.tanh(number(p.w_c?.[0], j) * value + number(p.b_c?.[0], j)));
  return { c: cNext, h: shown.map((value, j) => logistic(a('o', j)) * value) };
};

/** Less their mean, over their standard deviation. */
function standardised(values: readonly number[]): number[] {
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  const variance = mean(values.map(value => (value - mean(values)) ** 2));
  return values.map(value => (value - mean(values)) / (variance + 1e-5) ** 0.5);
}
