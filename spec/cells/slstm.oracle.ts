/**
 * The sLSTM in plain numbers, unit by unit, and without its stabiliser: memory and normaliser as they are, C and N, which
 * overflow where numbers are large. Knows nothing of matrices, nor of `lib/cells/slstm.ts`.
 */
import type { CellOracle } from '../../lib/check/oracle.ts';
import { logistic, number, preActivationOf } from './plain.ts';

export const slstmOracle: CellOracle = (p, x, { h = [], c, n, m }) => {
  const units = h.map((_, j) => {
    const [f, i, o, g] = ['f', 'i', 'o', 'g'].map(k => preActivationOf(p, k, j, { h, x })) as [
      number,
      number,
      number,
      number,
    ];
    const unit = Math.exp(number(m, j)); // SLSTM-D2  C = c e^m, N = n e^m
    const weight = Math.abs(number(n, j)) * unit;
    const C = (weight > 0 ? logistic(f) * number(c, j) * unit : 0) + Math.exp(i) * Math.tanh(g); // SLSTM-D1  C_t = f C_{t−1} + i g, N_t = f N_{t−1} + i
    const N = logistic(f) * weight + Math.exp(i);
    const kept = Math.log(logistic(f)) + number(m, j);
    const after = weight > 0 && kept > i ? kept : i;
    return { h: (logistic(o) * C) / N, c: C / Math.exp(after), n: N / Math.exp(after), m: after };
  });
  const part = (name: 'h' | 'c' | 'n' | 'm') => units.map(unit => unit[name]);
  return { h: part('h'), c: part('c'), n: part('n'), m: part('m') };
};
