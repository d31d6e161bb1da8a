/** The GRU that resets after the product against PyTorch in float64. `spec/fixtures/pytorch/make_gru.py` makes the cases. */
import { expect, test } from 'vitest';
import type { Cell } from '../../lib/cells/cell.ts';
import { gru } from '../../lib/cells/gru.ts';
import { type CellCase, casesOf, describeAgreement, runCell } from './pytorch.ts';

const cases = casesOf<CellCase>('gru');

test('the cases cover every T, with and without h0 and lengths', () => {
  for (const h0 of [true, false]) {
    const some = cases.filter(({ s0 }) => (s0 !== null) === h0);
    expect(some.filter(({ lengths }) => lengths === null).map(({ T }) => T)).toEqual([1, 2, 7, 30]);
    expect(some.flatMap(({ lengths }) => (lengths ? [lengths] : []))).toEqual([[8, 30, 1, 17]]);
  }
});

/** Where every W meets only the zero state, its gradient is zero. */
const zeros = ({ T, s0 }: CellCase) => (T === 1 && s0 === null ? ['dW_r', 'dW_z', 'dW_n'] : []);

describeAgreement(cases, given => runCell(gru as Cell, given), zeros);
