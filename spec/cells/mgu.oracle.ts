/** The minimal gated unit in plain numbers, unit by unit. Knows nothing of matrices, nor of `lib/cells/mgu.ts`. */
import type { CellOracle } from '../../lib/check/oracle.ts';
import { logistic, preActivationOf } from './plain.ts';

/** Every unit goes the part f of the way to what is proposed, by who sees of every unit the part f. */
export const mguOracle: CellOracle = (p, x, { h = [] }) => {
  const f = h.map((_, j) => logistic(preActivationOf(p, 'f', j, { h, x })));
  const seen = h.map((old, j) => old * (f[j] ?? Number.NaN));
  return {
    h: h.map((old, j) => old + (f[j] ?? Number.NaN) * (Math.tanh(preActivationOf(p, 'h', j, { h: seen, x })) - old)),
  };
};
