import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { rnn } from '../../lib/cells/rnn.ts';
import { checkCell } from '../../lib/check/check-cell.ts';
import { diagnose } from '../../lib/check/diagnosis.ts';
import { format } from '../../lib/check/format.ts';
import { addTo } from '../../lib/matrix.ts';
import { matrix, size } from '../arbitraries.ts';

/** A square matrix that is neither symmetric nor antisymmetric nor a multiple of its transpose. */
const plain = new Matrix([
  [1, 2, -3],
  [0.5, -1, 4],
  [7, 0.25, 2],
]);

describe('a guess at the mistake', () => {
  it('is the sign, the transpose, a factor, or that nothing arrives', () => {
    expect(diagnose(Matrix.mul(plain, -1), plain)).toBe('sign');
    expect(diagnose(plain.transpose(), plain)).toBe('transpose');
    expect(diagnose(Matrix.mul(plain, 2), plain)).toBe('factor 2');
    expect(diagnose(Matrix.mul(plain, 1 / 3), plain)).toBe('factor 0.3333');
    expect(diagnose(Matrix.zeros(3, 3), plain)).toBe('nothing arrives');
  });

  it('does not mind the noise of finite differences', () => {
    const noisy = Matrix.add(plain, Matrix.rand(3, 3).mul(1e-9));
    expect(diagnose(Matrix.mul(plain, -1), noisy)).toBe('sign');
    expect(diagnose(plain.transpose(), noisy)).toBe('transpose');
  });

  it('is none where one element alone is wrong, nor where all should be zero', () => {
    expect(diagnose(plain.clone().set(0, 0, 9), plain)).toBeUndefined();
    expect(diagnose(plain, Matrix.zeros(3, 3))).toBeUndefined();
  });

  it('is no factor where there is one number only, or where the gradient is right', () => {
    expect(diagnose(new Matrix([[2]]), new Matrix([[1]]))).toBeUndefined();
    fc.assert(
      fc.property(
        fc.tuple(size(4), size(4)).chain(([n, k]) => matrix(n, k)),
        m => {
          fc.pre(m.max() !== 0 || m.min() !== 0);
          expect(diagnose(m, m)).toBeUndefined();
        },
      ),
    );
  });

  it('stands in the report of a wrong cell', () => {
    const mistaken = (change: (own: Matrix) => Matrix): typeof rnn => ({
      ...rnn,
      backward(p, tape, dnext, dp) {
        const own = Matrix.zeros(p.W.rows, p.W.columns);
        const result = rnn.backward(p, tape, dnext, { ...dp, W: own });
        addTo(dp.W, change(own));
        return result;
      },
    });
    const report = (change: (own: Matrix) => Matrix) => format(checkCell(mistaken(change)));
    expect(report(own => own.mul(-1))).toMatch(/^W .*WRONG: sign$/m);
    expect(report(own => own.transpose())).toMatch(/^W .*WRONG: transpose$/m);
    expect(report(own => own.mul(0.5))).toMatch(/^W .*WRONG: factor 0\.5$/m);
    expect(report(own => own.mul(0))).toMatch(/^W .*WRONG: nothing arrives$/m);
  });
});
