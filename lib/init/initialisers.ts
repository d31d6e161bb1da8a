/**
 * Initialisers: each makes a function that fills parameters. What to fill is one matrix or a whole set of them; of a set,
 * those that have a first value, such as a gain of 1, are left as they are.
 */
import { type AbstractMatrix, Matrix, QrDecomposition } from 'ml-matrix';
import { ValueError } from '../errors.ts';
import { ParamSet, pick } from '../params.ts';
import { Random } from '../random.ts';
import {
  requireAnyMatrix,
  requireFiniteNumber,
  requireInstance,
  requireKnown,
  requirePositive,
  requireSize,
} from '../require.ts';

/** Fills a matrix, or every matrix of a set in order, in place. */
export type Initialiser = (target: AbstractMatrix | ParamSet, rng: Random) => void;

/** Zeros. */
export const zeros: Initialiser = each(matrix => {
  matrix.fill(0);
});

/**
 * Normal with mean 0 and the given standard deviation: the lecture's `randn(…)*0.01`.
 *
 * @throws ValueError when `std` is not positive.
 */
export function normal(std: number): Initialiser {
  requirePositive('std', std);
  return each((matrix, rng) => {
    fill(matrix, () => std * rng.normal());
  });
}

/**
 * Uniform in [−limit, limit).
 *
 * @throws ValueError when the limit is not positive.
 */
export function uniform(limit: number): Initialiser {
  requirePositive('limit', limit);
  return each((matrix, rng) => {
    fill(matrix, () => limit * (2 * rng.uniform() - 1));
  });
}

/**
 * Uniform in ±1/√m: for all parameters of a recurrent layer of m hidden units, biases included, what PyTorch does unless
 * told otherwise.
 *
 * @throws ValueError when m is not a positive integer.
 */
export function uniformOverRoot(m: number): Initialiser {
  return uniform(1 / Math.sqrt(requireSize('m', m)));
}

/**
 * Uniform in ±gain·√(6 / (rows + columns)), of each matrix by itself, rows being what it puts out and columns what it
 * takes in (Glorot and Bengio 2010, eq. 16). A bias is a row like any other matrix: set it apart where it is to be 0.
 *
 * @throws ValueError when the gain is not positive.
 */
export function glorot(options: { readonly gain?: number } = {}): Initialiser {
  const { gain = 1 } = requireKnown('options', options, ['gain']);
  requirePositive('gain', gain);
  return each((matrix, rng) => {
    uniform(gain * Math.sqrt(6 / (matrix.rows + matrix.columns)))(matrix, rng);
  });
}

/**
 * `scale` on the diagonal, zero elsewhere: DD2424 Lecture 9, "Easy partial solutions to vanishing gradients", for a
 * recurrent matrix W.
 */
export function identity(scale: number = 1): Initialiser {
  requireFiniteNumber('scale', scale);
  return each(matrix => {
    fill(matrix, (i, j) => (i === j ? scale : 0));
  });
}

/**
 * `gain` times a random matrix with orthonormal rows (or columns, where it has more rows than columns), uniform over
 * all such: Q of the QR decomposition of a normal matrix, the signs of R's diagonal moved into it.
 */
export function orthogonal(gain: number = 1): Initialiser {
  requirePositive('gain', gain);
  return each((matrix, rng) => {
    const { rows, columns } = matrix;
    const tall = Matrix.zeros(Math.max(rows, columns), Math.min(rows, columns));
    fill(tall, () => rng.normal());
    const qr = new QrDecomposition(tall);
    const Q = qr.orthogonalMatrix;
    const R = qr.upperTriangularMatrix;
    const signed = (i: number, j: number) => gain * Q.get(i, j) * (R.get(j, j) < 0 ? -1 : 1);
    fill(matrix, rows >= columns ? signed : (i, j) => signed(j, i));
  });
}

/**
 * Sets the bias of every gate that keeps the state to `value`, or to −`value` where it keeps the more the smaller that is: a
 * network that remembers before it has learnt what to forget (Gers, Schmidhuber and Cummins 2000; Jozefowicz et al. 2015).
 * Which those are, the cells declare: b_f of an LSTM, b_z of a GRU.
 *
 * @throws ValueError when there is none, or the value is not finite.
 */
export function forgetBias(params: ParamSet, value: number = 1): void {
  requireFiniteNumber('value', value);
  const { keeps } = requireInstance('params', params, ParamSet);
  const named = params.named();
  const biases = Object.entries(keeps);
  if (biases.length === 0) {
    throw new ValueError('params', 'a bias of a gate that keeps the state', Object.keys(named).join(', '));
  }
  for (const [name, sign = 1] of biases) pick(named, name).fill(sign * value);
}

function each(initialise: (matrix: AbstractMatrix, rng: Random) => void): Initialiser {
  return (target, rng) => {
    requireInstance('rng', rng, Random);
    if (target instanceof ParamSet) for (const matrix of Object.values(target.open())) initialise(matrix, rng);
    else initialise(requireAnyMatrix('target', target), rng);
  };
}

function fill(matrix: AbstractMatrix, element: (i: number, j: number) => number): void {
  for (let i = 0; i < matrix.rows; i++) {
    for (let j = 0; j < matrix.columns; j++) matrix.set(i, j, element(i, j));
  }
}
