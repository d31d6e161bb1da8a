/** The minLSTM in plain numbers, unit by unit. Knows nothing of matrices, nor of `lib/cells/min-lstm.ts`. */
import type { CellOracle } from '../../lib/check/oracle.ts';
import { logistic, preActivationOf } from './plain.ts';

/** Every unit is the mean of what it was, with the weight f, and of what is proposed, with the weight i. */
export const minLstmOracle: CellOracle = (p, x, { h = [] }) => ({
  h: h.map((old, j) => {
    const f = logistic(preActivationOf(p, 'f', j, { x }));
    const i = logistic(preActivationOf(p, 'i', j, { x }));
    return (f * old + i * preActivationOf(p, 'h', j, { x })) / (f + i);
  }),
});
