/** The minGRU in plain numbers, unit by unit. Knows nothing of matrices, nor of `lib/cells/min-gru.ts`. */
import type { CellOracle } from '../../lib/check/oracle.ts';
import { logistic, preActivationOf } from './plain.ts';

/** Every unit goes the part z of the way from where it is to what is proposed. */
export const minGruOracle: CellOracle = (p, x, { h = [] }) => ({
  h: h.map((old, j) => {
    const z = logistic(preActivationOf(p, 'z', j, { x }));
    return old + z * (preActivationOf(p, 'h', j, { x }) - old);
  }),
});
