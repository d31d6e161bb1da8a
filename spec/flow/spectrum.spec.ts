/** Spectra and Lyapunov exponents: against what is known of some matrices, and against each other. */
import fc from 'fast-check';
import { determinant, inverse, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { ShapeError, ValueError } from '../../lib/errors.ts';
import { stepJacobians } from '../../lib/flow/jacobians.ts';
import { lyapunov } from '../../lib/flow/lyapunov.ts';
import { logAbsDeterminant, modulus, spectralNorm, spectrum } from '../../lib/flow/spectrum.ts';
import { orthogonal } from '../../lib/init/initialisers.ts';
import { Random } from '../../lib/random.ts';
import { matrix, size } from '../arbitraries.ts';
import { everyCell, problemOf } from './networks.ts';

const square = size(5).chain(n => matrix(n, n));

describe('a spectrum', () => {
  it('of a rotation is on the unit circle; of a nilpotent matrix it is zero, and all of its norm is non-normal', () => {
    const turn = spectrum(
      new Matrix([
        [0.6, -0.8],
        [0.8, 0.6],
      ]),
    );
    expect(turn.eigenvalues.map(({ re, im }) => [re, Math.abs(im)])).toEqual([
      [expect.closeTo(0.6, 12), expect.closeTo(0.8, 12)],
      [expect.closeTo(0.6, 12), expect.closeTo(0.8, 12)],
    ]);
    expect([turn.norm, turn.radius]).toEqual([expect.closeTo(1, 12), expect.closeTo(1, 12)]);
    expect(turn.henrici).toBeLessThan(1e-7);
    const shift = spectrum(
      new Matrix([
        [0, 10],
        [0, 0],
      ]),
    );
    expect([shift.norm, shift.radius, shift.henrici]).toEqual([10, 0, 10]);
  });

  it('of a triangular matrix departs from normality by the norm of what is above the diagonal', () => {
    const A = new Matrix([
      [2, 3, 4],
      [0, 1, 0],
      [0, 0, -1],
    ]);
    expect(spectrum(A).henrici).toBeCloseTo(5, 10);
    expect(spectrum(A).radius).toBeCloseTo(2, 12);
  });

  it('has Σλ = tr A, Σσ² = ‖A‖_F², ρ ≤ σ_max', () => {
    fc.assert(
      fc.property(square, A => {
        const { eigenvalues, singularValues, norm, radius } = spectrum(A);
        const sum = eigenvalues.reduce((total, { re }) => total + re, 0);
        expect(Math.abs(sum - A.trace())).toBeLessThan(1e-9);
        const squares = singularValues.reduce((total, sigma) => total + sigma ** 2, 0);
        expect(Math.abs(Math.sqrt(squares) - A.norm('frobenius'))).toBeLessThan(1e-9);
        expect(radius).toBeLessThanOrEqual(norm + 1e-7);
        expect(Math.abs(spectralNorm(A) - norm)).toBeLessThan(1e-12 * Math.max(1, norm));
        expect(eigenvalues.map(modulus)).toEqual(eigenvalues.map(modulus).toSorted((a, b) => b - a));
      }),
    );
  });

  it('departs from normality by 0 exactly where W Wᵀ = Wᵀ W (FLOW-D3)', () => {
    fc.assert(
      fc.property(square, A => {
        const symmetric = Matrix.add(A, A.transpose());
        const scale = Math.max(1, symmetric.norm('frobenius'));
        expect(spectrum(symmetric).henrici).toBeLessThan(1e-6 * scale);
        const commutator = Matrix.sub(A.mmul(A.transpose()), A.transpose().mmul(A)).norm('frobenius');
        if (commutator > 0.1) expect(spectrum(A).henrici).toBeGreaterThan(1e-3);
      }),
    );
    const Q = Matrix.zeros(6, 6);
    orthogonal(0.7)(Q, new Random(2));
    expect(spectrum(Q).henrici).toBeLessThan(1e-7);
  });

  it('is in range for numbers near the ends of theirs', () => {
    const huge = spectrum(
      new Matrix([
        [3e300, 0],
        [0, -4e300],
      ]),
    );
    expect(huge.norm / 4e300).toBeCloseTo(1, 12);
    expect(huge.radius / 4e300).toBeCloseTo(1, 12);
    expect(spectralNorm(new Matrix([[3e-300, 4e-300]])) / 5e-300).toBeCloseTo(1, 12);
    expect(spectrum(Matrix.zeros(2, 2))).toEqual({
      singularValues: [0, 0],
      eigenvalues: [
        { re: 0, im: 0 },
        { re: 0, im: 0 },
      ],
      norm: 0,
      radius: 0,
      henrici: 0,
    });
  });

  it('is refused, before any decomposition, of what is not finite or not square', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const A = new Matrix([
        [1, 2],
        [bad, 4],
      ]);
      for (const go of [() => spectrum(A), () => spectralNorm(A), () => logAbsDeterminant(A), () => lyapunov([A])]) {
        expect(go).toThrow(ValueError);
        expect(go).toThrow(/^(A|J_1)\[1,0\]: expected a finite number/);
      }
    }
    expect(() => spectrum(Matrix.zeros(2, 3))).toThrow(ShapeError);
    expect(() => logAbsDeterminant(Matrix.zeros(2, 3))).toThrow('a square matrix');
  });
});

