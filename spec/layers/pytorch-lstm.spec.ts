/** The LSTM against PyTorch in float64. `spec/fixtures/pytorch/make_lstm.py` makes the cases and says what is in them. */
import { expect, test } from 'vitest';
import { lstm } from '../../lib/cells/lstm.ts';
import { type CellCase, casesOf, describeAgreement, runCell } from './pytorch.ts';

const cases = casesOf<CellCase>('lstm');

test('the cases cover every T, with and without initial states, and lengths', () => {
  for (const given of [true, false]) {
    const some = cases.filter(({ s0 }) => (s0 !== null) === given);
    expect(some.filter(({ lengths }) => lengths === null).map(({ T }) => T)).toEqual([1, 2, 7, 30]);
    expect(some.flatMap(({ lengths }) => (lengths ? [lengths] : []))).toEqual([[8, 30, 1, 17]]);
  }
});

/** Where W_k meet only a zero h_0, dW_k are zero; where f meets only a zero c_0, so is all that comes through it. */
describeAgreement(
  cases,
  given => runCell(lstm, given),
  ({ T, s0 }) => (T === 1 && s0 === null ? ['dW_f', 'dW_i', 'dW_o', 'dW_g', 'dU_f', 'db_f'] : []),
);
