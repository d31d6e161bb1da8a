import fc from 'fast-check';
import { determinant, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { type Initialiser, identity, normal, orthogonal, zeros } from '../../lib/init/initialisers.ts';
import { ParamSet } from '../../lib/params.ts';
import { Random } from '../../lib/random.ts';
import { size } from '../arbitraries.ts';
import { deviation, flat } from '../numbers.ts';

/** What an initialiser makes of a matrix that is not zero. */
const made = (initialise: Initialiser, rows: number, columns: number, seed = 1): Matrix => {
  const matrix = Matrix.ones(rows, columns).mul(7);
  initialise(matrix, new Random(seed));
  return matrix;
};

const all: [string, Initialiser][] = [
  ['zeros', zeros],
  ['normal', normal(0.5)],
  ['identity', identity(3)],
  ['orthogonal', orthogonal(2)],
];

describe.each(all)('%s', (_, initialise) => {
  const shapes = { W: [3, 3], U: [3, 2], b: [1, 4] } as const;

  it('fills a set of parameters as it fills its matrices one after the other, and no gradients', () => {
    const params = ParamSet.of(shapes);
    params.values.fill(7);
    params.grads.fill(5);
    initialise(params, new Random(1));
    const rng = new Random(1);
    const alone = Object.values(shapes).flatMap(([rows, columns]) => {
      const matrix = Matrix.ones(rows, columns);
      initialise(matrix, rng);
      return flat(matrix);
    });
    expect(Array.from(params.values)).toEqual(alone);
    expect(params.grads).toEqual(new Float64Array(params.size).fill(5));
  });

  it('gives the same bits for the same seed', () => {
    expect(flat(made(initialise, 4, 3, 5))).toEqual(flat(made(initialise, 4, 3, 5)));
  });

  it('needs a Random', () => {
    const act = () => initialise(Matrix.zeros(1, 1), undefined as unknown as Random);
    expect(act).toThrow(expect.objectContaining({ name: 'ValueError', argument: 'rng' }));
  });
});

it('zeros are zeros', () => {
  expect(flat(made(zeros, 2, 2))).toEqual([0, 0, 0, 0]);
});

describe('normal', () => {
  it('has mean 0 and the given standard deviation, and is normal', () => {
    const std = 0.01;
    const xs = flat(made(normal(std), 300, 300)).map(x => x / std);
    const moment = (power: number) => xs.reduce((sum, x) => sum + x ** power, 0) / xs.length;
    expect(Math.abs(moment(1))).toBeLessThan(0.014); // 4 standard deviations, here and below
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.019);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.14);
  });

  it('is other numbers for another seed', () => {
    expect(flat(made(normal(1), 2, 2, 1))).not.toEqual(flat(made(normal(1), 2, 2, 2)));
  });
});

describe('identity', () => {
  it('has its scale on the diagonal and zeros elsewhere, in any shape', () => {
    fc.assert(
      fc.property(size(5), size(5), fc.option(fc.integer({ min: -3, max: 3 }), { nil: undefined }), (n, m, scale) => {
        expect(made(identity(scale), n, m).to2DArray()).toEqual(Matrix.eye(n, m, scale ?? 1).to2DArray());
      }),
    );
  });
});

describe('orthogonal', () => {
  const gain = fc.constantFrom(0.5, 1, 3);

  it('has orthonormal rows or columns, whichever are fewer, times its gain', () => {
    fc.assert(
      fc.property(size(8), size(8), gain, fc.nat(1000), (rows, columns, g, seed) => {
        const Q = made(orthogonal(g), rows, columns, seed);
        const few = rows < columns ? Q : Q.transpose();
        const expected = Matrix.eye(few.rows).mul(g * g);
        expect(deviation(few.mmul(few.transpose()), expected)).toBeLessThan(1e-12);
      }),
    );
  });

  it('has a gain of 1 unless given', () => {
    expect(Math.abs(made(orthogonal(), 1, 1).get(0, 0))).toBeCloseTo(1, 14);
  });

  it.each([1, 2, 3, 4])('turns and reflects equally often in %d dimensions', n => {
    const signs = Array.from({ length: 400 }, (_, seed) => Math.sign(determinant(made(orthogonal(), n, n, seed))));
    const turns = signs.filter(sign => sign > 0).length;
    expect(Math.abs(turns - 200)).toBeLessThan(40); // 4 standard deviations
  });
});

it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('%d is no standard deviation and no gain', bad => {
  expect(() => normal(bad)).toThrow(expect.objectContaining({ name: 'ValueError', argument: 'std' }));
  expect(() => orthogonal(bad)).toThrow(expect.objectContaining({ name: 'ValueError', argument: 'gain' }));
});

it.each([Number.NaN, Number.NEGATIVE_INFINITY])('%d is no scale', bad => {
  expect(() => identity(bad)).toThrow(expect.objectContaining({ name: 'ValueError', argument: 'scale' }));
});