describe('log|det|', () => {
  it('is the logarithm of the determinant, −∞ of a singular matrix, and in range where that is not', () => {
    fc.assert(
      fc.property(square, A => {
        const whole = Math.abs(determinant(A));
        if (whole > 1e-6) expect(Math.abs(logAbsDeterminant(A) - Math.log(whole))).toBeLessThan(1e-7);
      }),
    );
    expect(logAbsDeterminant(Matrix.ones(3, 3))).toBe(Number.NEGATIVE_INFINITY);
    expect(logAbsDeterminant(Matrix.eye(400).mul(1e-3))).toBeCloseTo(400 * Math.log(1e-3), 8);
  });
});

describe('Lyapunov exponents', () => {
  it('of a constant diagonal step are the logarithms of its elements; in another basis too, as T grows', () => {
    const D = Matrix.diag([0.5, 2, 0.1]);
    const { exponents } = lyapunov(new Array(4).fill(D));
    [2, 0.5, 0.1].forEach((factor, i) => {
      expect(exponents[i]).toBeCloseTo(Math.log(factor), 12);
    });
    const S = new Matrix([
      [1, 0.5, 0],
      [0, 1, -0.7],
      [0.2, 0, 1],
    ]);
    const oblique = lyapunov(new Array(2000).fill(S.mmul(D).mmul(inverse(S))));
    [2, 0.5, 0.1].forEach((factor, i) => {
      expect(Math.abs((oblique.exponents[i] ?? 0) - Math.log(factor))).toBeLessThan(2e-3);
    });
  });

  it('sum to the mean of log|det J_t|, for every cell and any T (FLOW-D4)', () => {
    const compared = new Set<string>();
    for (const cell of everyCell) {
      fc.assert(
        fc.property(problemOf(cell), ({ layer, x, s0 }) => {
          const { steps } = stepJacobians(layer, x, { s0 });
          const { sum, meanLogDeterminant, exponents } = lyapunov(steps);
          expect(exponents).toEqual(exponents.toSorted((a, b) => b - a));
          const invertible = steps.every(J => {
            const { singularValues, norm } = spectrum(J);
            return (singularValues.at(-1) ?? 0) > 1e-6 * norm;
          });
          if (!invertible) return; // a logarithm of rounding errors
          compared.add(cell.name);
          expect(Math.abs(sum - meanLogDeterminant)).toBeLessThan(1e-8 * Math.max(1, Math.abs(sum)));
        }),
        { numRuns: 12 },
      );
    }
    expect(compared.size).toBeGreaterThan(6);
  });

  it('are −∞ where a step ends a direction', () => {
    const { exponents, sum, meanLogDeterminant } = lyapunov([Matrix.diag([2, 0]), Matrix.eye(2)]);
    expect(exponents).toEqual([Math.log(2) / 2, Number.NEGATIVE_INFINITY]);
    expect([sum, meanLogDeterminant]).toEqual([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  });

  it('are refused of no steps, and of steps of several sizes', () => {
    expect(() => lyapunov([])).toThrow(ValueError);
    expect(() => lyapunov([Matrix.eye(2), Matrix.eye(3)])).toThrow('J_2: expected a 2×2 matrix, got 3×3');
  });
});
