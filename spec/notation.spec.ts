/** The identities of derivations/notation.md, in numbers. */
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { expect, it } from 'vitest';
import { addRow, timesT } from '../lib/matrix.ts';
import { matrix, size } from './arbitraries.ts';
import { deviation, flat } from './numbers.ts';

const sizes = fc.tuple(size(4), size(5), size(5));

it('a batch of rows is the column equation, sample by sample', () => {
  const cases = sizes.chain(([B, d, m]) => fc.tuple(matrix(B, d), matrix(m, d), matrix(1, m)));
  fc.assert(
    fc.property(cases, ([X, U, b]) => {
      const A = addRow(timesT(X, U), b); // ADJ-2  A = X Uᵀ + 1 bᵀ
      for (let n = 0; n < X.rows; n++) {
        const column = U.mmul(X.getRowVector(n).transpose()).add(b.transpose());
        expect(deviation(A.getRowVector(n), column.transpose())).toBeLessThan(1e-14);
      }
    }),
  );
});

it('W h is a Kronecker product times vec(W), rows stacked', () => {
  const cases = sizes.chain(([m, k]) => fc.tuple(matrix(m, k), matrix(k, 1)));
  fc.assert(
    fc.property(cases, ([W, h]) => {
      const vecW = new Matrix([flat(W)]).transpose();
      const K = Matrix.eye(W.rows).kroneckerProduct(h.transpose());
      expect(deviation(K.mmul(vecW), W.mmul(h))).toBeLessThan(1e-14); // ADJ-3  W h = (I ⊗ hᵀ) vec(W)
    }),
  );
});

it('a row gradient times that Kronecker product is the outer product, unstacked', () => {
  const cases = sizes.chain(([m, k]) => fc.tuple(matrix(1, m), matrix(k, 1)));
  fc.assert(
    fc.property(cases, ([g, h]) => {
      const row = g.mmul(Matrix.eye(g.columns).kroneckerProduct(h.transpose()));
      const outer = g.transpose().mmul(h.transpose());
      expect(deviation(row, new Matrix([flat(outer)]))).toBeLessThan(1e-14); // ADJ-4  g (I ⊗ hᵀ) = vec(gᵀ hᵀ)ᵀ
    }),
  );
});
